"""Metrics of a data set, computed from what was scored of its rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from rankspec.families.recap.program.tasks import Task, figures_by_name
from rankspec.families.recap.task_kinds import LOSS, metric_of
from rankspec.metrics.auroc import RunningAuroc
from rankspec.metrics.running import RunningMean
from rankspec.trainer.program import Reader

# Of every task, as `column/task`; losses are weighted.
COLUMNS = ("prediction", "label", "weight", "loss")


def task_figures(
    read: Reader, tasks: Iterable[Task], which: Sequence[str], say: Callable[[str], None], group: str = ""
) -> dict[str, float]:
    """Metrics by `name@group/task`, and the mean of the tasks' losses by their weights as `loss@group`.

    Figures of no rows are NaN.

    Args:
        read: gives `COLUMNS` of every task, for the rows of the group.
        tasks: those to report.
        which: names of the metrics; a task has those of its kind.
        say: takes a line for each figure that is not exact.
        group: the stratum that the rows are of; empty for the whole.
    """
    found = [(task, _of_task(read, task, which, say, group)) for task in tasks]
    total = float(np.mean([task.loss_weight * values[LOSS] for task, values in found]))
    return figures_by_name(total, {task.name: values for task, values in found}, which, group)


def _of_task(
    read: Reader, task: Task, which: Sequence[str], say: Callable[[str], None], group: str
) -> dict[str, float]:
    loss = RunningMean()
    others = {name: metric.start() for name in which if (metric := metric_of(task.kind.metrics, name))}
    for chunk in read([f"{column}/{task.name}" for column in COLUMNS]):
        *columns, losses = chunk.values()
        loss.add(losses)
        for figure in others.values():
            figure.add(*columns)
    auroc = others.get("auroc")
    if isinstance(auroc, RunningAuroc):
        auroc.tell_error(f"{task.name} in {group}" if group else task.name, say)
    return {LOSS: loss.compute()} | {name: figure.compute() for name, figure in others.items()}
