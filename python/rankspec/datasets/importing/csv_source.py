"""CSV files as batches of text: nothing is guessed of a value, what cannot be read is told by its line.

pyarrow's reader does the work, with every column as text. A field that is empty or spelled like a missing value is null
unless it is quoted.
"""

from __future__ import annotations

import codecs
import csv
import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from rankspec.datasets.importing.errors import TableError
from rankspec.datasets.importing.source import Source
from rankspec.datasets.importing.text_files import (
    UTF_8,
    damaged,
    encoding_of,
    first_bytes,
    not_of_encoding,
    open_bytes,
    open_text,
)

MISSING = ("", "NA", "N/A", "n/a", "NULL", "null", "NaN", "nan", "None", "?", "\\N")
"""Unquoted fields that stand for a missing value, unless others are named."""
_DELIMITERS = (",", ";", "\t", "|")
# Reads ahead hold several blocks: small ones keep a copy of a file within 200 MB of memory.
_BLOCK_BYTES = 1 << 20
_MOST_BLOCK_BYTES = 256 << 20
# A quote that is never closed makes the rest of the file one cell.
_LONG_CELL_BYTES = 64 << 10
_SNIFFED_BYTES = 256 << 10
_DECIMAL_COMMA = re.compile(r"[+-]?[0-9]+,[0-9]+")


Decimal = Literal[".", ","]


@dataclass(frozen=True)
class CsvFormat:
    """How CSV files are written; what is None is found out from the file.

    Attributes:
        delimiter: what stands between fields: one character.
        quote: what fields are quoted with: one character.
        encoding: a name that Python knows.
        decimal: `.` or `,`.
        has_header: the first line names the columns.
        names: what columns are called instead of what the header says.
        missing: unquoted fields that stand for a missing value.
    """

    delimiter: str | None = None
    quote: str = '"'
    encoding: str | None = None
    decimal: Decimal | None = None
    has_header: bool = True
    names: tuple[str, ...] | None = None
    missing: tuple[str, ...] = MISSING

    def __post_init__(self) -> None:
        """Looks at the decimal mark.

        Raises:
            TableError: it is none.
        """
        if self.decimal not in {None, *get_args(Decimal)}:
            raise TableError(f"--decimal {self.decimal}: give a point or a comma")


