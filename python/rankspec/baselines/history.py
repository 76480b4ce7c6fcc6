"""What the training rows tell of an id: how many there are, and which share of them is positive.

A training row is told by the rows outside of its own fold: what a row knows of its id must not hold its own label. All
other rows are told by the whole training part.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ids = NDArray[np.int64]

NUM_FOLDS = 5
# Rows of the mean label that an id begins with: an id of few rows is taken for a common one.
_PRIOR_ROWS = 10.0


class IdHistory:
    """The history of the ids of one column, for one task."""

    def __init__(self, ids: Ids, labels: NDArray[np.floating], weights: NDArray[np.floating], folds: Ids) -> None:
        """Sums up the training rows, at least one.

        Args:
            ids: `[N]`.
            labels: 0 or 1, `[N]`.
            weights: `[N]`.
            folds: each row's fold, below `NUM_FOLDS`, `[N]`.
        """
        self._known, places = np.unique(ids, return_inverse=True)
        # Rows and positives, by id and fold; a last id stands for those that are unknown.
        self._sums = np.zeros((2, len(self._known) + 1, NUM_FOLDS))
        for own, values in zip(self._sums, (weights, np.asarray(weights, np.float64) * labels), strict=True):
            np.add.at(own, (places, folds), values)
        self._of_fold = self._sums.sum(1)
        self._train = (places, folds)

    def of_training(self) -> Floats:
        """log(1 + rows) and the share of positives, of each training row without its fold, `[N, 2]`."""
        places, folds = self._train
        rows, positives = (own.sum(1)[places] - own[places, folds] for own in self._sums)
        all_rows, all_positives = (of_fold.sum() - of_fold[folds] for of_fold in self._of_fold)
        return _columns(rows, positives, all_rows, all_positives)

    def of_others(self, ids: Ids) -> Floats:
        """The same of other rows, `[M, 2]`; of an unknown id, no rows and the mean label."""
        places = np.searchsorted(self._known, ids)
        is_known = self._known[np.minimum(places, len(self._known) - 1)] == ids
        places = np.where(is_known, places, len(self._known))
        rows, positives = (own.sum(1)[places] for own in self._sums)
        all_rows, all_positives = (of_fold.sum() for of_fold in self._of_fold)
        return _columns(rows, positives, all_rows, all_positives)


def folds_of(num_rows: int, seed: int = 0) -> Ids:
    """A random fold for each row, of equal sizes, `[N]`."""
    return np.random.default_rng(seed).permutation(num_rows) % NUM_FOLDS


def _columns(rows: Floats, positives: Floats, all_rows: Floats, all_positives: Floats) -> Floats:
    prior = all_positives / np.maximum(all_rows, 1e-12)
    return np.column_stack([np.log1p(rows), (positives + _PRIOR_ROWS * prior) / (rows + _PRIOR_ROWS)])
