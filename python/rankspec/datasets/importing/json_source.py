"""Files of JSON lines as batches of text and lists of text: numbers stand as they are written, to the last digit."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa

from rankspec.datasets.importing.errors import TableError
from rankspec.datasets.importing.source import Source
from rankspec.datasets.importing.text_files import damaged, encoding_of, not_of_encoding, open_text

_BATCH_ROWS = 8192


class _Number(str):
    """A number as it is written."""

    __slots__ = ()


class JsonSource(Source):
    """A file with a JSON object on each line, which can be read again and again.

    Attributes:
        names: the members of all objects, in the order in which they first come.
        strings: columns with a value that is written as a string: their numbers are text.
    """

    is_text = True

    def __init__(self, path: Path, encoding: str | None = None) -> None:
        """Reads the file once, for the names.

        Raises:
            TableError: it cannot be read, or a line is no object of values and lists.
        """
        self.path = path
        self.strings: set[str] = set()
        self._lists: set[str] = set()
        self._encoding = encoding_of(path, encoding)
        names: dict[str, None] = {}
        for line, row in self._rows():
            names.update(dict.fromkeys(row))
            for name, value in row.items():
                self._note(line, name, value)
        if not names:
            raise TableError(f'{path} has no rows; a line is an object such as {{"age": 42}}')
        self.names = tuple(names)

    def batches(self, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        """The rows; null where an object has no such member.

        Args:
            columns: the columns that are wanted; None for all.

        Raises:
            TableError: a line cannot be read.
        """
        rows: list[dict[str, object]] = []
        for _, row in self._rows():
            rows.append(row)
            if len(rows) == _BATCH_ROWS:
                yield self._batch(rows, columns or self.names)
                rows = []
        if rows:
            yield self._batch(rows, columns or self.names)

    def place(self, row: int) -> str:
        """Where a row stands, counted from 0: file and line."""
        for index, (line, _) in enumerate(self._rows()):
            if index == row:
                return f"{self.path}:{line}"
        return str(self.path)

    def _batch(self, rows: list[dict[str, object]], names: Sequence[str]) -> pa.RecordBatch:
        columns = {}
        for name in names:
            values = [row.get(name) for row in rows]
            if name in self._lists:
                items = [None if v is None else [_text(item) for item in _as_list(v)] for v in values]
                columns[name] = pa.array(items, pa.list_(pa.string()))
            else:
                columns[name] = pa.array([_text(value) for value in values], pa.string())
        return pa.RecordBatch.from_pydict(columns)

    def _rows(self) -> Iterator[tuple[int, dict[str, object]]]:
        """Line numbers, from 1, and objects."""
        decoder = json.JSONDecoder(parse_int=_Number, parse_float=_Number, parse_constant=_Number)
        try:
            with open_text(self.path, self._encoding) as text:
                for line, content in enumerate(text, start=1):
                    if not content.strip():
                        continue
                    try:
                        row = decoder.decode(content)
                    except (ValueError, RecursionError) as error:
                        raise TableError(f"{self.path}:{line}: no JSON: {error}") from error
                    if not isinstance(row, dict):
                        raise TableError(f'{self.path}:{line}: no object; a line is one, such as {{"age": 42}}')
                    if not _is_unicode(content, row):
                        raise TableError(
                            f"{self.path}:{line}: an escape such as \\ud83d is half of a character; write both"
                        )
                    yield line, row
        except UnicodeError as error:
            raise not_of_encoding(self.path, self._encoding) from error
        except (OSError, EOFError) as error:
            raise damaged(self.path, error) from error

    def _note(self, line: int, name: str, value: object) -> None:
        """Remembers what form a value has.

        Raises:
            TableError: it is an object, or a list of such or of lists.
        """
        items = value if isinstance(value, list) else [value]
        for item in items:
            if isinstance(item, dict | list):
                raise TableError(
                    f'{self.path}:{line}: "{name}" holds objects or lists of lists; write their values as members '
                    "of the row"
                )
            if isinstance(item, str) and not isinstance(item, _Number):
                self.strings.add(name)
        if isinstance(value, list):
            self._lists.add(name)


def _is_unicode(content: str, row: dict[str, object]) -> bool:
    """Whether there is UTF-8 of a line's names and values: of half of an escaped pair there is none."""
    if "\\ud" not in content and "\\uD" not in content:
        return True
    try:
        json.dumps(row, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _as_list(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


def _text(value: object) -> str | None:
    if value is None or (isinstance(value, _Number) and value in ("NaN", "Infinity", "-Infinity")):
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
