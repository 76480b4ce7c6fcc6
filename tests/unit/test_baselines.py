"""Baselines: what a row knows of its id holds no label of its own, and whoever is better is said to be."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from rankspec.baselines.comparison import RANKER, Score, scores_of, verdict
from rankspec.baselines.history import NUM_FOLDS, IdHistory, folds_of
from rankspec.baselines.models import LABEL_MEAN, MOST_CATEGORIES, fit_all, follows_from_a_number
from rankspec.baselines.rows import Rows
from rankspec.metrics.auroc import auroc
from rankspec.metrics.bootstrap import Interval

NUM_USERS = MOST_CATEGORIES + 40


def _rows(num_rows: int, seed: int) -> Rows:
    """Labels that follow from a number, from a user who is one of many, and from one of three categories."""
    rng = np.random.default_rng(seed)
    dense = rng.standard_normal((num_rows, 2)).astype(np.float32)
    users, kinds = rng.integers(0, NUM_USERS, num_rows), rng.integers(0, 3, num_rows)
    taste = np.random.default_rng(99).standard_normal(NUM_USERS) * 2
    logits = dense[:, 0] + taste[users] + np.array([-1, 0, 1])[kinds]
    labels = (rng.random(num_rows) < 1 / (1 + np.exp(-logits))).astype(np.float32)
    ids = np.column_stack([users * 2**40, kinds])
    return Rows(dense, ids, {"like": labels}, {"like": np.ones(num_rows, np.float32)}, users.astype(np.int64))


def _history(labels: NDArray[np.float64]) -> NDArray[np.float64]:
    ids = np.arange(len(labels)) % 7
    return IdHistory(ids, labels, np.ones(len(labels)), folds_of(len(labels))).of_training()


def test_history_of_a_training_row_knows_nothing_of_its_fold() -> None:
    labels = np.random.default_rng(0).integers(0, 2, 100).astype(np.float64)
    folds = folds_of(100)

    for fold in range(NUM_FOLDS):
        changed = np.where(folds == fold, 1 - labels, labels)
        assert np.array_equal(_history(changed)[folds == fold], _history(labels)[folds == fold])
        assert not np.array_equal(_history(changed)[folds != fold], _history(labels)[folds != fold])


def test_history_of_other_rows_is_that_of_all_training_rows() -> None:
    history = IdHistory(np.array([5, 5, 9]), np.array([1.0, 0, 1]), np.ones(3), np.array([0, 1, 2]))

    # By hand: the mean label is 2/3, and counts for 10 rows.
    prior = 10 * 2 / 3
    expected = [[np.log(3), (1 + prior) / 12], [np.log(2), (1 + prior) / 11], [0, 2 / 3], [0, 2 / 3]]
    assert history.of_others(np.array([5, 9, 7, 2**62])) == pytest.approx(np.array(expected))


def test_every_baseline_learns_and_takes_unknown_ids() -> None:
    train, other = _rows(4000, 0), _rows(1500, 1)
    other.ids[:20] = -1

    reached = {one.model: auroc(one.predict(other), other.labels["like"]) for one in fit_all(train, "like")}

    # The labels' own probabilities reach .87.
    assert all(value > 0.8 for model, value in reached.items() if model != LABEL_MEAN)
    assert 0.7 < reached[LABEL_MEAN] < min(value for model, value in reached.items() if model != LABEL_MEAN)


def test_bins_of_a_number_follow_from_it_and_categories_do_not() -> None:
    rng = np.random.default_rng(0)
    dense = np.column_stack([rng.integers(0, 9, 3000), rng.random(3000)]).astype(np.float32)
    edges = np.quantile(dense[:, 1], np.linspace(0, 1, 8)[1:-1])
    bins = 1 + np.searchsorted(edges, dense[:, 1])

    assert follows_from_a_number(bins, dense)
    assert follows_from_a_number(np.where(rng.random(3000) < 0.2, 0, bins), dense)  # Some are missing.
    assert not follows_from_a_number(np.where(np.arange(3000) == 2999, 8 - bins, bins), dense)
    assert not follows_from_a_number(rng.integers(0, 5, 3000), dense)
    assert not follows_from_a_number(np.full(3000, 7), dense)
    assert not follows_from_a_number(bins, dense[:, :0])


def test_baselines_do_without_ids() -> None:
    train = _rows(500, 0)
    plain = Rows(train.dense, train.ids[:, :0], train.labels, train.weights, None)

    fitted = fit_all(plain, "like")

    assert LABEL_MEAN not in [one.model for one in fitted]
    assert all(np.isfinite(one.predict(plain)).all() for one in fitted)


@pytest.mark.parametrize("has_groups", [False, True])
def test_better_of_two_is_ahead_by_its_interval(*, has_groups: bool) -> None:
    rows = _rows(1500, 1)
    if not has_groups:
        rows = Rows(rows.dense, rows.ids, rows.labels, rows.weights, None)
    rng = np.random.default_rng(0)
    good = 0.8 * rows.labels["like"] + 0.2 * rng.random(1500)
    bad = 0.3 * rows.labels["like"] + 0.7 * rng.random(1500)

    ranker, other = scores_of(rows, "like", {RANKER: good, "other": bad}, draws=50)

    assert list(other.figures) == ["auroc", "rce", *(["gauc"] if has_groups else [])]
    assert ranker.ahead == {}
    low, high = other.ahead["auroc"]
    assert 0 < low < ranker.figures["auroc"] - other.figures["auroc"] < high


@pytest.mark.parametrize(
    ("interval", "words"),
    [
        pytest.param(Interval(0.01, 0.02), "like: the ranker is better than the best baseline, trees", id="wins"),
        pytest.param(Interval(-0.02, -0.01), "like: the ranker loses to the best baseline, trees", id="loses"),
        pytest.param(Interval(-0.01, 0.01), "like: the ranker cannot be told apart from the best baseline", id="level"),
        pytest.param(Interval(float("nan"), 0.1), "like: AUROC is undefined", id="undefined"),
    ],
)
def test_verdict_follows_the_interval_of_the_best_baseline(interval: Interval, words: str) -> None:
    scores = [
        Score("like", RANKER, {"auroc": 0.7}, {}),
        Score("like", "regression", {"auroc": 0.6}, {"auroc": Interval(-0.5, -0.4)}),
        Score("like", "trees", {"auroc": 0.69}, {"auroc": interval}),
    ]

    assert verdict(scores).startswith(words)


def test_nothing_is_said_where_the_ranker_has_no_scores() -> None:
    assert verdict([Score("like", "trees", {"auroc": 0.69}, {})]) == ""
