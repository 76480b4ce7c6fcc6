"""Encoded rows on their way to files: kept beside, then sorted, so that a row's place follows from the row alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from rankspec.datasets.feature_names import write_named
from rankspec.datasets.importing.carrying import Carrying
from rankspec.datasets.vectors import Vectors, list_column, vector_column
from rankspec.encoding.dividing import NO_PART, Divider
from rankspec.encoding.encoder import Encoded, Encoder, carried
from rankspec.encoding.fitting import Fitted
from rankspec.encoding.rows import Rows

VECTORS = ("continuous", "binary", "discrete")
_ORDER = "order"


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
            self._writers[key] = pa.ipc.new_stream(str(self._path(key)), table.schema)
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

    def piece(self, part: str, file: int) -> bytes:
        """The rows of a file as they came, for `add_piece` of another one."""
        path = self._path((part, file))
        data = path.read_bytes()
        path.unlink()
        return data

    def add_piece(self, piece: bytes, part: str, file: int) -> None:
        """Takes rows of a file of a part that another one gave."""
        with pa.ipc.open_stream(piece) as stream:
            for batch in stream:
                self.add(pa.Table.from_batches([batch]), part, file)

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


class Stager:
    """Encodes rows, and brings them to the files that they belong to.

    Attributes:
        carrying: makes the columns that travel with the rows.
        num_in_gap: rows that are in no part.
    """

    def __init__(self, fitted: Fitted, folder: Path, vectors: Vectors) -> None:
        """Begins without rows.

        Args:
            fitted: the recipe.
            folder: where the files go; it is there, and empty.
            vectors: how vectors are stored.
        """
        self._recipe = fitted.recipe
        self._encoder = Encoder(fitted.recipe, fitted.vocabularies)
        self._divider = Divider(fitted.recipe)
        self._staging = Staging(folder)
        self._vectors: Vectors = vectors
        self.carrying = Carrying(fitted.recipe)
        self.num_in_gap = 0

    def add(self, rows: Rows, parts: NDArray[np.int64], order: NDArray[np.uint64]) -> None:
        """Takes rows, with the part of each and what it is sorted by."""
        stored = self.carrying.columns(carried(rows, self._recipe))
        table = to_table(self._encoder.encode(rows), stored, order, self._vectors)
        self.num_in_gap += int(np.count_nonzero(parts == NO_PART))
        # Rows of a file stay in their order among themselves.
        num_files = self._recipe.output.num_shards
        files = np.where(parts == NO_PART, NO_PART, parts * num_files + self._divider.files(order))
        table = table.take(pa.array(np.argsort(files, kind="stable")))
        chosen, num_rows = np.unique_counts(files)
        for file, end, num in zip(chosen.tolist(), np.cumsum(num_rows).tolist(), num_rows.tolist(), strict=True):
            if file != NO_PART:
                self._staging.add(
                    table.slice(end - num, num), self._divider.part_names[file // num_files], file % num_files
                )

    def close(self) -> Staging:
        """The files; no more rows come."""
        self._staging.close()
        return self._staging


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
