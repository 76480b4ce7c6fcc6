"""An import's passes over a table that an engine such as Spark holds: the functions of one machine, part by part.

An engine only moves rows. What is counted of parts of the table is merged where the import was started. Rows are
encoded where they are, brought to where the file is written that they belong to, and sorted there, so that files are
those of one machine. The folder has to be one that every worker sees under the same path.
"""

from __future__ import annotations

import pickle
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol
from uuid import uuid4

import pyarrow as pa

from rankspec.data.v1.recipe_pb2 import Recipe
from rankspec.datasets.importing.carrying import Carrying
from rankspec.datasets.importing.corrections import Label
from rankspec.datasets.importing.errors import TableError
from rankspec.datasets.importing.passes import Passes, Progress, Written, silent
from rankspec.datasets.importing.plan import Plan
from rankspec.datasets.importing.profile import Profile, Profiler
from rankspec.datasets.importing.rows import in_words, label_columns, placed, read_rows
from rankspec.datasets.importing.staging import Stager, Staging
from rankspec.datasets.importing.written import FoundInFile, writer_of
from rankspec.datasets.vectors import Vectors
from rankspec.encoding.dividing import Divider
from rankspec.encoding.errors import EncodingError
from rankspec.encoding.fitting import Fit, Fitted
from rankspec.encoding.rows import RowReader
from rankspec.encoding.trackers import TimeTracker

Batches = Iterator[pa.RecordBatch]
Pieces = Iterator[tuple[int, bytes]]
# Tasks that write files, at most: each file is one's, and one may have several.
MOST_TASKS = 1000
# Keys of pieces that belong to no file.
_NO_FILE = -1


class Engine(Protocol):
    """Runs functions where rows are. A function may run more than once for the same rows; one of the results counts."""

    @property
    def names(self) -> Sequence[str]:
        """The columns' names."""

    def counted(self, count: Callable[[Batches], Iterator[bytes]], columns: Sequence[str]) -> Iterable[bytes]:
        """What a function gives for each part of the table.

        Args:
            count: takes a part's rows; there may be none.
            columns: the columns that it takes.
        """

    def gathered(
        self,
        scatter: Callable[[Batches], Pieces],
        gather: Callable[[Pieces], Iterator[bytes]],
        columns: Sequence[str],
        num_keys: int,
    ) -> Iterable[bytes]:
        """What a function gives for pieces that were brought together.

        Args:
            scatter: gives pieces, with their keys, of a part's rows.
            gather: takes all the pieces of some keys, in any order.
            columns: the columns that `scatter` takes.
            num_keys: about how many different keys there are.
        """


@dataclass(frozen=True)
class _Failed:
    """What was wrong where rows are; told where the import was started."""

    message: str


@dataclass(frozen=True)
class _Passed:
    """What became of rows of a part of the table that are in no file, and of values that are missing."""

    num_in_gap: int
    num_missing: dict[str, int]


@dataclass(frozen=True)
class _File:
    """A file that was written under a name of its own."""

    part: str
    file: int
    name: str
    found: FoundInFile


@dataclass(frozen=True)
class _Task:
    """What is needed to encode rows and to write them."""

    recipe: Recipe
    fitted: Fitted
    labels: Sequence[Label]
    group: str | None
    vectors: Vectors
    folder: str
    show_values: bool


