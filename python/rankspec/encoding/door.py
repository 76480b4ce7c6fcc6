"""Columns of any Arrow type become columns of the six kinds; what would have to be guessed is refused."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import types

from rankspec.data.v1 import recipe_pb2 as pb
from rankspec.encoding.columns import AnyColumn, Column, ListColumn
from rankspec.encoding.errors import TypeOfColumnError, ValueAtError
from rankspec.encoding.text_numbers import (
    DECIMAL,
    WHOLE,
    decimal,
    parse_decimal,
    parse_whole,
    slowly,
    whole_decimal,
    without,
)
from rankspec.encoding.text_times import expectation, parse_times, zone_of

_FLAG = "one of the recipe's true_values or false_values"
UTF8 = "text in UTF-8"
# Above it, not every whole number is a double.
_WHOLE_DOUBLES = 2.0**53


def normalized(array: pa.Array, column: pb.RawColumn, text: pb.TextFormat) -> AnyColumn:
    """A column in the one form of its kind.

    Args:
        array: as it came.
        column: what it is to be.
        text: how text is read.

    Raises:
        TypeOfColumnError: the type is none that this kind is read from.
        ValueAtError: a value is not of the kind; at its row.
    """
    array = plain(array)
    if not column.list:
        return Column(_values(array, column, text))
    lists, pieces = _lists(array, column)
    ends = np.asarray(lists.offsets).astype(np.int64)
    items = lists.values.slice(ends[0], ends[-1] - ends[0])
    ends = ends - ends[0]
    if pieces:
        items = without(items, list(text.missing))
    try:
        values = _values(plain(items), column, text)
    except ValueAtError as error:
        row = int(np.searchsorted(ends, error.index, side="right")) - 1
        raise ValueAtError(row, f"a list in which each value is {error.expected}", error.value) from None
    return ListColumn(Column(values), ends, ~np.asarray(lists.is_valid()))


def plain(array: pa.Array) -> pa.Array:
    """The same values in the plainest type that holds them: one of text, one of lists, no dictionary but one of text.

    Raises:
        ValueAtError: a text is not UTF-8, which Arrow's readers let through; at its place.
    """
    if types.is_dictionary(array.type):
        values = array.dictionary
        if not _is_text(values.type) or not _is_utf8(values):
            return plain(array.dictionary_decode())
        return pa.DictionaryArray.from_arrays(array.indices, values.cast(pa.string()))
    if _is_text(array.type):
        if not _is_utf8(array):
            raise ValueAtError(_first_broken(array), UTF8, None)
        return array.cast(pa.string())
    if types.is_fixed_size_list(array.type):
        return array.cast(pa.list_(array.type.value_type))
    if types.is_list_view(array.type) or types.is_large_list_view(array.type):
        # Arrow's own cast makes arrays with an offset too few.
        return _joined(array)
    return array


def _is_utf8(texts: pa.Array) -> bool:
    try:
        texts.validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def _first_broken(texts: pa.Array) -> int:
    """The place of the first text that is not UTF-8, halving the texts among which it is."""
    first, length = 0, len(texts)
    while length > 1:
        half = length // 2
        if _is_utf8(texts.slice(first, half)):
            first, length = first + half, length - half
        else:
            length = half
    return first


def _is_text(kind: pa.DataType) -> bool:
    return bool(types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind))


def _lists(array: pa.Array, column: pb.RawColumn) -> tuple[pa.Array, bool]:
    """Lists whose null ones are empty, and whether they were cut out of text."""
    if types.is_null(array.type):
        array = array.cast(pa.list_(pa.string()))
    if types.is_list(array.type) or types.is_large_list(array.type):
        kind = pa.list_(array.type.value_type)
        return _without_hidden(array if array.type == kind else array.cast(kind)), False
    if types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if not types.is_string(array.type):
        raise TypeOfColumnError(f"lists, or text that the recipe names a separator of, and not {array.type}")
    if not column.HasField("separator"):
        raise TypeOfColumnError("lists; for text, the recipe's separator has to say what is between their values")
    return _split(array, column.separator), True


def _split(texts: pa.Array, separator: str) -> pa.Array:
    pieces = pc.split_pattern(texts, separator)
    is_empty = np.asarray(pc.equal(texts, "").fill_null(False))
    if not is_empty.any():
        return _without_hidden(pieces)
    none = pa.array([[]], pieces.type)
    return _without_hidden(pc.if_else(pa.array(is_empty), none[0], pieces))


def _without_hidden(lists: pa.Array) -> pa.Array:
    """The same lists, without values behind null ones."""
    return _joined(lists) if lists.null_count else lists


def _joined(lists: pa.Array) -> pa.Array:
    """The same lists, their values one after the other, and none besides."""
    lengths = pc.list_value_length(lists).fill_null(0)
    ends = np.concatenate([[0], np.cumsum(np.asarray(lengths))]).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(ends), lists.flatten(), mask=lists.is_null())


def _values(array: pa.Array, column: pb.RawColumn, text: pb.TextFormat) -> pa.Array:
    if types.is_null(array.type):
        return array.cast(_ARROW[column.kind])
    if column.kind == pb.RAW_KIND_TEXT:
        if types.is_dictionary(array.type) or types.is_string(array.type):
            return array
        raise TypeOfColumnError(f"text, and not {array.type}")
    if types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if column.kind == pb.RAW_KIND_INT64:
        return _whole_numbers(array, text)
    if column.kind == pb.RAW_KIND_FLOAT64:
        return _doubles(array, text)
    if column.kind == pb.RAW_KIND_BOOL:
        return _flags(array, text)
    return _times(array, column, text)


_ARROW = {
    pb.RAW_KIND_TEXT: pa.string(),
    pb.RAW_KIND_INT64: pa.int64(),
    pb.RAW_KIND_FLOAT64: pa.float64(),
    pb.RAW_KIND_BOOL: pa.bool_(),
    pb.RAW_KIND_TIME: pa.int64(),
}


def _whole_numbers(array: pa.Array, text: pb.TextFormat) -> pa.Array:
    if types.is_string(array.type):
        return parse_whole(array, list(text.missing))
    if types.is_uint64(array.type):
        _refuse_first(np.asarray(array.fill_null(0)) >= 2**63, array, WHOLE)
        return array.cast(pa.int64())
    if types.is_integer(array.type):
        return array.cast(pa.int64())
    if types.is_floating(array.type):
        # What has no gaps in whole numbers, such as pandas, makes them doubles.
        wide = array.cast(pa.float64())
        numbers = np.asarray(wide.fill_null(np.nan))
        is_wrong = np.isfinite(numbers) & ((numbers != np.trunc(numbers)) | (np.abs(numbers) > _WHOLE_DOUBLES))
        _refuse_first(is_wrong, wide, f"{WHOLE}, or a double of one up to 2^53")
        is_there = np.isfinite(numbers)
        return pa.array(np.where(is_there, numbers, 0.0).astype(np.int64), mask=~is_there)
    if types.is_decimal(array.type):
        return slowly(array.cast(pa.string()), whole_decimal, pa.int64(), WHOLE)
    raise TypeOfColumnError(f"whole numbers or text, and not {array.type}")


def _doubles(array: pa.Array, text: pb.TextFormat) -> pa.Array:
    if types.is_string(array.type):
        return parse_decimal(array, list(text.missing), comma=text.decimal_comma)
    if types.is_integer(array.type):
        # The nearest double, as numpy rounds; Arrow refuses those that are not exact.
        numbers = np.asarray(array.fill_null(0)).astype(np.float64)
        return pa.array(numbers, mask=~np.asarray(array.is_valid()))
    if types.is_floating(array.type):
        return array.cast(pa.float64())
    if types.is_decimal(array.type):
        return slowly(array.cast(pa.string()), decimal, pa.float64(), DECIMAL)
    raise TypeOfColumnError(f"numbers or text, and not {array.type}")


def _flags(array: pa.Array, text: pb.TextFormat) -> pa.Array:
    if types.is_boolean(array.type):
        return array
    if _is_number(array.type):
        # As for whole numbers, doubles are what has no gaps in them.
        numbers = np.asarray(_doubles(array, text).fill_null(np.nan))
        is_there = np.isfinite(numbers)
        _refuse_first(is_there & (numbers != 0) & (numbers != 1), array, "true or false, or 1 or 0")
        return pa.array(numbers == 1, mask=~is_there)
    if not types.is_string(array.type):
        raise TypeOfColumnError(f"flags, 0 and 1, or text, and not {array.type}")
    words = dict.fromkeys(text.false_values, False) | dict.fromkeys(text.true_values, True)

    def flag(word: str) -> bool:
        if word not in words:
            raise ValueError(word)
        return words[word]

    return slowly(without(array, list(text.missing)), flag, pa.bool_(), f"{_FLAG}: {', '.join(words)}")


def _times(array: pa.Array, column: pb.RawColumn, text: pb.TextFormat) -> pa.Array:
    if types.is_string(array.type):
        return parse_times(array, list(text.missing), column)
    if _is_number(array.type):
        if not column.HasField("time_unit_micros"):
            raise TypeOfColumnError("times; for whole numbers, the recipe's time_unit_micros has to say of which unit")
        return _counted(array, column, text)
    if types.is_date(array.type):
        array = array.cast(pa.timestamp("us") if types.is_date64(array.type) else pa.timestamp("s"))
    if not types.is_timestamp(array.type):
        raise TypeOfColumnError(f"times, dates, whole numbers or text, and not {array.type}")
    micros = _micros(array, column)
    if array.type.tz is not None:
        return micros
    zone = zone_of(column)
    if zone is None:
        raise TypeOfColumnError("times with a zone; for others, the recipe's time_zone has to name it")
    local = np.asarray(micros.fill_null(0))
    return pa.array(zone.all_to_utc(local), mask=~np.asarray(micros.is_valid()))


def _is_number(kind: pa.DataType) -> bool:
    return bool(types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind))


def _counted(array: pa.Array, column: pb.RawColumn, text: pb.TextFormat) -> pa.Array:
    """Whole numbers of the column's unit as times."""
    try:
        return _scaled(_whole_numbers(array, text), column.time_unit_micros, column)
    except ValueAtError as error:
        # Of two mistakes the first: one before it may be a whole number that is no time.
        if error.index:
            _counted(array.slice(0, error.index), column, text)
        raise ValueAtError(error.index, expectation(column), error.value) from None


def _micros(array: pa.Array, column: pb.RawColumn) -> pa.Array:
    counts = array.view(pa.int64())
    unit = array.type.unit
    if unit == "ns":
        # Down, also before 1970.
        return pa.array(np.asarray(counts.fill_null(0)) // 1000, mask=~np.asarray(counts.is_valid()))
    return _scaled(counts, {"s": 1_000_000, "ms": 1000, "us": 1}[unit], column)


def _scaled(counts: pa.Array, unit: int, column: pb.RawColumn) -> pa.Array:
    numbers: Any = np.asarray(counts.fill_null(0))
    is_wrong = (numbers > (2**63 - 1) // unit) | (numbers < -(2**63 // unit))
    _refuse_first(is_wrong, counts, expectation(column))
    return pa.array(numbers * unit, mask=~np.asarray(counts.is_valid()))


def _refuse_first(is_wrong: Any, array: pa.Array, expected: str) -> None:
    if is_wrong.any():
        index = int(np.argmax(is_wrong))
        raise ValueAtError(index, expected, array[index].as_py())


def absent(column: pb.RawColumn, names: Sequence[str]) -> str:
    """What to say of a column that the rows do not have."""
    return f"the rows have no column {column.name}; they have {', '.join(names) or 'none'}"
