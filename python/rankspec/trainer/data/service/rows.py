"""A data set whose rows come from a data service: files as the server lists them, read a row group at a time."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import PurePosixPath
from typing import Any, ClassVar

import pyarrow as pa

from rankspec.trainer.data.dataset import Dataset
from rankspec.trainer.data.identity import identity_of
from rankspec.trainer.data.notices import Notices
from rankspec.trainer.data.place import Place
from rankspec.trainer.data.plan import DataPlan
from rankspec.trainer.data.service.credentials import credentials
from rankspec.trainer.data.service.protocol import CONTENT, DATA_SETS, FILES, DataSetEntry, FileEntry, Ticket
from rankspec.trainer.data.service.servers import Server, Servers
from rankspec.trainer.data.source import FileIdentity, place_in
from rankspec.trainer.data.values import Stored, StoredColumn, is_list, stored_of
from rankspec.trainer.data_error import DataError
from rankspec.trainer.inputs import Column, names_difference

_NOT_THERE = "start the server with a config that has it"


@dataclass(frozen=True)
class _Served:
    """A data set on its servers.

    Attributes:
        servers: the servers.
        number: its number there.
        entry: how it is listed.
        compress: whether rows are compressed on their way.
    """

    servers: Servers
    number: int
    entry: DataSetEntry
    compress: bool

    def body(self, **named: int) -> bytes:
        """A request about it."""
        return json.dumps({"data_set": self.number, "digest": self.entry.digest} | named).encode()


@dataclass(frozen=True)
class ServedFile:
    """A file of the server; as text, the server's address and its name there."""

    data: _Served
    number: int
    path: PurePosixPath
    num_bytes: int

    def __str__(self) -> str:
        return f"{self.data.servers}/{self.path}"

    def sha256(self) -> bytes:
        """The hash of every byte, worked out by the server."""
        (digest,) = self.data.servers.ask(CONTENT, self.data.body(file=self.number), self.num_bytes)
        return digest


@dataclass(frozen=True)
class ServedRows:
    """The rows of such a file.

    Attributes:
        file: the file.
        rows: rows of each row group.
        identity: what tells it from another.
        first_row_group: row groups of the files before it.
    """

    form: ClassVar[str] = "Arrow Flight"

    file: ServedFile
    rows: tuple[int, ...]
    identity: FileIdentity
    first_row_group: int

    def chunks(self, row_group: int, columns: Sequence[StoredColumn]) -> Iterator[tuple[int, dict[str, Stored]]]:
        """Columns of one row group, some rows at a time, without a copy unless they come compressed."""
        data, first = self.file.data, 0
        numbers = {column.name: number for number, column in enumerate(data.entry.columns)}
        ticket = Ticket(
            data_set=data.number,
            digest=data.entry.digest,
            file=self.file.number,
            row_group=row_group,
            columns=tuple(numbers[column.name] for column in columns),
            compress=data.compress,
        )
        for batch in data.servers.read(ticket, self.first_row_group + row_group, self.rows[row_group]):
            place = place_in(self, row_group, first)
            _check_form(batch, columns, place)
            yield first, {column.name: stored_of(batch.column(column.name), column, place) for column in columns}
            first += batch.num_rows

    def change(self) -> str | None:
        """None: the server looks at the file after every row group, and says so in place of the rows."""
        return None


def open_served(
    addresses: str,
    plan: DataPlan,
    schema: Mapping[str, Column],
    selection: Mapping[str, str],
    *,
    compress: bool = False,
) -> Dataset:
    """Opens a data set that servers have, which has the same batches as if its files were opened here.

    Args:
        addresses: of the servers, with commas between them; `plan.source` is the field that names them.
        plan: how the rows become batches.
        schema: the columns that are said to be there, which are part of the data set's identity.
        selection: the settings that say which files are taken, as text, by name; the server's have to be the same.
        compress: whether rows are compressed on their way.

    Raises:
        DataError: the server has other data than the config asks for, or refuses to say.
        TrainError: no server can be reached.
    """
    shown = credentials(plan.source)
    notices = Notices()
    servers = Servers([Server(address, shown) for address in addresses.split(",")], plan.source, notices)
    try:
        data = _found(servers, plan, compress=compress)
        _check_selection(data, selection)
        _check_columns(data, plan.columns)
        files = _files(data)
        identity = identity_of(files, PurePosixPath(), schema)
    except DataError as error:
        raise DataError(error.message, error.path or plan.source) from error
    return Dataset(plan, files, identity=identity, notes=data.entry.notes, notices=notices)


