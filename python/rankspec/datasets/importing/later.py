"""Later rows of a table become a data set by the recipe of an earlier import."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from rankspec.data.v1.recipe_pb2 import RawKind, Recipe
from rankspec.datasets.importing.carrying import Carrying
from rankspec.datasets.importing.door import Table
from rankspec.datasets.importing.errors import TableError
from rankspec.datasets.importing.folder import beside, write_schema
from rankspec.datasets.importing.passes import Progress, silent
from rankspec.datasets.importing.rows import label_columns, placed, read_rows
from rankspec.datasets.importing.staging import VECTORS, to_table
from rankspec.datasets.importing.written import Writer
from rankspec.datasets.vectors import Vectors
from rankspec.encoding import folder as recipe_folder
from rankspec.encoding.encoder import Encoder, carried
from rankspec.encoding.errors import EncodingError
from rankspec.encoding.fitting import Fitted

_ROWS_OF_FILE = 1 << 20


@dataclass(frozen=True)
class Encoded:
    """What became of later rows.

    Attributes:
        folder: the data set.
        files: its files of rows, in their order.
        num_rows: rows in it.
        num_unlabelled: rows that were left out because they have no label.
        labels: the tasks that they have labels for.
        notes: what the user may want to know.
    """

    folder: Path
    files: tuple[Path, ...]
    num_rows: int
    num_unlabelled: int
    labels: tuple[str, ...]
    notes: tuple[str, ...]


def encode_later_rows(
    table: Table,
    like: Path,
    output: Path,
    *,
    labels: bool = True,
    kept: Sequence[str] = (),
    vectors: Vectors = "bytes",
    private: bool = False,
    progress: Progress = silent,
) -> Encoded:
    """Encodes rows in the order in which they come; they are not split.

    Args:
        table: the rows; of the recipe's columns, those of the labels may be absent.
        like: the data set of the earlier import.
        output: the folder to make.
        labels: labels are kept where the table has their columns; rows without one are left out then.
        kept: further columns of the table that are stored as they stand there; the schema file says nothing of them.
        vectors: how vectors are stored.
        private: errors show no value of the table.
        progress: opens a bar.

    Raises:
        TableError: the recipe or the table cannot be used, or `output` is there.
    """
    fitted, encoder = _opened(like, show_values=not private)
    recipe = fitted.recipe
    wanted = label_columns(recipe) if labels and set(label_columns(recipe)) <= set(table.names) else []
    _check_columns(recipe, table)
    carrying = Carrying(recipe)
    writer = Writer(recipe, _tasks(recipe) if wanted else {}, carrying.dtypes)
    files: list[Path] = []
    num_read = num_rows = 0

    def count(rows: int) -> None:
        nonlocal num_read
        num_read += rows
        tick(rows)

    with beside(output) as folder, placed(table), progress("encoding", 0) as tick:

        def tables() -> Iterator[pa.Table]:
            for rows in read_rows(table.raw(table.names), encoder.reader, wanted, count):
                encoded = encoder.encode(rows, labels=bool(wanted))
                stored = carrying.columns(carried(rows, recipe))
                made = (*stored, *VECTORS, *encoded.lists)
                stored |= {name: rows.batch.column(name) for name in kept if name not in made}
                yield to_table(encoded, stored, None, vectors)

        for number, file in enumerate(_in_files(tables())):
            name = f"rows-{number:02}.parquet"
            writer.write_file(file, folder / name)
            files.append(output / name)
            num_rows += file.num_rows
        if not num_rows:
            raise TableError("the table has no rows")
        write_schema(folder, writer.entries)
        recipe_folder.write(fitted, folder)
    tasks = tuple(label.task for label in recipe.labels) if wanted else ()
    notes = (*table.notes, *carrying.notes)
    return Encoded(output, tuple(files), num_rows, num_read - num_rows, tasks, notes)


def _opened(like: Path, *, show_values: bool) -> tuple[Fitted, Encoder]:
    """The recipe of a data set.

    Raises:
        TableError: there is none that can be used.
    """
    try:
        fitted = recipe_folder.read(like)
        return fitted, Encoder(fitted.recipe, fitted.vocabularies, show_values=show_values)
    except (EncodingError, OSError) as error:
        raise TableError(f"{like}: {error}") from error


def _check_columns(recipe: Recipe, table: Table) -> None:
    """Makes sure that the columns are there that features and carried columns are made of.

    Raises:
        TableError: one is not; nothing is filled in for it.
    """
    labels = set(label_columns(recipe))
    absent = [c.name for c in recipe.columns if c.name not in table.names and c.name not in labels]
    if absent:
        raise TableError(
            f'{table.called} has no column "{absent[0]}", which the recipe reads; it has {", ".join(table.names)}'
        )


def _tasks(recipe: Recipe) -> dict[str, bool]:
    """The tasks, with whether the label is a number."""
    kinds = {column.name: column.kind for column in recipe.columns}
    return {
        label.task: label.WhichOneof("positive") is None and kinds[label.column] == RawKind.RAW_KIND_FLOAT64
        for label in recipe.labels
    }


def _in_files(pieces: Iterator[pa.Table]) -> Iterator[pa.Table]:
    """Rows joined to tables of as many as a file takes."""
    held: list[pa.Table] = []
    for piece in pieces:
        held.append(piece)
        if sum(len(table) for table in held) >= _ROWS_OF_FILE:
            yield _joined(held)
            held = []
    if held:
        yield _joined(held)


def _joined(pieces: list[pa.Table]) -> pa.Table:
    """Pieces as one table; a column of which some have missing values may have them.

    Raises:
        TableError: a column is of another type in one than in another.
    """
    try:
        return pa.concat_tables(pieces, promote_options="default")
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise TableError(f"parts of the table have columns of different types: {error}; write one type") from error
