"""Intervals by the bootstrap: figures of draws are those of the rows repeated, and intervals cover as they say."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from rankspec.metrics.auroc import auroc
from rankspec.metrics.binary import relative_cross_entropy
from rankspec.metrics.bootstrap import (
    Units,
    auroc_of,
    difference,
    group_metric_of,
    intervals,
    relative_cross_entropy_of,
)
from rankspec.metrics.grouped import group_auroc, group_metric, grouped

Columns = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]


def _rows(num_rows: int = 400, seed: int = 0) -> tuple[NDArray[np.int64], Columns]:
    rng = np.random.default_rng(seed)
    groups = rng.integers(0, 30, num_rows) + 2**60
    scores = rng.integers(1, 20, num_rows) / 20
    labels = rng.random(num_rows) < scores
    weights = rng.choice([0.0, 1.0, 2.0], num_rows)
    return groups, (scores.astype(np.float32), labels.astype(np.float32), weights.astype(np.float32))


def _repeated(columns: Columns, times: NDArray[np.int64]) -> Any:
    return tuple(np.repeat(column, times) for column in columns)


@pytest.mark.parametrize("by_groups", [False, True])
def test_figure_of_a_draw_is_that_of_the_rows_repeated(*, by_groups: bool) -> None:
    groups, columns = _rows()
    units = Units(groups) if by_groups else Units.rows(len(groups))
    figures = {auroc: auroc_of(units, *columns), relative_cross_entropy: relative_cross_entropy_of(units, *columns)}

    for counts in units.draws(5, seed=1):
        assert counts.sum() == len(units.ids)
        for metric, figure in figures.items():
            assert figure(counts) == pytest.approx(metric(*_repeated(columns, counts[units.of_rows])))


@pytest.mark.parametrize("name", ["gauc", "ndcg_3", "mrr"])
def test_group_that_is_drawn_twice_counts_twice(name: str) -> None:
    groups, columns = _rows()
    units, metric = Units(groups), group_metric(name)
    assert metric is not None
    values = metric(grouped(groups, *columns))
    figure = group_metric_of(units, metric, groups, *columns)

    for counts in units.draws(5, seed=1):
        weights = values.weights * counts
        assert figure(counts) == pytest.approx(float(values.values @ weights / weights.sum()))


def test_same_seed_gives_the_same_intervals() -> None:
    groups, columns = _rows()
    figures = [group_metric_of(Units(groups), group_auroc, groups, *columns)]

    assert intervals(figures, Units(groups), 50, 3) == intervals(figures, Units(groups), 50, 3)
    assert intervals(figures, Units(groups), 50, 3) != intervals(figures, Units(groups), 50, 4)


def test_difference_of_a_model_with_itself_is_nothing() -> None:
    groups, columns = _rows()
    figure = auroc_of(Units(groups), *columns)

    assert intervals([difference(figure, figure)], Units(groups), 20, 0) == [(0.0, 0.0)]


def test_intervals_hold_the_true_figure_about_as_often_as_they_say() -> None:
    # Scores of positives are uniform on [0, 1], of negatives the smaller of two such: an AUROC of 2/3 by integration.
    held = 0
    for seed in range(100):
        rng = np.random.default_rng(seed)
        labels = np.repeat([1.0, 0.0], 150).astype(np.float32)
        scores = np.concatenate([rng.random(150), np.minimum(rng.random(150), rng.random(150))]).astype(np.float32)
        units = Units.rows(300)
        figure = auroc_of(units, scores, labels, np.ones(300, np.float32))
        (interval,) = intervals([figure], units, 100, seed)
        held += interval.low <= 2 / 3 <= interval.high

    # Of 100 intervals of 95 %, fewer than 88 hold it once in 400 times; draws are few and rows too.
    assert 86 <= held <= 100


def test_draws_without_a_class_are_undefined() -> None:
    units = Units.rows(2)
    figure = auroc_of(units, np.array([0.1, 0.9], np.float32), np.array([0, 1], np.float32), np.ones(2, np.float32))

    assert np.isnan(intervals([figure], units, 20, 0)[0]).all()
