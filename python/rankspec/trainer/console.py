"""What a run shows on the terminal: a progress bar, lines, a closing table."""

import math
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Column, Table

from rankspec.metrics.metric_name import MetricName, parsed_name
from rankspec.trainer.details import DetailTable


class RunConsole:
    """Speaks for a run. Processes other than the first are silent."""

    def __init__(self, *, silent: bool = False) -> None:
        """Writes to standard error, so that standard output stays free for results."""
        # A file has no width to keep to, and a table cut off at 80 columns would hide the tasks' names.
        width = None if sys.stderr.isatty() else 160
        self._console = Console(file=sys.stderr, quiet=silent, highlight=False, width=width)
        self._bar: Progress | None = None
        self._task = TaskID(0)

    def say(self, line: str) -> None:
        """Prints a line, above the progress bar if there is one."""
        self._console.print(line, markup=False, soft_wrap=True)

    @contextmanager
    def progress(self, done: int, total: int) -> Iterator[None]:
        """Shows a progress bar for the time of the context, where standard error is a terminal."""
        columns = (
            TextColumn("training"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[note]}"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=self._console, disable=not self._console.is_terminal) as self._bar:
            self._task = self._bar.add_task("training", total=total, completed=done, note="")
            yield
        self._bar = None

    def advance(self, done: int) -> None:
        """Moves the bar to so many steps."""
        if self._bar is not None:
            self._bar.update(self._task, completed=done)

    def note(self, text: str) -> None:
        """Shows a few words beside the bar; without a terminal, prints them."""
        if self._bar is not None and self._console.is_terminal:
            self._bar.update(self._task, note=text)
        else:
            self.say(text)

    def table(self, title: str, records: list[dict[str, Any]], metrics: Sequence[str]) -> None:
        """Prints those of these metrics that several splits have, a row per split, task and group of rows."""
        parsed = [[parsed_name(key) for key in record] for record in records]
        keys = [[key for key in of_record if key.task and key.metric in metrics] for of_record in parsed]
        reported = {key.metric for of_record in keys for key in of_record}
        names = [name for name in metrics if name in reported]
        has_groups = any(key.group for of_record in keys for key in of_record)
        places = [Column(place, overflow="fold") for place in ("task", *(["group"] if has_groups else []))]
        table = Table("split", *places, *names, title=title, title_justify="left")
        for record, of_record in zip(records, keys, strict=True):
            for task, group in sorted({(key.task, key.group) for key in of_record}):
                figures = (record.get(str(MetricName(name, group, task))) for name in names)
                place = (task, group) if has_groups else (task,)
                table.add_row(record["split"], *place, *(_written(figure) for figure in figures))
        self._console.print(table)

    def detail(self, split: str, details: DetailTable) -> None:
        """Prints a table that was asked for of a validation set."""
        table = Table(*details.columns, title=f"{split}: {details.title}", title_justify="left")
        for row in details.rows:
            table.add_row(*row)
        self._console.print(table)


def _written(figure: float | None) -> str:
    """A figure for the table; a dash for one that there is not, or that is undefined."""
    return "-" if figure is None or not math.isfinite(figure) else f"{figure:.4f}"
