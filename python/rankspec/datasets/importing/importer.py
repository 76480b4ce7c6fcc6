"""Imports a table: looks at it, makes a recipe, fits it to the training part, and writes what it makes of all rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from rankspec.data.v1.recipe_pb2 import Recipe
from rankspec.data.v1.statistics_pb2 import ColumnStatistics, DataStatistics
from rankspec.datasets.importing.carrying import Carrying
from rankspec.datasets.importing.corrections import Corrections
from rankspec.datasets.importing.csv_source import MISSING
from rankspec.datasets.importing.door import Table
from rankspec.datasets.importing.errors import TableError
from rankspec.datasets.importing.folder import CONFIG, STATISTICS, beside, write_schema
from rankspec.datasets.importing.inference import infer
from rankspec.datasets.importing.parsed import ParsedRows
from rankspec.datasets.importing.plan import Plan, column_of, plan
from rankspec.datasets.importing.profile import Profile, Profiler
from rankspec.datasets.importing.rows import Tick, label_columns, placed, read_rows
from rankspec.datasets.importing.skeleton import DataSet, Ids, skeleton
from rankspec.datasets.importing.staging import Staging, to_table
from rankspec.datasets.importing.warnings import warnings_of
from rankspec.datasets.importing.written import Found, Writer
from rankspec.datasets.vectors import Vectors
from rankspec.encoding import folder as recipe_folder
from rankspec.encoding.dividing import NO_PART, Divider
from rankspec.encoding.encoder import Encoded, Encoder, carried
from rankspec.encoding.errors import EncodingError
from rankspec.encoding.fitting import Fit, Fitted, completed, divided_by_time
from rankspec.encoding.positions import positions
from rankspec.encoding.rows import RowReader
from rankspec.encoding.trackers import TimeTracker
from rankspec.formats.writing import to_textproto

# Starts of parts are whole hours where that tells the parts apart, and else finer.
_UNITS_OF_STARTS = (3_600_000_000, 60_000_000, 1_000_000, 1)
# A file is sorted in memory, twice.
_FILE_BYTES = 64 << 20
_ROW_GROUP_BYTES = 16 << 20
_MOST_ROWS_OF_GROUP = 65536

Progress = Callable[[str, int], Any]
"""Opens a bar: what is done and of how many rows (0 if unknown); gives a context whose value is told of rows done."""


@dataclass(frozen=True)
class Imported:
    """What became of a table.

    Attributes:
        folder: the data set.
        plan: what each column became.
        found: what was found out of the rows.
        notes: what the user may want to know.
        warnings: what the user should look at, by column where it is about one.
        fitted: the fitted recipe.
    """

    folder: Path
    plan: Plan
    found: Found
    notes: tuple[str, ...]
    warnings: tuple[str, ...]
    fitted: Fitted


@contextmanager
def silent(_what: str, _num_rows: int) -> Iterator[Tick]:
    """Shows no progress."""
    yield lambda _rows: None


def planned(
    table: Table, corrections: Corrections, missing: Sequence[str] = MISSING, progress: Progress = silent
) -> Plan:
    """Looks at a table and says what becomes of it.

    Args:
        table: the table.
        corrections: what the user says of its columns.
        missing: texts that stand for a missing value.
        progress: opens a bar.

    Raises:
        TableError: the table cannot be read, or not be imported as it is.
    """
    corrections.check(table.names)
    profiles = _profiles(table, progress)
    columns = infer(profiles, corrections, frozenset(table.strings))
    return plan(columns, corrections, missing, decimal=table.decimal)


def import_planned(
    table: Table,
    made: Plan,
    output: Path,
    *,
    vectors: Vectors = "bytes",
    private: bool = False,
    seed: int = 0,
    progress: Progress = silent,
) -> Imported:
    """Imports a table by a plan.

    Args:
        table: the table.
        made: the plan.
        output: the folder to make.
        vectors: how vectors are stored.
        private: no value of the table is shown, in errors neither.
        seed: of the run that the config describes.
        progress: opens a bar.

    Raises:
        TableError: a row cannot be read as planned, a part has no rows, or `output` is there.
    """
    with beside(output) as folder, placed(table):
        recipe = _divided(table, _laid_out(table, made), progress)
        parsed = ParsedRows(folder / "_parsed", RowReader(recipe, show_values=not private))
        fitted, num_read = _fitted(table, recipe, folder, parsed, progress)
        valueless = _drop_valueless(fitted)
        found, entries, held_back = _write(made, fitted, folder, parsed, num_read, vectors, progress)
        _check_parts(found)
        write_schema(folder, entries)
        if found.statistics is not None:
            _write_statistics(folder, found, fitted.recipe)
        data = _data_set(output, made, fitted, found, seed)
        (folder / CONFIG).write_text(skeleton(data, _note(output, made, found)), encoding="utf-8")
        notes = [*table.notes, *made.notes, *held_back, *_left_out(fitted), *valueless]
        recipe_folder.write(fitted, folder)
    return Imported(output, made, found, tuple(notes), tuple(warnings_of(made, found)), fitted)


def _profiles(table: Table, progress: Progress) -> dict[str, Profile]:
    profilers = {name: Profiler(name) for name in table.names}
    with progress("looking", 0) as tick:
        for decimal, batch in table.batches():
            for name, column in zip(batch.schema.names, batch.columns, strict=True):
                profilers[name].add(column, decimal=decimal)
            tick(batch.num_rows)
    profiles = {name: profiler.finish() for name, profiler in profilers.items()}
    if not next(iter(profiles.values())).num_rows:
        raise TableError("the table has no rows")
    return profiles


def _laid_out(table: Table, made: Plan) -> Recipe:
    """The recipe with as many files and as long row groups as its rows are wide and many."""
    recipe = completed(made.recipe)
    num_rows = next(iter(made.columns.values())).profile.num_rows if made.columns else _num_rows(table)
    places = sum(4 if feature.HasField("number") else 8 for feature in recipe.features)
    row_bytes = places + 8 * (len(recipe.labels) + len(recipe.output.carried)) + 16
    recipe.output.num_shards = max(1, -(-num_rows * row_bytes // _FILE_BYTES))
    recipe.output.row_group_rows = max(1000, min(_MOST_ROWS_OF_GROUP, _ROW_GROUP_BYTES // row_bytes))
    return recipe


def _num_rows(table: Table) -> int:
    return sum(batch.num_rows for _, batch in table.batches(table.names[:1]))


def _divided(table: Table, recipe: Recipe, progress: Progress) -> Recipe:
    """The recipe with the starts of its parts, where it splits by time and they are not given.

    Raises:
        TableError: the times do not tell the parts apart.
    """
    if not recipe.split.HasField("time") or recipe.split.time.start_micros or len(recipe.split.parts) < 2:
        return recipe
    column = recipe.split.time.column
    labels = label_columns(recipe)
    for unit in _UNITS_OF_STARTS:
        recipe.split.time.round_to_micros = unit
        counted, reader = TimeTracker(column, unit), RowReader(recipe)
        with progress("dividing", 0) as tick:
            for rows in read_rows(table, reader, labels, tick, list(dict.fromkeys([column, *labels]))):
                counted.add(rows)
        try:
            return divided_by_time(recipe, counted)
        except EncodingError:
            continue
    raise TableError(
        f'"{column}": its times do not tell {len(recipe.split.parts)} parts apart; say --no-time to split otherwise'
    )


def _fitted(table: Table, recipe: Recipe, folder: Path, parsed: ParsedRows, progress: Progress) -> tuple[Fitted, int]:
    """Fits the recipe and keeps the rows in `parsed`; also returns how many were read, with those without a label."""
    num_read = 0
    with closing(Fit(recipe, folder)) as fit, closing(parsed), progress("fitting", 0) as tick:

        def count(num_rows: int) -> None:
            nonlocal num_read
            num_read += num_rows
            tick(num_rows)

        for rows in read_rows(table, parsed.reader, label_columns(recipe), count, _columns(recipe)):
            read = parsed.parse(rows)
            # What keys are made of is shared by both.
            parsed.add(read, fit.add(read), fit.divider.order(read))
        return fit.finish(f"rankspec {version('rankspec')}"), num_read


def _columns(recipe: Recipe) -> list[str]:
    return [column.name for column in recipe.columns]


def _write(
    made: Plan,
    fitted: Fitted,
    folder: Path,
    parsed: ParsedRows,
    num_read: int,
    vectors: Vectors,
    progress: Progress,
) -> tuple[Found, list[dict[str, Any]], list[str]]:
    """Writes the rows; returns what was found, the schema's entries, and what was held back."""
    recipe = fitted.recipe
    encoder, carrying = Encoder(recipe, fitted.vocabularies), Carrying(recipe)
    stage = folder / "_staging"
    stage.mkdir()
    stager = _Stager(Divider(recipe), recipe.output.num_shards, Staging(stage))
    with progress("encoding", recipe.fitted.num_rows) as tick:
        for rows, parts, order in parsed.batches():
            stager.add(parts, order, encoder.encode(rows), carrying.columns(carried(rows, recipe)), vectors)
            tick(len(rows))
    stager.staging.close()
    tasks = {label.task: label.is_number for label in made.labels}
    group = carrying.number_of(made.group) if made.group else None
    writer = Writer(recipe, tasks, carrying.dtypes, group=group)
    writer.write(stager.staging, folder, stager.divider.part_names, recipe.output.num_shards)
    stage.rmdir()
    held_back = _held_back(num_read, stager.num_rows, stager.num_in_gap, made)
    return writer.found, writer.entries, [*held_back, *carrying.notes]


