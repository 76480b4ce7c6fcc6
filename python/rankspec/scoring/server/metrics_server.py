"""Metrics on a port of their own."""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING

from aiohttp import web
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4

from rankspec.scoring.server.connections import LimitedServer, listen
from rankspec.scoring.server.refusals import Refusal

if TYPE_CHECKING:
    from rankspec.scoring.server.service import Service
    from rankspec.scoring.server.settings import Address


class MetricsServer:
    """Serves `/metrics`."""

    def __init__(self, service: Service) -> None:
        """Takes what counts."""
        self._service = service
        self._server = LimitedServer(self._answer, service.settings.limits, service.log)
        self._runner = web.ServerRunner(self._server)
        self._idle: asyncio.Task[None] | None = None

    async def start(self, address: Address, context: ssl.SSLContext | None) -> Address:
        """Listens, and says where.

        Raises:
            OSError: the address cannot be listened on.
        """
        await self._runner.setup()
        await listen(web.TCPSite(self._runner, address.host, address.port, ssl_context=context), address)
        self._idle = asyncio.create_task(self._server.end_idle_connections())
        return address._replace(port=self._runner.addresses[0][1])

    async def stop(self) -> None:
        """Ends."""
        if self._idle is not None:
            self._idle.cancel()
        await self._runner.cleanup()

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        try:
            self._service.check_token(request.headers.get("Authorization"))
        except Refusal as refusal:
            return web.Response(status=refusal.kind.value.http, text=str(refusal))
        if request.path != "/metrics" or request.method not in ("GET", "HEAD"):
            return web.Response(status=404, text="GET /metrics is all there is\n")
        body = self._service.metrics.exposition()
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4})
