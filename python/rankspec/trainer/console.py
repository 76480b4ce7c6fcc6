"""What a run shows on the terminal: a progress bar, lines, a closing table."""

import math
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Column, Table
from rich.text import Text

from rankspec.metrics.metric_name import MetricName, parsed_name
from rankspec.trainer.details import DetailTable

# What a row of figures of the whole model is called, of all its tasks or relations together.
_WHOLE = "(all)"


class RunConsole:
    """Speaks for a run. Processes other than the first are silent."""

    def __init__(self, *, silent: bool = False) -> None:
        """Writes to standard error, so that standard output has results alone."""
        # A file has no width to keep to, and a table cut off at 80 columns would hide the tasks' names.
        width = None if sys.stderr.isatty() else 160
        self._console = Console(file=sys.stderr, quiet=silent, highlight=False, width=width)
        self._bar: Progress | None = None
        self._task = TaskID(0)
        self._pace: _Pace | None = None

    def say(self, line: str) -> None:
        """Prints a line, above the progress bar if there is one."""
        self._console.print(line, markup=False, soft_wrap=True)

    @contextmanager
    def progress(self, done: int, total: int, rows_per_step: int) -> Iterator[None]:
        """Shows a progress bar for the time of the context, where standard error is a terminal."""
        columns = (
            TextColumn("training"),
            BarColumn(),
            MofNCompleteColumn(),
            _RowsPerSecond(rows_per_step),
            TextColumn("{task.fields[note]}"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
        )
        self._pace = _Pace(done, total)
        with Progress(*columns, console=self._console, disable=not self._console.is_terminal) as self._bar:
            self._task = self._bar.add_task("training", total=total, completed=done, note="")
            yield
        self._bar = None

    def advance(self, done: int) -> None:
        """Moves the bar to so many steps."""
        if self._bar is not None:
            self._bar.update(self._task, completed=done)

    def report_training(self, step: int, text: str) -> None:
        """Shows what training came to until a step; without a terminal, also how long it takes from there."""
        is_shown = self._bar is not None and self._console.is_terminal
        left = None if is_shown or self._pace is None else self._pace.left(step)
        self.note(text if left is None else f"{text}  {left} left")

    def note(self, text: str) -> None:
        """Shows a few words beside the bar; without a terminal, prints them."""
        if self._bar is not None and self._console.is_terminal:
            self._bar.update(self._task, note=text)
        else:
            self.say(text)

    def table(self, title: str, records: list[dict[str, Any]], metrics: Sequence[str]) -> None:
        """Prints those of these metrics that are there, a row per split, task and group of rows.

        Figures of the whole model have a row of their own, unless it has one task alone.

        They are results, and go to standard output.
        """
        parsed = [[parsed_name(key) for key in record] for record in records]
        keys = [[key for key in of_record if key.metric in metrics] for of_record in parsed]
        if len({key.task for of_record in keys for key in of_record if key.task}) == 1:
            # What is of the whole model is of its one task.
            keys = [[key for key in of_record if key.task] for of_record in keys]
        reported = {key.metric for of_record in keys for key in of_record}
        names = [name for name in metrics if name in reported]
        has_groups = any(key.group for of_record in keys for key in of_record)
        places = [Column(place, overflow="fold") for place in ("task", *(["group"] if has_groups else []))]
        table = Table("split", *places, *names, title=title, title_justify="left")
        for record, of_record in zip(records, keys, strict=True):
            for task, group in sorted({(key.task, key.group) for key in of_record}):
                figures = (record.get(str(MetricName(name, group, task))) for name in names)
                place = (task or _WHOLE, group) if has_groups else (task or _WHOLE,)
                table.add_row(record["split"], *place, *(_written(figure) for figure in figures))
        self._print_result(table)

    def detail(self, split: str, details: DetailTable) -> None:
        """Prints a table that was asked for of a validation set, a result too."""
        table = Table(*details.columns, title=f"{split}: {details.title}", title_justify="left")
        for row in details.rows:
            table.add_row(*row)
        self._print_result(table)

    def _print_result(self, table: Table) -> None:
        if self._console.quiet:
            return
        try:
            width = None if sys.stdout.isatty() else 160
            Console(file=sys.stdout, highlight=False, width=width).print(table)
            sys.stdout.flush()
        except Exception as error:  # noqa: BLE001 - whatever is wrong with the stream: the run is done, and its files say all
            self.say(f"the standard output cannot be written: {error}")
            # It keeps what it could not write, and would fail again at the end.
            sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115 - for as long as the process lives


class _RowsPerSecond(ProgressColumn):
    """How many rows a second are trained on, evaluations and checkpoints included."""

    def __init__(self, rows_per_step: int) -> None:
        super().__init__()
        self._rows_per_step = rows_per_step

    def render(self, task: Task) -> Text:
        """What stands in the column."""
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"{speed * self._rows_per_step:,.0f} rows/s")


class _Pace:
    """How long a run takes, by the time that its steps have taken so far, evaluations and checkpoints included."""

    def __init__(self, done: int, total: int) -> None:
        self._done, self._total = done, total
        self._begin = time.monotonic()

    def left(self, step: int) -> timedelta | None:
        """What is left of it after a step, in whole seconds; none where no step was timed."""
        if step <= self._done:
            return None
        seconds = (time.monotonic() - self._begin) / (step - self._done) * (self._total - step)
        return timedelta(seconds=math.ceil(seconds))


def _written(figure: float | None) -> str:
    """A figure for the table; a dash for one that there is not, or that is undefined."""
    return "-" if figure is None or not math.isfinite(figure) else f"{figure:.4f}"
