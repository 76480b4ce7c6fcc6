"""`rankspec data import`: somebody's table becomes a data set and a config that trains on it."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rankspec.cli import converting, statuses
from rankspec.cli.stopping import VerbError, needing

if TYPE_CHECKING:
    from rankspec.data.v1.recipe_pb2 import Recipe
    from rankspec.datasets.importing.corrections import Corrections
    from rankspec.datasets.importing.csv_source import CsvFormat
    from rankspec.datasets.importing.door import Table
    from rankspec.datasets.importing.importer import Imported
    from rankspec.datasets.importing.plan import Plan
    from rankspec.datasets.importing.rows import Tick


def add_arguments(parser: ArgumentParser) -> None:
    """Describes the kind's arguments."""
    parser.add_argument(
        "files", nargs="+", metavar="FILE", help="the table: CSV, Parquet, Arrow or JSON lines; or its parts"
    )
    parser.add_argument("-o", "--output", type=Path, metavar="DIR", help="folder to make")
    _add_columns(parser)
    _add_split(parser)
    _add_csv(parser)
    converting.add_vectors(parser)
    parser.add_argument("--private", action="store_true", help="show no value of the table, in errors neither")
    parser.add_argument("--plan", metavar="FILE", help="write what would become of each column as a recipe, and stop")
    parser.add_argument("--recipe", metavar="FILE", help="take what becomes of each column from a recipe")
    parser.add_argument("--like", type=Path, metavar="DIR", help="encode later rows by the recipe of this data set")
    parser.add_argument(
        "--no-labels", action="store_true", help="with --like: keep rows without a label, and no labels"
    )
    parser.set_defaults(run=_run)


def _add_columns(parser: ArgumentParser) -> None:
    columns = parser.add_argument_group("columns", "each may be repeated")
    for option, metavar, text in (
        ("--label", "COLUMN", "what is predicted: bought, 'rating>=4', 'answer=yes' or price:number"),
        ("--numeric", "COLUMN", "a column of numbers"),
        ("--categorical", "COLUMN", "a column of categories"),
        ("--multi", "COLUMN=SEP", "a column of several categories, and what is between them"),
        ("--places", "COLUMN=N", "the first N of several categories as ids of their own; default: all, as a list"),
        ("--hash", "COLUMN=N", "categories that become ids by a hash, of N buckets, without a vocabulary"),
        ("--drop", "COLUMN", "a column to leave out"),
        ("--key", "COLUMN", "a column that tells rows apart"),
    ):
        columns.add_argument(option, action="append", default=[], metavar=metavar, help=text)
    columns.add_argument(
        "--bins",
        type=int,
        metavar="N",
        help="N quantiles of numbers of many values are ids too; default: 32 in a table of many numbers, and else 0",
    )


def _add_split(parser: ArgumentParser) -> None:
    split = parser.add_argument_group("split")
    split.add_argument("--split", default="80/10/10", metavar="A/B/C", help="percents of train, validation and test")
    split.add_argument("--group", metavar="COLUMN", help="what rows are ranked within: a user, a query; no feature")
    split.add_argument("--group-as-feature", action="store_true", help="the group's id is a feature too")
    split.add_argument("--time", metavar="COLUMN", help="split by these times; default: the one column of times")
    split.add_argument("--no-time", action="store_true", help="do not split by time")
    split.add_argument(
        "--time-zone", metavar="ZONE", help="zone of times without one, such as Europe/Berlin; default: UTC"
    )
    split.add_argument("--time-unit", choices=("s", "ms", "us"), help="unit of times that are whole numbers")
    split.add_argument(
        "--gap-days", type=float, default=0, metavar="N", help="days before a part begins that are in none"
    )
    split.add_argument(
        "--seed", type=int, default=0, help="what a split by group or at random is drawn from; default: 0"
    )


def _add_csv(parser: ArgumentParser) -> None:
    text = parser.add_argument_group("files", "what is not given is found out")
    text.add_argument("--format", choices=("csv", "parquet", "arrow", "json"), help="form of the files")
    text.add_argument("--delimiter", metavar="CHAR", help="what is between fields of a CSV file; \\t is a tab")
    text.add_argument("--quote", default='"', metavar="CHAR", help='what fields are quoted with; default: "')
    text.add_argument(
        "--encoding", metavar="NAME", help="such as latin-1; default: UTF-8, or what the file's mark says"
    )
    text.add_argument("--decimal", choices=(".", ","), help="decimal mark")
    text.add_argument("--no-header", action="store_true", help="the first line is a row")
    text.add_argument("--columns", metavar="A,B,…", help="names of the columns, in place of the header's")
    text.add_argument(
        "--missing",
        action="append",
        metavar="TEXT",
        help="what stands for a missing value; default: empty, NA, null, …",
    )


def _run(arguments: Namespace) -> int:
    """Imports a table; returns the exit status."""
    if (arguments.output is None) == (arguments.plan is None):
        text = "error: say where the data set goes with -o DIR, or where the plan goes with --plan FILE"
        raise VerbError(text, statuses.USAGE)
    try:
        with needing("data"):
            _check_places(arguments)
            return _import(arguments) if arguments.like is None else _later(arguments)
    except (ValueError, OSError) as error:
        raise VerbError(f"error: {error}") from error


def _check_places(arguments: Namespace) -> None:
    """Makes sure that what is to be written can be, before anything is read.

    Raises:
        TableError: something is there, or a plan's name does not say its form.
    """
    from rankspec.datasets.importing.errors import TableError
    from rankspec.datasets.importing.folder import check_free
    from rankspec.formats.forms import written_form

    if arguments.output is not None:
        check_free(arguments.output)
    if arguments.plan is None:
        return
    if written_form(arguments.plan) is None:
        raise TableError(f"`{arguments.plan}` has no extension of a form; write .textproto or .json")
    if Path(arguments.plan).exists():
        raise TableError(f"`{arguments.plan}` is there; name another file")