class CsvSource(Source):
    """A CSV file that can be read again and again.

    Attributes:
        names: the columns' names.
        notes: what was found out of the file that its reader may want to know.
    """

    is_text = True

    def __init__(self, path: Path, form: CsvFormat) -> None:
        """Looks at the first lines of a file.

        Raises:
            TableError: it cannot be read, is empty, or its header names no columns or one twice.
        """
        self.path = path
        self.notes: list[str] = []
        self._form = form
        self._encoding = encoding_of(path, form.encoding)
        records = self._first_records()
        self._delimiter = form.delimiter or _delimiter_of(records, form.quote)
        parsed = list(_parsed(records, self._delimiter, form.quote))
        self.names = self._names_of(parsed)
        self.decimal = form.decimal or _decimal_of(parsed[form.has_header :], self._delimiter)

    def batches(self, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        """The rows, all columns as text; null where a value is missing.

        Args:
            columns: the columns that are read; None for all.

        Raises:
            TableError: a line cannot be read.
        """
        block, done = _BLOCK_BYTES, 0
        while True:
            try:
                for batch in self._read(block, columns):
                    skipped = min(max(done - self._row, 0), batch.num_rows)
                    self._row += batch.num_rows
                    done = max(done, self._row)
                    if skipped < batch.num_rows:
                        yield batch.slice(skipped)
            except pa.ArrowInvalid as error:
                if "straddl" not in str(error) or block >= _MOST_BLOCK_BYTES:
                    raise self._at_its_line(error) from error
                block *= 2
            except UnicodeError as error:
                raise not_of_encoding(self.path, self._encoding) from error
            except OSError as error:
                raise damaged(self.path, error) from error
            else:
                return

    def place(self, row: int) -> str:
        """Where a row stands, counted from 0: file and line."""
        record = row + self._form.has_header
        with open_text(self.path, self._encoding) as text:
            reader = csv.reader(text, delimiter=self._delimiter, quotechar=self._form.quote)
            begin = 1
            for fields in reader:
                if fields or len(self.names) == 1:
                    if record == 0:
                        break
                    record -= 1
                begin = reader.line_num + 1
        return f"{self.path}:{begin}"

    def _read(self, block: int, columns: Sequence[str] | None) -> Iterator[pa.RecordBatch]:
        """The rows from the first on, in blocks of so many bytes."""
        self._row = 0
        form = self._form
        read = pa_csv.ReadOptions(
            use_threads=False,
            block_size=block,
            skip_rows=self._num_blank_lines,
            # The header may be of several lines, within quotes.
            skip_rows_after_names=int(form.has_header),
            column_names=list(self.names),
            encoding="utf8" if self._encoding in UTF_8 else self._encoding,
        )
        parse = pa_csv.ParseOptions(
            delimiter=self._delimiter,
            quote_char=form.quote,
            newlines_in_values=True,
            # In a file of one column an empty line is a missing value.
            ignore_empty_lines=len(self.names) > 1,
        )
        convert = pa_csv.ConvertOptions(
            column_types={name: pa.string() for name in self.names},
            null_values=list(form.missing),
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
            include_columns=None if columns is None else list(columns),
        )
        with open_bytes(self.path) as stream:
            try:
                reader = pa_csv.open_csv(stream, read, parse, convert)
            except pa.ArrowInvalid as error:
                if "Empty CSV file" in str(error):
                    return
                raise
            last = None
            for batch in reader:
                self._check_cells(batch)
                last = batch if batch.num_rows else last
                yield batch
        if last is not None:
            self._check_end(last)

    def _check_cells(self, batch: pa.RecordBatch) -> None:
        """Refuses cells that look as if a quote was never closed."""
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            longest = pc.max(pc.binary_length(column)).as_py() or 0
            if longest <= _LONG_CELL_BYTES:
                continue
            row = pc.index(pc.greater(pc.binary_length(column), _LONG_CELL_BYTES), True).as_py()
            if "\n" in column[row].as_py():
                raise TableError(
                    f'{self.place(self._row + row)}: "{name}" has {longest} bytes with line ends in them; '
                    "close the quote that opens there, or name another one with --quote"
                )

    def _check_end(self, last: pa.RecordBatch) -> None:
        """Refuses a file that ends within quotes, which pyarrow takes for the end of the field."""
        # Of some columns alone it cannot be told; all of them are read at least once.
        if not any("\n" in (column[-1].as_py() or "") for column in last.columns):
            return
        with open_text(self.path, self._encoding) as text:
            reader = csv.reader(text, delimiter=self._delimiter, quotechar=self._form.quote, strict=True)
            begin = 1
            try:
                for _ in reader:
                    begin = reader.line_num + 1
            except csv.Error as error:
                if "unexpected end of data" in str(error):
                    raise TableError(f"{self.path}:{begin}: a quote opens here and is never closed") from error

    def _at_its_line(self, error: pa.ArrowInvalid) -> TableError:
        """What pyarrow says of a row, in terms of the file."""
        text = str(error)
        if found := re.search(r"Row #(\d+): Expected (\d+) columns, got (\d+)", text):
            row, expected, got = (int(number) for number in found.groups())
            place = self.place(row - 1 - self._form.has_header)
            return TableError(
                f"{place}: {got} fields where the header has {expected}; quote fields that hold the separator, "
                f"{_spelled(self._delimiter)}, or name another one with --delimiter"
            )
        if "invalid UTF8" in text:
            return not_of_encoding(self.path, "utf-8")
        if "straddl" in text:
            return TableError(f"{self.path}: a line has more than {_MOST_BLOCK_BYTES >> 20} MiB; is a quote left open?")
        return TableError(f"{self.path}: {text}")

    def _first_records(self) -> list[str]:
        """The first lines; at least one.

        Raises:
            TableError: the file has no line, or is no text.
        """
        raw = first_bytes(self.path, _SNIFFED_BYTES)
        try:
            # Of a longer file the last character may be cut.
            decoder = codecs.getincrementaldecoder(self._encoding)()
            text = decoder.decode(raw, final=len(raw) < _SNIFFED_BYTES)
        except UnicodeError as error:
            raise not_of_encoding(self.path, self._encoding) from error
        if "\0" in text and self._encoding in UTF_8:
            raise TableError(f"{self.path}: not text; name --encoding utf-16 if it is, or the form with --format")
        lines = text.splitlines(keepends=True)
        if len(raw) >= _SNIFFED_BYTES and len(lines) > 1:
            lines.pop()
        # pyarrow passes over empty lines everywhere but before the header.
        self._num_blank_lines = 0
        while lines and not lines[0].strip("\r\n\ufeff"):
            lines.pop(0)
            self._num_blank_lines += 1
        if not lines:
            raise TableError(f"{self.path} is empty; a table begins with a line of column names")
        return lines[:100]

    def _names_of(self, parsed: list[list[str]]) -> tuple[str, ...]:
        form = self._form
        width = len(parsed[0])
        if form.names is not None:
            if len(form.names) != width:
                raise TableError(f"{self.path}:1: {width} fields, and {len(form.names)} names were given")
            names = list(form.names)
        elif not form.has_header:
            names = [f"column_{index + 1}" for index in range(width)]
        else:
            names = [name.strip() for name in parsed[0]]
            self._check_header(names)
            for index, name in enumerate(names):
                if not name:
                    names[index] = f"column_{index + 1}"
                    self.notes.append(f'{self.path}:1: column {index + 1} has no name; it is called "{names[index]}"')
        for index, name in enumerate(names):
            if name in names[:index]:
                raise TableError(
                    f'{self.path}:1: columns {names.index(name) + 1} and {index + 1} are both called "{name}"; '
                    "rename one, or give all names with --columns"
                )
        return tuple(names)

    def _check_header(self, names: list[str]) -> None:
        """Refuses a first line of values."""
        if any(re.fullmatch(r"[+-]?[0-9]+([.,][0-9]+)?", name) for name in names):
            raise TableError(
                f"{self.path}:1: the first line looks like values, not names; say --no-header, or give all names "
                "with --columns"
            )


def _parsed(lines: list[str], delimiter: str, quote: str) -> Iterator[list[str]]:
    """The fields of lines, without empty ones."""
    return (fields for fields in csv.reader(lines, delimiter=delimiter, quotechar=quote) if fields)


def _delimiter_of(lines: list[str], quote: str) -> str:
    """The separator that splits the lines alike into the most fields; a comma if none does."""
    best, most = ",", 1
    for delimiter in _DELIMITERS:
        widths = [len(fields) for fields in itertools.islice(_parsed(lines, delimiter, quote), 20)]
        # The last line may be within quotes that go on.
        alike = len(set(widths[:-1] or widths)) == 1
        if alike and widths[0] > most:
            best, most = delimiter, widths[0]
    if most == 1:
        counts = {delimiter: lines[0].count(delimiter) for delimiter in _DELIMITERS}
        best = max(counts, key=lambda delimiter: counts[delimiter]) if any(counts.values()) else ","
    return best


def _decimal_of(rows: list[list[str]], delimiter: str) -> str:
    """The decimal mark: a comma if some column has only whole numbers and numbers with one."""
    if delimiter == ",":
        return "."
    for column in itertools.zip_longest(*rows, fillvalue=""):
        values = [value for value in column if value not in MISSING]
        commas = [value for value in values if _DECIMAL_COMMA.fullmatch(value)]
        if commas and all(_DECIMAL_COMMA.fullmatch(value) or re.fullmatch(r"[+-]?[0-9]+", value) for value in values):
            return ","
    return "."


def _spelled(delimiter: str) -> str:
    return "a tab" if delimiter == "\t" else f"`{delimiter}`"
