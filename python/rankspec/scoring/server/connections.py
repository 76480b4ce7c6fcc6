"""An HTTP server that takes so many connections and no more, and closes those on which nothing comes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from aiohttp.web_protocol import RequestHandler

    from rankspec.scoring.server.settings import Limits

    Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


class LimitedServer(web.Server):
    """Makes connections' handlers, and ends connections that are too many or idle."""

    def __init__(self, handler: Handler, limits: Limits) -> None:
        """Takes what answers a request.

        Args:
            handler: answers; it reads the request's body itself.
            limits: of connections and headers.
        """
        super().__init__(
            self._handled,
            access_log=None,
            auto_decompress=False,
            max_line_size=limits.max_header_bytes,
            max_field_size=limits.max_header_bytes,
            keepalive_timeout=limits.idle_timeout_s,
            lingering_time=2.0,
        )
        self._answer = handler
        self._limits = limits
        # When each connection's last request ended; connections with a request under way are not in it.
        self._idle_since: dict[asyncio.BaseTransport, float] = {}

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
