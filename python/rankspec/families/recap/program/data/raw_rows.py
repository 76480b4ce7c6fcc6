"""Rows to predict that are no data set's files: raw ones are encoded by the recipe of the data set, as import does it.

Which rows are raw follows from what they are, and is said: those of CSV, Arrow and JSON lines; and, where the data set
has a recipe, those of Parquet files and of memory that lack the column of an input.
"""

from __future__ import annotations

import glob
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from rankspec.claims.registry import obeys
from rankspec.data.v1.recipe_pb2 import RawKind, Recipe
from rankspec.datasets.importing.arrow_source import StreamSource
from rankspec.datasets.importing.door import Table, form_of, open_files
from rankspec.datasets.importing.errors import TableError
from rankspec.datasets.importing.later import encode_later_rows
from rankspec.datasets.importing.staging import VECTORS
from rankspec.diagnostics.closest_name import closest
from rankspec.encoding import folder as recipe_folder
from rankspec.encoding.errors import EncodingError
from rankspec.encoding.positions import Position, positions
from rankspec.families.recap.program.data.prediction import select_inputs
from rankspec.families.recap.schema_file import read_schema
from rankspec.recap.v1.data_pb2 import RecapDataConfig, SegDenseSchema
from rankspec.schema.field_paths import join
from rankspec.trainer.data.selection import Selection
from rankspec.trainer.data.storage.local import LOCAL
from rankspec.trainer.data_error import DataError
from rankspec.trainer.home_folder import expanded
from rankspec.trainer.inputs import VARYING, Column, Input
from rankspec.trainer.program import RowSource, Storing

# What a checkpoint's state calls the recipe's digest.
RECIPE = "recipe"


@dataclass(frozen=True)
class DataRecipe:
    """Where the recipe of a data set lies, if it has one.

    Attributes:
        file: the recipe's.
        columns: what the schema file beside it says.
        field: the field of the spec that names that file.
    """

    file: Path
    columns: Mapping[str, Column]
    field: str

    @property
    def digest(self) -> str | None:
        """Its SHA-256 in hexadecimal; None if there is none."""
        return sha256(self.file.read_bytes()).hexdigest() if self.file.is_file() else None


@obeys(RecapDataConfig, "seg_dense_schema")
@obeys(SegDenseSchema, "schema_path")
def recipe_of(data: RecapDataConfig, path: str) -> DataRecipe:
    """The recipe beside a data set's schema file; `path` is the data set's place in the spec.

    Raises:
        DataError: the schema file cannot be read.
    """
    field = join(path, "seg_dense_schema.schema_path")
    folder = Path(expanded(data.seg_dense_schema.schema_path, field)).parent
    return DataRecipe(folder / recipe_folder.RECIPE, read_schema(data.seg_dense_schema, path), field)


def time_columns(recipe: DataRecipe) -> frozenset[str]:
    """The columns that a data set's files carry as times: whole microseconds.

    Raises:
        DataError: there is a recipe, and it cannot be read.
    """
    if not recipe.file.is_file():
        return frozenset()
    try:
        said = recipe_folder.read_recipe(recipe.file.parent)
    except EncodingError as error:
        raise DataError(f"{error}; bring back the one that came with the schema file", recipe.field) from error
    times = {column.name for column in said.columns if column.kind == RawKind.RAW_KIND_TIME}
    return frozenset(times.intersection(said.output.carried))


def stored_rows(recipe: DataRecipe, inputs: Sequence[Input], source: RowSource, storing: Storing) -> RowSource:
    """Files of the rows that a source names; the source itself if they are files of a data set already.

    Args:
        recipe: of the data set that the rows are read like.
        inputs: what the model reads.
        source: the rows.
        storing: where files go.

    Raises:
        DataError: rows cannot be read, or there is no recipe of this data set to encode them by.
    """
    needed = {item.column for item in inputs}
    if source.table is not None:
        return _of_memory(recipe, needed, source, storing)
    selection = select_inputs(source.inputs, storing.output)
    raw = _raw_among(selection, needed if recipe.file.is_file() else None)
    if not raw:
        _refuse_raw_without_recipe(recipe, needed, selection)
        return source
    if other := next((str(file) for file in selection.files if file.path not in raw), None):
        raise DataError(f"{raw[0]} holds raw rows and {other} those of a data set's file; predict them apart")
    if selection.problems:
        raise DataError("; ".join(selection.problems))
    return _encoded(recipe, open_files(raw), source, storing)


def _refuse_raw_without_recipe(recipe: DataRecipe, needed: set[str], selection: Selection) -> None:
    """Makes sure that no Parquet file has none of the inputs at all: it is a table as somebody has it.

    Raises:
        DataError: one is, and there is no recipe to encode it by.
    """
    if selection.storage is not LOCAL or recipe.file.is_file():
        return
    for file in (Path(file.path) for file in selection.files):
        if _is_raw(file, needed) and not needed & set(pq.read_schema(file).names):
            raise DataError(
                f"{file} has none of the model's inputs, so its rows are raw, and there is no {recipe.file} to "
                "encode them by; give rows as the data set's files hold them, or train on what `rankspec data import` "
                "makes of the table",
                recipe.field,
            )


