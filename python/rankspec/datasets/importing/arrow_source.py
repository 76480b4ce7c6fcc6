"""Tables whose columns have types: Parquet and Arrow files, and what Python hands over by `__arrow_c_stream__`."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq

from rankspec.datasets.importing.errors import TableError
from rankspec.datasets.importing.source import Source
from rankspec.datasets.importing.text_files import first_bytes

_BATCH_ROWS = 16384


class ParquetSource(Source):
    """A Parquet file."""

    def __init__(self, path: Path, decimal: str = ".") -> None:
        """Reads the file's end.

        Args:
            path: the file.
            decimal: the decimal mark of numbers in columns of text.

        Raises:
            TableError: it is no Parquet file.
        """
        self.path = path
        self.decimal = decimal
        try:
            with pq.ParquetFile(path) as file:
                self.names = _once(file.schema_arrow.names, str(path))
        except (OSError, pa.ArrowException) as error:
            raise TableError(f"{path} is no Parquet file that can be read: {error}") from error

    def batches(self, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        """The rows, of these columns alone where they are given.

        Raises:
            TableError: a page is damaged.
        """
        try:
            # Threads and reading ahead would hold more of the file than a batch.
            with pq.ParquetFile(self.path, pre_buffer=False, memory_map=True) as file:
                yield from file.iter_batches(
                    _BATCH_ROWS, columns=None if columns is None else list(columns), use_threads=False
                )
        except (OSError, pa.ArrowException) as error:
            raise TableError(f"{self.path} is damaged: {error}; fetch or write it again") from error


class ArrowSource(Source):
    """An Arrow file, which Feather files of version 2 are too, or a file of an Arrow stream."""

    def __init__(self, path: Path, decimal: str = ".") -> None:
        """Reads the file's schema.

        Args:
            path: the file.
            decimal: the decimal mark of numbers in columns of text.

        Raises:
            TableError: it is no Arrow file.
        """
        self.path = path
        self.decimal = decimal
        self._is_file = first_bytes(path, 6) == b"ARROW1"
        if first_bytes(path, 4) == b"FEA1":
            raise TableError(f"{path} is a Feather file of version 1; write it again, as version 2 or Parquet")
        try:
            with pa.OSFile(str(path)) as file:
                reader = pa.ipc.open_file(file) if self._is_file else pa.ipc.open_stream(file)
                self.names = _once(reader.schema.names, str(path))
        except (OSError, pa.ArrowException) as error:
            raise TableError(f"{path} is no Arrow file that can be read: {error}") from error

    def batches(self, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        """The rows, of these columns alone where they are given.

        Raises:
            TableError: the file is damaged.
        """
        try:
            with pa.OSFile(str(self.path)) as file:
                if self._is_file:
                    reader = pa.ipc.open_file(file)
                    whole = (reader.get_batch(index) for index in range(reader.num_record_batches))
                else:
                    whole = iter(pa.ipc.open_stream(file))
                for batch in whole:
                    yield from _in_pieces(batch, columns)
        except (OSError, pa.ArrowException) as error:
            raise TableError(f"{self.path} is damaged: {error}; fetch or write it again") from error


class StreamSource(Source):
    """A table of Python: whatever has `__arrow_c_stream__`, such as a frame of pandas or Polars or a pyarrow table.

    A stream that comes once only is kept in a temporary file.
    """

    def __init__(self, table: Any, decimal: str = ".") -> None:
        """Takes a table's schema.

        Args:
            table: the table.
            decimal: the decimal mark of numbers in columns of text.

        Raises:
            TableError: the table's columns have no names or one twice.
        """
        self.decimal = decimal
        self._table = table
        self._kept: IO[bytes] | None = None
        if isinstance(table, pa.RecordBatchReader):
            self._kept = tempfile.TemporaryFile()  # noqa: SIM115 — it lives as long as the source
            with pa.ipc.new_stream(self._kept, table.schema, options=pa.ipc.IpcWriteOptions(compression="lz4")) as kept:
                for batch in table:
                    kept.write_batch(batch)
        with self._reader() as reader:
            self.names = _once(reader.schema.names, "the table")

    def batches(self, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        """The rows, of these columns alone where they are given."""
        with self._reader() as reader:
            for batch in reader:
                yield from _in_pieces(batch, columns)

    def place(self, row: int) -> str:
        """Where a row stands, counted from 0."""
        return f"row {row}"

    def _reader(self) -> pa.RecordBatchReader:
        if self._kept is not None:
            self._kept.seek(0)
            return pa.ipc.open_stream(pa.PythonFile(self._kept, mode="r"))
        return pa.RecordBatchReader.from_stream(self._table)


def _in_pieces(batch: pa.RecordBatch, columns: Sequence[str] | None) -> Iterator[pa.RecordBatch]:
    batch = batch if columns is None else batch.select(list(columns))
    for start in range(0, batch.num_rows, _BATCH_ROWS):
        yield batch.slice(start, _BATCH_ROWS)


def _once(names: list[str], place: str) -> tuple[str, ...]:
    """The names, each of which has to be there once.

    Raises:
        TableError: one is empty or there twice.
    """
    for index, name in enumerate(names):
        if not name or name in names[:index]:
            what = f'two columns are called "{name}"' if name else f"column {index + 1} has no name"
            raise TableError(f"{place}: {what}; rename it")
    return tuple(names)