def _import(arguments: Namespace) -> int:
    from rankspec.datasets.importing.importer import import_planned, planned
    from rankspec.datasets.importing.one_machine import OneMachine
    from rankspec.datasets.importing.table import planned_by

    opened, form = _table(arguments)
    table = OneMachine(opened, _bar)
    corrections = _corrections(arguments)
    if arguments.recipe is not None:
        recipe = _recipe(arguments.recipe)
        if recipe is None:
            return 1
        made = planned_by(recipe, table.names, arguments.group)
    else:
        made = planned(table, corrections, form.missing)
        _show_plan(made, private=arguments.private)
    if arguments.plan is not None:
        return _write_plan(made, arguments.plan)
    imported = import_planned(
        table,
        made,
        arguments.output,
        vectors=converting.vectors_of(arguments),
        private=arguments.private,
        seed=arguments.seed,
    )
    _show_imported(imported)
    return 0


def _later(arguments: Namespace) -> int:
    from rankspec.datasets.importing.later import encode_later_rows

    table, _ = _table(arguments)
    encoded = encode_later_rows(
        table,
        arguments.like,
        arguments.output,
        labels=not arguments.no_labels,
        vectors=converting.vectors_of(arguments),
        private=arguments.private,
        progress=_bar,
    )
    for note in encoded.notes:
        print(f"note: {note}")
    if encoded.num_unlabelled:
        print(f"note: {encoded.num_unlabelled} rows have no label and are left out; --no-labels keeps them")
    labels = f"labels of {', '.join(encoded.labels)}" if encoded.labels else "no labels"
    print(f"{encoded.num_rows} rows, with {labels}, in {encoded.folder}")
    return 0


def _table(arguments: Namespace) -> tuple[Table, CsvFormat]:
    from rankspec.datasets.importing.csv_source import MISSING, CsvFormat
    from rankspec.datasets.importing.door import open_table

    form = CsvFormat(
        delimiter=None if arguments.delimiter is None else arguments.delimiter.replace("\\t", "\t"),
        quote=arguments.quote,
        encoding=arguments.encoding,
        decimal=arguments.decimal,
        has_header=not arguments.no_header,
        names=tuple(arguments.columns.split(",")) if arguments.columns else None,
        missing=MISSING if arguments.missing is None else tuple(arguments.missing),
    )
    return open_table(arguments.files, form=arguments.format, csv_format=form), form


def _corrections(arguments: Namespace) -> Corrections:
    from rankspec.datasets.importing.corrections import corrections_of, parse_hashed, parse_multi, parse_places

    return corrections_of(
        label=arguments.label,
        numeric=arguments.numeric,
        categorical=arguments.categorical,
        multi=dict(map(parse_multi, arguments.multi)),
        places=dict(map(parse_places, arguments.places)),
        hash=dict(map(parse_hashed, arguments.hash)),
        drop=arguments.drop,
        key=arguments.key,
        bins=arguments.bins,
        split=arguments.split,
        group=arguments.group,
        group_as_feature=arguments.group_as_feature,
        time="" if arguments.no_time else arguments.time,
        time_zone=arguments.time_zone,
        time_unit=arguments.time_unit,
        gap_days=arguments.gap_days,
        seed=arguments.seed,
        private=arguments.private,
    )


def _recipe(path: str) -> Recipe | None:
    """A recipe of the user's, or None after saying what is wrong with it."""
    from rankspec.checking.check import check
    from rankspec.cli.terminal import report
    from rankspec.data.v1.recipe_pb2 import Recipe

    loaded = check([path], message="rankspec.data.v1.Recipe")
    report(loaded.diagnostics, loaded.sources)
    if not loaded.ok:
        return None
    assert isinstance(loaded.message, Recipe)
    return loaded.message


def _write_plan(made: Plan, path: str) -> int:
    from rankspec.cli.terminal import write_output
    from rankspec.formats.forms import written_form
    from rankspec.formats.writing import write

    form = written_form(path)
    assert form is not None, "it was looked at before anything was read"
    status = write_output("data import", write(made.recipe, form), path)
    if status == 0:
        print(f"{path}; import by it with --recipe {path}")
    return status


def _show_plan(made: Plan, *, private: bool) -> None:
    """Prints what became of each column, and why."""
    from rich.console import Console
    from rich.table import Table as Lines

    from rankspec.datasets.importing.told import lines_of

    lines = Lines("column", "becomes", "because", "missing", box=None, pad_edge=False)
    for line in lines_of(made, show_values=not private):
        lines.add_row(*line)
    width = None if sys.stdout.isatty() else 160
    console = Console(width=width, highlight=False, markup=False, emoji=False)
    console.print(lines)


def _show_imported(imported: Imported) -> None:
    """Prints what was made, and what to look at."""
    for note in imported.notes:
        print(f"note: {note}")
    for warning in imported.warnings:
        print(f"warning: {warning}")
    rows = ", ".join(f"{num_rows} {part}" for part, num_rows in imported.found.num_rows.items())
    print(f"{rows} rows in {imported.folder}")
    print(f"rankspec train {imported.folder / 'config.textproto'}")


@contextmanager
def _bar(what: str, num_rows: int) -> Iterator[Tick]:
    """A progress bar on standard error, where that is a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    console = Console(file=sys.stderr)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:,.0f} rows"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as progress:
        task = progress.add_task(what, total=num_rows or None)
        yield lambda rows: progress.advance(task, rows)
