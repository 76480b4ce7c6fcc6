"""An HTTP server that takes so many connections and no more, and closes those on which nothing comes."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.web_protocol import RequestHandler

from rankspec.scoring.server.json_messages import error_of, json_bytes
from rankspec.scoring.server.refusals import Kind, Refusal, invalid

if TYPE_CHECKING:
    from rankspec.scoring.server.logs import Log
    from rankspec.scoring.server.settings import Address, Limits

    Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


class _Connection(RequestHandler):
    """A connection on which mistakes are told in our words: aiohttp's quote the request, in answer and log."""

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,  # noqa: ARG002 - the argument of aiohttp's
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002 - quotes
    ) -> web.StreamResponse:
        """Answers, and ends the connection."""
        if request.writer.output_size > 0:
            raise ConnectionError("an answer has begun, and another cannot be given")
        server = self._manager
        assert isinstance(server, LimitedServer), "it made this"
        response = server.answer_to(exc)
        response.force_close()
        return response


class _Failures(logging.Handler):
    """Takes what aiohttp would write about errors, and writes their kind and place, as the log's other lines are."""

    def __init__(self, log: Log) -> None:
        super().__init__(logging.ERROR)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        self._log.failure(error if isinstance(error, Exception) else RuntimeError(record.msg))


def _failures(log: Log) -> logging.Logger:
    # Not one that `logging` knows: no other handler is to get what it is told.
    logger = logging.Logger("rankspec.http", logging.ERROR)  # noqa: LOG001
    logger.addHandler(_Failures(log))
    return logger


def refused(refusal: Refusal) -> web.Response:
    """A refusal, as an answer."""
    response = web.Response(
        body=json_bytes(error_of(refusal)), status=refusal.kind.value.http, content_type="application/json"
    )
    if refusal.retry_after is not None:
        response.headers["Retry-After"] = str(refusal.retry_after)
    if refusal.kind is Kind.UNAUTHENTICATED:
        response.headers["WWW-Authenticate"] = "Bearer"
    if refusal.kind in (Kind.TOO_LARGE, Kind.SLOW):
        # What is still to come of the request is not waited for.
        response.force_close()
    return response


class LimitedServer(web.Server):
    """Makes connections' handlers, and ends connections that are too many or idle."""

    def __init__(self, handler: Handler, limits: Limits, log: Log) -> None:
        """Takes what answers a request.

        Args:
            handler: answers; it reads the request's body itself.
            limits: of connections and headers.
            log: hears of our own mistakes.
        """
        super().__init__(
            self._handled,
            access_log=None,
            logger=_failures(log),
            auto_decompress=False,
            max_line_size=limits.max_header_bytes,
            max_field_size=limits.max_header_bytes,
            keepalive_timeout=limits.idle_timeout_s,
            lingering_time=2.0,
        )
        self._answer = handler
        self._limits = limits
        self._log = log
        # When each connection's last request ended; connections with a request under way are not in it.
        self._idle_since: dict[asyncio.BaseTransport, float] = {}

    def __call__(self) -> RequestHandler:
        """A connection's handler."""
        assert self._loop is not None, "it runs"
        return _Connection(self, loop=self._loop, **self._kwargs)

    def answer_to(self, error: BaseException | None) -> web.Response:
        """What is said where a request cannot be read, or its handler raises what is no refusal."""
        if isinstance(error, HttpProcessingError):
            return refused(invalid("REQUEST_INVALID", "what came is no request of HTTP that can be read"))
        if isinstance(error, Exception):
            self._log.failure(error)
        return refused(Refusal(Kind.FAILED, "SCORING_FAILED", "the request could not be answered"))

    def connection_made(self, handler: RequestHandler, transport: asyncio.Transport) -> None:
        """Takes a connection, or ends it at once."""
        super().connection_made(handler, transport)
        if len(self.connections) > self._limits.max_connections:
            transport.abort()
            return
        self._idle_since[transport] = time.monotonic()

    def connection_lost(self, handler: RequestHandler, exc: BaseException | None = None) -> None:
        """Forgets a connection."""
        if handler.transport is not None:
            self._idle_since.pop(handler.transport, None)
        super().connection_lost(handler, exc)

    async def _handled(self, request: web.BaseRequest) -> web.StreamResponse:
        transport = request.transport
        if transport is not None:
            self._idle_since.pop(transport, None)
        try:
            return await self._answer(request)
        finally:
            if transport is not None and not transport.is_closing():
                self._idle_since[transport] = time.monotonic()

    async def end_idle_connections(self) -> None:
        """Ends connections on which nothing has come for too long, for as long as it is not cancelled.

        What comes slowly counts as nothing: a request's headers have to be there whole.
        """
        while True:
            await asyncio.sleep(min(1.0, self._limits.idle_timeout_s / 4))
            before = time.monotonic() - self._limits.idle_timeout_s
            for transport in [one for one, since in self._idle_since.items() if since < before]:
                del self._idle_since[transport]
                if isinstance(transport, asyncio.Transport):
                    transport.abort()


async def listen(site: web.TCPSite, address: Address) -> None:
    """Begins to listen.

    Raises:
        OSError: the address cannot be listened on; the text names it.
    """
    try:
        await site.start()
    except OSError as error:
        # For an address in use asyncio has a text of its own; a name that is not found has no number of the system.
        why = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror
        raise OSError(f"{address} cannot be listened on: {why}") from error
