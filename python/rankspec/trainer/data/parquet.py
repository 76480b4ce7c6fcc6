"""Row groups of Parquet files as numpy arrays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from rankspec.signature import DataError
from rankspec.trainer.data.footer import UNREADABLE, Footer, read_footer, reason
from rankspec.trainer.data.place import Place
from rankspec.trainer.data.values import Array, StoredColumn, StoredType, values_of

# What is decoded at once: little enough to be in a processor's cache still when the rows are copied out of it.
_CHUNK_BYTES = 4 << 20

# What is read of a column at once. Reading whole columns first (pre_buffer) is slower by 5 to 40 % at the production
# widths: they have left the cache when they are decoded.
_BUFFER_BYTES = 256 << 10

# Of numbers, the most.
_ITEM_BYTES: dict[StoredType, int] = {"float32": 4, "int64": 8, "number": 8}

_EXPECTED: dict[StoredType, str] = {
    "float32": "float32",
    "int64": "an integer type up to int64",
    "number": "a type of numbers",
}


@dataclass(frozen=True, slots=True)
class ParquetFile:
    """A file whose footer has been read and whose columns are as they should be.

    Attributes:
        path: the file.
        footer: its end.
        rows: rows of each row group.
    """

    path: Path
    footer: Footer
    rows: tuple[int, ...]

    def place(self, row_group: int, first_row: int = 0) -> Place:
        """The place of a row group, or of rows from a place in it on."""
        return Place(self.path, row_group, sum(self.rows[:row_group]) + first_row)


def open_file(path: Path, columns: Sequence[StoredColumn]) -> ParquetFile:
    """Reads a file's footer and makes sure that it has the columns.

    Raises:
        DataError: it is no Parquet file, or a column is missing or of another type; the text names the file.
    """
    footer = read_footer(path)
    metadata = footer.metadata
    try:
        schema = metadata.schema.to_arrow_schema()
        rows = tuple(metadata.row_group(index).num_rows for index in range(metadata.num_row_groups))
    except UNREADABLE as error:
        raise DataError(f"{path}: cannot be read as Parquet: {reason(error)}") from error
    if min(rows, default=0) < 0 or sum(rows) != metadata.num_rows:
        raise DataError(f"{path}: says it has {metadata.num_rows} rows, and row groups of {sum(rows)}; it is damaged")
    for column in columns:
        _check_type(path, schema, column)
    return ParquetFile(path, footer, rows)


def _check_type(path: Path, schema: pa.Schema, column: StoredColumn) -> None:
    found = schema.get_all_field_indices(column.name)
    if len(found) != 1:
        raise DataError(f'{path}: has {len(found) or "no"} columns "{column.name}"; there has to be one')
    stored = schema.field(found[0]).type
    is_list = pa.types.is_fixed_size_list(stored) or pa.types.is_list(stored) or pa.types.is_large_list(stored)
    values = stored.value_type if is_list else stored
    if pa.types.is_fixed_size_list(stored) and stored.list_size != column.length:
        raise DataError(
            f'{path}: column "{column.name}" has {stored.list_size} values a row; the schema says {column.length}'
        )
    if (not is_list and column.length != 1) or not _fits(values, column.dtype):
        expected = _EXPECTED[column.dtype] + (f", {column.length} values a row" if column.length != 1 else "")
        raise DataError(f'{path}: column "{column.name}" is {stored}; it has to be {expected}')


def _fits(values: pa.DataType, dtype: StoredType) -> bool:
    if dtype == "number":
        return bool(pa.types.is_integer(values) or pa.types.is_floating(values))
    if dtype == "float32":
        return bool(pa.types.is_float32(values))
    return bool(pa.types.is_integer(values) and not pa.types.is_uint64(values))


def read_chunks(
    file: ParquetFile, index: int, columns: Sequence[StoredColumn]
) -> Iterator[tuple[int, dict[str, Array]]]:
    """Reads columns of one row group, some rows at a time.

    Yields:
        The place of the chunk's first row in the row group, and for each column an array `[rows, length]`, by name;
        it is read-only, and without a copy where the file's values lie in memory as they are.

    Raises:
        DataError: a value is missing, a row has another number of values, or the file is damaged; the text names
            file, row group and column.
    """
    place = file.place(index)
    first = 0
    try:
        with _opened(file) as opened:
            names = [column.name for column in columns]
            for chunk in opened.iter_batches(_chunk_rows(columns), row_groups=[index], columns=names):
                here = file.place(index, first)
                yield first, {column.name: values_of(chunk.column(column.name), column, here) for column in columns}
                first += chunk.num_rows
    except DataError:
        raise
    except UNREADABLE as error:
        raise DataError(f"{_blamed(file, index, columns)}: cannot be read: {reason(error)}") from error
    if first != file.rows[index]:
        raise DataError(f"{place}: has {first} rows instead of {file.rows[index]}; the file is damaged")


def _opened(file: ParquetFile) -> pq.ParquetFile:
    # Not mapped into memory: there, a file that is cut off or a disk that fails ends the process without a word.
    return pq.ParquetFile(
        file.path,
        metadata=file.footer.metadata,
        pre_buffer=False,
        buffer_size=_BUFFER_BYTES,
        page_checksum_verification=True,
    )


def _blamed(file: ParquetFile, index: int, columns: Sequence[StoredColumn]) -> str:
    """The place of the first column of a row group that cannot be read, or of the row group if each can by itself."""
    place = file.place(index)
    for column in columns:
        try:
            with _opened(file) as opened:
                opened.read_row_group(index, columns=[column.name])
        except UNREADABLE:
            return place.of(column.name)
    return str(place)


def _chunk_rows(columns: Sequence[StoredColumn]) -> int:
    row_bytes = sum(_ITEM_BYTES[column.dtype] * column.length for column in columns)
    return max(_CHUNK_BYTES // row_bytes, 1)
