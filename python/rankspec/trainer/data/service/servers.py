"""The servers of one data set's rows, and which of them to ask next when one is lost."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from threading import Lock
from typing import Any

from pyarrow import flight

from rankspec.trainer.data.arrow_errors import UNREADABLE, reason
from rankspec.trainer.data.notices import Notices
from rankspec.trainer.data.service.credentials import CA_FILE, TOKEN_FILE, Credentials
from rankspec.trainer.data.service.protocol import Ticket
from rankspec.trainer.data_error import DataError
from rankspec.trainer.errors import TrainError

# How long a call may take. Of a row group this counts all of its batches: one that takes longer is asked for again from
# the row on that it came to, so that only a server that sends nothing for so long is taken for lost.
DEADLINE_S = 30.0
# Waited after each round of all servers that brought nothing; behind the last one it is over. A server that is started
# again is back within this time.
PAUSES_S = (1.0, 2.0, 4.0, 8.0, 15.0)
# What a file is hashed at, at least.
_HASHED_BYTES_PER_S = 10_000_000


# A lost server is asked again after this time, though others are there; each time that is in vain doubles it.
RETRY_S = 30.0


class Server:
    """One server.

    Attributes:
        address: `grpc://host:port` or `grpc+tls://host:port`.
        is_lost: whether it was gone when it was asked last.
    """

    def __init__(self, address: str, credentials: Credentials) -> None:
        """Takes an address; nothing is sent yet."""
        self.address = address
        self.is_lost = False
        self._credentials = credentials
        self._changing = Lock()
        self._pause_s = RETRY_S
        self._asked_again_at = 0.0

    @property
    def is_due(self) -> bool:
        """Whether it is to be asked: it is not lost, or has been for so long that it may be back."""
        return not self.is_lost or time.monotonic() >= self._asked_again_at

    def lose(self) -> bool:
        """Notes that it is gone; returns whether that is news."""
        with self._changing:
            is_news = not self.is_lost
            self._pause_s = RETRY_S if is_news else 2 * self._pause_s
            self._asked_again_at = time.monotonic() + self._pause_s
            self.is_lost = True
            return is_news

    def find(self) -> bool:
        """Notes that it answers; returns whether that is news."""
        with self._changing:
            is_news, self.is_lost = self.is_lost, False
            return is_news

    @cached_property
    def _client(self) -> Any:
        # A data service is of the same network, so proxies of the environment are not for it.
        options = [("grpc.enable_http_proxy", 0), ("grpc.max_reconnect_backoff_ms", 1000)]
        return flight.FlightClient(self.address, tls_root_certs=self._credentials.authorities, generic_options=options)

    def ask(self, action: str, body: bytes, deadline_s: float) -> list[bytes]:
        """All answers to an action."""
        results = self._client.do_action(flight.Action(action, body), self._options(deadline_s))
        return [result.body.to_pybytes() for result in results]

    def read(self, ticket: Ticket) -> Iterator[Any]:
        """The record batches of a ticket, as they come."""
        reader = self._client.do_get(flight.Ticket(ticket.to_bytes()), self._options(DEADLINE_S))
        try:
            while True:
                try:
                    yield reader.read_chunk().data
                except StopIteration:
                    return
        finally:
            reader.cancel()

    def _options(self, deadline_s: float) -> Any:
        token = self._credentials.token
        headers = [(b"authorization", f"Bearer {token}".encode())] if token else []
        return flight.FlightCallOptions(timeout=deadline_s, headers=headers)


class Servers:
    """Servers that have the same data, each as good as the other."""

    def __init__(self, servers: list[Server], path: str, notices: Notices) -> None:
        """Takes the servers, the field of the spec that names them, and what is told of them while rows are read."""
        self._servers = servers
        self._path = path
        self._notices = notices

    def __str__(self) -> str:
        return self._servers[0].address

    def ask(self, action: str, body: bytes, num_bytes: int = 0) -> list[bytes]:
        """All answers of a server to an action.

        Args:
            action: its name.
            body: what is asked.
            num_bytes: what the server has to hash for that.

        Raises:
            DataError: it refuses.
            TrainError: none can be reached.
        """
        turns = _Turns(self._servers, 0, self._path)
        while True:
            server = turns.server
            try:
                answers = server.ask(action, body, DEADLINE_S + num_bytes / _HASHED_BYTES_PER_S)
            except UNREADABLE as error:
                self._lose(server, turns, self._as_loss(server, error))
            else:
                self._find(server)
                return answers

    def read(self, ticket: Ticket, number: int, num_rows: int) -> Iterator[Any]:
        """The record batches of a row group, each row once, in order, from however many servers that takes.

        Args:
            ticket: what is asked for.
            number: of the row group in its data set; servers take turns by it.
            num_rows: rows that the row group has.

        Raises:
            DataError: the server refuses, or sends other rows than it listed.
            TrainError: none can be reached.
        """
        turns = _Turns(self._servers, number, self._path)
        while True:
            server, came = turns.server, False
            try:
                for batch in server.read(ticket):
                    came = True
                    self._find(server)
                    ticket = replace(ticket, first_row=ticket.first_row + _rows_of(batch, num_rows - ticket.first_row))
                    yield batch
            except UNREADABLE as error:
                loss = self._as_loss(server, error)
                if came:
                    turns.forget()
                if not (came and isinstance(error, flight.FlightTimedOutError)):
                    self._lose(server, turns, loss)
            else:
                if ticket.first_row != num_rows:
                    raise DataError(f"{server.address} sent {ticket.first_row} rows instead of {num_rows}")
                return

    def _lose(self, server: Server, turns: _Turns, loss: str) -> None:
        """Counts a loss, and tells it if others go on.

        Raises:
            TrainError: that was the last try.
        """
        is_news = server.lose()
        left = ", ".join(other.address for other in self._servers if not other.is_lost)
        if is_news and left:
            self._notices.tell(f"a data service is lost, and is asked again from time to time; {left} goes on. {loss}")
        turns.failed(server, loss)

    def _find(self, server: Server) -> None:
        if server.find() and len(self._servers) > 1:
            self._notices.tell(f"{server.address} answers again")

    def _as_loss(self, server: Server, error: BaseException) -> str:
        """What is said of a server that is lost.

        Raises:
            DataError: it is not lost, but refuses.
        """
        if isinstance(error, DataError):
            raise error
        if isinstance(error, flight.FlightUnauthenticatedError | flight.FlightUnauthorizedError):
            raise DataError(
                f"{server.address} refuses the token, or its lack; {TOKEN_FILE} names the file that holds it",
                self._path,
            ) from error
        if (refusal := _refusal(error, server.address)) is not None:
            raise DataError(refusal) from error
        # Between what Flight puts before and behind it.
        text = str(error).rpartition(", with message: ")[2].partition(". gRPC client")[0].partition(". Detail: ")[0]
        return f"{server.address}: {reason(OSError(text))}"


class _Turns:
    """Whose turn it is, for one request."""

    def __init__(self, servers: list[Server], number: int, path: str) -> None:
        self._servers = servers
        self._number = number
        self._path = path
        self._losses: list[str] = []

    @property
    def server(self) -> Server:
        """The server to ask: one that is due, as long as there is any."""
        candidates = [server for server in self._servers if server.is_due] or self._servers
        return candidates[(self._number + len(self._losses)) % len(candidates)]

    def forget(self) -> None:
        """Begins to count anew."""
        self._losses.clear()

    def failed(self, server: Server, loss: str) -> None:
        """Counts a loss, and waits a little after each round.

        Raises:
            TrainError: that was the last try.
        """
        self._losses.append(loss)
        rounds, rest = divmod(len(self._losses), len(self._servers))
        if rest:
            return
        if rounds > len(PAUSES_S):
            tls = f", and {CA_FILE} names what a server's certificate is checked by" if "tls" in server.address else ""
            last = "; ".join(dict.fromkeys(self._losses[-len(self._servers) :]))
            raise TrainError(
                f"no data service answers; once one does, the same command goes on{tls}. {last}",
                self._path,
                code="data.service_lost",
                restart_helps=True,
            )
        time.sleep(PAUSES_S[rounds - 1])


def _refusal(error: BaseException, address: str) -> str | None:
    """What a server says is wrong, if it is the server that says so."""
    try:
        said = json.loads(getattr(error, "extra_info", b"") or b"null")
        return f"{address}{': ' if said['kind'] == 'data' else ' refuses the request: '}{said['text']}"
    except (ValueError, TypeError, KeyError):
        return None


def _rows_of(batch: Any, most: int) -> int:
    """Rows of a batch.

    Raises:
        DataError: there are more than there can be.
    """
    if batch is None or batch.num_rows > most:
        raise DataError(f"the server sent more than the {most} rows that were left")
    rows: int = batch.num_rows
    return rows
