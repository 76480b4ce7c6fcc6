"""An import's passes over a table on one machine, in bounded memory: text is parsed once, for fitting and encoding."""

from __future__ import annotations

from contextlib import AbstractContextManager, closing
from importlib.metadata import version
from pathlib import Path

from rankspec.data.v1.recipe_pb2 import Recipe
from rankspec.datasets.importing.door import Table
from rankspec.datasets.importing.parsed import ParsedRows
from rankspec.datasets.importing.passes import Passes, Progress, Written, silent
from rankspec.datasets.importing.plan import Plan
from rankspec.datasets.importing.profile import Profile, Profiler
from rankspec.datasets.importing.rows import label_columns, placed, read_rows
from rankspec.datasets.importing.staging import Stager
from rankspec.datasets.importing.written import FoundInFile, writer_of
from rankspec.datasets.vectors import Vectors
from rankspec.encoding.fitting import Fit, Fitted
from rankspec.encoding.rows import RowReader
from rankspec.encoding.trackers import TimeTracker


class OneMachine(Passes):
    """A table of files or of Python; see `Passes`."""

    def __init__(self, table: Table, progress: Progress = silent) -> None:
        """Takes a table.

        Args:
            table: the table.
            progress: opens a bar.
        """
        self._table = table
        self._progress = progress
        self._parsed: ParsedRows | None = None
        self.names = table.names
        self.strings = table.strings
        self.decimal = table.decimal
        self.notes = table.notes

    def placed(self) -> AbstractContextManager[None]:
        """A context whose EncodingErrors become TableErrors that tell where the row stands."""
        return placed(self._table)

    def profiles(self) -> dict[str, Profile]:
        """What each column is like.

        Raises:
            TableError: the table cannot be read.
        """
        profilers = {name: Profiler(name, table_decimal=self.decimal) for name in self.names}
        with self.placed(), self._progress("looking", 0) as tick:
            for decimal, batch in self._table.batches():
                for name, column in zip(batch.schema.names, batch.columns, strict=True):
                    profilers[name].add(column, decimal=decimal)
                tick(batch.num_rows)
        return {name: profiler.finish() for name, profiler in profilers.items()}

    def num_rows(self) -> int:
        """How many rows there are."""
        return sum(batch.num_rows for batch in self._table.raw(self.names[:1]))

    def count_times(self, recipe: Recipe) -> TimeTracker:
        """Rows that have a label, by whole multiples of what the recipe's split by time rounds to."""
        time, labels = recipe.split.time, label_columns(recipe)
        counted = TimeTracker(time.column, time.round_to_micros)
        columns = list(dict.fromkeys([time.column, *labels]))
        with self._progress("dividing", 0) as tick:
            for rows in read_rows(self._table.raw(columns), RowReader(recipe), labels, tick):
                counted.add(rows)
        return counted

    def fit(self, recipe: Recipe, folder: Path, *, show_values: bool) -> tuple[Fitted, int]:
        """The fitted recipe, and how many rows there are with those that have no label.

        Args:
            recipe: with every default filled in, and the starts of its parts.
            folder: where the data set is made; parsed rows wait in it for `write`.
            show_values: errors may show a value.
        """
        self._parsed = parsed = ParsedRows(folder / "_parsed", RowReader(recipe, show_values=show_values))
        columns, num_read = [column.name for column in recipe.columns], 0
        with closing(Fit(recipe, folder)) as fit, closing(parsed), self._progress("fitting", 0) as tick:

            def count(num_rows: int) -> None:
                nonlocal num_read
                num_read += num_rows
                tick(num_rows)

            for rows in read_rows(self._table.raw(columns), parsed.reader, label_columns(recipe), count):
                read = parsed.parse(rows)
                parsed.add(read, fit.add(read), fit.divider.order(read))
            return fit.finish(f"rankspec {version('rankspec')}"), num_read

    def write(self, made: Plan, fitted: Fitted, folder: Path, vectors: Vectors) -> Written:
        """Writes the files of all parts into the folder."""
        assert self._parsed is not None
        writer = writer_of(fitted.recipe, made.labels, made.group)
        stage = folder / "_staging"
        stage.mkdir()
        stager = Stager(fitted, stage, vectors)
        with self._progress("encoding", fitted.recipe.fitted.num_rows) as tick:
            for rows, parts, order in self._parsed.batches():
                stager.add(rows, parts, order)
                tick(len(rows))
        staging = stager.close()
        of_files: dict[tuple[str, int], FoundInFile] = {}
        for part, file in sorted(staging.num_rows):
            table = staging.sorted_rows(part, file)
            of_files[part, file] = writer.look_at(table, part)
            writer.write_file(table, folder / writer.name_of(part, file))
        stage.rmdir()
        return Written(writer.found(of_files, folder), writer.entries, stager.num_in_gap, stager.carrying.notes)
