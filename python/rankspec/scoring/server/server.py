"""A server from its start to its end."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from rankspec.scoring.server.batching import WaitingRoom
from rankspec.scoring.server.grpc_server import GrpcServer
from rankspec.scoring.server.http_server import HttpServer
from rankspec.scoring.server.loader import Loader
from rankspec.scoring.server.metrics import Metrics
from rankspec.scoring.server.metrics_server import MetricsServer
from rankspec.scoring.server.models import Registry
from rankspec.scoring.server.service import Service

if TYPE_CHECKING:
    from rankspec.scoring.errors import ScoringError
    from rankspec.scoring.server.logs import Log
    from rankspec.scoring.server.settings import Address, Settings


class Addresses(NamedTuple):
    """Where a server listens."""

    grpc: Address
    http: Address
    metrics: Address


class Server:
    """Serves a bundle, or whichever is to be served of a folder of bundles. Lives in one event loop."""

    def __init__(self, settings: Settings, log: Log) -> None:
        """Does nothing yet."""
        self.registry = Registry(settings.name)
        self._settings = settings
        self._log = log
        room = WaitingRoom(settings.limits)
        self._metrics = Metrics(room)
        self._loader = Loader(settings, self.registry, self._metrics, room, log)
        service = Service(settings, self.registry, self._metrics, room, log)
        self._grpc = GrpcServer(service)
        self._http = HttpServer(service)
        self._metrics_server = MetricsServer(service)
        self._watching: asyncio.Task[None] | None = None

    async def load(self) -> ScoringError | None:
        """Opens what is to be served; returns why the last bundle that was tried cannot be."""
        return await self._loader.look()

    async def start(self) -> Addresses:
        """Listens, and watches the folder.

        Raises:
            OSError: an address cannot be listened on.
        """
        tls = self._settings.tls
        context, certificate = None, None
        if tls is not None:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(*tls)
            certificate = (tls.chain.read_bytes(), tls.key.read_bytes())
        addresses = Addresses(
            await self._grpc.start(self._settings.grpc, certificate),
            await self._http.start(self._settings.http, context),
            await self._metrics_server.start(self._settings.metrics, context),
        )
        self._watching = asyncio.create_task(self._loader.watch())
        self._log.event("listening", **{name: str(address) for name, address in addresses._asdict().items()})
        return addresses

    async def stop(self, hurry: asyncio.Event | None = None) -> bool:
        """Says that it is not ready, waits until that is known, takes no more, and answers what there is.

        Args:
            hurry: set while it is waited, ends the wait.

        Returns:
            Whether all that was under way has ended. If not, a thread is still at work.
        """
        self.registry.is_ending = True
        self._metrics.unready()
        self._log.event("ending")
        await _stop(self._watching)
        with suppress(TimeoutError):
            await asyncio.wait_for((hurry or asyncio.Event()).wait(), self._settings.unready_s)
        self._log.event("draining")
        await asyncio.gather(self._grpc.stop(self._settings.drain_s), self._http.stop(self._settings.drain_s))
        is_closed = await self._loader.close(1.0)
        await self._metrics_server.stop()
        self._log.event("ended", clean="yes" if is_closed else "no")
        return is_closed


async def _stop(task: asyncio.Task[None] | None) -> None:
    if task is None:
        return
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
