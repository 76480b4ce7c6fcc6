"""AUROC of many rows: how far bins are off, and that they never are by more than they say."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from rankspec.metrics.auroc import EdgedBins, RunningAuroc, auroc

Floats = NDArray[np.float32]

ROWS, EXACT_ROWS, CHUNK_ROWS = 400_000, 100_000, 2**16
# What rounding may add to a sum of so many products.
ROUNDING = 1e-12

DISTRIBUTIONS: dict[str, Callable[[NDArray[np.float64]], NDArray[np.float64]]] = {
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    "within_1e-4_of_a_half": lambda z: 0.5 + 1e-4 * np.tanh(z),
    "tiny": lambda z: 1e-6 * np.exp(2 * z),
    "logits": lambda z: z,
    "two_decimals": lambda z: np.round(1 / (1 + np.exp(-z)), 2),
    "near_1": lambda z: 1 - 1e-5 * np.exp(-z),
}


def _rows(name: str, *, weighted: bool) -> tuple[Floats, Floats, Floats]:
    rng = np.random.default_rng(3)
    logits = rng.normal(size=ROWS)
    labels = (rng.random(ROWS) < 1 / (1 + np.exp(1 - logits - rng.normal(size=ROWS)))).astype(np.float32)
    weights = rng.choice([0, 0.5, 1, 10], ROWS) if weighted else np.ones(ROWS)
    return DISTRIBUTIONS[name](logits).astype(np.float32), labels, weights.astype(np.float32)


def _running(rows: tuple[Floats, Floats, Floats], exact_rows: int) -> RunningAuroc:
    running = RunningAuroc(exact_rows)
    for start in range(0, len(rows[0]), CHUNK_ROWS):
        running.add(*(column[start : start + CHUNK_ROWS] for column in rows))
    return running


def _by_pairs(predictions: Floats, labels: Floats, weights: Floats) -> float:
    """The definition: every positive beside every negative."""
    wins = pairs = 0.0
    for score, weight in zip(predictions[labels > 0.5], weights[labels > 0.5], strict=True):
        others, of_others = predictions[labels <= 0.5], weights[labels <= 0.5].astype(float)
        wins += weight * ((others < score) * of_others + (others == score) * of_others / 2).sum()
        pairs += weight * of_others.sum()
    return float(wins / pairs) if pairs else float("nan")


@pytest.mark.parametrize("weighted", [False, True], ids=["unweighted", "weighted"])
@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_bins_are_off_by_no_more_than_they_say_which_is_little(name: str, weighted: bool) -> None:
    rows = _rows(name, weighted=weighted)

    running = _running(rows, EXACT_ROWS)

    assert abs(running.compute() - auroc(*rows)) <= running.error + ROUNDING
    assert running.error < 1e-5
    assert running.num_rows == np.count_nonzero(rows[2])


def test_scores_that_all_lie_on_edges_are_exact() -> None:
    rows = _rows("two_decimals", weighted=True)

    running = _running(rows, EXACT_ROWS)

    assert running.error == 0
    assert running.compute() == pytest.approx(auroc(*rows), rel=ROUNDING)


def test_bound_tells_of_a_sample_that_is_unlike_the_rest() -> None:
    order = np.argsort(_rows("sigmoid", weighted=False)[0])
    predictions, labels, weights = (column[order] for column in _rows("sigmoid", weighted=False))

    running = _running((predictions, labels, weights), EXACT_ROWS)

    assert abs(running.compute() - auroc(predictions, labels, weights)) <= running.error
    assert running.error > 0.1


@pytest.mark.parametrize(("positive", "area"), [(0.8, 1.0), (0.2, 0.0)])
def test_bound_is_reached_where_a_range_holds_all_positives_on_one_side(positive: float, area: float) -> None:
    bins = EdgedBins(np.array([0, 1], np.float32))

    bins.add(np.array([positive, 0.5], np.float32), np.array([1, 0], np.float32), np.ones(2, np.float32))

    assert abs(bins.area - area) == bins.error == 0.5


_ROWS = st.lists(
    st.tuples(st.integers(0, 12), st.booleans(), st.sampled_from([0.0, 0.25, 1.0, 3.0])), min_size=1, max_size=40
)


@given(_ROWS, st.integers(1, 40))
def test_bound_holds_for_any_rows_and_sample(drawn: list[tuple[int, bool, float]], sample: int) -> None:
    predictions, labels, weights = (np.array(column, np.float32) for column in zip(*drawn, strict=True))
    exact = _by_pairs(predictions, labels, weights)
    bins = EdgedBins(predictions[:sample])

    bins.add(predictions, labels, weights)

    assert auroc(predictions, labels, weights) == pytest.approx(exact, rel=ROUNDING, nan_ok=True)
    assert np.isnan(bins.area) == np.isnan(exact)
    assert bins.error == 0 if np.isnan(exact) else abs(bins.area - exact) <= bins.error + ROUNDING


@pytest.mark.parametrize("exact_rows", [ROWS, 0], ids=["exact", "binned"])
def test_rows_in_chunks_are_as_rows_at_once(exact_rows: int) -> None:
    rows = _rows("two_decimals", weighted=True)

    assert _running(rows, exact_rows).compute() == pytest.approx(auroc(*rows), rel=ROUNDING)


def test_it_is_exact_up_to_a_number_of_rows_with_a_weight() -> None:
    rows = _rows("sigmoid", weighted=True)
    counted = int(np.count_nonzero(rows[2]))

    assert _running(rows, counted).error == 0
    assert _running(rows, counted - 1).error > 0


_UNDEFINED = {
    "no_rows": ([], [], []),
    "no_weight": ([0.1, 0.2], [0, 1], [0, 0]),
    "no_weight_of_one_class": ([0.1, 0.2, 0.3], [0, 1, 1], [0, 1, 1]),
    "one_class": ([0.1, 0.2], [1, 1], [1, 1]),
    "score_that_is_no_number": ([0.1, np.nan], [0, 1], [1, 1]),
    "infinite_score_of_no_weight": ([0.1, 0.2, np.inf], [0, 1, 1], [1, 1, 0]),
    "infinite_weight": ([0.1, 0.2], [0, 1], [1, np.inf]),
}


@pytest.mark.parametrize("exact_rows", [10, 0], ids=["exact", "binned"])
@pytest.mark.parametrize("rows", _UNDEFINED.values(), ids=_UNDEFINED)
def test_area_that_means_nothing_is_no_number(rows: tuple[list[float], ...], exact_rows: int) -> None:
    predictions, labels, weights = (np.array(column, np.float32) for column in rows)
    running = RunningAuroc(exact_rows)

    running.add(predictions, labels, weights)
    running.add(predictions, labels, weights)

    assert np.isnan(auroc(predictions, labels, weights))
    assert np.isnan(running.compute())
    assert running.error == 0
