"""Lists of ids, one of any length for each row, without a Python object for each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Stands behind the last id of a list where lists are made equally long. No list may hold it: of ids that are out of
# range it is the one least likely to be meant. Not -1, which some data have as an id.
PADDING = -(2**63)


def joined_padded(parts: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """The rows of all parts, which are matrices `[rows, L]` of `Lists.padded`, as one that is as wide as the widest."""
    width = max(part.shape[1] for part in parts)
    if all(part.shape[1] == width for part in parts):
        return np.concatenate(parts)
    joined = np.full((sum(map(len, parts)), width), PADDING, np.int64)
    start = 0
    for part in parts:
        joined[start : start + len(part), : part.shape[1]] = part
        start += len(part)
    return joined


@dataclass(frozen=True, slots=True)
class Lists:
    """A list of ids for each row.

    Attributes:
        values: the ids of all lists, one list after the other, int64 `[N]`.
        offsets: where each list begins in them, and the end of the last, int64 `[rows + 1]`.
    """

    values: NDArray[np.int64]
    offsets: NDArray[np.int64]

    @classmethod
    def of(cls, values: NDArray[np.int64], lengths: NDArray[Any]) -> Lists:
        """Lists of so many ids each, `[rows]`."""
        return cls(values, np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths, dtype=np.int64)]))

    @classmethod
    def joined(cls, parts: Sequence[Lists]) -> Lists:
        """The rows of all parts, one part after the other."""
        if not parts:
            return cls.of(np.empty(0, np.int64), np.empty(0, np.int64))
        return cls.of(np.concatenate([part.values for part in parts]), np.concatenate([part.lengths for part in parts]))

    @classmethod
    def of_padded(cls, matrix: NDArray[np.int64]) -> Lists:
        """The lists that `padded` made `[rows, L]` of."""
        is_id = matrix != PADDING
        return cls.of(matrix[is_id], is_id.sum(1))

    @property
    def lengths(self) -> NDArray[np.int64]:
        """How many ids each list has, `[rows]`."""
        return np.diff(self.offsets)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, rows: slice | NDArray[np.int64]) -> Lists:
        """The lists of some rows, in the order asked for; a slice has no step and copies no ids."""
        if isinstance(rows, slice):
            first, end, step = rows.indices(len(self))
            assert step == 1, "rows are cut out as they lie"
            bounds = self.offsets[first : max(end, first) + 1]
            return Lists(self.values[bounds[0] : bounds[-1]], bounds - bounds[0])
        lengths = self.lengths[rows]
        taken = Lists.of(self.values[:0], lengths)
        places = np.repeat(self.offsets[:-1][rows] - taken.offsets[:-1], lengths) + np.arange(taken.offsets[-1])
        return Lists(self.values[places], taken.offsets)

    def row_of(self, place: int) -> int:
        """The row whose list holds the value at a place."""
        return int(np.searchsorted(self.offsets, place, side="right")) - 1

    def padded(self) -> NDArray[np.int64]:
        """The lists as rows of a matrix, with `PADDING` behind each: `[rows, L]`, L that of the longest, at least 1."""
        lengths = self.lengths
        width = max(int(lengths.max(initial=0)), 1)
        matrix = np.full((len(self), width), PADDING, np.int64)
        matrix[np.arange(width) < lengths[:, None]] = self.values
        return matrix