class OnEngine(Passes):
    """A table that an engine holds; see `Passes`."""

    def __init__(self, engine: Engine, progress: Progress = silent, decimal: str = ".") -> None:
        """Takes a table.

        Args:
            engine: holds it.
            progress: opens a bar; an engine tells only when a pass is done.
            decimal: the decimal mark of numbers in columns of text.
        """
        self.decimal = decimal
        self._engine = engine
        self.names = engine.names
        self._progress = progress
        self._recipe = Recipe()
        self._show_values = False
        self.strings: set[str] = set()
        self.notes: list[str] = []

    def placed(self) -> AbstractContextManager[None]:
        """A context whose EncodingErrors become TableErrors; an engine's rows have no place to tell."""
        return placed(None)

    def profiles(self) -> dict[str, Profile]:
        """What each column is like.

        Raises:
            TableError: the table cannot be read.
        """
        merged = {name: Profiler(name) for name in self.names}
        for profiles in self._counted("looking", partial(_profiles, decimal=self.decimal), self.names):
            for name, profile in profiles.items():
                merged[name].merge(profile)
        return {name: profiler.finish() for name, profiler in merged.items()}

    def num_rows(self) -> int:
        """How many rows there are."""
        return sum(self._counted("counting", _num_rows, self.names[:1]))

    def count_times(self, recipe: Recipe) -> TimeTracker:
        """Rows that have a label, by whole multiples of what the recipe's split by time rounds to."""
        time = recipe.split.time
        counted = TimeTracker(time.column, time.round_to_micros)
        columns = list(dict.fromkeys([time.column, *label_columns(recipe)]))
        for table in self._counted("dividing", partial(_times, recipe), columns):
            counted.add_table(table)
        return counted

    def fit(self, recipe: Recipe, folder: Path, *, show_values: bool) -> tuple[Fitted, int]:
        """The fitted recipe, and how many rows there are with those that have no label.

        Args:
            recipe: with every default filled in, and the starts of its parts.
            folder: where the data set is made.
            show_values: errors may show a value.
        """
        self._recipe, self._show_values = recipe, show_values
        num_read = 0
        with closing(Fit(recipe, folder)) as fit:
            for num_rows, state in self._counted("fitting", partial(_state, recipe, show_values), self._columns):
                num_read += num_rows
                fit.merge([state])
            return fit.finish(f"rankspec {version('rankspec')}"), num_read

    def write(self, made: Plan, fitted: Fitted, folder: Path, vectors: Vectors) -> Written:
        """Writes the files of all parts into the folder."""
        writer = writer_of(fitted.recipe, made.labels, made.group)
        waiting = folder.absolute() / "_written"
        waiting.mkdir()
        task = _Task(self._recipe, fitted, made.labels, made.group, vectors, str(waiting), self._show_values)
        num_files = len(writer.parts) * fitted.recipe.output.num_shards
        carrying, num_in_gap = Carrying(fitted.recipe), 0
        of_files: dict[tuple[str, int], FoundInFile] = {}
        with self._progress("encoding", 0):
            for result in _opened(
                self._engine.gathered(
                    partial(_scattered, task, version("rankspec")), partial(_gathered, task), self._columns, num_files
                )
            ):
                if isinstance(result, _File):
                    of_files[result.part, result.file] = result.found
                    _move(waiting / result.name, folder / writer.name_of(result.part, result.file))
                else:
                    num_in_gap += result.num_in_gap
                    for name, num_missing in result.num_missing.items():
                        carrying.num_missing[name] += num_missing
        # What is left is of tasks that ran twice.
        shutil.rmtree(waiting)
        return Written(writer.found(of_files, folder), writer.entries, num_in_gap, carrying.notes)

    @property
    def _columns(self) -> list[str]:
        return [column.name for column in self._recipe.columns]

    def _counted(self, what: str, count: Callable[[Batches], Iterator[Any]], columns: Sequence[str]) -> Iterator[Any]:
        with self._progress(what, 0):
            yield from _opened(self._engine.counted(partial(_packed, count, version("rankspec")), columns))


def _move(written: Path, path: Path) -> None:
    """Gives a file that a worker wrote its name.

    Raises:
        TableError: it is not here.
    """
    try:
        written.rename(path)
    except FileNotFoundError as error:
        raise TableError(
            f"a worker wrote {written}, and it is not here; name an output that all workers and this machine see under "
            "the same path"
        ) from error


def _profiles(batches: Batches, decimal: str) -> Iterator[dict[str, Profile]]:
    profilers: dict[str, Profiler] = {}
    for batch in batches:
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            profilers.setdefault(name, Profiler(name, table_decimal=decimal)).add(column, decimal=decimal)
    yield {name: profiler.finish() for name, profiler in profilers.items()}


