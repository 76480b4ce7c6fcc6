"""Rows of one form as files of another."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from rankspec.datasets.feature_names import names_metadata
from rankspec.datasets.tfrecord import SUFFIX, tfrecord_writer, written_beside
from rankspec.datasets.vectors import Vectors, vector_column
from rankspec.families.recap.input_signature import fixed_column
from rankspec.families.recap.schema_file import schema_columns
from rankspec.trainer.data.opening import rows_opener
from rankspec.trainer.data.selection import matching
from rankspec.trainer.data.source import RowFile
from rankspec.trainer.data.storage.address import located
from rankspec.trainer.data.storage.storage import StoredFile
from rankspec.trainer.data.values import Array, StoredColumn, fixed
from rankspec.trainer.data_error import DataError
from rankspec.trainer.inputs import VARYING

_SCHEMA = "schema.json"
_ENDINGS = (".parquet", ".tfrecord.gz", ".tfrecord.gzip", ".tfrecord.zlib", ".tfrecord", ".gz", ".gzip", ".zlib")

_Write = Callable[[Mapping[str, Array]], None]


def convert(
    patterns: Sequence[str],
    schema_path: str,
    output: Path,
    form: Literal["parquet", "tfrecord"],
    vectors: Vectors = "bytes",
) -> tuple[list[Path], int]:
    """Writes every column of a schema file, of files of rows in Parquet or TFRecord, to a file each.

    Args:
        patterns: name the files, as `inputs` of a config does.
        schema_path: the schema file; it is copied beside what is written.
        output: folder to write to; it is made if need be.
        form: what is written: Parquet in the row groups that the rows are read in, or TFRecord in gzip. Files are
            called as those that are read, with another ending.
        vectors: how Parquet stores vectors.

    Returns:
        The files, and how many rows they have.

    Raises:
        DataError: rows cannot be read, or have no such column; a column is no number or varies in length.
        FileExistsError: a file of that name is there, or two would have the same.
    """
    described = schema_columns(schema_path, "")
    if lists := [name for name, column in described.items() if column.length == VARYING]:
        raise DataError(
            f'the rows of "{lists[0]}" vary in length by {schema_path}, and only columns of one length are converted; '
            "lists are read from Parquet alone, so leave files with them as they are"
        )
    inputs = [fixed_column(name, described, "", schema_path) for name in described]
    columns = [StoredColumn(item.column, item.dtype, item.stored_length, item.names) for item in inputs]
    names = {column.name: column.features for column in columns if column.features}
    opened = rows_opener()
    sources = [opened(file, columns) for pattern in patterns for file in _files(pattern)]
    ending = ".parquet" if form == "parquet" else SUFFIX
    files = [output / (_stem(source) + ending) for source in sources]
    _refuse_existing([*files, output / _SCHEMA])
    output.mkdir(parents=True, exist_ok=True)
    for source, file in zip(sources, files, strict=True):
        writer = _parquet_writer(file, vectors, names) if form == "parquet" else tfrecord_writer(file)
        _write(source, columns, writer)
    shutil.copyfile(Path(schema_path).expanduser(), output / _SCHEMA)
    return files, sum(sum(source.rows) for source in sources)


def _files(pattern: str) -> list[StoredFile]:
    storage, text = located(pattern, "")
    _, listing = matching(storage, text, "")
    if listing.problems:
        raise DataError(listing.problems[0])
    return [StoredFile(storage, file) for file in listing.files]


def _stem(source: RowFile) -> str:
    name = source.file.path.name
    return next((name.removesuffix(ending) for ending in _ENDINGS if name.endswith(ending)), name)


def _refuse_existing(files: Sequence[Path]) -> None:
    for number, file in enumerate(files):
        if file.exists():
            raise FileExistsError(f"{file} is there; name another folder, or move it away")
        if file in files[:number]:
            raise FileExistsError(f"two files would be called {file}; convert them to different folders")


def _write(source: RowFile, columns: Sequence[StoredColumn], writer: AbstractContextManager[_Write]) -> None:
    with writer as write:
        for row_group in range(len(source.rows)):
            chunks = [chunk for _, chunk in source.chunks(row_group, columns)]
            write({column.name: _joined([fixed(chunk[column.name]) for chunk in chunks], column) for column in columns})
        if not source.rows:
            write({column.name: _joined([], column) for column in columns})
        if change := source.change():
            raise DataError(change)


def _joined(parts: Sequence[Array], column: StoredColumn) -> Array:
    return np.concatenate([np.empty((0, column.length), column.dtype), *parts])


@contextmanager
def _parquet_writer(file: Path, vectors: Vectors, names: Mapping[str, Sequence[str]]) -> Iterator[_Write]:
    """As `tfrecord_writer`: a row group for each call, of which there has to be one."""
    writer: pq.ParquetWriter | None = None

    def write(columns: Mapping[str, Array]) -> None:
        nonlocal writer
        batch = pa.record_batch({name: _arrow(values, vectors) for name, values in columns.items()})
        writer = writer or pq.ParquetWriter(partial, batch.schema, compression="none", write_statistics=False)
        writer.write_batch(batch, row_group_size=max(len(batch), 1))

    with written_beside(file) as partial:
        try:
            yield write
        finally:
            if writer is not None:
                writer.add_key_value_metadata(names_metadata(names))
                writer.close()


def _arrow(values: Array, vectors: Vectors) -> pa.Array:
    return pa.array(values.reshape(-1)) if values.shape[1] == 1 else vector_column(values, vectors)
