"""Columns that travel with the rows: as they are for people, and as whole numbers for what reads numbers alone."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from rankspec.data.v1.recipe_pb2 import RawKind, Recipe
from rankspec.encoding.columns import as_text
from rankspec.encoding.hashing import hashes

# What a missing value is as a number.
_MISSING = -1
_SALT = "id"
_NUMBERS = (RawKind.RAW_KIND_INT64, RawKind.RAW_KIND_TIME, RawKind.RAW_KIND_BOOL)


class Carrying:
    """Makes stored columns of carried ones.

    Whole numbers and times stay what they are. Text stays too, and has a column of its hash beside it, `NAME.hash`, by
    which rows are told apart where only numbers are read.

    Attributes:
        dtypes: the stored columns and what the schema file says of their types.
        numbers: those of them that a trainer can carry.
        num_missing: rows whose value was missing, by carried column.
    """

    def __init__(self, recipe: Recipe) -> None:
        """Takes which columns are carried."""
        kinds = {column.name: column.kind for column in recipe.columns}
        self._kinds = {name: kinds[name] for name in recipe.output.carried}
        self.num_missing = dict.fromkeys(self._kinds, 0)
        self.dtypes: dict[str, str] = {}
        self.numbers: list[str] = []
        for name, kind in self._kinds.items():
            if kind not in _NUMBERS:
                self.dtypes[name] = "bytes_list"
            number = self.number_of(name)
            self.dtypes[number] = "int64_list"
            self.numbers.append(number)

    @property
    def notes(self) -> list[str]:
        """What was done about missing values."""
        return [
            f'"{name}" is missing in {num_rows} rows; there {self.number_of(name)} is {_MISSING}'
            for name, num_rows in self.num_missing.items()
            if num_rows
        ]

    def number_of(self, name: str) -> str:
        """The stored column of numbers that tells a column's values apart."""
        return name if self._kinds[name] in _NUMBERS else f"{name}.hash"

    def columns(self, carried: Mapping[str, pa.Array]) -> dict[str, pa.Array]:
        """The stored columns of some rows."""
        stored: dict[str, pa.Array] = {}
        for name, column in carried.items():
            self.num_missing[name] += column.null_count
            if self._kinds[name] in _NUMBERS:
                stored[name] = column.cast(pa.int64()).fill_null(_MISSING)
            else:
                text = as_text(column)
                stored[name] = text
                stored[f"{name}.hash"] = _hashed(text)
        return stored


def _hashed(texts: pa.Array) -> pa.Array:
    """A number of 63 bits for each text; -1 for a missing one."""
    encoded = texts.dictionary_encode()
    values = encoded.dictionary.cast(pa.binary()).to_pylist()
    of_values = (hashes(_SALT, values) >> np.uint64(1)).astype(np.int64)
    codes = np.asarray(encoded.indices.cast(pa.int64()).fill_null(-1))
    return pa.array(np.append(of_values, _MISSING)[codes])
