"""What a data service and its clients say to each other: JSON in the messages of Arrow Flight.

A row group is asked for by numbers alone, and a server looks them up in what its own config names: nothing that a
client says is ever taken for a path or a name.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from rankspec.trainer.data.source import FileIdentity
from rankspec.trainer.data.values import StoredColumn
from rankspec.trainer.inputs import VARYING

# Of what is said here; a client refuses to talk to a server of another one.
VERSION = 1

# The actions: every data set; the files of one; SHA-256 of every byte of a file.
DATA_SETS, FILES, CONTENT = "data_sets", "files", "content"

# More than any request takes: some thousand numbers of columns.
_MOST_REQUEST_BYTES = 64 << 10


@dataclass(frozen=True, slots=True)
class Ticket:
    """A request for rows of one row group, all in numbers.

    Attributes:
        data_set: number of the data set.
        digest: of the data set as the client knows it.
        file: number of the file.
        row_group: number of the row group.
        columns: numbers of the columns.
        first_row: rows of the row group that are passed over.
        compress: whether record batches are compressed on their way.
    """

    data_set: int
    digest: str
    file: int
    row_group: int
    columns: tuple[int, ...]
    first_row: int = 0
    compress: bool = False

    def to_bytes(self) -> bytes:
        """The ticket as it is sent."""
        return json.dumps(asdict(self)).encode()

    @classmethod
    def from_bytes(cls, body: bytes) -> Ticket:
        """The ticket that a client sent, whoever that is.

        Raises:
            ValueError: it is none.
        """
        said = parsed(body)
        numbers = said.get("columns")
        if set(said) != {field.name for field in fields(cls)} or not isinstance(numbers, list):
            raise ValueError("it is no ticket")
        columns = tuple(_number(column) for column in numbers)
        if type(said["digest"]) is not str or type(said["compress"]) is not bool or len(set(columns)) != len(numbers):
            raise ValueError("it is no ticket")
        places = {name: _number(said[name]) for name in ("data_set", "file", "row_group", "first_row")}
        return cls(digest=said["digest"], columns=columns, compress=said["compress"], **places)


@dataclass(frozen=True, slots=True)
class FileEntry:
    """A file as a server lists it.

    Attributes:
        name: its path below the data set's folder.
        identity: what tells it from another.
        rows: rows of each row group.
    """

    name: str
    identity: FileIdentity
    rows: tuple[int, ...]

    def to_bytes(self) -> bytes:
        """The entry as it is sent."""
        return json.dumps([self.name, self.identity, self.rows]).encode()

    @classmethod
    def from_bytes(cls, body: bytes) -> FileEntry:
        """The entry that a server sent.

        Raises:
            ValueError, TypeError, KeyError: it is none.
        """
        name, (size, num_rows, digest), rows = json.loads(body)
        sizes = tuple(_number(size) for size in rows)
        if sum(sizes) != _number(num_rows):
            raise ValueError("the row groups do not have the file's rows")
        return cls(str(name), (_number(size), num_rows, str(digest)), sizes)


@dataclass(frozen=True, slots=True)
class DataSetEntry:
    """A data set as a server lists it.

    Attributes:
        name: its place in the server's config, such as `train_data`.
        digest: differs where columns, files or row groups do.
        columns: what can be asked for of its files.
        selection: the settings that say which files are taken, as text, by name; unset ones are left out.
        notes: a line for each kind of files that is left out.
    """

    name: str
    digest: str
    columns: tuple[StoredColumn, ...]
    selection: Mapping[str, str]
    notes: tuple[str, ...]

    def to_bytes(self) -> bytes:
        """The entry as it is sent."""
        return json.dumps({"version": VERSION} | asdict(self)).encode()

    @classmethod
    def from_bytes(cls, body: bytes) -> DataSetEntry:
        """The entry that a server sent.

        Raises:
            ValueError, TypeError, KeyError: it is none, or one of another version.
        """
        said = json.loads(body)
        if said["version"] != VERSION:
            raise ValueError(f"it speaks version {said['version']} of the protocol, and this is {VERSION}")
        columns = tuple(_column(one) for one in said["columns"])
        selection = {str(name): str(value) for name, value in said["selection"].items()}
        return cls(str(said["name"]), str(said["digest"]), columns, selection, tuple(map(str, said["notes"])))


def _column(said: Mapping[str, Any]) -> StoredColumn:
    # A server of version 0.1 says nothing of features.
    features = said.get("features")
    return StoredColumn(said["name"], said["dtype"], _length(said["length"]), features and tuple(map(str, features)))


def _length(value: object) -> int:
    return VARYING if value == VARYING else _number(value)


def digest_of(columns: Sequence[StoredColumn], files: Sequence[FileEntry]) -> str:
    """SHA-256 of what a ticket's numbers are looked up in, in hexadecimal."""
    described = [[asdict(column) for column in columns], [asdict(file) for file in files]]
    return hashlib.sha256(json.dumps(described).encode()).hexdigest()


def parsed(body: bytes) -> dict[str, Any]:
    """What a client said.

    Raises:
        ValueError: it is no JSON object, or too long for one.
    """
    try:
        said = json.loads(body) if len(body) <= _MOST_REQUEST_BYTES else None
    except RecursionError:
        said = None
    if not isinstance(said, dict):
        raise ValueError("it is no request")  # noqa: TRY004 - what came from outside is a value
    return said


def number_in(said: Mapping[str, Any], name: str) -> int:
    """A number that a client said.

    Raises:
        ValueError: there is none.
    """
    return _number(said.get(name))


def _number(value: object) -> int:
    if type(value) is not int or value < 0:
        raise ValueError("a number from 0 is missing")
    return value
