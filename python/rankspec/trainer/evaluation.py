"""Evaluates a model on a data set: one pass in evaluation mode, metrics per task over all its rows."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from rankspec import metrics
from rankspec.recap.v1.recap_pb2 import RecapConfig
from rankspec.families.recap.program.batch import RecapBatch
from rankspec.trainer.claims import obeys
from rankspec.families.recap.program.loss import MultiTaskLoss
from rankspec.families.recap.program.model.ranking import RankingModel
from rankspec.trainer.processes import Processes
from rankspec.trainer.runtime import Runtime

# What is computed of a task's probabilities, labels and weights; the loss is the model's own.
_FIGURES = {
    "auroc": metrics.auroc,
    "rce": metrics.relative_cross_entropy,
    "calibration_ratio": metrics.calibration_ratio,
}
METRICS = ("loss", *_FIGURES)


@dataclass(frozen=True)
class Scores:
    """What the model said of every row of a data set, and what was true, each `[N, T]`; losses per row and task."""

    probabilities: NDArray[np.float32]
    labels: NDArray[np.float32]
    weights: NDArray[np.float32]
    losses: NDArray[np.float32]


@obeys(RecapConfig, "which_metrics")
def chosen_metrics(config: RecapConfig) -> tuple[str, ...]:
    """The metrics that the config names; all of them if it names none."""
    return tuple(config.which_metrics.split(",")) if config.which_metrics else METRICS


def score(
    model: RankingModel,
    loss: MultiTaskLoss,
    batches: Iterable[RecapBatch],
    runtime: Runtime,
    processes: Processes,
) -> Scores:
    """Runs the model over this process's share of the batches and joins it with the other processes' shares.

    Rows come in the order of the data set, whatever the number of processes, so that what is computed from them is
    the same too.
    """
    was_training = model.training
    model.eval()
    parts: list[tuple[int, int, list[NDArray[np.float32]]]] = []
    with torch.inference_mode():
        for number, batch in enumerate(batches):
            on_device = batch.to(runtime.device, non_blocking=True)
            with runtime.autocast():
                logits = model(on_device)
            final = model.final_logits(logits)
            losses = loss.of_rows(final, on_device.labels, on_device.weights)
            columns = (torch.sigmoid(final), on_device.labels, on_device.weights, losses)
            parts.append((number, batch.first_row, [column.cpu().numpy() for column in columns]))
    model.train(was_training)
    shares = [part for share in processes.gather(parts) for part in share]
    shares.sort(key=lambda part: part[:2])
    return Scores(*(np.concatenate(column) for column in zip(*(part[2] for part in shares), strict=True)))


def task_metrics(
    scores: Scores, task_names: tuple[str, ...], tasks: Iterable[str], which: tuple[str, ...]
) -> dict[str, float]:
    """Metrics by `name/task`, and the mean loss over the tasks as `loss`.

    Args:
        scores: what the model said, columns in the order of `task_names`.
        task_names: the model's tasks.
        tasks: those to report.
        which: names of the metrics, out of `METRICS`.
    """
    report: dict[str, float] = {}
    losses = []
    for task in tasks:
        column = task_names.index(task)
        losses.append(float(scores.losses[:, column].mean(dtype=np.float64)))
        arguments = (scores.probabilities[:, column], scores.labels[:, column], scores.weights[:, column])
        for name in which:
            report[f"{name}/{task}"] = losses[-1] if name == "loss" else _FIGURES[name](*arguments)
    if "loss" in which:
        report = {"loss": float(np.mean(losses))} | report
    return report
