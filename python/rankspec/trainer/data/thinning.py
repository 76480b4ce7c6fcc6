"""Leaving negatives out of batches."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rankspec.trainer.data_error import DataError


@dataclass(frozen=True)
class Thinning:
    """How negatives are left out; a step of the plan says which rows are positives.

    Attributes:
        batch_multiplier: batches of rows that one batch is chosen from.
        path: the field of the spec that says so.
    """

    batch_multiplier: int
    path: str


def thin_negatives(positive: NDArray[np.bool_], size: int) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """Chooses all positives and so many of the first negatives that `size` rows remain.

    Args:
        positive: whether a row is a positive, `[N]`.
        size: rows to keep.

    Returns:
        The places of the rows kept, ascending, and their weights, `[size]` each. A negative weighs as much as all
        negatives do divided by those kept, so that the weights add up to N.

    Raises:
        DataError: the positives leave no room for a negative, so that nothing could stand for the negatives.
    """
    num_positives = int(positive.sum())
    num_negatives, room = len(positive) - num_positives, size - num_positives
    if room < min(num_negatives, 1):
        raise DataError(
            f"{num_positives} positives in {len(positive)} rows leave no room for negatives in a batch of {size}; "
            "lower batch_multiplier or raise global_batch_size"
        )
    negatives = np.flatnonzero(~positive)[:room]
    chosen = np.sort(np.concatenate([np.flatnonzero(positive), negatives]))
    weight = num_negatives / len(negatives) if len(negatives) else 1.0
    return chosen, np.where(positive[chosen], 1.0, weight).astype(np.float32)
