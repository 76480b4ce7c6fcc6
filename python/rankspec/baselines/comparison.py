"""A ranker beside baselines on the same rows: figures, intervals of the differences, and a sentence for each task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rankspec.baselines.rows import Rows
from rankspec.metrics.auroc import auroc
from rankspec.metrics.binary import relative_cross_entropy
from rankspec.metrics.bootstrap import (
    Figure,
    Interval,
    Units,
    auroc_of,
    difference,
    group_metric_of,
    intervals,
    relative_cross_entropy_of,
)
from rankspec.metrics.grouped import group_auroc, grouped

Floats = NDArray[np.floating]

RANKER = "RankSpec"
FIGURES = ("auroc", "rce", "gauc")
"""What models are compared by; `gauc` where the rows have groups."""


@dataclass(frozen=True)
class Score:
    """What one model comes to on one task.

    Attributes:
        task: the task.
        model: the model.
        figures: by their names, those of `FIGURES` that there are; rce in percent.
        ahead: 95 % intervals of how far the ranker is above the model in each figure; empty for the ranker itself, and
            where there is none.
    """

    task: str
    model: str
    figures: dict[str, float]
    ahead: dict[str, Interval]


def scores_of(rows: Rows, task: str, predictions: Mapping[str, Floats], *, draws: int, seed: int = 0) -> list[Score]:
    """Scores models on one task, in the order in which they come.

    Args:
        rows: the rows, some of which have weight for the task.
        task: the task.
        predictions: probabilities `[N]` by model; those of `RANKER` are what the others are compared with.
        draws: of the bootstrap, of groups where the rows have some.
        seed: what the draws follow from.
    """
    units = Units.rows(rows.num_rows) if rows.groups is None else Units(rows.groups)
    of_models = {model: _figures(rows, task, values, units) for model, values in predictions.items()}
    ahead: dict[str, dict[str, Interval]] = {model: {} for model in predictions}
    if RANKER in of_models:
        pairs = [(model, name) for model in predictions if model != RANKER for name in of_models[model]]
        differences = [difference(of_models[RANKER][name], of_models[model][name]) for model, name in pairs]
        for (model, name), interval in zip(pairs, intervals(differences, units, draws, seed), strict=True):
            ahead[model][name] = interval
    return [Score(task, model, _points(rows, task, values), ahead[model]) for model, values in predictions.items()]


def _figures(rows: Rows, task: str, predictions: Floats, units: Units) -> dict[str, Figure]:
    columns = (predictions, rows.labels[task], rows.weights[task])
    found = {"auroc": auroc_of(units, *columns), "rce": relative_cross_entropy_of(units, *columns)}
    if rows.groups is not None:
        found["gauc"] = group_metric_of(units, group_auroc, rows.groups, *columns)
    return found


def _points(rows: Rows, task: str, predictions: Floats) -> dict[str, float]:
    columns = (predictions, rows.labels[task], rows.weights[task])
    found = {"auroc": auroc(*columns), "rce": relative_cross_entropy(*columns)}
    if rows.groups is not None:
        found["gauc"] = group_auroc(grouped(rows.groups, *columns)).mean
    return found


def verdict(scores: Sequence[Score]) -> str:
    """Whether the ranker is better than the best baseline of one task by AUROC, in a sentence."""
    ranker = next((score for score in scores if score.model == RANKER), None)
    others = [score for score in scores if score.model != RANKER]
    if ranker is None or not others:
        return ""
    best = max(others, key=lambda score: score.figures["auroc"])
    low, high = best.ahead["auroc"]
    gap = ranker.figures["auroc"] - best.figures["auroc"]
    if not np.isfinite([low, high, gap]).all():
        return f"{ranker.task}: AUROC is undefined, so nothing can be said of who is better"
    how = "is better than" if low > 0 else "loses to" if high < 0 else "cannot be told apart from"
    return (
        f"{ranker.task}: the ranker {how} the best baseline, {best.model}: AUROC {ranker.figures['auroc']:.4f} and "
        f"{best.figures['auroc']:.4f}, a difference of {gap:+.4f} (95 %: {low:+.4f} to {high:+.4f})"
    )
