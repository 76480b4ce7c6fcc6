"""Metrics by groups, against their definitions worked out over every order of tied rows."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from rankspec.metrics.auroc import auroc
from rankspec.metrics.grouped import group_metric, grouped

Rows = list[tuple[int, int, int]]
# Group, score and label; few groups and scores, so that there are ties.
ROWS = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(0, 1)), max_size=12).filter(
    lambda rows: all(sum(row[0] == group for row in rows) <= 5 for group in range(3))
)


def _figure(name: str, rows: Rows, weights: Sequence[float] | NDArray[np.float64] | None = None) -> float:
    groups, scores, labels = np.array(rows, dtype=np.int64).reshape(-1, 3).T
    mass = np.ones(len(rows)) if weights is None else np.asarray(weights)
    metric = group_metric(name)
    assert metric is not None
    return metric(grouped(groups, scores.astype(np.float32), labels, mass)).mean


def _over_all_orders(rows: Rows, of_order: Callable[[NDArray[np.int64]], float]) -> float:
    """The mean over groups with a positive of the mean over all orders that falling scores allow."""
    figures = []
    for group in {row[0] for row in rows}:
        own = [(score, label) for other, score, label in rows if other == group]
        if any(label for _, label in own):
            # Sorting is stable, so the order before decides among equal scores.
            orders = (sorted(order, key=lambda row: -row[0]) for order in permutations(own))
            figures.append(np.mean([of_order(np.array([label for _, label in order])) for order in orders]))
    return float(np.mean(figures)) if figures else math.nan


def _ndcg(labels: NDArray[np.int64]) -> float:
    discounts = 1 / np.log2(np.arange(len(labels)) + 2)
    return float(labels[:3] @ discounts[:3] / discounts[: min(3, labels.sum())].sum())


DEFINED: dict[str, Callable[[NDArray[np.int64]], float]] = {
    "ndcg_3": _ndcg,
    "recall_3": lambda labels: float(labels[:3].sum() / labels.sum()),
    "mrr": lambda labels: float(1 / (1 + np.argmax(labels))),
}


@pytest.mark.parametrize("name", DEFINED)
@settings(deadline=None, max_examples=60)
@given(rows=ROWS)
def test_tied_rows_count_as_in_the_mean_of_all_orders(name: str, rows: Rows) -> None:
    assert _figure(name, rows) == pytest.approx(_over_all_orders(rows, DEFINED[name]), nan_ok=True)


@given(rows=ROWS, weights=st.lists(st.sampled_from([0.0, 1.0, 2.5]), min_size=12, max_size=12))
def test_gauc_weighs_the_auroc_of_groups_with_both_classes_by_their_rows(rows: Rows, weights: list[float]) -> None:
    columns = np.array(rows, dtype=np.int64).reshape(-1, 3)
    mass = np.array(weights[: len(rows)])
    total = count = 0.0
    for group in range(3):
        own = columns[:, 0] == group
        value = auroc(columns[own, 1].astype(np.float32), columns[own, 2], mass[own])
        if not math.isnan(value):
            total, count = total + value * mass[own].sum(), count + mass[own].sum()

    expected = total / count if count else math.nan
    assert _figure("gauc", rows, mass) == pytest.approx(expected, nan_ok=True)


@pytest.mark.parametrize("name", ["gauc", "ndcg_1", "ndcg_10", "recall_2", "mrr"])
@given(rows=ROWS, seed=st.integers(0, 100))
def test_order_of_rows_is_of_no_account(name: str, rows: Rows, seed: int) -> None:
    shuffled = [rows[place] for place in np.random.default_rng(seed).permutation(len(rows))]

    assert _figure(name, shuffled) == pytest.approx(_figure(name, rows), nan_ok=True)


# Group 1: labels 1 0 1 by falling score; group 2 has no positive, group 3 no negative.
KNOWN: Rows = [(1, 9, 1), (1, 8, 0), (1, 7, 1), (2, 9, 0), (2, 8, 0), (3, 5, 1)]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        # By hand: of group 1's two pairs one is in order; group 3 has none.
        pytest.param("gauc", 0.5, id="gauc"),
        pytest.param("ndcg_2", (1 / (1 + 1 / math.log2(3)) + 1) / 2, id="ndcg_2"),
        pytest.param("ndcg_10", (1.5 / (1 + 1 / math.log2(3)) + 1) / 2, id="ndcg_10"),
        pytest.param("recall_1", (1 / 2 + 1) / 2, id="recall_1"),
        pytest.param("mrr", 1.0, id="mrr"),
    ],
)
def test_figures_worked_out_by_hand(name: str, expected: float) -> None:
    assert _figure(name, KNOWN) == pytest.approx(expected)


def test_rows_without_weight_are_no_rows() -> None:
    weights = [1, 0, 1, 1, 1, 1]

    for name in ("gauc", "ndcg_2", "recall_1", "mrr"):
        left = [row for row, weight in zip(KNOWN, weights, strict=True) if weight]
        assert _figure(name, KNOWN, weights) == pytest.approx(_figure(name, left), nan_ok=True)


def test_ids_that_no_float_tells_apart_are_two_groups() -> None:
    big = 2**62
    rows = [(big, 2, 1), (big + 1, 1, 0)]

    assert _figure("mrr", rows) == 1.0
    assert math.isnan(_figure("gauc", rows))


@pytest.mark.parametrize("name", ["ndcg", "ndcg_0", "ndcg_10000", "recall_x", "gauc_10", "auroc", "mrr_1", ""])
def test_other_names_are_no_metrics_by_groups(name: str) -> None:
    assert group_metric(name) is None
