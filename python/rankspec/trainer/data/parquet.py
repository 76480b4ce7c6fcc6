"""Row groups of Parquet files as numpy arrays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ClassVar

import pyarrow as pa
import pyarrow.parquet as pq

from rankspec.datasets.feature_names import feature_names_in
from rankspec.diagnostics.closest_name import did_you_mean
from rankspec.trainer.data.arrow_errors import UNREADABLE, reason
from rankspec.trainer.data.footer import Footer, read_footer
from rankspec.trainer.data.source import FileIdentity, place_in
from rankspec.trainer.data.storage.storage import StoredFile
from rankspec.trainer.data.values import Stored, StoredColumn, StoredType, is_list, stored_of
from rankspec.trainer.data_error import DamagedFileError, DataError
from rankspec.trainer.inputs import names_difference

# What is decoded at once: little enough to be in a processor's cache still when the rows are copied out of it.
_CHUNK_BYTES = 4 << 20

# What is read of a column at once on this machine. Reading whole columns first (pre_buffer) is slower by 5 to 40 % at
# the production widths: they have left the cache when they are decoded. Where every reading is a request, it is faster.
_BUFFER_BYTES = 256 << 10

_EXPECTED: dict[StoredType, str] = {
    "float32": "float32 or float64",
    "int64": "an integer type up to int64, bool, or whole numbers in float32 or float64",
    "number": "a type of numbers",
    "text": "a type of strings",
}


@dataclass(frozen=True, slots=True)
class ParquetFile:
    """A file whose footer has been read and whose columns are as they should be.

    Attributes:
        file: where it lies.
        footer: its end.
        rows: rows of each row group.
    """

    form: ClassVar[str] = "Parquet"

    file: StoredFile
    footer: Footer
    rows: tuple[int, ...]

    @property
    def identity(self) -> FileIdentity:
        """Size, rows and hash of the footer."""
        return self.footer.status.size, sum(self.rows), self.footer.digest

    def change(self) -> str | None:
        """What became of the file since its end was read."""
        return self.footer.change(self.file)

    @property
    def schema(self) -> pa.Schema:
        """The columns, with Arrow's types."""
        return self.footer.metadata.schema.to_arrow_schema()

    def table(self, row_group: int, names: Sequence[str]) -> pa.Table:
        """Columns of one row group as they are stored.

        Raises:
            DataError: they cannot be read; the text names the place.
        """
        try:
            with _opened(self) as opened:
                return opened.read_row_group(row_group, columns=list(names))
        except UNREADABLE as error:
            raise DataError(f"{place_in(self, row_group)}: cannot be read: {reason(error)}") from error

    def chunks(self, row_group: int, columns: Sequence[StoredColumn]) -> Iterator[tuple[int, dict[str, Stored]]]:
        """Reads columns of one row group, without a copy where the values lie in memory as they are."""
        first, names = 0, [column.name for column in columns]
        try:
            with _opened(self) as opened:
                for chunk in opened.iter_batches(_chunk_rows(columns), row_groups=[row_group], columns=names):
                    here = place_in(self, row_group, first)
                    yield first, {column.name: stored_of(chunk.column(column.name), column, here) for column in columns}
                    first += chunk.num_rows
        except DataError:
            raise
        except UNREADABLE as error:
            raise DataError(f"{_blamed(self, row_group, columns)}: cannot be read: {reason(error)}") from error
        if first != self.rows[row_group]:
            place = place_in(self, row_group)
            raise DataError(f"{place}: has {first} rows instead of {self.rows[row_group]}; the file is damaged")


def open_file(file: StoredFile, columns: Sequence[StoredColumn]) -> ParquetFile:
    """Reads a file's footer and makes sure that it has the columns.

    Raises:
        DataError: it is no Parquet file, or a column is missing, of another type or of other features; the text names
            the file.
    """
    footer = read_footer(file)
    metadata = footer.metadata
    try:
        schema = metadata.schema.to_arrow_schema()
        rows = tuple(metadata.row_group(index).num_rows for index in range(metadata.num_row_groups))
    except UNREADABLE as error:
        raise DamagedFileError(f"{file}: cannot be read as Parquet: {reason(error)}") from error
    if min(rows, default=0) < 0 or sum(rows) != metadata.num_rows:
        raise DamagedFileError(
            f"{file}: says it has {metadata.num_rows} rows, and row groups of {sum(rows)}; it is damaged"
        )
    named = _feature_names(file, metadata)
    for column in columns:
        _check_type(file, schema, column)
        if change := names_difference(column.features, named.get(column.name)):
            raise DataError(
                f'{file}: column "{column.name}" has {change}; give the schema file that was written with the rows'
            )
    return ParquetFile(file, footer, rows)


