"""Ids that a model looks up are checked where they are read: here it is known which file and row they come from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rankspec.encoding.lists import Lists
from rankspec.trainer.data.place import Place
from rankspec.trainer.data_error import DataError


@dataclass(frozen=True, slots=True)
class IdRange:
    """The ids that a table has rows for, where others are an error.

    Attributes:
        input: the input that holds the ids.
        index: column of the input, from 0; None of lists, all of whose ids are meant.
        num_ids: ids run from 0 to one less.
        table: the table's name.
        path: the field of the spec that says how many there are.
    """

    input: str
    index: int | None
    num_ids: int
    table: str
    path: str


class IdCheck:
    """Finds ids outside their ranges in the rows of one input of fixed width."""

    def __init__(self, ranges: Sequence[IdRange]) -> None:
        """Takes the ranges of the input; there may be none."""
        self._ranges = tuple(ranges)
        self._columns = [one.index for one in ranges if one.index is not None]
        self._sizes = np.array([one.num_ids for one in ranges], np.uint64)

    def check(self, values: NDArray[Any], column: str, place: Place) -> None:
        """Looks at all ids of some rows.

        Args:
            values: the input, int64, `[rows, width]`.
            column: the column of the files that they come from.
            place: where the rows come from.

        Raises:
            DataError: one is outside; the text names file, row group, row and column.
        """
        if not self._ranges:
            return
        ids = values[:, self._columns]
        # An id below 0 is a very large one without its sign.
        wrong = ids.view(np.uint64) >= self._sizes
        if wrong.any():
            row, number = np.argwhere(wrong)[0].tolist()
            raise DataError(f"{place.of(column, row)}: {_described(ids[row, number], self._ranges[number])}")


def check_lists(lists: Lists, allowed: IdRange, column: str, place: Place) -> None:
    """Looks at all ids of lists.

    Args:
        lists: of some rows.
        allowed: the ids that they may have.
        column: the column of the files that they come from.
        place: where the rows come from.

    Raises:
        DataError: one is outside; the text names file, row group, row and column.
    """
    wrong = np.flatnonzero(lists.values.view(np.uint64) >= np.uint64(allowed.num_ids))
    if wrong.size:
        row = lists.row_of(int(wrong[0]))
        raise DataError(f"{place.of(column, row)}: {_described(lists.values[wrong[0]], allowed)}")


def _described(value: np.int64, allowed: IdRange) -> str:
    which = "a value of the list" if allowed.index is None else f"value {allowed.index}"
    return (
        f'{which} is the id {value}, and the table "{allowed.table}" has ids from 0 to '
        f"{allowed.num_ids - 1} ({allowed.path}); correct the data, raise num_embeddings, or set "
        "out_of_range_ids: OUT_OF_RANGE_IDS_BUCKET"
    )
