"""What every form of table is read as: batches of raw columns that can be read again and again."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa


class Source(ABC):
    """Rows that can be read again and again.

    Attributes:
        path: the file; a table of Python has none.
        names: the columns' names.
        notes: what was found out that its reader may want to know.
        is_text: values are as they are written, and types are for the reader to find.
        decimal: the decimal mark of numbers that are written.
        strings: columns whose values are strings in the file, also where they look like numbers.
    """

    path: Path
    names: tuple[str, ...]
    notes: Sequence[str] = ()
    is_text = False
    decimal = "."
    strings: set[str] | frozenset[str] = frozenset()

    @abstractmethod
    def batches(self, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        """The rows, of these columns alone where they are given."""

    def place(self, row: int) -> str:
        """Where a row stands, counted from 0."""
        return f"{self.path}: row {row}"
