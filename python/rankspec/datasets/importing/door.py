"""The door for tables: files of every form, and tables of Python, as batches of raw columns that can be read again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa

from rankspec.datasets.importing.arrow_source import ArrowSource, ParquetSource, StreamSource
from rankspec.datasets.importing.csv_source import CsvFormat, CsvSource
from rankspec.datasets.importing.errors import TableError
from rankspec.datasets.importing.json_source import JsonSource
from rankspec.datasets.importing.source import Source
from rankspec.datasets.importing.text_files import first_bytes

Form = Literal["csv", "parquet", "arrow", "json"]
FORMS: tuple[Form, ...] = ("csv", "parquet", "arrow", "json")
_FORM_OF_SUFFIX: dict[str, Form] = {
    **dict.fromkeys((".csv", ".tsv", ".txt", ".tab", ".psv"), "csv"),
    **dict.fromkeys((".parquet", ".pq"), "parquet"),
    **dict.fromkeys((".arrow", ".feather", ".ipc", ".arrows"), "arrow"),
    **dict.fromkeys((".jsonl", ".ndjson", ".json"), "json"),
}
_PACKED = (".gz", ".gzip", ".zst", ".bz2")


class Table:
    """One table of one or more parts, with the same columns in each.

    Attributes:
        called: the first part's file, or "the table".
        names: the columns' names, in the order of the first part.
        decimal: the decimal mark: a comma if some part has one.
        notes: what was found out of the parts that their reader may want to know.
        strings: columns whose values are strings in the file, also where they look like numbers.
    """

    def __init__(self, parts: Sequence[Source]) -> None:
        """Puts parts together; their order is that of the rows.

        Raises:
            TableError: they differ in their columns.
        """
        first = parts[0]
        for part in parts[1:]:
            if odd := set(first.names).symmetric_difference(part.names):
                name = min(odd)
                have, lacks = (first, part) if name in first.names else (part, first)
                raise TableError(
                    f'{_called(have)} has a column "{name}" and {_called(lacks)} has not; parts of a table have the '
                    "same columns"
                )
            if part.is_text != first.is_text:
                raise TableError(f"{_called(part)} is of another form than {_called(first)}; import them apart")
        self._parts = parts
        self.called = _called(first)
        self.names = first.names
        self.decimal = "," if any(part.decimal == "," for part in parts) else "."
        self.notes = [note for part in parts for note in part.notes]
        self.strings = {name for part in parts for name in part.strings}

    def batches(self, columns: Sequence[str] | None = None) -> Iterator[tuple[str, pa.RecordBatch]]:
        """The rows of all parts, each batch with the decimal mark of its numbers.

        Args:
            columns: the columns that are read; None for all.
        """
        names = list(self.names if columns is None else columns)
        for part in self._parts:
            for batch in part.batches(names):
                yield part.decimal, batch.select(names)

    def raw(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """The rows of all parts, of these columns."""
        return (batch for _, batch in self.batches(columns))

    def place(self, row: int) -> str:
        """Where a row stands, counted from 0 through all parts."""
        for part in self._parts[:-1]:
            num_rows = sum(batch.num_rows for batch in part.batches(part.names[:1]))
            if row < num_rows:
                return part.place(row)
            row -= num_rows
        return self._parts[-1].place(row)


def open_table(
    table: Any | Sequence[str | Path], *, form: Form | None = None, csv_format: CsvFormat | None = None
) -> Table:
    """Opens a table.

    Args:
        table: a path, several paths of parts of one table, or anything with `__arrow_c_stream__`.
        form: the files' form; None goes by their names.
        csv_format: how CSV files are written; None finds it out.

    Raises:
        TableError: it cannot be read as a table.
    """
    if isinstance(table, str | Path):
        table = [table]
    if hasattr(table, "__arrow_c_stream__"):
        if form is not None:
            raise TableError(f"--format {form} is about files, and the table is none; leave it out")
        return Table([StreamSource(table, decimal_of(csv_format or CsvFormat(), "the table"))])
    if not isinstance(table, Sequence) or not table or not all(isinstance(path, str | Path) for path in table):
        raise TableError("a table is a path, a list of paths, or has __arrow_c_stream__, as frames and Arrow tables do")
    # Parts in the order of their names: the order in which they are given says nothing.
    return open_files(sorted({Path(path) for path in table}), form=form, csv_format=csv_format)


def open_files(paths: Sequence[Path], *, form: Form | None = None, csv_format: CsvFormat | None = None) -> Table:
    """Opens files as parts of one table, in the order in which they are given.

    Args:
        paths: one file or more, each once.
        form: the files' form; None goes by their names.
        csv_format: how CSV files are written; None finds it out.

    Raises:
        TableError: they cannot be read as a table.
    """
    return Table([_open_file(path, form, csv_format or CsvFormat()) for path in paths])


def _open_file(path: Path, form: Form | None, csv_format: CsvFormat) -> Source:
    form = form or form_of(path)
    if form is None:
        raise TableError(f"the name of {path} does not say what it is; give --format, one of {', '.join(FORMS)}")
    if path.is_dir():
        raise TableError(f"{path} is a folder; name its files")
    if form == "csv":
        return CsvSource(path, csv_format)
    if form == "json":
        _refuse_unused(csv_format, {"encoding"}, f"{path} is of JSON lines")
        return JsonSource(path, csv_format.encoding)
    return (ParquetSource if form == "parquet" else ArrowSource)(path, decimal_of(csv_format, str(path)))


def decimal_of(csv_format: CsvFormat, what: str) -> str:
    """The decimal mark of numbers in columns of text, of a table whose columns have types.

    Args:
        csv_format: what the user says of text.
        what: the table, in words.

    Raises:
        TableError: the user says more than that, and nothing would come of it.
    """
    _refuse_unused(csv_format, {"decimal"}, f"{what} has columns with types")
    return csv_format.decimal or "."


def _refuse_unused(csv_format: CsvFormat, used: set[str], why: str) -> None:
    unset = CsvFormat()
    for name, option in _OPTIONS.items():
        if name not in used and getattr(csv_format, name) != getattr(unset, name):
            raise TableError(f"{option} is about CSV files, and {why}; leave it out")


def form_of(path: Path) -> Form | None:
    """The form that a file's name, or else its first bytes, tell of; None if neither does.

    Raises:
        TableError: the file cannot be read.
    """
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] in _PACKED:
        suffixes.pop()
    if suffixes and (form := _FORM_OF_SUFFIX.get(suffixes[-1])):
        return form
    start = first_bytes(path, 6)
    if start.startswith(b"PAR1"):
        return "parquet"
    return "arrow" if start == b"ARROW1" else None


# By the names of what they say in CsvFormat.
_OPTIONS = {
    "delimiter": "--delimiter",
    "quote": "--quote",
    "encoding": "--encoding",
    "decimal": "--decimal",
    "has_header": "--no-header",
    "names": "--columns",
    "missing": "--missing",
}
assert _OPTIONS.keys() == CsvFormat.__dataclass_fields__.keys()


def _called(source: Source) -> str:
    return str(getattr(source, "path", "the table"))