def _num_rows(batches: Batches) -> Iterator[int]:
    yield sum(batch.num_rows for batch in batches)


def _times(recipe: Recipe, batches: Batches) -> Iterator[pa.Table]:
    time = recipe.split.time
    counted = TimeTracker(time.column, time.round_to_micros)
    for rows in read_rows(batches, RowReader(recipe), label_columns(recipe), lambda _rows: None):
        counted.add(rows)
    yield from counted.tables()


def _state(recipe: Recipe, show_values: bool, batches: Batches) -> Iterator[tuple[int, bytes]]:
    """How many rows there are, and the state of a fit to those of the part that is fitted to."""
    num_read = 0

    def count(num_rows: int) -> None:
        nonlocal num_read
        num_read += num_rows

    reader = RowReader(recipe, show_values=show_values)
    with closing(Fit(recipe)) as fit:
        for rows in read_rows(batches, reader, label_columns(recipe), count):
            fit.add(rows)
        yield num_read, fit.state()


def _scattered(task: _Task, wanted: str, batches: Batches) -> Pieces:
    """The encoded rows of a part of the table, a piece for each file that some go to."""
    try:
        _check_version(wanted)
        with tempfile.TemporaryDirectory(prefix="rankspec-") as stage:
            divider, reader = Divider(task.recipe), RowReader(task.recipe, show_values=task.show_values)
            stager = Stager(task.fitted, Path(stage), task.vectors)
            for rows in read_rows(batches, reader, label_columns(task.recipe), lambda _rows: None):
                stager.add(rows, divider.parts(rows), divider.order(rows))
            staging = stager.close()
            for part, file in staging.num_rows:
                place = divider.part_names.index(part) * task.recipe.output.num_shards + file
                yield place, staging.piece(part, file)
            yield _NO_FILE, pickle.dumps(_Passed(stager.num_in_gap, stager.carrying.num_missing))
    except (EncodingError, TableError) as error:
        yield _NO_FILE, pickle.dumps(_Failed(_told(error)))


def _gathered(task: _Task, pieces: Pieces) -> Iterator[bytes]:
    """Writes files of pieces."""
    with tempfile.TemporaryDirectory(prefix="rankspec-") as stage:
        writer = writer_of(task.fitted.recipe, task.labels, task.group)
        staging = Staging(Path(stage))
        for place, piece in pieces:
            if place == _NO_FILE:
                yield piece
            else:
                part_number, file = divmod(place, task.recipe.output.num_shards)
                staging.add_piece(piece, writer.parts[part_number], file)
        staging.close()
        try:
            for part, file in staging.num_rows:
                table, name = staging.sorted_rows(part, file), f"{uuid4().hex}.parquet"
                found = writer.look_at(table, part)
                writer.write_file(table, Path(task.folder) / name)
                yield pickle.dumps(_File(part, file, name, found))
        except (OSError, TableError) as error:
            yield pickle.dumps(_Failed(str(error)))


def _packed(count: Callable[[Batches], Iterator[Any]], wanted: str, batches: Batches) -> Iterator[bytes]:
    """The results of a function as bytes, and of an error of the user's, that."""
    try:
        _check_version(wanted)
        yield from map(pickle.dumps, count(batches))
    except (EncodingError, TableError) as error:
        yield pickle.dumps(_Failed(_told(error)))


def _check_version(wanted: str) -> None:
    """Makes sure that a worker runs the code that the import was started with.

    Raises:
        TableError: it does not.
    """
    if version("rankspec") != wanted:
        raise TableError(f"a worker has rankspec {version('rankspec')}, and not {wanted}; install that one there")


def _opened(results: Iterable[bytes]) -> Iterator[Any]:
    """The results of `_packed`.

    Raises:
        TableError: one is an error.
    """
    for result in results:
        # Made by functions of ours, which engines send by pickling themselves.
        opened = pickle.loads(result)  # noqa: S301
        if isinstance(opened, _Failed):
            raise TableError(opened.message)
        yield opened


def _told(error: EncodingError | TableError) -> str:
    return in_words(error) if isinstance(error, EncodingError) else str(error)
