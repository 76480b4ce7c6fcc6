"""Evaluates a ranking model on a data set: what is computed of every row, and the metrics of all rows."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from decimal import ROUND_UP, Context

import numpy as np
import torch
from torch import Tensor, nn

from rankspec.auroc import RunningAuroc
from rankspec.recap.v1.recap_pb2 import RecapConfig
from rankspec.running_metrics import RunningCalibrationRatio, RunningMean, RunningRelativeCrossEntropy
from rankspec.trainer.batch import RecapBatch
from rankspec.trainer.claims import obeys
from rankspec.trainer.loss import MultiTaskLoss
from rankspec.trainer.model.ranking import RankingModel
from rankspec.trainer.runtime import Runtime
from rankspec.trainer.scored_rows import Column

# Gives columns by their names, some rows at a time.
Reader = Callable[[Sequence[str]], Iterable[dict[str, Column]]]

# Of each task; the losses are weighted.
_COLUMNS = ("probability", "label", "weight", "loss")
# What is computed of a task's probabilities, labels and weights; the loss is the model's own.
_FIGURES: dict[str, type[RunningAuroc | RunningRelativeCrossEntropy | RunningCalibrationRatio]] = {
    "auroc": RunningAuroc,
    "rce": RunningRelativeCrossEntropy,
    "calibration_ratio": RunningCalibrationRatio,
}
METRICS = ("loss", *_FIGURES)


@obeys(RecapConfig, "which_metrics")
def chosen_metrics(config: RecapConfig) -> tuple[str, ...]:
    """The metrics that the config names; all of them if it names none."""
    return tuple(config.which_metrics.split(",")) if config.which_metrics else METRICS


@contextmanager
def in_evaluation_mode(model: nn.Module) -> Iterator[None]:
    """Sets a model to evaluation mode for the time of the context."""
    was_training = model.training
    model.eval()
    try:
        yield
    finally:
        model.train(was_training)


def score(model: RankingModel, loss: MultiTaskLoss, runtime: Runtime, batch: RecapBatch) -> dict[str, Tensor]:
    """Each of `_COLUMNS` for every task, by `column/task`, `[B]` each; the model is to be in evaluation mode."""
    on_device = batch.to(runtime.device, non_blocking=True)
    with runtime.autocast():
        logits = model(on_device)
    final = model.final_logits(logits)
    labels, weights = on_device.labels, on_device.weights
    of_tasks = (torch.sigmoid(final), labels, weights, loss.of_rows(final, labels, weights))
    return {
        f"{column}/{task}": values[:, place]
        for place, task in enumerate(model.task_names)
        for column, values in zip(_COLUMNS, of_tasks, strict=True)
    }


def task_metrics(
    read: Reader, tasks: Iterable[str], which: tuple[str, ...], say: Callable[[str], None]
) -> dict[str, float]:
    """Metrics by `name/task`, and the mean loss over the tasks as `loss`.

    Args:
        read: gives the columns that `score` names.
        tasks: those to report.
        which: names of the metrics, out of `METRICS`.
        say: takes a line for each figure that is not exact.
    """
    report = {f"{name}/{task}": figure for task in tasks for name, figure in _of_task(read, task, which, say).items()}
    if "loss" in which:
        report = {"loss": float(np.mean([report[f"loss/{task}"] for task in tasks]))} | report
    return report


def _of_task(read: Reader, task: str, which: tuple[str, ...], say: Callable[[str], None]) -> dict[str, float]:
    loss = RunningMean()
    others = {name: _FIGURES[name]() for name in which if name != "loss"}
    for chunk in read([f"{column}/{task}" for column in _COLUMNS]):
        *columns, losses = chunk.values()
        loss.add(losses)
        for figure in others.values():
            figure.add(*columns)
    auroc = others.get("auroc")
    if isinstance(auroc, RunningAuroc) and auroc.error:
        error = float(Context(prec=2, rounding=ROUND_UP).create_decimal(auroc.error))
        say(f"auroc of {task}: ±{error:.1e}, by bins of {auroc.num_rows:,} rows")
    return {name: loss.compute() if name == "loss" else others[name].compute() for name in which}
