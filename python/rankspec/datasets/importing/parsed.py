"""Rows whose columns were read once, kept in a file for the next pass: text is parsed once, whatever is made of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from rankspec.encoding.columns import AnyColumn, Column, ListColumn
from rankspec.encoding.encoder import as_stored
from rankspec.encoding.rows import RowReader, Rows

_PLACE = ("row", "part", "order")


class ParsedRows:
    """A file of rows, each with its part and what it is sorted by, from which they are read as they were.

    Attributes:
        reader: of the recipe whose columns are kept.
    """

    def __init__(self, path: Path, reader: RowReader) -> None:
        """Begins without rows.

        Args:
            path: where the file goes.
            reader: of the recipe whose columns are kept.
        """
        self._path = path
        self.reader = reader
        self._names = list(reader.columns)
        self._writer: pa.RecordBatchStreamWriter | None = None

    def parse(self, rows: Rows) -> Rows:
        """The rows with all columns read, text as indices into a batch's values.

        Raises:
            EncodingError: a column is absent or of another type, or a value cannot be read.
        """
        columns = {name: _with_indices(rows.column(name)) for name in self._names}
        return self.reader.parsed(columns, rows.numbers)

    def add(self, rows: Rows, parts: NDArray[np.int64], order: NDArray[np.uint64]) -> None:
        """Takes rows that `parse` gave."""
        columns = [_packed(rows.column(name)) for name in self._names]
        columns += [pa.array(rows.numbers), pa.array(parts.astype(np.int16)), pa.array(order)]
        # By place, so that columns may be called as they like.
        batch = pa.record_batch(columns, names=[*map(str, range(len(self._names))), *_PLACE])
        if self._writer is None:
            self._writer = pa.ipc.new_stream(str(self._path), batch.schema)
        self._writer.write_batch(batch)

    def close(self) -> None:
        """Ends the file; no more rows come."""
        if self._writer is not None:
            self._writer.close()

    def batches(self) -> Iterator[tuple[Rows, NDArray[np.int64], NDArray[np.uint64]]]:
        """The rows, their parts and their order, batch by batch as they came; removes the file behind the last."""
        if self._writer is None:
            return
        with pa.OSFile(str(self._path)) as file, pa.ipc.open_stream(file) as batches:
            for batch in batches:
                *columns, numbers, parts, order = batch.columns
                read = {name: _unpacked(column) for name, column in zip(self._names, columns, strict=True)}
                rows = self.reader.parsed(read, np.asarray(numbers))
                yield rows, np.asarray(parts).astype(np.int64), np.asarray(order)
        self._path.unlink()


def _with_indices(column: AnyColumn) -> AnyColumn:
    """The column, text in the form that all batches of a file have: looked at and stored once for each value."""
    if isinstance(column, ListColumn):
        return column
    if not (pa.types.is_string(column.array.type) or pa.types.is_dictionary(column.array.type)):
        return column
    encoded = column.encoded
    return Column(pa.DictionaryArray.from_arrays(encoded.indices.cast(pa.int32()), encoded.dictionary))


def _packed(column: AnyColumn) -> pa.Array:
    """A column as an array."""
    if isinstance(column, Column):
        return column.array
    ends = pa.array(column.ends.astype(np.int32))
    return pa.ListArray.from_arrays(ends, as_stored(column.items), mask=pa.array(column.is_missing))


def _unpacked(array: pa.Array) -> AnyColumn:
    if not pa.types.is_list(array.type):
        return Column(array)
    ends = np.asarray(array.offsets).astype(np.int64)
    items = array.values.slice(ends[0], ends[-1] - ends[0])
    return ListColumn(Column(items), ends - ends[0], np.asarray(array.is_null()))
