"""Where in the files a value stands, for messages."""

from __future__ import annotations

from dataclasses import dataclass

from rankspec.trainer.data.storage.storage import NamedFile


@dataclass(frozen=True, slots=True)
class Place:
    """Where some rows come from that lie in memory.

    Attributes:
        file: the file.
        row_group: number of the row group, from 0.
        first_row: number in the file of the first of the rows, from 0.
    """

    file: NamedFile
    row_group: int
    first_row: int

    def __str__(self) -> str:
        return f"{self.file}, row group {self.row_group}"

    def of(self, column: str, row: int | None = None) -> str:
        """The place of a column, or of what a row has in it; rows are counted from the first one at hand."""
        here = "" if row is None else f", row {self.first_row + row}"
        return f'{self}{here}, column "{column}"'
