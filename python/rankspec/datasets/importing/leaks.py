"""Features that give the label away: what is known only once the label is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rankspec.metrics.auroc import auroc

# Rows that are looked at.
MOST_ROWS = 100_000
# No honest feature tells positives from negatives so well, on its own.
_TOO_GOOD = 0.99
_FEWEST_OF_A_CLASS = 20


def giving_away(
    labels: NDArray[np.int64], vectors: Sequence[tuple[NDArray[np.float32] | NDArray[np.int64], Sequence[str], bool]]
) -> dict[str, float]:
    """Features that tell the label on their own, with their area under the ROC curve.

    Args:
        labels: 0 or 1, `[rows]`.
        vectors: values, `[rows, places]`; the names of the places; and whether the values are ids.
    """
    labels = labels[:MOST_ROWS]
    if min(np.count_nonzero(labels), np.count_nonzero(labels == 0)) < 2 * _FEWEST_OF_A_CLASS:
        return {}
    found = {}
    for values, names, are_ids in vectors:
        for place, name in enumerate(names):
            column = values[: len(labels), place]
            area = _of_ids(column.astype(np.int64), labels) if are_ids else _of_numbers(column, labels)
            if area > _TOO_GOOD:
                found[name] = area
    return found


def _of_numbers(values: NDArray[np.float32] | NDArray[np.int64], labels: NDArray[np.int64]) -> float:
    area = auroc(values.astype(np.float64), labels)
    return max(area, 1 - area)


def _of_ids(ids: NDArray[np.int64], labels: NDArray[np.int64]) -> float:
    """The area of the ids' mean labels of one half of the rows, on the other half: ids of one row tell nothing."""
    known, judged = slice(0, None, 2), slice(1, None, 2)
    size = int(ids.max()) + 1
    rows = np.bincount(ids[known], minlength=size)
    positives = np.bincount(ids[known], weights=labels[known], minlength=size)
    mean = labels[known].mean()
    scores = (positives + mean) / (rows + 1)
    on_trial = labels[judged]
    if min(np.count_nonzero(on_trial), np.count_nonzero(on_trial == 0)) < _FEWEST_OF_A_CLASS:
        return 0.5
    return auroc(scores[ids[judged]], on_trial)
