"""In which part, file and place of a data set a row goes: all of it follows from the row alone."""

from __future__ import annotations

from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from rankspec.data.v1.recipe_pb2 import KeySplit, Recipe, TimeSplit
from rankspec.encoding.columns import Column
from rankspec.encoding.errors import EncodingError
from rankspec.encoding.hashing import KeyHashes
from rankspec.encoding.row_hashes import row_hashes
from rankspec.encoding.rows import Rows

# The part of rows that belong to none.
NO_PART = -1
_ROW_SALT = "row"
_THOUSAND = np.uint64(1000)


class Divider:
    """Divides rows as a recipe says; it need not be fitted, apart from the starts of a split by time."""

    def __init__(self, recipe: Recipe) -> None:
        """Takes what the recipe says of the split and the output.

        Args:
            recipe: with every default filled in.
        """
        self._recipe = recipe
        self.part_names = [part.name for part in recipe.split.parts] or ["all"]
        self.fit_part = self.part_names.index(recipe.split.fit_part) if recipe.HasField("split") else 0
        self._row_key = list(recipe.output.row_key) or [column.name for column in recipe.columns]
        self._split_hashes = KeyHashes(recipe.split.key.salt)

    def parts(self, rows: Rows) -> NDArray[np.int64]:
        """The part of each row, as its place in `part_names`; NO_PART if it is in none; `[rows]`.

        Raises:
            EncodingError: a column that decides cannot be read, or the starts of parts are not known.
        """
        split = self._recipe.split
        by = split.WhichOneof("by") if self._recipe.HasField("split") else None
        if by == "key":
            return self._by_key(split.key, rows)
        if by == "time":
            return self._by_time(split.time, rows)
        return np.zeros(len(rows), np.int64)

    def order(self, rows: Rows) -> NDArray[np.uint64]:
        """What rows of a file are sorted by, rising: the hash of each row's key; uint64 `[rows]`.

        Raises:
            EncodingError: a column of the key cannot be read.
        """
        return row_hashes(_ROW_SALT, [rows.column(name) for name in self._row_key])

    def files(self, order: NDArray[np.uint64]) -> NDArray[np.int64]:
        """The file of each row among those of its part, from 0; `[rows]`."""
        return (order % np.uint64(self._recipe.output.num_shards)).astype(np.int64)

    def _by_key(self, key: KeySplit, rows: Rows) -> NDArray[np.int64]:
        columns = [rows.column(name) for name in key.columns]
        if len(columns) == 1 and isinstance(columns[0], Column):
            places = self._split_hashes.of(columns[0]) % _THOUSAND
        else:
            places = row_hashes(key.salt, columns) % _THOUSAND
        ends = list(accumulate(part.per_mille for part in self._recipe.split.parts))
        return np.searchsorted(np.asarray(ends, np.int64), places.astype(np.int64), side="right").astype(np.int64)

    def _by_time(self, time: TimeSplit, rows: Rows) -> NDArray[np.int64]:
        starts = np.asarray(time.start_micros, np.int64)
        if len(starts) + 1 != len(self.part_names):
            raise EncodingError(
                "recipe.unfitted", "the recipe does not say when the parts begin; fit the split first", time.column
            )
        array = rows.values(time.column).array
        times = np.asarray(array.fill_null(0))
        parts = np.searchsorted(starts, times, side="right").astype(np.int64)
        if len(starts) and time.gap_micros:
            following = np.minimum(parts, len(starts) - 1)
            # Not start - time, which 64 bits may not hold.
            in_gap = (parts < len(starts)) & (times > starts[following] - time.gap_micros)
            parts[in_gap] = NO_PART
        parts[~np.asarray(array.is_valid())] = 0
        return parts
