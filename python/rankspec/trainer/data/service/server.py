"""The server: row groups of the files that its config names, and of no others."""

from __future__ import annotations

import hmac
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event, Thread
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import flight

from rankspec.encoding.lists import Lists
from rankspec.trainer.data.arrow_errors import UNREADABLE, reason
from rankspec.trainer.data.service import protocol
from rankspec.trainer.data.service.protocol import DataSetEntry, FileEntry, Ticket, digest_of, number_in, parsed
from rankspec.trainer.data.source import RowFile
from rankspec.trainer.data.values import Stored, StoredColumn
from rankspec.trainer.data_error import DataError

# What an error's text may take: it travels in a header of HTTP/2, of which 8 KiB are sure to arrive.
_MOST_CHARACTERS = 1500
# How long streams may take to end when the server does.
_GRACE_S = 5.0


@dataclass(frozen=True)
class ServedData:
    """A data set that a server has.

    Attributes:
        name: its place in the spec, such as `train_data`.
        files: its files, which have all of its columns.
        names: their paths below the data set's folder.
        columns: what can be asked for.
        selection: the settings that say which files are taken, as text, by name.
        notes: a line for each kind of files that is left out.
    """

    name: str
    files: tuple[RowFile, ...]
    names: tuple[str, ...]
    columns: tuple[StoredColumn, ...]
    selection: Mapping[str, str]
    notes: tuple[str, ...]


class DataServer(flight.FlightServerBase):  # type: ignore[misc] # pyarrow has no types
    """Serves data sets; it runs from its making until `close`."""

    def __init__(
        self,
        data_sets: Sequence[ServedData],
        location: str,
        *,
        token: str | None = None,
        certificate: tuple[bytes, bytes] | None = None,
    ) -> None:
        """Begins to serve.

        Args:
            data_sets: what is served.
            location: `grpc://host:port`, or `grpc+tls://host:port` with a certificate; port 0 takes a free one.
            token: what every client has to show; none asks for nothing.
            certificate: the certificate and its key, in PEM.

        Raises:
            OSError, pyarrow.ArrowException: it cannot listen there.
        """
        self._data_sets = tuple(data_sets)
        self._files = tuple(_entries(data) for data in data_sets)
        self._digests = tuple(
            digest_of(data.columns, files) for data, files in zip(data_sets, self._files, strict=True)
        )
        self._ending = Event()
        super().__init__(
            location,
            tls_certificates=[certificate] if certificate else None,
            middleware={"token": _TokenCheck(token)} if token else None,
        )

    def close(self) -> bool:
        """Ends the server: streams end at their next batch; false if one of a client that takes nothing does not."""
        self._ending.set()
        ending = Thread(target=self.shutdown, daemon=True)
        ending.start()
        ending.join(_GRACE_S)
        return not ending.is_alive()

    def do_action(self, _context: object, action: Any) -> Iterator[Any]:
        """Lists data sets or files, or hashes a file."""
        with _told():
            match action.type:
                case protocol.DATA_SETS:
                    answers = self._list_data_sets()
                case protocol.FILES:
                    answers = (file.to_bytes() for file in self._files[self._data_set(parsed(_body(action)))])
                case protocol.CONTENT:
                    answers = self._content(parsed(_body(action)))
                case _:
                    raise ValueError("there is no such action")
            for answer in answers:
                yield flight.Result(answer)

    def do_get(self, _context: object, ticket: Any) -> Any:
        """Streams rows of a row group, as record batches of fixed-size lists."""
        with _told():
            asked = self._checked(Ticket.from_bytes(ticket.ticket))
            batches = self._batches(asked)
            first = next(batches, None)
            schema = pa.schema([]) if first is None else first.schema
            options = pa.ipc.IpcWriteOptions(compression="lz4" if asked.compress else None)
            return flight.GeneratorStream(schema, _and_the_rest(first, batches), options=options)

    def _not_offered(self, *_arguments: object) -> Any:
        with _told():
            raise ValueError("there is no such call")

    list_flights = get_flight_info = get_schema = do_put = do_exchange = list_actions = _not_offered

    def _list_data_sets(self) -> Iterator[bytes]:
        for data, digest in zip(self._data_sets, self._digests, strict=True):
            yield DataSetEntry(data.name, digest, data.columns, data.selection, data.notes).to_bytes()

    def _data_set(self, said: Mapping[str, Any]) -> int:
        """The number of the data set that a client asks for, as it knows it.

        Raises:
            ValueError: there is none.
            DataError: it is another one by now.
        """
        number = _below(number_in(said, "data_set"), len(self._data_sets), "data set")
        self._require_same(number, str(said.get("digest")))
        return number

    def _require_same(self, data_set: int, digest: str) -> None:
        if not hmac.compare_digest(digest.encode("utf-8", "surrogatepass"), self._digests[data_set].encode()):
            raise DataError("the files were replaced since the run began; bring the old ones back, or begin anew")

    def _content(self, said: Mapping[str, Any]) -> Iterator[bytes]:
        data = self._data_sets[self._data_set(said)]
        number = _below(number_in(said, "file"), len(data.files), "file")
        file, name = data.files[number], data.names[number]
        try:
            yield file.file.sha256()
        except UNREADABLE as error:
            raise DataError(f"{name}: cannot be read: {reason(error)}") from error

    def _checked(self, asked: Ticket) -> Ticket:
        """The same ticket, all of whose numbers are of something that is there.

        Raises:
            ValueError: one is not.
            DataError: the data set is another one by now.
        """
        data = self._data_sets[_below(asked.data_set, len(self._data_sets), "data set")]
        self._require_same(asked.data_set, asked.digest)
        rows = data.files[_below(asked.file, len(data.files), "file")].rows
        _below(asked.first_row, rows[_below(asked.row_group, len(rows), "row group")] + 1, "row")
        for column in asked.columns:
            _below(column, len(data.columns), "column")
        if not asked.columns:
            raise ValueError("no column is asked for")
        return asked

    def _batches(self, asked: Ticket) -> Iterator[Any]:
        data = self._data_sets[asked.data_set]
        file, name = data.files[asked.file], data.names[asked.file]
        with _told(file, name):
            for first, arrays in file.chunks(asked.row_group, [data.columns[column] for column in asked.columns]):
                if self._ending.is_set():
                    raise flight.FlightUnavailableError("the server is ending")
                passed_over = max(asked.first_row - first, 0)
                if passed_over < len(next(iter(arrays.values()))):
                    yield _record_batch({column: values[passed_over:] for column, values in arrays.items()})
            if change := file.change():
                raise DataError(change)


