"""What a task is to the trainer: its loss, what its outputs mean, and which sums its training metrics come from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from rankspec.claims.registry import obeys
from rankspec.families.recap.task_kinds import LOSS, METRICS, Metric
from rankspec.metrics.binary import CLIP_EPSILON, cross_entropy
from rankspec.metrics.metric_name import MetricName
from rankspec.recap.v1.architecture_pb2 import TASK_KIND_BINARY_CLASSIFICATION, TASK_KIND_REGRESSION, TaskModel
from rankspec.recap.v1.model_pb2 import ModelConfig

Floats = NDArray[np.float64]
# What training metrics come from sums of: three terms of the task's kind, and the weights.
TERMS = ("first", "second", "third", "weight")


class TaskKind(ABC):
    """A kind of task: everything that differs between a yes-or-no question and a number.

    Attributes:
        metrics: the kind's metrics by name, beside the loss.
        has_float_labels: whether labels are any finite numbers rather than 0 or 1.
    """

    metrics: Mapping[str, Metric]
    has_float_labels: bool

    @abstractmethod
    def losses(self, outputs: Tensor, labels: Tensor, weights: Tensor, pos_weights: Tensor) -> Tensor:
        """The loss of every row and task, `[B, T]`.

        Args:
            outputs: of the towers, `[B, T]`.
            labels: `[B, T]`.
            weights: sample weights, `[B, T]`.
            pos_weights: weights of the positives, `[T]`.
        """

    @abstractmethod
    def predictions(self, outputs: Tensor) -> Tensor:
        """What is served of outputs of any shape: the link function."""

    @abstractmethod
    def averaged(self, outputs: Tensor) -> Tensor:
        """Outputs `[B, T]` whose predictions are the means of those of outputs `[B, M, T]`."""

    @abstractmethod
    def terms(self, outputs: Tensor, labels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """What `figures` needs weighted sums of, `[B, T]` each."""

    @abstractmethod
    def figures(self, sums: Floats) -> dict[str, Floats]:
        """Training metrics of every task, `[T]`, by name; those that sums suffice for.

        Args:
            sums: of the three `terms` and of the weights, `[4, T]`.
        """


class BinaryClassification(TaskKind):
    """Outputs are logits, labels 0 or 1."""

    metrics = METRICS[TASK_KIND_BINARY_CLASSIFICATION]
    has_float_labels = False

    def losses(self, outputs: Tensor, labels: Tensor, weights: Tensor, pos_weights: Tensor) -> Tensor:
        """Binary cross-entropy."""
        return functional.binary_cross_entropy_with_logits(
            outputs, labels, weight=weights, pos_weight=pos_weights, reduction="none"
        )

    def predictions(self, outputs: Tensor) -> Tensor:
        """Probabilities."""
        return torch.sigmoid(outputs)

    def averaged(self, outputs: Tensor) -> Tensor:
        """Logits of the mean probabilities, by logarithms, which lose nothing where probabilities are near 0 or 1."""
        positive, negative = (functional.logsigmoid(sign * outputs).logsumexp(1) for sign in (1, -1))
        return positive - negative

    def terms(self, outputs: Tensor, labels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Cross-entropy, label, probability."""
        entropies = functional.binary_cross_entropy_with_logits(outputs, labels, reduction="none")
        return entropies, labels, torch.sigmoid(outputs)

    def figures(self, sums: Floats) -> dict[str, Floats]:
        """Relative cross-entropy and calibration ratio; AUROC needs every score."""
        entropies, labels, probabilities, weights = sums
        with np.errstate(divide="ignore", invalid="ignore"):
            label = labels / weights
            baseline = cross_entropy(label, label, epsilon=CLIP_EPSILON)
            has_both_classes = (label > 0) & (label < 1)
            return {
                "rce": np.where(has_both_classes, 100 * (1 - entropies / weights / baseline), np.nan),
                "calibration_ratio": probabilities / labels,
            }


