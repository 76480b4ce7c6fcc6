"""Intervals of metrics by the bootstrap: how far a figure would move had other rows, or groups of rows, been drawn.

Efron and Tibshirani, "An Introduction to the Bootstrap" (1993), chapter 13: units are drawn with replacement, as many
as there are, and the figure's quantiles over the draws are its interval. Units are groups where rows of a group are
alike, as those of a user are: drawn row by row, intervals would be too narrow. A difference of two models is taken draw
by draw, over the same units, which takes out what both have in common.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rankspec.metrics.auroc import area
from rankspec.metrics.binary import Floats, Labels, cross_entropy
from rankspec.metrics.grouped import GroupMetric, grouped

Counts = NDArray[np.int64]
# A figure of rows whose units were drawn so many times.
Figure = Callable[[Counts], float]

# Of the middle share of the draws, which an interval holds.
_QUANTILES = (0.025, 0.975)


class Interval(NamedTuple):
    """A 95 % interval; NaN where the figure is undefined in a draw."""

    low: float
    high: float


class Units:
    """What is drawn: the rows, or groups of them.

    Attributes:
        ids: of the units, `[U]`, ascending.
        of_rows: each row's unit, `[N]`.
    """

    def __init__(self, ids_of_rows: NDArray[np.int64]) -> None:
        """Takes each row's group, `[N]`."""
        self.ids, self.of_rows = np.unique(ids_of_rows, return_inverse=True)

    @classmethod
    def rows(cls, num_rows: int) -> Units:
        """Every row is a unit."""
        return cls(np.arange(num_rows))

    def draws(self, number: int, seed: int) -> Iterator[Counts]:
        """How often each unit is drawn, `[U]`; the same for the same seed."""
        random = np.random.default_rng(seed)
        for _ in range(number):
            yield np.bincount(random.integers(0, len(self.ids), len(self.ids)), minlength=len(self.ids))


def intervals(figures: Sequence[Figure], units: Units, number: int, seed: int) -> list[Interval]:
    """The interval of each figure, all over the same draws.

    Args:
        figures: what to compute of every draw.
        units: what is drawn.
        number: of draws.
        seed: what they follow from.
    """
    drawn = np.array([[figure(counts) for figure in figures] for counts in units.draws(number, seed)])
    if not len(drawn):
        return [Interval(float("nan"), float("nan"))] * len(figures)
    return [Interval(*(float(value) for value in np.quantile(column, _QUANTILES))) for column in drawn.T]


def auroc_of(units: Units, predictions: Floats, labels: Labels, weights: Floats) -> Figure:
    """AUROC as `metrics.auroc`, of draws; rows `[N]` are put in order once."""
    order = np.argsort(predictions, kind="stable")
    scores, owners = predictions[order], units.of_rows[order]
    mass = np.asarray(weights, dtype=np.float64)[order]
    positive = np.where(labels[order] > 0.5, mass, 0.0)
    negative = mass - positive
    starts = np.flatnonzero(np.concatenate(([True], scores[1:] != scores[:-1]))) if len(scores) else np.zeros(0, int)

    def figure(counts: Counts) -> float:
        if not len(starts):
            return float("nan")
        times = counts[owners]
        positives, negatives = (np.add.reduceat(times * own, starts) for own in (positive, negative))
        return area(positives, negatives)

    return figure


def relative_cross_entropy_of(units: Units, predictions: Floats, labels: Labels, weights: Floats) -> Figure:
    """Relative cross entropy as `metrics.relative_cross_entropy`, in percent, of draws of rows `[N]`."""
    mass = np.asarray(weights, dtype=np.float64)
    sums = [
        np.bincount(units.of_rows, mass * values, len(units.ids))
        for values in (cross_entropy(predictions, labels), labels, np.ones(len(mass)))
    ]

    def figure(counts: Counts) -> float:
        entropy, label, weight = (float(counts @ of_units) for of_units in sums)
        if not 0 < label < weight:
            return float("nan")
        mean_label = np.array([label / weight])
        return float(100 * (1 - entropy / weight / cross_entropy(mean_label, mean_label)[0]))

    return figure


def ratio_of(units: Units, above: NDArray[np.float64], below: NDArray[np.float64]) -> Figure:
    """A sum over rows divided by another, as of draws; `[N]` each. NaN where the second is 0."""
    sums = [np.bincount(units.of_rows, values, len(units.ids)) for values in (above, below)]

    def figure(counts: Counts) -> float:
        numerator, denominator = (float(counts @ of_units) for of_units in sums)
        return numerator / denominator if denominator else float("nan")

    return figure


def group_metric_of(
    units: Units, metric: GroupMetric, ids: NDArray[np.int64], predictions: Floats, labels: Labels, weights: Floats
) -> Figure:
    """A metric by groups, of draws of the same groups; a group that is drawn twice counts twice.

    Args:
        units: the groups.
        metric: the metric.
        ids: the group of each row, `[N]`.
        predictions: `[N]`.
        labels: `[N]`.
        weights: `[N]`.
    """
    rows = grouped(ids, predictions, labels, weights)
    values = metric(rows)
    places = np.searchsorted(units.ids, rows.ids)

    def figure(counts: Counts) -> float:
        drawn = values.weights * counts[places]
        total = drawn.sum()
        return float(values.values @ drawn / total) if total else float("nan")

    return figure


def difference(one: Figure, other: Figure) -> Figure:
    """By how much one figure is above another, draw by draw."""
    return lambda counts: one(counts) - other(counts)
