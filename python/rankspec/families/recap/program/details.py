"""Intervals and reliability of a ranker's figures on a validation set, from its scored rows."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from rankspec.families.recap.program.groups import Group
from rankspec.metrics.bootstrap import (
    Figure,
    Interval,
    Units,
    auroc_of,
    group_metric_of,
    intervals,
    ratio_of,
    relative_cross_entropy_of,
)
from rankspec.metrics.grouped import group_metric
from rankspec.metrics.metric_name import MetricName, parsed_name
from rankspec.metrics.reliability import calibration_error, reliability
from rankspec.trainer.details import MOST_ROWS, Details, DetailTable
from rankspec.trainer.errors import TrainError
from rankspec.trainer.program import Columns, Reader

_SEED = 0


class ScoredTask:
    """The scored rows of one task in memory, with what tells strata and groups."""

    def __init__(self, read: Reader, task: str, beside: Sequence[str]) -> None:
        """Reads them.

        Raises:
            TrainError: there are more than `MOST_ROWS`.
        """
        names = [f"{kind}/{task}" for kind in ("prediction", "label", "weight", "loss")]
        chunks: list[Columns] = []
        for chunk in read([*names, *beside]):
            chunks.append(chunk)
            if sum(len(one[names[0]]) for one in chunks) > MOST_ROWS:
                raise TrainError(
                    f"intervals and reliability have the rows of a validation set in memory, and there are more than "
                    f"{MOST_ROWS:,}; take fewer by num_eval_steps",
                    "training.num_eval_steps",
                )
        columns = {name: np.concatenate([chunk[name] for chunk in chunks]) for name in [*names, *beside]}
        self.prediction, self.label, self.weight, self.loss = (columns[name] for name in names)
        self.beside = {name: columns[name] for name in beside}

    @property
    def is_finite(self) -> bool:
        """Whether every prediction is a finite number; nothing is computed of others."""
        return bool(np.isfinite(self.prediction).all() and np.isfinite(self.loss).all())


def figure_of(task: ScoredTask, metric: str, rows: NDArray[np.bool_], units: Units) -> Figure:
    """A metric of some rows, as a function of draws.

    Args:
        task: all rows.
        metric: its name, none by groups.
        rows: which of them it is of, `[N]`.
        units: what is drawn, of all rows.
    """
    weights = np.where(rows, task.weight, np.float32(0))
    columns = (task.prediction, task.label, weights)
    if metric == "auroc":
        return auroc_of(units, *columns)
    if metric == "rce":
        return relative_cross_entropy_of(units, *columns)
    mass, errors = weights.astype(np.float64), task.prediction.astype(np.float64) - task.label
    match metric:
        case "loss":
            return ratio_of(units, np.where(rows, task.loss, 0.0), rows.astype(np.float64))
        case "calibration_ratio":
            return ratio_of(units, mass * task.prediction, mass * task.label)
        case "brier":
            return ratio_of(units, mass * errors**2, mass)
        case "mae":
            return ratio_of(units, mass * np.abs(errors), mass)
        case "rmse":
            squares = ratio_of(units, mass * errors**2, mass)
            return lambda counts: math.sqrt(squares(counts))
        case _:
            percent = re.fullmatch(r"accuracy(?:_([0-9]+))?", metric)
            assert percent is not None, f"no other metric has a name such as {metric}"
            threshold = np.float32(int(percent[1]) / 100 if percent[1] else 0.5)
            return ratio_of(units, mass * ((task.prediction >= threshold) == (task.label > 0.5)), mass)


def details_of(
    read: Reader,
    figures: Mapping[str, float],
    groups: Sequence[Group],
    is_binary: Callable[[str], bool],
    asked: Details,
) -> list[DetailTable]:
    """Tables of what is asked for, of a validation set.

    Args:
        read: gives its scored rows.
        figures: those that were reported of it, by name.
        groups: the config's.
        is_binary: whether a task has probabilities.
        asked: what to show.

    Raises:
        TrainError: there are too many rows.
    """
    names = [parsed_name(text) for text in figures]
    tasks = list(dict.fromkeys(name.task for name in names if name.task))
    own = {task: [name for name in names if name.task == task] for task in tasks}
    tables = []
    if asked.draws is not None:
        rows = [row for task in tasks for row in _interval_rows(read, task, own[task], figures, groups, asked.draws)]
        by = f"groups of {groups[0].name}" if groups else "rows"
        title = f"95 % intervals, by {asked.draws} draws of {by}"
        tables.append(DetailTable(title, ("metric", "figure", "from", "to"), rows))
    if asked.reliability:
        tables += [_reliability_table(ScoredTask(read, task, ()), task) for task in tasks if is_binary(task)]
    return tables


def _interval_rows(
    read: Reader,
    task: str,
    names: Iterable[MetricName],
    figures: Mapping[str, float],
    groups: Sequence[Group],
    draws: int,
) -> list[tuple[str, ...]]:
    by_name = {group.name: group.column for group in groups}
    strata = {name.group: f"stratum/{name.group}" for name in names if name.group and name.group not in by_name}
    rows = ScoredTask(read, task, [*strata.values(), *by_name.values()])
    drawn: dict[str, list[tuple[MetricName, Figure]]] = {}
    units = {column: Units(rows.beside[column]) for column in by_name.values()} or {"": Units.rows(len(rows.label))}
    first = next(iter(units))
    for name in names if rows.is_finite else ():
        metric = group_metric(name.metric)
        if metric is not None:
            column = by_name[name.group]
            figure = group_metric_of(
                units[column], metric, rows.beside[column], rows.prediction, rows.label, rows.weight
            )
            drawn.setdefault(column, []).append((name, figure))
            continue
        is_in = rows.beside[strata[name.group]] == 1 if name.group else np.ones(len(rows.label), np.bool_)
        drawn.setdefault(first, []).append((name, figure_of(rows, name.metric, is_in, units[first])))
    found: dict[MetricName, Interval] = {}
    for column, of_units in drawn.items():
        computed = intervals([figure for _, figure in of_units], units[column], draws, _SEED)
        found |= dict(zip([name for name, _ in of_units], computed, strict=True))
    return [
        (str(name), *(_written(value) for value in (figures[str(name)], *found[name])))
        for name in names
        if name in found
    ]


def _reliability_table(rows: ScoredTask, task: str) -> DetailTable:
    bins = reliability(rows.prediction, rows.label, rows.weight) if rows.is_finite else []
    cells = [
        (
            f"{one.lowest:.4f} to {one.highest:.4f}",
            f"{one.rows:,}",
            *(_written(value) for value in (one.predicted, one.observed, one.observed - one.predicted)),
        )
        for one in bins
    ]
    title = f"reliability of {task}: off by {_written(calibration_error(bins))} in the mean"
    return DetailTable(title, ("probability", "rows", "predicted", "observed", "difference"), cells)


def _written(value: float) -> str:
    return f"{value:.4f}" if math.isfinite(value) else "-"