def _of_memory(recipe: DataRecipe, needed: set[str], source: RowSource, storing: Storing) -> RowSource:
    """Files of a table; one that lacks a needed column is raw."""
    rows = _arrow(source.table)
    if recipe.file.is_file() and needed - set(rows.column_names):
        return _encoded(recipe, Table([StreamSource(rows)]), source, storing)
    storing.folder.mkdir()
    file = storing.folder / "rows.parquet"
    pq.write_table(rows, file)
    return _files(source, [file])


def _encoded(recipe: DataRecipe, table: Table, source: RowSource, storing: Storing) -> RowSource:
    """Files of raw rows, encoded."""
    _check_recipe(recipe, storing.saved)
    _check_columns(recipe, table, storing.columns)
    storing.say(f"the rows are raw, and are encoded by {recipe.file}")
    kept = [name for name in storing.columns if name in table.names]
    # As with a scorer, what is wrong is told by row and column, and no value is shown.
    encoded = encode_later_rows(table, recipe.file.parent, storing.folder, labels=False, kept=kept, private=True)
    for note in encoded.notes:
        storing.say(note)
    return _files(source, encoded.files)


def _check_columns(recipe: DataRecipe, table: Table, wanted: Sequence[str]) -> None:
    """Makes sure that the columns to carry are in the table, or made by the recipe, before the rows are encoded.

    Raises:
        DataError: one is not.
    """
    for name in wanted:
        # Of a vector one place is carried, as in discrete[1]; of a text that the recipe carries, its hash too.
        made = {name.partition("[")[0], name.removesuffix(".hash")}
        if not made & {*table.names, *recipe.columns}:
            match = closest(name, table.names)
            hint = f'did you mean "{match}"?' if match else f"they have {', '.join(table.names)}"
            raise DataError(f'the raw rows have no column "{name}", which is to be carried; {hint}')


def _files(source: RowSource, files: Sequence[Path]) -> RowSource:
    return RowSource(source.split, tuple(glob.escape(str(file)) for file in files))


def _raw_among(selection: Selection, needed: set[str] | None) -> list[Path]:
    """Those of some files that hold raw rows, in their order; a Parquet file does if it lacks a needed column.

    Where no column is said to be needed, Parquet files are taken for a data set's.
    """
    if selection.storage is not LOCAL:
        return []
    return [Path(file.path) for file in selection.files if _is_raw(Path(file.path), needed)]


def _is_raw(file: Path, needed: set[str] | None) -> bool:
    try:
        form = form_of(file)
        lacks_one = form == "parquet" and needed is not None and bool(needed - set(pq.read_schema(file).names))
    except (OSError, pa.ArrowException, TableError):
        return False  # Whoever opens it as a data set's file says what is wrong with it.
    return lacks_one or form not in {None, "parquet"}


def _check_recipe(recipe: DataRecipe, saved: Mapping[str, Any]) -> None:
    """Makes sure that a recipe is there, and that it is the one that the data set and the checkpoint were made with.

    Raises:
        DataError: it is not.
    """
    try:
        fitted = recipe_folder.read(recipe.file.parent)
    except EncodingError as error:
        raise DataError(
            f"the rows are raw, and nothing encodes them: {error}; give rows as the data set's files hold them",
            recipe.field,
        ) from error
    if differing := _differing(fitted.recipe, recipe.columns):
        raise DataError(
            f"{recipe.file} is the recipe of another data set: {differing}; put back the one that came with the schema "
            "file",
            recipe.field,
        )
    if saved.get(RECIPE) not in (None, recipe.digest):
        raise DataError(
            f"{recipe.file} is not the recipe that the checkpoint was trained with, so that ids and numbers mean "
            "something else; put that one back, or train on this data set",
            recipe.field,
        )


def _differing(recipe: Recipe, columns: Mapping[str, Column]) -> str | None:
    """What a recipe makes otherwise than a schema file describes it, in words; None if there is nothing."""
    made = positions(recipe)
    vectors = {name: getattr(made, name) for name in VECTORS}
    # The ids of a list are all alike: one place describes them, and their number is open.
    lists = {place.name: [place] for place in made.lists}
    for name, places in (vectors | lists).items():
        length = VARYING if name in lists else len(places)
        if found := _mismatch(name, length, places, columns.get(name)):
            return found
    return None


def _mismatch(name: str, length: int, places: Sequence[Position], column: Column | None) -> str | None:
    """What of a column is made otherwise than described."""
    stated = column.length if column else 0
    if length != stated:
        return f"it makes {_number(length)} of {name}, and the schema file has {_number(stated)}"
    if column is None:
        return None
    wanted = zip(column.names or (None,) * len(places), column.sizes or (None,) * len(places), strict=True)
    for index, (place, (named, size)) in enumerate(zip(places, wanted, strict=True)):
        if named not in (None, place.name) or size not in (None, place.num_ids):
            here = f"{name}[{index}] is {_described(place.name, place.num_ids)}"
            return f"{here}, and {_described(named, size)} in the schema file"
    return None


def _number(length: int) -> str:
    return "lists" if length == VARYING else f"{length} values"


def _described(name: str | None, num_ids: int | None) -> str:
    return f'"{name}"' + (f" of {num_ids} ids" if num_ids is not None else "")


def _arrow(rows: Any) -> pa.Table:
    try:
        return rows if isinstance(rows, pa.Table) else pa.table(rows)
    except (TypeError, ValueError, pa.ArrowException) as error:
        raise DataError(
            f"{type(rows).__name__} is no table: {error}; give a table of Arrow's, a frame, or names of files"
        ) from error