def _feature_names(file: StoredFile, metadata: pq.FileMetaData) -> dict[str, list[str]]:
    """The names that a file gives the places of its columns; none if it says nothing of them."""
    try:
        return feature_names_in(metadata.metadata)
    except ValueError as error:
        raise DataError(f"{file}: {error}") from error


def _check_type(file: StoredFile, schema: pa.Schema, column: StoredColumn) -> None:
    found = schema.get_all_field_indices(column.name)
    if len(found) != 1:
        raise DataError(f"{file}: {_not_one(column.name, len(found), schema.names)}")
    stored = schema.field(found[0]).type
    if column.varies:
        _check_lists(file, stored, column)
        return
    if column.dtype in ("float32", "int64") and _is_bytes(stored):
        _check_bytes(file, stored, column)
        return
    values = stored.value_type if is_list(stored) else stored
    if pa.types.is_fixed_size_list(stored) and stored.list_size != column.length:
        raise DataError(
            f'{file}: column "{column.name}" has {stored.list_size} values a row; the schema says {column.length}: '
            "correct its length there, or write the file anew"
        )
    if (not is_list(stored) and column.length != 1) or not _fits(values, column.dtype):
        expected = _EXPECTED[column.dtype] + (f", {column.length} values a row" if column.length != 1 else "")
        raise DataError(f'{file}: column "{column.name}" is {stored}; it has to be {expected}: write it as that')


def _check_lists(file: StoredFile, stored: pa.DataType, column: StoredColumn) -> None:
    """Makes sure that a column holds lists of whole numbers."""
    values = stored.value_type if is_list(stored) else stored
    if not is_list(stored) or not pa.types.is_integer(values) or pa.types.is_uint64(values):
        raise DataError(
            f'{file}: column "{column.name}" is {stored}; the schema says that rows vary in length, so it has to be '
            "lists of an integer type up to int64: write it as that"
        )


def _not_one(name: str, count: int, names: Sequence[str]) -> str:
    """What to say of a file that has not exactly one column of a name."""
    if count:
        return f'has {count} columns "{name}"; there has to be one: rename the others'
    remedy = did_you_mean(name, names) or "; write the file with it, or name another"
    return f'has no column "{name}"{remedy}'


def _is_bytes(stored: pa.DataType) -> bool:
    return bool(pa.types.is_fixed_size_binary(stored) or pa.types.is_binary(stored) or pa.types.is_large_binary(stored))


def _check_bytes(file: StoredFile, stored: pa.DataType, column: StoredColumn) -> None:
    """Makes sure that bytes are as many as the column's values take."""
    num_bytes = column.row_bytes
    values = f"{column.length} values of {column.dtype} a row, which take {num_bytes} bytes"
    if not pa.types.is_fixed_size_binary(stored):
        raise DataError(
            f'{file}: column "{column.name}" is {stored}, bytes of any length; the schema says {values}: write it as '
            f"bytes of that fixed length (pa.binary({num_bytes})) or as lists"
        )
    if stored.byte_width != num_bytes:
        raise DataError(f'{file}: column "{column.name}" has {stored.byte_width} bytes a row; the schema says {values}')


def _fits(values: pa.DataType, dtype: StoredType) -> bool:
    if dtype == "text":
        texts = values.value_type if pa.types.is_dictionary(values) else values
        return bool(pa.types.is_string(texts) or pa.types.is_large_string(texts))
    if dtype == "number":
        return bool(pa.types.is_integer(values) or pa.types.is_floating(values))
    if dtype == "float32":
        return bool(pa.types.is_floating(values))
    is_whole = pa.types.is_integer(values) and not pa.types.is_uint64(values)
    return bool(is_whole or pa.types.is_boolean(values) or pa.types.is_floating(values))


@contextmanager
def _opened(file: ParquetFile) -> Iterator[pq.ParquetFile]:
    storage = file.file.storage
    with storage.source(file.file.path) as source:
        yield pq.ParquetFile(
            source,
            metadata=file.footer.metadata,
            pre_buffer=storage.is_remote,
            buffer_size=0 if storage.is_remote else _BUFFER_BYTES,
            page_checksum_verification=True,
        )


def _blamed(file: ParquetFile, index: int, columns: Sequence[StoredColumn]) -> str:
    """The place of the first column of a row group that cannot be read, or of the row group if each can by itself."""
    place = place_in(file, index)
    for column in columns:
        try:
            with _opened(file) as opened:
                opened.read_row_group(index, columns=[column.name])
        except UNREADABLE:
            return place.of(column.name)
    return str(place)


def _chunk_rows(columns: Sequence[StoredColumn]) -> int:
    return max(_CHUNK_BYTES // sum(column.row_bytes for column in columns), 1)
