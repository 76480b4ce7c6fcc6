"""Split and features of MovieLens-100K: three tasks over the same rows, with no label leaking into a feature.

A row's history statistics (how often its user or its film was rated before, and how well) come from training rows
alone. For a training row they are out of fold: the training part is cut into `NUM_FOLDS` random folds, and a row
sees the ones that it is not in. Two simpler schemes do worse. Leaving out only the row itself lets a model read the
label off the statistics (within one user, a share that is a little low means that the row left out was positive):
gradient-boosted trees lose .05 AUC on the validation part. Looking back in time alone costs them .005, because the
rows to be scored here see their user's whole history.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rankspec.datasets.movielens_formats import GENRES, OCCUPATIONS, MovieLensTables

NUM_FOLDS = 5
"""Folds of the training part for its own history statistics."""

TASKS = ("disliked", "liked", "loved")
"""Labels: at most 2 stars, at least 4 and exactly 5; in the order of their names."""

_HISTORY = ("num_ratings", "mean_rating", *(f"share_{task}" for task in TASKS))

CONTINUOUS_FEATURES = (
    *(f"user_{statistic}" for statistic in _HISTORY),
    *(f"item_{statistic}" for statistic in _HISTORY),
    "user_age",
    "item_age",
)
"""Names of the columns of `continuous`, ages in years."""

BINARY_FEATURES = (
    *(f"genre_{genre}" for genre in GENRES),
    "user_is_female",
    *(f"occupation_{occupation}" for occupation in OCCUPATIONS),
)
"""Names of the columns of `binary`."""

DISCRETE_FEATURES = ("user", "item")
"""Names of the columns of `discrete`: rows of the user and item tables, counted from 0 in the order of their ids."""

_PRIOR_STRENGTH = 5.0
"""Ratings' worth of the overall mean that every history statistic starts from."""

_LAST_YEAR = 1998
"""Year of the last rating; a film's age is counted back from it."""


@dataclass(frozen=True)
class Split:
    """Rows of each part as positions in the file's order, each part in the order of the permutation."""

    train: NDArray[np.int64]
    validation: NDArray[np.int64]
    test: NDArray[np.int64]


@dataclass(frozen=True)
class Features:
    """Inputs and labels of every interaction, in file order.

    Attributes:
        continuous: `[N, 12]` float32, the columns of `CONTINUOUS_FEATURES`.
        binary: `[N, 41]`, the columns of `BINARY_FEATURES`.
        discrete: `[N, 2]`, the columns of `DISCRETE_FEATURES`.
        labels: 0 or 1 per interaction and task, `[N, 3]`, the columns of `TASKS`.
    """

    continuous: NDArray[np.float32]
    binary: NDArray[np.int64]
    discrete: NDArray[np.int64]
    labels: NDArray[np.int64]


def split_rows(timestamps: NDArray[np.int64]) -> Split:
    """Splits interactions 80 : 10 : 10 at random, reproducibly.

    The interactions are sorted by time (ties keep the file's order) and then permuted by
    `numpy.random.default_rng(0)`, so that the parts depend on nothing but the data.

    Args:
        timestamps: Seconds, in file order, `[N]`.
    """
    num_rows = len(timestamps)
    by_time = np.argsort(timestamps, kind="stable")
    rows = by_time[np.random.default_rng(0).permutation(num_rows)]
    end_of_train, end_of_validation = num_rows * 8 // 10, num_rows * 9 // 10
    return Split(rows[:end_of_train], rows[end_of_train:end_of_validation], rows[end_of_validation:])


def label_rows(ratings: NDArray[np.int64]) -> NDArray[np.int64]:
    """Turns stars `[N]` into the labels of `TASKS`, `[N, 3]`."""
    return np.stack([ratings <= 2, ratings >= 4, ratings == 5], axis=1).astype(np.int64)


def build_features(tables: MovieLensTables, split: Split) -> Features:
    """Builds the inputs of every interaction; outcomes are taken from the rows of `split.train` only."""
    users = np.searchsorted(tables.users, tables.user_ids)
    items = np.searchsorted(tables.items, tables.item_ids)
    labels = label_rows(tables.ratings)
    outcomes = np.column_stack([np.ones_like(tables.ratings), tables.ratings, labels])
    folds = _folds(len(users), split.train)
    continuous = np.column_stack(
        [
            _history(users, outcomes, folds),
            _history(items, outcomes, folds),
            tables.ages[users],
            _item_ages(tables.release_years)[items],
        ]
    )
    occupations = np.eye(len(OCCUPATIONS), dtype=np.int64)[tables.occupations[users]]
    return Features(
        continuous=continuous.astype(np.float32),
        binary=np.column_stack([tables.genres[items], tables.is_female[users], occupations]),
        discrete=np.column_stack([users, items]),
        labels=labels,
    )


def _folds(num_rows: int, train: NDArray[np.int64]) -> NDArray[np.int64]:
    """The fold of each row, `[N]`; rows outside the training part get the extra fold `NUM_FOLDS`.

    The training part is in random order already, so dealing it out in turn makes random folds.
    """
    folds = np.full(num_rows, NUM_FOLDS)
    folds[train] = np.arange(len(train)) % NUM_FOLDS
    return folds


def _history(keys: NDArray[np.int64], outcomes: NDArray[np.int64], folds: NDArray[np.int64]) -> NDArray[np.float64]:
    """How often, and how well, the training rows outside a row's own fold rated its key.

    Args:
        keys: User or item of each row, `[N]`.
        outcomes: A column of ones, then the values to average, `[N, 1 + V]`.
        folds: Fold of each row, `[N]`.

    Returns:
        The number of ratings, then the mean of each value shrunk towards its overall mean, `[N, 1 + V]`.
    """
    sums = _sums_outside_fold(keys, outcomes, folds)
    overall = _sums_outside_fold(np.zeros_like(keys), outcomes, folds)
    prior = overall[:, 1:] / np.maximum(overall[:, :1], 1)
    counts = sums[:, :1]
    means = (sums[:, 1:] + _PRIOR_STRENGTH * prior) / (counts + _PRIOR_STRENGTH)
    return np.column_stack([counts, means])


def _sums_outside_fold(
    keys: NDArray[np.int64], outcomes: NDArray[np.int64], folds: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Sums of outcomes over the training rows that share a row's key but not its fold, `[N, 1 + V]`.

    The sums are of whole numbers, so subtracting a row's fold leaves no trace of its label.
    """
    sums = np.zeros((keys.max() + 1, NUM_FOLDS + 1, outcomes.shape[1]), dtype=np.int64)
    in_train = folds < NUM_FOLDS
    np.add.at(sums, (keys[in_train], folds[in_train]), outcomes[in_train])
    return sums.sum(axis=1)[keys] - sums[keys, folds]


def _item_ages(release_years: NDArray[np.int64]) -> NDArray[np.int64]:
    """Years from release to the last rating, `[I]`; a film without a year gets the median age."""
    known = release_years > 0
    median = int(np.median(release_years[known])) if known.any() else _LAST_YEAR
    return _LAST_YEAR - np.where(known, release_years, median)