def _found(servers: Servers, plan: DataPlan, *, compress: bool) -> _Served:
    try:
        entries = [DataSetEntry.from_bytes(body) for body in servers.ask(DATA_SETS, b"")]
    except (ValueError, TypeError, KeyError) as error:
        raise _not_understood(servers, error) from error
    for number, entry in enumerate(entries):
        if entry.name == plan.path:
            return _Served(servers, number, entry, compress)
    names = ", ".join(entry.name for entry in entries) or "none"
    raise DataError(f"{servers} has no {plan.path}, but {names}; {_NOT_THERE}")


def _check_selection(data: _Served, selection: Mapping[str, str]) -> None:
    theirs = data.entry.selection
    for name in sorted({*selection, *theirs}):
        if selection.get(name) != theirs.get(name):
            raise DataError(
                f"the config of {data.servers} says {name}: {theirs.get(name, 'nothing')}, and this one "
                f"{selection.get(name, 'nothing')}; start the server with the same"
            )


def _check_columns(data: _Served, columns: Sequence[StoredColumn]) -> None:
    served = {column.name: column for column in data.entry.columns}
    for column in columns:
        found = served.get(column.name)
        if found is None:
            raise DataError(f'{data.servers} does not give out the column "{column.name}"; {_NOT_THERE}')
        if found.length != column.length or column.dtype not in (found.dtype, "number"):
            raise DataError(
                f'{data.servers} has the column "{column.name}" as {found.length} of {found.dtype} a row, and this '
                f"config reads {column.length} of {column.dtype}; start the server with the same schema file"
            )
        if change := names_difference(column.features, found.features):
            raise DataError(
                f'{data.servers} has the column "{column.name}" with {change}; start the server with the same schema '
                "file, and the files that were written with it"
            )


def _files(data: _Served) -> list[ServedRows]:
    try:
        entries = [FileEntry.from_bytes(body) for body in data.servers.ask(FILES, data.body())]
    except DataError:
        raise
    except (ValueError, TypeError, KeyError) as error:
        raise _not_understood(data.servers, error) from error
    firsts = accumulate((len(entry.rows) for entry in entries), initial=0)
    return [
        ServedRows(
            ServedFile(data, number, PurePosixPath(entry.name), entry.identity[0]), entry.rows, entry.identity, first
        )
        for number, (entry, first) in enumerate(zip(entries, firsts, strict=False))
    ]


def _not_understood(servers: Servers, error: Exception) -> DataError:
    if isinstance(error, DataError):
        return error
    return DataError(f"what {servers} says of its data cannot be understood: {error}; is it `rankspec data serve`?")


def _check_form(batch: Any, columns: Sequence[StoredColumn], place: Place) -> None:
    """Makes sure that a batch has what was asked for.

    Raises:
        DataError: it has something else.
    """
    names = [column.name for column in columns]
    if batch.schema.names != names or not all(map(_has_form, batch.schema.types, columns)):
        raise DataError(f"{place}: the server sent {batch.schema.to_string()}; it does not speak as this version does")


def _has_form(stored: pa.DataType, column: StoredColumn) -> bool:
    if column.varies:
        return is_list(stored) and bool(pa.types.is_int64(stored.value_type))
    if not pa.types.is_fixed_size_list(stored) or stored.list_size != column.length:
        return False
    values = stored.value_type
    if column.dtype == "number":
        return bool(pa.types.is_integer(values) or pa.types.is_floating(values))
    return bool(pa.types.is_float32(values) if column.dtype == "float32" else pa.types.is_int64(values))
