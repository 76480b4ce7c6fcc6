"""Rows of tf.Example messages as numpy arrays, many at a time.

Rows of one schema look alike as they are transmitted. So the features of many rows are joined and read at once, and
what does not look as it is usually written is read message by message, with the same result.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from google.protobuf.message import DecodeError
from numpy.typing import NDArray

from rankspec.datasets.tf_example import Feature, Int64List, OpaqueExample, float_header
from rankspec.encoding.vocabulary import varint
from rankspec.trainer.data.place import Place
from rankspec.trainer.data.values import Array, StoredColumn
from rankspec.trainer.data_error import DataError
from rankspec.trainer.inputs import DType

Content = bytes | memoryview
# For each row, its features as bytes, by name.
_Rows = Sequence[Mapping[str, bytes]]

# The kind that each type is transmitted as.
KINDS: dict[DType, Literal["float_list", "int64_list"]] = {"float32": "float_list", "int64": "int64_list"}
_TYPES = {kind: dtype for dtype, kind in KINDS.items()}
# Before the numbers of an int64 feature stand int64_list, its size, value and its size: four numbers.
_HEADER = 4
_INT64_LIST, _VALUE = 0x1A, 0x0A


@dataclass(frozen=True)
class Layout:
    """Columns whose types are all known.

    Attributes:
        floats: columns of floats.
        ints: columns of whole numbers.
    """

    floats: tuple[StoredColumn, ...]
    ints: tuple[StoredColumn, ...]

    def room(self, num_rows: int) -> dict[str, Array]:
        """Memory for so many rows, uninitialised."""
        rooms: dict[str, Array] = {column.name: np.empty((num_rows, column.length), "<f4") for column in self.floats}
        return rooms | {column.name: np.empty((num_rows, column.length), np.int64) for column in self.ints}


def layout_of(columns: Sequence[StoredColumn], numbers: Mapping[str, DType]) -> Layout:
    """The layout of columns; `numbers` says what those of any numbers are in the file at hand."""
    types = [numbers[column.name] if column.dtype == "number" else column.dtype for column in columns]
    of_type = {
        wanted: tuple(column for column, dtype in zip(columns, types, strict=True) if dtype == wanted)
        for wanted in KINDS
    }
    return Layout(of_type["float32"], of_type["int64"])


def number_types(content: Content, columns: Sequence[StoredColumn], place: Place) -> dict[str, DType]:
    """The types that a row has for columns of any numbers.

    Raises:
        DataError: it has none, or no number; the text names the place.
    """
    (row,) = _parsed([content], place)
    found = {}
    for column in columns:
        if column.dtype == "number":
            kind = _feature(row, 0, column, place).WhichOneof("kind")
            if kind not in _TYPES:
                raise DataError(f"{place.of(column.name, 0)}: is {_named(kind)}; it has to be a list of numbers")
            found[column.name] = _TYPES[kind]
    return found


def decode(contents: Sequence[Content], layout: Layout, into: Mapping[str, Array], place: Place) -> None:
    """Reads rows.

    Args:
        contents: a tf.Example message for each.
        layout: the columns to read.
        into: for each column, where its values go, `[rows, length]`.
        place: of the first row.

    Raises:
        DataError: a row is no such message, lacks a column, or has another kind or number of values; the text names
            file, row and column.
    """
    rows = _parsed(contents, place)
    for column in layout.floats:
        values = [row.get(column.name) for row in rows]
        if not _joined_floats(values, column.length, into[column.name]):
            _each_by_itself(rows, column, "float32", into[column.name], place)
    table = [[row.get(column.name) for column in layout.ints] for row in rows]
    if layout.ints and not _joined_ints(table, layout.ints, into):
        for column in layout.ints:
            _each_by_itself(rows, column, "int64", into[column.name], place)


def _parsed(contents: Sequence[Content], place: Place) -> _Rows:
    try:
        return [OpaqueExample.FromString(content).features.feature for content in contents]
    except DecodeError:
        for number, content in enumerate(contents):
            try:
                OpaqueExample.FromString(content)
            except DecodeError as error:
                here = f"{place}, row {place.first_row + number}"
                raise DataError(f"{here}: is no tf.Example message: {error}") from error
        raise


def _joined_floats(values: Sequence[bytes | None], length: int, into: Array) -> bool:
    """Reads a column whose rows are all transmitted alike; false if they are not."""
    header = float_header(length)
    size = len(header) + 4 * length
    if any(value is None or len(value) != size for value in values):
        return False
    joined = b"".join(values)  # type: ignore[arg-type] # none of them is None
    headers = np.ndarray((len(values), len(header)), np.uint8, joined, 0, (size, 1))
    if not (headers == np.frombuffer(header, np.uint8)).all():
        return False
    into[:] = np.ndarray((len(values), length), "<f4", joined, len(header), (size, 4))
    return True


def _joined_ints(
    table: Sequence[Sequence[bytes | None]], columns: Sequence[StoredColumn], into: Mapping[str, Array]
) -> bool:
    """Reads all columns of whole numbers, if every feature is four numbers and its values; false if not.

    Protobuf transmits them, and the tags and sizes before them, as varints: together they can be read as one list.
    """
    features = [feature for row in table for feature in row]
    if None in features:
        return False
    joined = b"".join(features)  # type: ignore[arg-type] # none of them is None
    counts = np.array([column.length + _HEADER for column in columns])
    shape = (len(table), int(counts.sum()))
    # A varint ends at the first byte below 128.
    behind = np.flatnonzero(np.frombuffer(joined, np.int8) >= 0) + 1
    if behind.size != shape[0] * shape[1]:
        return False
    try:
        numbers = np.asarray(Int64List.FromString(_header_of(joined) + joined).value)
    except DecodeError:
        return False
    last = np.cumsum(counts)
    ends = np.cumsum([len(feature) for feature in features]).reshape(len(table), len(columns))  # type: ignore[arg-type]
    if numbers.size != behind.size or not _is_usual(numbers.reshape(shape), behind.reshape(shape), last, ends):
        return False
    for column, end in zip(columns, last, strict=True):
        into[column.name][:] = numbers.reshape(shape)[:, end - column.length : end]
    return True


def _header_of(joined: bytes) -> bytes:
    return bytes([_VALUE]) + varint(len(joined))


def _is_usual(
    numbers: NDArray[np.int64], behind: NDArray[np.int64], last: NDArray[np.int64], ends: NDArray[np.int64]
) -> bool:
    """Whether every feature is int64_list, size, value, size and its values, and ends where it should.

    Args:
        numbers: all numbers, `[rows, numbers of a row]`.
        behind: where each of them ends.
        last: for each column, the place behind its last number in a row.
        ends: where each feature ends, `[rows, columns]`.
    """
    first = np.concatenate(([0], last[:-1]))
    starts = np.concatenate(([0], ends.reshape(-1)[:-1])).reshape(ends.shape)
    is_tag = (numbers[:, first] == _INT64_LIST) & (numbers[:, first + 2] == _VALUE)
    is_one_byte = (behind[:, first] == starts + 1) & (behind[:, first + 2] == behind[:, first + 1] + 1)
    is_size = (numbers[:, first + 1] == ends - behind[:, first + 1]) & (
        numbers[:, first + 3] == ends - behind[:, first + 3]
    )
    return bool((is_tag & is_one_byte & is_size & (behind[:, last - 1] == ends)).all())


def _each_by_itself(rows: _Rows, column: StoredColumn, dtype: DType, into: Array, place: Place) -> None:
    for number, row in enumerate(rows):
        feature = _feature(row, number, column, place)
        kind = feature.WhichOneof("kind")
        if kind != KINDS[dtype]:
            raise DataError(f"{place.of(column.name, number)}: is {_named(kind)}; it has to be {_named(KINDS[dtype])}")
        values = getattr(feature, kind).value
        if len(values) != column.length:
            raise DataError(
                f"{place.of(column.name, number)}: there are {len(values)} values; the schema says {column.length}"
            )
        into[number] = values


def _feature(row: Mapping[str, bytes], number: int, column: StoredColumn, place: Place) -> Any:
    value = row.get(column.name)
    if value is None:
        raise DataError(f"{place.of(column.name, number)}: there is no value; every row needs one")
    try:
        return Feature.FromString(value)
    except DecodeError as error:
        raise DataError(f"{place.of(column.name, number)}: is no feature of tf.Example: {error}") from error


def _named(kind: str | None) -> str:
    return "of no kind" if kind is None else f"{'an' if kind == 'int64_list' else 'a'} {kind}"
