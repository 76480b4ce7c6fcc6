"""The values of Arrow columns as numpy arrays, where every row has to have all of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from rankspec.encoding.lists import PADDING, Lists
from rankspec.trainer.data.place import Place
from rankspec.trainer.data_error import DataError
from rankspec.trainer.inputs import VARYING, DType

Array = NDArray[Any]

# What a column is read as: values, or lists where rows vary in length.
Stored = Array | Lists

# "number" stands for any type that has them: values are given as they are stored. "text" gives Python's strings.
StoredType = DType | Literal["number", "text"]

# Ids that such a row is taken to have where it matters for speed alone.
_USUAL_LENGTH = 16

_ITEM_BYTES: dict[StoredType, int] = {"float32": 4, "int64": 8, "number": 8, "text": 64}


@dataclass(frozen=True, slots=True)
class StoredColumn:
    """A column to read.

    Attributes:
        name: of the column.
        dtype: the type its values are read as.
        length: values in a row; -1 where that varies.
        features: the name of the feature at each place, with which a file that gives names has to agree; None if there
            are none.
    """

    name: str
    dtype: StoredType
    length: int
    features: tuple[str, ...] | None = None

    @property
    def row_bytes(self) -> int:
        """Bytes that the values of a row take: of numbers of any type at most, of texts and varying rows about."""
        return _ITEM_BYTES[self.dtype] * (_USUAL_LENGTH if self.varies else self.length)

    @property
    def varies(self) -> bool:
        """Whether rows are lists of any length."""
        return self.length == VARYING


def stored_of(array: pa.Array, column: StoredColumn, place: Place) -> Stored:
    """The values of a chunk: `[rows, length]`, or lists where rows vary in length.

    Raises:
        DataError: one is missing, a row has another number of values, or a list holds what stands for no id; the text
            names the place.
    """
    return lists_of(array, column, place) if column.varies else values_of(array, column, place)


def fixed(values: Stored) -> Array:
    """Values of a column that was asked for with a fixed length."""
    assert not isinstance(values, Lists), "only columns that are asked for so vary in length"
    return values


def lists_of(array: pa.Array, column: StoredColumn, place: Place) -> Lists:
    """The lists of a chunk.

    Raises:
        DataError: as `stored_of`.
    """
    if array.null_count:
        raise DataError(
            f"{place.of(column.name, _first_null(array))}: there is no list; write an empty one where there are no ids"
        )
    if pa.types.is_fixed_size_list(array.type):
        lengths = np.full(len(array), array.type.list_size)
    else:
        lengths = np.diff(array.offsets.to_numpy())
    ids = array.flatten()
    if ids.null_count:
        row = Lists.of(np.empty(0, np.int64), lengths).row_of(_first_null(ids))
        raise DataError(f"{place.of(column.name, row)}: an id of the list is missing; fill it in, or leave it out")
    lists = Lists.of(ids.to_numpy(zero_copy_only=False).astype(np.int64, copy=False), lengths)
    if (odd := np.flatnonzero(lists.values == PADDING)).size:
        row = lists.row_of(int(odd[0]))
        raise DataError(f"{place.of(column.name, row)}: {PADDING} in a list stands for no id; leave it out")
    return lists


def values_of(array: pa.Array, column: StoredColumn, place: Place) -> Array:
    """The values of a chunk, `[rows, length]`, without a copy where they lie in memory as they are.

    Raises:
        DataError: one is missing, or a row has another number of values; the text names the place.
    """
    if array.null_count:
        row = _first_null(array)
        raise DataError(
            f"{place.of(column.name, row)}: there is no value; every row needs one: fill it in, or leave the row out"
        )
    if pa.types.is_fixed_size_binary(array.type):
        return _of_bytes(array, column)
    values = array
    if is_list(array.type):
        if not pa.types.is_fixed_size_list(array.type):
            _check_lengths(np.diff(array.offsets.to_numpy()), column, place)
        values = array.flatten()
    if values.null_count:
        row = _first_null(values) // column.length
        raise DataError(
            f"{place.of(column.name, row)}: a value is missing; every row needs {column.length}: fill it in, or leave "
            "the row out"
        )
    if pa.types.is_boolean(values.type):
        values = values.cast(pa.uint8())
    rows: Array = values.to_numpy(zero_copy_only=column.dtype != "text").reshape(len(array), column.length)
    return rows if column.dtype in ("number", "text") else _converted(rows, column, place)


def _converted(rows: Array, column: StoredColumn, place: Place) -> Array:
    """Numbers of any type as those that the column is read as: float64 becomes the nearest float32, even on a tie.

    Raises:
        DataError: one is too large for float32, or is no whole number where those are read.
    """
    if rows.dtype.kind == "f" and column.dtype == "int64":
        _check_whole(rows, column, place)
    with np.errstate(over="ignore"):  # It becomes an infinity, and is refused.
        converted = rows.astype(np.dtype(column.dtype), copy=False)
    if rows.dtype == np.float64 and (lost := np.isinf(converted) & np.isfinite(rows)).any():
        row, found = _first(lost, rows)
        raise DataError(
            f"{place.of(column.name, row)}: {found} is more than float32 holds; scale the column, or leave the row out"
        )
    return converted


def _check_whole(rows: Array, column: StoredColumn, place: Place) -> None:
    """Makes sure that floats are whole numbers, none of which can have been another before it was written."""
    limit = 2.0 ** (np.finfo(rows.dtype).nmant + 1)
    odd = ~((rows == np.rint(rows)) & (np.abs(rows) <= limit))
    if odd.any():
        row, found = _first(odd, rows)
        what = "no whole number" if found != np.rint(found) else f"larger than {rows.dtype} is exact"
        raise DataError(
            f"{place.of(column.name, row)}: {found} is {what}, and the column is read as whole numbers; write it as "
            "integers, or declare it as floats"
        )


def _first(marked: NDArray[Any], rows: Array) -> tuple[int, Any]:
    """The first row with a marked value, and that value."""
    row, number = np.argwhere(marked)[0].tolist()
    return row, rows[row, number]


def is_list(stored: pa.DataType) -> bool:
    """Whether a column has lists, of a fixed length or of any."""
    return bool(pa.types.is_list(stored) or pa.types.is_large_list(stored) or pa.types.is_fixed_size_list(stored))


def _of_bytes(array: pa.Array, column: StoredColumn) -> Array:
    """What bytes of a fixed length hold, which are as many as the column's values take, little-endian."""
    start, count = array.offset * array.type.byte_width, len(array) * column.length
    values = np.frombuffer(array.buffers()[1], np.dtype(column.dtype).newbyteorder("<"), count, start)
    return values.astype(np.dtype(column.dtype), copy=False).reshape(len(array), column.length)


def _first_null(array: pa.Array) -> int:
    return int(np.flatnonzero(array.is_null().to_numpy(zero_copy_only=False))[0])


def _check_lengths(lengths: NDArray[Any], column: StoredColumn, place: Place) -> None:
    if (wrong := np.flatnonzero(lengths != column.length)).size:
        row = int(wrong[0])
        raise DataError(
            f"{place.of(column.name, row)}: there are {lengths[row]} values; the schema says {column.length}: make all "
            "rows as long"
        )
