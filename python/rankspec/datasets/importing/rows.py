"""The rows of a table, read by a recipe: those that have their labels, with errors at the place where they stand."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from rankspec.data.v1.recipe_pb2 import RawKind, Recipe
from rankspec.datasets.importing.door import Table
from rankspec.datasets.importing.errors import TableError
from rankspec.encoding.errors import EncodingError
from rankspec.encoding.rows import RowReader, Rows

Tick = Callable[[int], None]


def read_rows(
    batches: Iterable[pa.RecordBatch], reader: RowReader, labels: Sequence[str], tick: Tick
) -> Iterator[Rows]:
    """The rows that have a value in each of the columns of labels.

    Args:
        batches: raw rows; the columns that are read are among theirs.
        reader: reads them.
        labels: columns of labels; none takes all rows.
        tick: told how many rows were read, with those that have no label.
    """
    first = 0
    for batch in batches:
        rows = reader.read(batch, first)
        kept = labelled(rows, reader, labels)
        yield rows if kept.all() else rows.where(kept)
        first += batch.num_rows
        tick(batch.num_rows)


def labelled(rows: Rows, reader: RowReader, labels: Sequence[str]) -> NDArray[np.bool_]:
    """Which rows have a value in each of the columns of labels; bool `[rows]`."""
    kept = np.ones(len(rows), np.bool_)
    for name in labels:
        column = rows.values(name)
        if reader.columns[name].kind == RawKind.RAW_KIND_FLOAT64:
            kept &= column.numbers.is_there
        else:
            kept &= np.asarray(column.array.is_valid())
    return kept


def label_columns(recipe: Recipe) -> list[str]:
    """The raw columns that labels are made of."""
    return list(dict.fromkeys(label.column for label in recipe.labels))


@contextmanager
def placed(table: Table | None) -> Iterator[None]:
    """Tells of what is wrong with a row at its place in the table; without one, of the column alone.

    Raises:
        TableError: in place of the EncodingError of what is within.
    """
    try:
        yield
    except EncodingError as error:
        place = f"{table.place(error.row)}: " if table and error.row is not None else ""
        raise TableError(place + in_words(error)) from error


def in_words(error: EncodingError) -> str:
    """What is wrong, and with which column."""
    return f'"{error.column}": {error.message}' if error.column else error.message
