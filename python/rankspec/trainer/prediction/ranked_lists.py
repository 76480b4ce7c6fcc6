"""Ranked lists: of each group the rows of the highest score, such as a user's best items."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from rankspec.trainer.errors import TrainError

RANK = "rank"
# Names that no column of files has.
_ROW, _RANK = "\0row", "\0rank"


@dataclass(frozen=True)
class Ranking:
    """What is ranked, and how.

    Attributes:
        top: rows of each list, at most.
        by: the column whose values make the groups, as it would be carried.
        score: the column of predictions that ranks; none takes the combined score, or the only one.
    """

    top: int
    by: str
    score: str | None = None


class RankedLists:
    """Takes rows in their order and keeps the best of each group.

    It holds the rows of all lists, and about as many again, in memory; that does not grow with the rows of a group.
    """

    def __init__(self, top: int, by: str, score: str) -> None:
        """Holds no rows yet.

        Args:
            top: rows of each list, at most.
            by: the column of the groups.
            score: the column that ranks.
        """
        self._top = top
        self._by = by
        self._score = score
        self._num_rows = 0
        self._lists: pa.Table | None = None
        self._waiting: list[pa.Table] = []

    def add(self, rows: pa.Table) -> None:
        """Adds rows that come after all before.

        Raises:
            TrainError: a row is of no group.
        """
        groups = rows.column(self._by)
        if groups.null_count:
            row = self._num_rows + int(np.flatnonzero(groups.is_null().to_numpy())[0])
            raise TrainError(f'row {row} has no value of "{self._by}", which makes the lists; leave such rows out')
        numbers = pa.array(np.arange(self._num_rows, self._num_rows + rows.num_rows))
        self._num_rows += rows.num_rows
        self._waiting.append(rows.append_column(_ROW, numbers))
        # As many as there are already, so that rows are not sorted again and again.
        if sum(one.num_rows for one in self._waiting) >= (self._lists.num_rows if self._lists else 0):
            self._settle()

    def lists(self) -> pa.Table:
        """The lists, groups in the order in which they came first, each from the highest score down.

        The columns are that of the group, `rank` from 1, and all others.
        """
        self._settle()
        assert self._lists is not None, "there are rows"
        rest = self._lists.drop_columns([self._by, _RANK, _ROW])
        ranked = rest.add_column(0, RANK, self._lists.column(_RANK))
        return ranked.add_column(0, self._by, self._lists.column(self._by))

    def _settle(self) -> None:
        """Takes the rows that wait into the lists."""
        if not self._waiting:
            return
        before = [self._lists.drop_columns([_RANK])] if self._lists else []
        rows = pa.concat_tables([*before, *self._waiting]).combine_chunks()
        self._waiting = []
        codes = _codes(rows.column(self._by))
        scores = rows.column(self._score).to_numpy()
        # Scores that are no number come last; of equal scores the earlier row comes first.
        order = np.lexsort((rows.column(_ROW).to_numpy(), -scores, codes))
        sorted_codes = codes[order]
        starts = np.searchsorted(sorted_codes, sorted_codes, side="left")
        ranks = np.arange(len(order)) - starts + 1
        kept = ranks <= self._top
        self._lists = rows.take(pa.array(order[kept])).append_column(_RANK, pa.array(ranks[kept].astype(np.int32)))


def _codes(values: pa.ChunkedArray) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Numbers of the groups, in the order in which they come first; rows that were sorted before stay in that order."""
    encoded = pa.concat_arrays(values.chunks).dictionary_encode()
    codes: np.ndarray[tuple[int], np.dtype[np.int64]] = encoded.indices.to_numpy().astype(np.int64)
    return codes
