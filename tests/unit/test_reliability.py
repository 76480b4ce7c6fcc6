"""Reliability: bins hold every row once, and say what was predicted and what was seen."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rankspec.metrics.reliability import calibration_error, reliability


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans(), st.sampled_from([0.0, 1.0, 2.0])), max_size=60))
def test_bins_hold_every_row_with_weight_once(rows: list[tuple[int, bool, float]]) -> None:
    scores, labels, weights = np.array(rows, dtype=np.float64).reshape(-1, 3).T

    bins = reliability(scores / 5, labels, weights)

    assert sum(one.rows for one in bins) == np.count_nonzero(weights)
    assert sum(one.weight for one in bins) == pytest.approx(weights.sum())
    assert sum(one.weight * one.observed for one in bins) == pytest.approx(weights @ labels)
    assert sum(one.weight * one.predicted for one in bins) == pytest.approx(weights @ scores / 5)
    ends = [value for one in bins for value in (one.lowest, one.highest)]
    assert ends == sorted(ends)
    assert all(before.highest < after.lowest for before, after in pairwise(bins))


def test_probabilities_that_hold_are_off_by_little() -> None:
    rng = np.random.default_rng(0)
    probabilities = rng.random(50_000)
    labels = (rng.random(50_000) < probabilities).astype(np.float64)
    bins = reliability(probabilities, labels, np.ones(50_000))

    assert [one.rows for one in bins] == [5000] * 10
    # The share of 5,000 rows is off by .007 at most, as a standard deviation.
    assert calibration_error(bins) < 0.01
    assert calibration_error(reliability(probabilities / 2, labels, np.ones(50_000))) > 0.2


def test_no_rows_have_no_bins() -> None:
    none = np.zeros(0)

    assert reliability(none, none, none) == []
    assert np.isnan(calibration_error([]))