@dataclass
class _Stager:
    """Brings encoded rows to the files that they belong to.

    Attributes:
        num_rows: rows that came.
        num_in_gap: those of them that are in no part.
    """

    divider: Divider
    num_files: int
    staging: Staging
    num_rows: int = 0
    num_in_gap: int = 0

    def add(
        self,
        parts: NDArray[np.int64],
        order: NDArray[np.uint64],
        encoded: Encoded,
        carried: dict[str, pa.Array],
        vectors: Vectors,
    ) -> None:
        """Takes rows, with the part of each and what it is sorted by."""
        table = to_table(encoded, carried, order, vectors)
        self.num_rows += len(parts)
        self.num_in_gap += int(np.count_nonzero(parts == NO_PART))
        # Rows of a file stay in their order among themselves.
        files = np.where(parts == NO_PART, NO_PART, parts * self.num_files + self.divider.files(order))
        table = table.take(pa.array(np.argsort(files, kind="stable")))
        chosen, num_rows = np.unique_counts(files)
        for file, end, num in zip(chosen.tolist(), np.cumsum(num_rows).tolist(), num_rows.tolist(), strict=True):
            if file != NO_PART:
                part = self.divider.part_names[file // self.num_files]
                self.staging.add(table.slice(end - num, num), part, file % self.num_files)


def _held_back(num_read: int, num_labelled: int, num_in_gap: int, made: Plan) -> list[str]:
    said = []
    if num_read > num_labelled:
        labels = ", ".join(f'"{label.column}"' for label in made.labels)
        said.append(f"{num_read - num_labelled} of {num_read} rows have no label ({labels}) and are left out")
    if num_in_gap:
        said.append(f"{num_in_gap} rows lie in the gap before a part begins and are left out")
    return said


def _left_out(fitted: Fitted) -> list[str]:
    return [f'"{name}" is left out: more different values in the training part than ids' for name in fitted.left_out]


def _drop_valueless(fitted: Fitted) -> list[str]:
    """Takes out of the recipe what has the same id in every row, for want of a value that comes often enough.

    Returns:
        What is to be said of each such feature.
    """
    recipe, said = fitted.recipe, []
    for feature in list(recipe.features):
        category = feature.category
        if feature.HasField("category") and not category.fitted.num_values and not category.fitted.num_missing:
            recipe.features.remove(feature)
            often = f"as often as {category.min_count} times" if category.min_count > 1 else "at all"
            said.append(f'"{feature.name}" is left out: none of its values comes {often} in the training part')
    read = {column_of(feature) for feature in recipe.features} | {label.column for label in recipe.labels}
    read |= {recipe.split.time.column, *recipe.split.key.columns, *recipe.output.carried, *recipe.output.row_key}
    for column in list(recipe.columns):
        if said and column.name not in read:
            recipe.columns.remove(column)
    return said


def _check_parts(found: Found) -> None:
    """Makes sure that there is something to train and to choose by.

    Raises:
        TableError: a part has no rows.
    """
    for part, num_rows in found.num_rows.items():
        if not num_rows:
            raise TableError(f"the {part} part has no rows; give it a larger share with --split, or more rows")


def _write_statistics(folder: Path, found: Found, recipe: Recipe) -> None:
    assert found.statistics is not None
    width = len(positions(recipe).continuous)
    column = ColumnStatistics(column="continuous", length=width, places=found.statistics.of_places(tuple(range(width))))
    statistics = DataStatistics(generator=f"rankspec {version('rankspec')}", columns=[column])
    (folder / STATISTICS).write_text(to_textproto(statistics), encoding="utf-8")


def _data_set(output: Path, made: Plan, fitted: Fitted, found: Found, seed: int) -> DataSet:
    recipe = fitted.recipe
    places = positions(recipe)
    binned = {feature.name for feature in recipe.features if feature.HasField("binned")}
    return DataSet(
        folder=str(output),
        num_rows=found.num_rows,
        num_continuous=len(places.continuous),
        num_binary=len(places.binary),
        ids=tuple(Ids(place.name, place.num_ids or 1, place.feature in binned) for place in places.discrete),
        lists=tuple(Ids(place.name, place.num_ids or 1, is_bin=False) for place in places.lists),
        tasks={label.task: label.is_number for label in made.labels},
        carried=tuple(Carrying(recipe).numbers),
        group=Carrying(recipe).number_of(made.group) if made.group else None,
        num_groups=found.num_groups,
        is_parted=made.group is not None or recipe.split.HasField("time"),
        seed=seed,
    )


def _note(output: Path, made: Plan, found: Found) -> str:
    parts = ", ".join(f"{num_rows} {part}" for part, num_rows in found.num_rows.items())
    tasks = " and ".join(label.task for label in made.labels)
    return (
        f"Predicts {tasks} from a table that `rankspec data import` made {output} of: {parts} rows.\n"
        "Widths, tables, schedule and length follow from its columns and rows; docs/importing.md says how.\n"
        "Paths are relative to the current folder."
    )
