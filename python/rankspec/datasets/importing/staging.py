"""Encoded rows on their way to files: kept beside, then sorted, so that a row's place follows from the row alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from rankspec.datasets.feature_names import write_named
from rankspec.datasets.vectors import Vectors, list_column, vector_column
from rankspec.encoding.encoder import Encoded

VECTORS = ("continuous", "binary", "discrete")
_ORDER = "order"
_TYPES = {"continuous": pa.float32(), "binary": pa.int64(), "discrete": pa.int64()}


def to_table(
    encoded: Encoded, carried: Mapping[str, pa.Array], order: NDArray[np.uint64] | None, vectors: Vectors
) -> pa.Table:
    """Rows as they are stored, with what they are sorted by if that is given; vectors without places are left out."""
    columns: dict[str, pa.Array] = {} if order is None else {_ORDER: pa.array(order)}
    for name in VECTORS:
        values = getattr(encoded, name)
        if values.shape[1]:
            columns[name] = vector_column(values, vectors)
    columns |= {name: list_column(lists) for name, lists in encoded.lists.items()}
    columns |= encoded.labels
    columns |= carried
    fields = [pa.field(name, column.type, nullable=column.null_count > 0) for name, column in columns.items()]
    return pa.table(list(columns.values()), schema=pa.schema(fields))


class Staging:
    """Files of rows that are not sorted yet, one for each file to be.

    Attributes:
        num_rows: rows by part and file.
    """

    def __init__(self, folder: Path) -> None:
        """Begins without rows.

        Args:
            folder: where the files go; it is there, and empty.
        """
        self._folder = folder
        self._writers: dict[tuple[str, int], pa.RecordBatchFileWriter] = {}
        self.num_rows: dict[tuple[str, int], int] = {}

    def add(self, table: pa.Table, part: str, file: int) -> None:
        """Takes rows of a file of a part."""
        key = part, file
        if key not in self._writers:
            options = pa.ipc.IpcWriteOptions(compression="lz4")
            self._writers[key] = pa.ipc.new_stream(str(self._path(key)), table.schema, options=options)
            self.num_rows[key] = 0
        self._writers[key].write_table(table)
        self.num_rows[key] += table.num_rows

    def close(self) -> None:
        """Ends the files; no more rows come."""
        for writer in self._writers.values():
            writer.close()
        self._writers = {}

    def sorted_rows(self, part: str, file: int) -> pa.Table:
        """The rows of a file in their order."""
        with pa.memory_map(str(self._path((part, file)))) as stream:
            table = pa.ipc.open_stream(stream).read_all()
        table = table.take(_places(table))
        self._path((part, file)).unlink()
        return table.drop_columns([_ORDER])

    def _path(self, key: tuple[str, int]) -> Path:
        part, file = key
        return self._folder / f"{part}-{file}.arrows"


def _places(table: pa.Table) -> pa.Array:
    """Where the rows go: by their order, and those of the same order by what is in them."""
    order = np.asarray(table[_ORDER])
    # Those of the same order are ordered below, so it need not be stable.
    places = np.argsort(order)
    ordered = order[places]
    tied = np.flatnonzero(ordered[1:] == ordered[:-1])
    if len(tied):
        for first in tied[np.concatenate([[True], np.diff(tied) > 1])].tolist():
            last = first + 1
            while last < len(ordered) and ordered[last] == ordered[first]:
                last += 1
            same = places[first:last]
            contents = [repr(row) for row in table.take(pa.array(same)).to_pylist()]
            places[first:last] = same[sorted(range(len(same)), key=contents.__getitem__)]
    return pa.array(places)


def write_rows(
    table: pa.Table, file: Path, names: Mapping[str, Sequence[str]], *, row_group_rows: int, whole: Sequence[str]
) -> None:
    """Writes rows as a Parquet file.

    Args:
        table: the rows.
        file: where to.
        names: of the features, by column.
        row_group_rows: rows of a row group.
        whole: columns of labels that are stored as whole numbers.
    """
    for name in whole:
        place = table.schema.get_field_index(name)
        column = pc.cast(table[name], pa.int64())
        table = table.set_column(place, pa.field(name, pa.int64(), nullable=False), column)
    write_named(
        table,
        file,
        names,
        row_group_size=row_group_rows,
        # Numbers repeat little, and ids are small: dictionaries take longer and save less.
        use_dictionary=[name for name in table.column_names if pa.types.is_string(table[name].type)],
        write_page_checksum=True,
    )