class Regression(TaskKind):
    """Outputs and labels are any numbers."""

    metrics = METRICS[TASK_KIND_REGRESSION]
    has_float_labels = True

    def losses(self, outputs: Tensor, labels: Tensor, weights: Tensor, pos_weights: Tensor) -> Tensor:
        """Squared error; there are no positives."""
        del pos_weights
        return weights * (outputs - labels).square()

    def predictions(self, outputs: Tensor) -> Tensor:
        """The outputs themselves."""
        return outputs

    def averaged(self, outputs: Tensor) -> Tensor:
        """The mean values."""
        return outputs.mean(1)

    def terms(self, outputs: Tensor, labels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Squared error, absolute error, label."""
        errors = outputs - labels
        return errors.square(), errors.abs(), labels

    def figures(self, sums: Floats) -> dict[str, Floats]:
        """Root mean squared error and mean absolute error."""
        squares, sizes, _labels, weights = sums
        with np.errstate(divide="ignore", invalid="ignore"):
            return {"rmse": np.sqrt(squares / weights), "mae": sizes / weights}


_KINDS: Mapping[int, TaskKind] = {
    TASK_KIND_BINARY_CLASSIFICATION: BinaryClassification(),
    TASK_KIND_REGRESSION: Regression(),
}


class Task(NamedTuple):
    """One task of a model."""

    name: str
    kind: TaskKind
    pos_weight: float
    loss_weight: float


class Tasks:
    """The tasks of a model, in the order of outputs and labels everywhere.

    Attributes:
        names: their names.
    """

    def __init__(self, tasks: Sequence[Task]) -> None:
        """Takes the tasks in their order."""
        self._tasks = tuple(tasks)
        self.names = tuple(task.name for task in tasks)
        kinds = dict.fromkeys(task.kind for task in tasks)
        # Each kind with the columns of its tasks.
        self._columns = [(kind, [i for i, task in enumerate(tasks) if task.kind is kind]) for kind in kinds]
        # A slice, which copies nothing, where all tasks are of one kind.
        self._parts: list[tuple[TaskKind, slice | list[int]]] = (
            [(kind, slice(None)) for kind in kinds] if len(kinds) == 1 else [*self._columns]
        )
        order = [place for _, places in self._columns for place in places]
        self._back = sorted(range(len(order)), key=order.__getitem__)

    def __iter__(self) -> Iterator[Task]:
        return iter(self._tasks)

    @property
    def float_labels(self) -> set[str]:
        """Names of the tasks whose labels are any finite numbers."""
        return {task.name for task in self._tasks if task.kind.has_float_labels}

    def losses(self, outputs: Tensor, labels: Tensor, weights: Tensor, pos_weights: Tensor) -> Tensor:
        """The loss of every row and task, `[B, T]`; arguments as those of `TaskKind.losses`."""
        return self._joined(
            [kind.losses(outputs[:, at], labels[:, at], weights[:, at], pos_weights[at]) for kind, at in self._parts]
        )

    def predictions(self, outputs: Tensor) -> Tensor:
        """What is served, `[B, T]`, of outputs `[B, T]`."""
        return self._joined([kind.predictions(outputs[:, at]) for kind, at in self._parts])

    def averaged(self, outputs: Tensor) -> Tensor:
        """Outputs `[B, T]` whose predictions are the means of those of outputs `[B, M, T]`."""
        return self._joined([kind.averaged(outputs[..., at]) for kind, at in self._parts])

    def terms(self, outputs: Tensor, labels: Tensor, weights: Tensor) -> Tensor:
        """What training metrics are computed from sums of, weighted, and the weights, `[4, B, T]`."""
        parts = []
        for kind, at in self._parts:
            terms = torch.stack((*kind.terms(outputs[:, at], labels[:, at]), torch.ones_like(labels[:, at])))
            parts.append(terms.mul_(weights[:, at]))
        return self._joined(parts)

    def training_figures(self, sums: Floats) -> dict[str, dict[str, float]]:
        """Training metrics by task and name, of sums `[4, T]`."""
        found: dict[str, dict[str, float]] = {name: {} for name in self.names}
        for kind, places in self._columns:
            for metric, values in kind.figures(sums[:, places]).items():
                for place, value in zip(places, values.tolist(), strict=True):
                    found[self.names[place]][metric] = value
        return found

    def _joined(self, parts: Sequence[Tensor]) -> Tensor:
        """Puts columns that were computed by kind back into their order."""
        if len(parts) == 1:
            return parts[0]
        return torch.cat(tuple(parts), dim=-1)[..., self._back]


@obeys(ModelConfig, "tasks")
@obeys(TaskModel, "kind", "pos_weight", "loss_weight")
def build_tasks(config: ModelConfig) -> Tasks:
    """The tasks of a model."""
    models = {name: config.tasks[name] for name in ordered_tasks(config)}
    return Tasks(
        [Task(name, _KINDS[model.kind], model.pos_weight, model.loss_weight) for name, model in models.items()]
    )


def ordered_tasks(config: ModelConfig) -> tuple[str, ...]:
    """Names of the tasks, by their UTF-8 bytes: the order of outputs and labels everywhere."""
    return tuple(sorted(config.tasks, key=str.encode))


def module_key(task_name: str) -> str:
    """The task's name as a module: without dots, and no attribute of torch's containers (`train`, `type`)."""
    return "task_" + task_name.replace(".", "__")


def figures_by_name(
    total: float, of_tasks: Mapping[str, Mapping[str, float]], which: Sequence[str], group: str = ""
) -> dict[str, float]:
    """Metrics as `name@group/task`, those that are asked for, and before them the model's loss as `loss@group`.

    Args:
        total: the model's loss.
        of_tasks: metrics by task and name, the loss among them.
        which: names of the metrics to report.
        group: the stratum that they are of; empty for the whole.
    """
    found = {MetricName(LOSS, group): total} if LOSS in which else {}
    for task, values in of_tasks.items():
        found |= {MetricName(name, group, task): values[name] for name in which if name in values}
    return {str(name): value for name, value in found.items()}