class _TokenCheck(flight.ServerMiddlewareFactory):  # type: ignore[misc] # pyarrow has no types
    """Lets nobody pass who does not show the token."""

    def __init__(self, token: str) -> None:
        super().__init__()
        self._expected = f"Bearer {token}".encode()

    def start_call(self, _info: object, headers: Mapping[str, Sequence[str | bytes]]) -> None:
        """Looks at a call's headers; in constant time, so that nothing is learnt from how long it takes."""
        shown = [value for name, values in headers.items() if name.lower() == "authorization" for value in values]
        given = shown[0] if len(shown) == 1 else b""
        given = given.encode("utf-8", "surrogatepass") if isinstance(given, str) else given
        if not hmac.compare_digest(given, self._expected):
            raise flight.FlightUnauthenticatedError("the token is missing, or another one")


def _entries(data: ServedData) -> tuple[FileEntry, ...]:
    return tuple(
        FileEntry(name, file.identity, tuple(file.rows)) for name, file in zip(data.names, data.files, strict=True)
    )


def _record_batch(columns: Mapping[str, Stored]) -> Any:
    """Columns as lists, without a copy where they lie in memory without gaps."""
    return pa.RecordBatch.from_arrays([_lists(values) for values in columns.values()], names=list(columns))


def _lists(values: Stored) -> pa.Array:
    """Values `[rows, length]` as lists of that size, and lists as such."""
    if isinstance(values, Lists):
        return pa.LargeListArray.from_arrays(pa.array(values.offsets), pa.array(values.values))
    return pa.FixedSizeListArray.from_arrays(pa.array(np.ascontiguousarray(values).reshape(-1)), values.shape[1])


def _and_the_rest(first: Any, batches: Iterator[Any]) -> Iterator[Any]:
    if first is not None:
        yield first
    yield from batches


def _below(number: int, end: int, what: str) -> int:
    if number >= end:
        raise ValueError(f"there is no {what} {number}")
    return number


def _body(action: Any) -> bytes:
    body: bytes = action.body.to_pybytes()
    return body


@contextmanager
def _told(file: RowFile | None = None, name: str = "") -> Iterator[None]:
    """Tells a client what is wrong, in a sentence: no traceback, and a file by the name that the client knows."""
    try:
        yield
    except DataError as error:
        text = (file.change() or error.message) if file else error.message
        raise _error("data", text.replace(str(file.file), name) if file else text) from None
    except ValueError as error:
        raise _error("request", str(error)) from None
    except flight.FlightError:
        raise
    except Exception as error:  # noqa: BLE001 - the last resort: what a thread of the server raises goes to its client
        sys.stderr.write(f"error: a request failed: {type(error).__name__}: {' '.join(str(error).split())[:500]}\n")
        raise flight.FlightInternalError("the server failed; its own output says more") from None


def _error(kind: str, text: str) -> Any:
    said = text if len(text) <= _MOST_CHARACTERS else f"{text[:_MOST_CHARACTERS]}…"
    return flight.FlightServerError(kind, extra_info=json.dumps({"kind": kind, "text": said}).encode())
