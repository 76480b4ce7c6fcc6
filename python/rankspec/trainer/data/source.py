"""What is asked of a file of rows, whatever its form: Parquet, TFRecord, or what a data service sends."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from rankspec.trainer.data.place import Place
from rankspec.trainer.data.storage.storage import NamedFile, StoredFile
from rankspec.trainer.data.values import Stored, StoredColumn

# Bytes, rows, and a hash that differs where rows or columns do, all of which lie in the file: not its name, no time.
FileIdentity = tuple[int, int, str]


class RowFile(Protocol):
    """A file of rows that is known to have the columns asked for; it may be read by several threads."""

    @property
    def form(self) -> str:
        """The form's name; all files of a data set have the same."""

    @property
    def file(self) -> NamedFile:
        """Where it lies."""

    @property
    def rows(self) -> tuple[int, ...]:
        """Rows of each row group, the parts that are read as a whole."""

    @property
    def identity(self) -> FileIdentity:
        """What tells the file from another."""

    def chunks(self, row_group: int, columns: Sequence[StoredColumn]) -> Iterator[tuple[int, dict[str, Stored]]]:
        """Reads columns of one row group, some rows at a time.

        Yields:
            The place of the chunk's first row in the row group, and for each column an array `[rows, length]`, or
            lists where rows vary in length, by name; it is read-only.

        Raises:
            DataError: a value is missing, a row has another number of values, or the file is damaged; the text names
                file, row group and column.
        """

    def change(self) -> str | None:
        """What became of the file since it was opened, in words; none if it is the same, though touched or moved."""


def place_in(file: RowFile, row_group: int, first_row: int = 0) -> Place:
    """The place of a row group, or of rows from a place in it on."""
    return Place(file.file, row_group, sum(file.rows[:row_group]) + first_row)


# Opens a file of rows, and makes sure that it has the columns: DataError if not, with the file's name.
OpenRows = Callable[[StoredFile, Sequence[StoredColumn]], RowFile]
