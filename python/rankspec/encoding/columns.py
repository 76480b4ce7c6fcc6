"""A raw column in the one form of its kind, and what features ask of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

# From here on a double is rounded to an infinite float32: half a unit above the largest one.
FLOAT32_END = 2.0**128 - 2.0**103


@dataclass(frozen=True)
class Numbers:
    """A column as numbers.

    Attributes:
        values: float64 `[rows]`; 0 where there is none.
        is_there: bool `[rows]`, whether there is a value whose float32 is finite.
        num_missing: rows without a value.
    """

    values: NDArray[np.float64]
    is_there: NDArray[np.bool_]
    num_missing: int


class Column:
    """A column of one value a row.

    Attributes:
        array: string, int64, double, bool, or int64 microseconds of a time; null where missing. Text may be
            dictionary-encoded.
        words: a number of 64 bits for each row, of which hashes of rows are made, once that was asked for.
    """

    def __init__(self, array: pa.Array) -> None:
        self.array = array
        self.words: NDArray[np.uint64] | None = None

    def __len__(self) -> int:
        return len(self.array)

    def where(self, mask: pa.Array) -> Column:
        """The rows where a mask is true."""
        return Column(self.array.filter(mask))

    @cached_property
    def encoded(self) -> pa.DictionaryArray:
        """The column as indices into its values; values may repeat, or be missing."""
        return self.array if pa.types.is_dictionary(self.array.type) else self.array.dictionary_encode()

    @cached_property
    def codes(self) -> NDArray[np.int64]:
        """`[rows]` places in `texts`; -1 where missing."""
        return np.asarray(self.encoded.indices.cast(pa.int64()).fill_null(-1))

    @cached_property
    def text_array(self) -> pa.Array:
        """The text of each of the column's values, as UTF-8; binary."""
        return as_text(self.encoded.dictionary).cast(pa.binary())

    @cached_property
    def texts(self) -> list[bytes | None]:
        """The text of each of the column's values, as UTF-8."""
        values: list[bytes | None] = self.text_array.to_pylist()
        return values

    @cached_property
    def numbers(self) -> Numbers:
        """The column as numbers; times in microseconds."""
        is_valid = np.asarray(self.array.is_valid())
        values = np.asarray(self.array.fill_null(0)).astype(np.float64)
        # False for NaN too.
        is_there = is_valid & (np.abs(values) < FLOAT32_END)
        return Numbers(np.where(is_there, values, 0.0), is_there, int(len(values) - np.count_nonzero(is_valid)))


class ListColumn:
    """A column of lists.

    Attributes:
        items: the values of all lists, one after the other.
        ends: int64 `[rows + 1]`, where in them each list begins, and the last one ends.
        is_missing: bool `[rows]`; a missing list has no values.
        words: a number of 64 bits for each row, of which hashes of rows are made, once that was asked for.
    """

    def __init__(self, items: Column, ends: NDArray[np.int64], is_missing: NDArray[np.bool_]) -> None:
        self.items = items
        self.ends = ends
        self.is_missing = is_missing
        self.words: NDArray[np.uint64] | None = None

    def __len__(self) -> int:
        return len(self.is_missing)

    @cached_property
    def lengths(self) -> NDArray[np.int64]:
        """Values of each list."""
        return np.diff(self.ends)

    def where(self, mask: pa.Array) -> ListColumn:
        """The rows where a mask is true."""
        kept = np.asarray(mask)
        items = self.items.where(pa.array(np.repeat(kept, self.lengths)))
        ends = np.concatenate([[0], np.cumsum(self.lengths[kept])])
        return ListColumn(items, ends, self.is_missing[kept])


AnyColumn: TypeAlias = Column | ListColumn


def as_text(values: pa.Array) -> pa.Array:
    """The texts of values: whole numbers, and times in microseconds, in decimal; flags as true and false.

    Numbers that are not whole are told apart by their bits, as a whole number: no two languages write them alike.
    """
    if pa.types.is_floating(values.type):
        return pc.cast(bits_of(values), pa.string())
    return values if pa.types.is_string(values.type) else pc.cast(values, pa.string())


def bits_of(values: pa.Array) -> pa.Array:
    """The bits of doubles as whole numbers; null where missing or not finite."""
    numbers = np.asarray(values.fill_null(np.nan)) + 0.0  # one zero
    return pa.array(numbers.view(np.int64), mask=~np.isfinite(numbers))
