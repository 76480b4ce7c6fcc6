"""A table becomes a data set: the plain functions beneath `rankspec data import`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from rankspec.data.v1.recipe_pb2 import RawKind, Recipe
from rankspec.datasets.importing.corrections import Label, TimeUnit, corrections_of
from rankspec.datasets.importing.csv_source import CsvFormat, Decimal
from rankspec.datasets.importing.door import Form, decimal_of, open_table
from rankspec.datasets.importing.folder import check_free
from rankspec.datasets.importing.importer import Imported, import_planned, planned
from rankspec.datasets.importing.on_engine import OnEngine
from rankspec.datasets.importing.one_machine import OneMachine
from rankspec.datasets.importing.passes import Passes, Progress, silent
from rankspec.datasets.importing.plan import Plan
from rankspec.datasets.vectors import Vectors


def import_table(
    table: Any,
    output: str | Path,
    *,
    label: str | Iterable[str] = (),
    group: str | None = None,
    time: str | None = None,
    key: str | Iterable[str] = (),
    numeric: str | Iterable[str] = (),
    categorical: str | Iterable[str] = (),
    multi: Mapping[str, str] | None = None,
    places: Mapping[str, int] | None = None,
    hash: Mapping[str, int] | None = None,  # noqa: A002 - the option's name
    drop: str | Iterable[str] = (),
    bins: int | None = None,
    group_as_feature: bool = False,
    time_zone: str | None = None,
    time_unit: TimeUnit | None = None,
    gap_days: float = 0,
    split: str = "80/10/10",
    seed: int = 0,
    recipe: Recipe | None = None,
    form: Form | None = None,
    decimal: Decimal | None = None,
    csv_format: CsvFormat | None = None,
    vectors: Vectors = "bytes",
    private: bool = False,
    progress: Progress = silent,
) -> Imported:
    """Makes a data set, and a config that trains on it, of a table.

    Args:
        table: a path, paths of parts of one table, or anything with `__arrow_c_stream__`: a frame of pandas or Polars,
            an Arrow table, a relation of DuckDB. A data frame of Spark or a data set of Ray is imported by its engine's
            workers; `output` is then a folder that all of them see.
        output: the folder to make.
        label: what is predicted: columns, each with a condition or not, such as `bought` or `rating>=4`. None takes
            the one column that is called like a label.
        group: the column of what rows are ranked within, such as a user or a query.
        time: the column of times to split by; "" splits in another way. None takes the one column of times, if there
            is one.
        key: the column, or columns, that tell rows apart.
        numeric: the column, or columns, that are numbers; `categorical` and `drop` likewise.
        categorical: columns that are categories.
        multi: columns of several categories, with the text between them; "" for lists.
        places: of columns of several categories, how many of a row, the first, become ids at places of their own; None
            and for other columns: all, as a list.
        hash: columns of categories that become ids by a hash, without a vocabulary, with the number of buckets.
        drop: columns to leave out.
        bins: so many quantiles of numbers of many values are ids too, 0 for none; None: 32 in a table of many numbers.
        group_as_feature: the group's id is a feature too.
        time_zone: the zone of times without one, such as "Europe/Berlin"; None: UTC.
        time_unit: what times that are whole numbers count in: "s", "ms" or "us"; None finds it out.
        gap_days: days before a part begins whose rows are in none.
        split: percents of train, validation and test.
        seed: what a split by key, and the run, are drawn from.
        recipe: what becomes of each column, in place of all that is said above but the group.
        form: the files' form; None goes by their names.
        decimal: the decimal mark of numbers that are written as text, in files or in columns; None finds it out of CSV
            files, and is a point elsewhere.
        csv_format: how CSV files are written; what it leaves out is found out. Refused of any other table.
        vectors: how vectors are stored.
        private: errors show no value of the table.
        progress: opens a bar.

    Returns:
        What became of the table.

    Raises:
        TableError: the table, or what is said of it, cannot be used, or `output` is there.
    """
    check_free(Path(output))
    corrections = corrections_of(
        label=label,
        numeric=numeric,
        categorical=categorical,
        multi=multi,
        places=places,
        hash=hash,
        drop=drop,
        key=key,
        bins=bins,
        split=split,
        group=group,
        group_as_feature=group_as_feature,
        time=time,
        time_zone=time_zone,
        time_unit=time_unit,
        gap_days=gap_days,
        seed=seed,
        private=private,
    )
    text = csv_format or CsvFormat()
    if decimal is not None:
        text = replace(text, decimal=decimal)
    opened = _opened(table, form, text, progress)
    made = planned(opened, corrections, text.missing) if recipe is None else planned_by(recipe, opened.names, group)
    return import_planned(opened, made, Path(output), vectors=vectors, private=private, seed=seed)


def _opened(table: Any, form: Form | None, text: CsvFormat, progress: Progress) -> Passes:
    """A table, where it is: engines are known by their packages, which are not imported here."""
    package = type(table).__module__.partition(".")[0]
    if package == "pyspark":
        from rankspec.datasets.importing.spark import SparkFrame

        return OnEngine(SparkFrame(table), progress, decimal_of(text, "a data frame of Spark"))
    if package == "ray":
        from rankspec.datasets.importing.ray import RayDataset

        return OnEngine(RayDataset(table), progress, decimal_of(text, "a data set of Ray"))
    return OneMachine(open_table(table, form=form, csv_format=text), progress)


def planned_by(recipe: Recipe, names: Sequence[str], group: str | None) -> Plan:
    """The plan that a recipe of the user's is.

    Args:
        recipe: valid; what is fitted in it is fitted anew.
        names: the table's columns.
        group: the column of what rows are ranked within.

    Raises:
        TableError: the recipe does not go with the table, or has no label, no split into three, or no such group.
    """
    from rankspec.datasets.importing.errors import TableError

    _check_recipe(recipe, names, group)
    if not recipe.labels:
        raise TableError('the recipe has no labels; add one, as in labels { task: "bought" column: "bought" }')
    kinds = {column.name: column.kind for column in recipe.columns}
    labels = tuple(
        Label(
            label.column,
            label.task,
            is_number=label.WhichOneof("positive") is None and kinds[label.column] == RawKind.RAW_KIND_FLOAT64,
        )
        for label in recipe.labels
    )
    time = recipe.split.time.column if recipe.split.HasField("time") else None
    unfitted = Recipe()
    unfitted.CopyFrom(recipe)
    unfitted.ClearField("fitted")
    for feature in unfitted.features:
        spec = getattr(feature, str(feature.WhichOneof("kind")))
        if "fitted" in spec.DESCRIPTOR.fields_by_name:
            spec.ClearField("fitted")
    return Plan(unfitted, {}, labels, group, time, ())


def _check_recipe(recipe: Recipe, names: Sequence[str], group: str | None) -> None:
    from rankspec.datasets.importing.corrections import PARTS
    from rankspec.datasets.importing.errors import TableError

    for column in recipe.columns:
        if column.name not in names:
            raise TableError(f'the recipe reads a column "{column.name}", which the table does not have')
    parts = [part.name for part in recipe.split.parts]
    if parts[:2] != list(PARTS[:2]) or parts[2:] not in ([], [PARTS[2]]) or recipe.split.fit_part != PARTS[0]:
        raise TableError(
            f"the recipe's parts are {', '.join(parts) or 'none'}, fitted to {recipe.split.fit_part}; name them train, "
            "validation and test, the first with fit_part"
        )
    if group is not None and group not in recipe.output.carried:
        raise TableError(f'the group "{group}" is not among output.carried of the recipe; add it there')
