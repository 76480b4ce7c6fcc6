"""Imports a table: looks at it, makes a recipe, fits it to the training part, and writes what it makes of all rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from rankspec.data.v1.recipe_pb2 import Recipe
from rankspec.data.v1.statistics_pb2 import ColumnStatistics, DataStatistics
from rankspec.datasets.importing.carrying import Carrying
from rankspec.datasets.importing.corrections import Corrections
from rankspec.datasets.importing.csv_source import MISSING
from rankspec.datasets.importing.errors import TableError
from rankspec.datasets.importing.folder import CONFIG, STATISTICS, beside, write_schema
from rankspec.datasets.importing.inference import Column, infer
from rankspec.datasets.importing.passes import Passes
from rankspec.datasets.importing.plan import Plan, plan
from rankspec.datasets.importing.skeleton import DataSet, Ids, loss_weight, skeleton
from rankspec.datasets.importing.warnings import warnings_of
from rankspec.datasets.importing.written import Found
from rankspec.datasets.vectors import Vectors
from rankspec.encoding import folder as recipe_folder
from rankspec.encoding.errors import EncodingError
from rankspec.encoding.fitting import Fitted, completed, divided_by_time
from rankspec.encoding.positions import column_of, positions
from rankspec.formats.writing import to_textproto

# Starts of parts are whole hours where that tells the parts apart, and else finer.
_UNITS_OF_STARTS = (3_600_000_000, 60_000_000, 1_000_000, 1)
# A file is sorted in memory, twice.
_FILE_BYTES = 64 << 20
_ROW_GROUP_BYTES = 16 << 20
_MOST_ROWS_OF_GROUP = 65536


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


def planned(table: Passes, corrections: Corrections, missing: Sequence[str] = MISSING) -> Plan:
    """Looks at a table and says what becomes of it.

    Args:
        table: the table.
        corrections: what the user says of its columns.
        missing: texts that stand for a missing value.

    Raises:
        TableError: the table cannot be read, or not be imported as it is.
    """
    corrections.check(table.names)
    profiles = table.profiles()
    if not next(iter(profiles.values())).num_rows:
        raise TableError("the table has no rows")
    columns = infer(profiles, corrections, frozenset(table.strings))
    _check_decimal_marks(columns)
    return plan(columns, corrections, missing, decimal=table.decimal)


def _check_decimal_marks(columns: Mapping[str, Column]) -> None:
    """Makes sure that no numbers with decimal points are among those that are read with commas.

    Raises:
        TableError: a column has some.
    """
    for name, column in columns.items():
        if column.role == "number" and column.profile.some_points:
            raise TableError(
                f'"{name}" has numbers with a decimal point, and other numbers of the table have a comma; one '
                f'mark holds for the whole table: write them alike, leave "{name}" out with --drop, or say '
                "--decimal . if commas are no decimal marks"
            )


def import_planned(
    table: Passes,
    made: Plan,
    output: Path,
    *,
    vectors: Vectors = "bytes",
    private: bool = False,
    seed: int = 0,
) -> Imported:
    """Imports a table by a plan.

    Args:
        table: the table.
        made: the plan.
        output: the folder to make.
        vectors: how vectors are stored.
        private: no value of the table is shown, in errors neither.
        seed: of the run that the config describes.

    Raises:
        TableError: a row cannot be read as planned, a part has no rows, or `output` is there.
    """
    with beside(output) as folder, table.placed():
        recipe = _divided(table, _laid_out(table, made))
        fitted, num_read = table.fit(recipe, folder, show_values=not private)
        num_labelled = fitted.recipe.fitted.num_rows
        valueless = _drop_valueless(fitted)
        written = table.write(made, fitted, folder, vectors)
        found = written.found
        _check_parts(found)
        write_schema(folder, written.entries)
        if found.statistics is not None:
            _write_statistics(folder, found, fitted.recipe)
        data = _data_set(output, made, fitted, found, seed)
        (folder / CONFIG).write_text(skeleton(data, _note(output, made, found)), encoding="utf-8")
        held_back = _held_back(num_read, num_labelled, written.num_in_gap, made)
        left_out = [
            f'"{name}" is left out: more different values in the training part than ids' for name in fitted.left_out
        ]
        notes = [*table.notes, *made.notes, *held_back, *written.notes, *left_out, *valueless]
        notes += [_weighted(label.column) for label in made.labels if label.task in data.loss_weights]
        recipe_folder.write(fitted, folder)
    return Imported(output, made, found, tuple(notes), tuple(warnings_of(made, found)), fitted)


def _laid_out(table: Passes, made: Plan) -> Recipe:
    """The recipe with as many files and as long row groups as its rows are wide and many."""
    recipe = completed(made.recipe)
    num_rows = next(iter(made.columns.values())).profile.num_rows if made.columns else table.num_rows()
    places = sum(4 if feature.HasField("number") else 8 for feature in recipe.features)
    row_bytes = places + 8 * (len(recipe.labels) + len(recipe.output.carried)) + 16
    recipe.output.num_shards = max(1, -(-num_rows * row_bytes // _FILE_BYTES))
    recipe.output.row_group_rows = max(1000, min(_MOST_ROWS_OF_GROUP, _ROW_GROUP_BYTES // row_bytes))
    return recipe


def _divided(table: Passes, recipe: Recipe) -> Recipe:
    """The recipe with the starts of its parts, where it splits by time and they are not given.

    Raises:
        TableError: the times do not tell the parts apart.
    """
    if not recipe.split.HasField("time") or recipe.split.time.start_micros or len(recipe.split.parts) < 2:
        return recipe
    column = recipe.split.time.column
    for unit in _UNITS_OF_STARTS:
        recipe.split.time.round_to_micros = unit
        counted = table.count_times(recipe)
        try:
            return divided_by_time(recipe, counted)
        except EncodingError:
            continue
    raise TableError(
        f'"{column}": its times do not tell {len(recipe.split.parts)} parts apart; say --no-time to split otherwise'
    )


def _held_back(num_read: int, num_labelled: int, num_in_gap: int, made: Plan) -> list[str]:
    said = []
    if num_read > num_labelled:
        labels = ", ".join(f'"{label.column}"' for label in made.labels)
        said.append(f"{num_read - num_labelled} of {num_read} rows have no label ({labels}) and are left out")
    if num_in_gap:
        said.append(f"{num_in_gap} rows lie in the gap before a part begins and are left out")
    return said


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
        loss_weights=_loss_weights(made, found),
        carried=tuple(Carrying(recipe).numbers),
        group=Carrying(recipe).number_of(made.group) if made.group else None,
        num_groups=found.num_groups,
        is_parted=made.group is not None or recipe.split.HasField("time"),
        seed=seed,
    )


def _loss_weights(made: Plan, found: Found) -> dict[str, float]:
    """Weights of the losses of numbers beside other labels; of a label alone the size of the loss is of no account."""
    is_alone = len(made.labels) == 1
    return {} if is_alone else {task: loss_weight(one) for task, one in found.spreads.items() if one.variance > 0}


def _weighted(column: str) -> str:
    return (
        f'"{column}": loss_weight in the config, from its variance in the training part, keeps its squared error from '
        "outweighing the other labels"
    )


def _note(output: Path, made: Plan, found: Found) -> str:
    parts = ", ".join(f"{num_rows} {part}" for part, num_rows in found.num_rows.items())
    tasks = " and ".join(label.task for label in made.labels)
    return (
        f"Predicts {tasks} from a table that `rankspec data import` made {output} of: {parts} rows.\n"
        "Widths, tables, schedule and length follow from its columns and rows; docs/importing.md says how.\n"
        "Paths are relative to the current folder."
    )
