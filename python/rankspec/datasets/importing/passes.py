"""What an import asks of the rows of a table, wherever they are: each is one pass over them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from rankspec.data.v1.recipe_pb2 import Recipe
from rankspec.datasets.importing.plan import Plan
from rankspec.datasets.importing.profile import Profile
from rankspec.datasets.importing.rows import Tick
from rankspec.datasets.importing.written import Found
from rankspec.datasets.vectors import Vectors
from rankspec.encoding.fitting import Fitted
from rankspec.encoding.trackers import TimeTracker

Progress = Callable[[str, int], Any]
"""Opens a bar: what is done and of how many rows (0 if unknown); gives a context whose value is told of rows done."""


@contextmanager
def silent(_what: str, _num_rows: int) -> Iterator[Tick]:
    """Shows no progress."""
    yield lambda _rows: None


@dataclass(frozen=True)
class Written:
    """What became of the rows.

    Attributes:
        found: what was found out of them.
        entries: of the schema file.
        num_in_gap: rows that have labels and are in no part.
        notes: what was done about missing values of carried columns.
    """

    found: Found
    entries: list[dict[str, Any]]
    num_in_gap: int
    notes: list[str]


class Passes(Protocol):
    """The rows of a table, on one machine or on an engine. `fit` comes before `write`, with the same folder.

    Attributes:
        names: the columns' names.
        strings: columns whose values are strings, also where they look like numbers.
        decimal: the decimal mark of numbers that are written.
        notes: what was found out of the table that its reader may want to know.
    """

    names: Sequence[str]
    strings: set[str]
    decimal: str
    notes: list[str]

    def placed(self) -> AbstractContextManager[None]:
        """A context whose EncodingErrors become TableErrors that tell where the row stands."""

    def profiles(self) -> dict[str, Profile]:
        """What each column is like.

        Raises:
            TableError: the table cannot be read.
        """

    def num_rows(self) -> int:
        """How many rows there are."""

    def count_times(self, recipe: Recipe) -> TimeTracker:
        """Rows that have a label, by whole multiples of what the recipe's split by time rounds to."""

    def fit(self, recipe: Recipe, folder: Path, *, show_values: bool) -> tuple[Fitted, int]:
        """The fitted recipe, and how many rows there are with those that have no label.

        Args:
            recipe: with every default filled in, and the starts of its parts.
            folder: where the data set is made.
            show_values: errors may show a value.
        """

    def write(self, made: Plan, fitted: Fitted, folder: Path, vectors: Vectors) -> Written:
        """Writes the files of all parts into the folder."""
