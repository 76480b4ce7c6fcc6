"""The Open Inference Protocol over HTTP."""

from __future__ import annotations

import asyncio
import re
import ssl
import zlib
from typing import TYPE_CHECKING, Any

from aiohttp import web

from rankspec.scoring.server.connections import LimitedServer, listen, refused
from rankspec.scoring.server.json_messages import (
    JSON_LENGTH_HEADER,
    answer_body,
    json_bytes,
    metadata_of,
    request_of,
)
from rankspec.scoring.server.refusals import Kind, Refusal, invalid
from rankspec.scoring.server.turns import Turns
from rankspec.scoring.server.versions import EXTENSIONS, SERVER_NAME, server_version

if TYPE_CHECKING:
    from rankspec.scoring.server.models import ServedModel
    from rankspec.scoring.server.service import Asked, Service
    from rankspec.scoring.server.settings import Address

_MODEL = re.compile(r"/v2/models/([^/]+)(?:/versions/([^/]+))?(?:/(ready|infer))?", re.ASCII)
# What zlib calls gzip and deflate by.
_WINDOWS = {"gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS}


class HttpServer:
    """Serves HTTP."""

    def __init__(self, service: Service) -> None:
        """Takes what answers."""
        self._service = service
        self._limits = service.settings.limits
        self._server = LimitedServer(self._answer, self._limits, service.log)
        self._runner = web.ServerRunner(self._server)
        self._idle: asyncio.Task[None] | None = None
        self._turns = Turns()

    async def start(self, address: Address, context: ssl.SSLContext | None) -> Address:
        """Listens.

        Returns:
            Where it does.

        Raises:
            OSError: the address cannot be listened on.
        """
        await self._runner.setup()
        site = web.TCPSite(self._runner, address.host, address.port, ssl_context=context, backlog=1024)
        await listen(site, address)
        self._idle = asyncio.create_task(self._server.end_idle_connections())
        return address._replace(port=self._runner.addresses[0][1])

    async def stop(self, seconds: float) -> None:
        """Takes no more connections, and ends those there are once they have their answers, or the time is over."""
        if self._idle is not None:
            self._idle.cancel()
        for site in list(self._runner.sites):
            await site.stop()
        self._server.pre_shutdown()
        await self._server.shutdown(seconds)
        await self._runner.cleanup()

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        try:
            return await self._routed(request)
        except Refusal as refusal:
            return refused(refusal)

    async def _routed(self, request: web.BaseRequest) -> web.StreamResponse:
        path, registry = request.path, self._service.registry
        if path == "/v2/health/live":
            _only_method(request, "GET")
            return web.Response()
        if path == "/v2/health/ready":
            _only_method(request, "GET")
            return web.Response(status=200 if registry.is_ready else 503)
        self._service.check_token(request.headers.get("Authorization"))
        if path in ("/v2", "/v2/"):
            _only_method(request, "GET")
            return _json({"name": SERVER_NAME, "version": server_version(), "extensions": EXTENSIONS})
        matched = _MODEL.fullmatch(path)
        if matched is None:
            raise Refusal(Kind.UNKNOWN, "PATH_UNKNOWN", "nothing is there; docs/serving.md lists what there is")
        name, version, what = matched.group(1), matched.group(2) or "", matched.group(3)
        if what == "infer":
            _only_method(request, "POST")
            return await self._service.counted(
                "http", request.transport, lambda asked: self._scored(request, name, version, asked)
            )
        _only_method(request, "GET")
        return self._about(registry.model(name, version), what)

    def _about(self, model: ServedModel, what: str | None) -> web.Response:
        if what == "ready":
            return web.Response(status=200 if self._service.registry.is_ready else 503)
        return _json(metadata_of(model))

    async def _scored(self, request: web.BaseRequest, name: str, version: str, asked: Asked) -> web.Response:
        limits = self._limits
        await self._turns.take()
        try:
            async with asyncio.timeout(limits.read_timeout_s):
                body = await self._body(request)
        except TimeoutError:
            raise Refusal(Kind.SLOW, "REQUEST_SLOW", "the request did not come in time") from None
        except (web.RequestPayloadError, ConnectionError):
            raise invalid("REQUEST_INVALID", "the request's body cannot be read") from None
        length = _json_length(request)
        scoring, wanted = request_of(body, length, name, version, limits.max_rows, limits.max_json_depth)
        answer = await self._service.score(scoring, asked)
        content, json_length = answer_body(answer, scoring.id, wanted)
        if json_length is None:
            return web.Response(body=content, content_type="application/json")
        headers = {JSON_LENGTH_HEADER: str(json_length)}
        return web.Response(body=content, content_type="application/octet-stream", headers=headers)

    async def _body(self, request: web.BaseRequest) -> bytes:
        """The request's body, decompressed as far as it may be large."""
        most = self._limits.max_request_bytes
        encoding = request.headers.get("Content-Encoding", "identity").lower()
        if encoding not in ("identity", *_WINDOWS):
            raise Refusal(Kind.ENCODING, "ENCODING_UNKNOWN", "a body is sent as it is, or by gzip or deflate")
        if request.headers.get("Expect", "").lower() == "100-continue":
            # Whoever asks first waits for it, curl a second and others longer.
            await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        opened = None if encoding == "identity" else zlib.decompressobj(_WINDOWS[encoding])
        parts, size = [], 0
        async for chunk in request.content.iter_any():
            part = chunk if opened is None else _decompressed(opened, chunk, most - size + 1)
            size += len(part)
            if size > most or (opened is not None and opened.unconsumed_tail):
                raise Refusal(Kind.TOO_LARGE, "REQUEST_TOO_LARGE", f"a request has {most} bytes at most, decompressed")
            parts.append(part)
        if opened is not None and not opened.eof:
            raise invalid("REQUEST_INVALID", f"the body is no {encoding}, or not all of it")
        return b"".join(parts)


def _decompressed(opened: Any, chunk: bytes, most: int) -> bytes:
    try:
        part: bytes = opened.decompress(chunk, most)
    except zlib.error:
        raise invalid("REQUEST_INVALID", "the body is not compressed as its headers say") from None
    if opened.unused_data:
        raise invalid("REQUEST_INVALID", "there is more behind what is compressed")
    return part


def _json_length(request: web.BaseRequest) -> int | None:
    text = request.headers.get(JSON_LENGTH_HEADER)
    if text is None:
        return None
    if not text.isascii() or not text.isdecimal() or len(text) > 12:
        raise invalid("REQUEST_INVALID", f"{JSON_LENGTH_HEADER} is no number of bytes")
    return int(text)


def _only_method(request: web.BaseRequest, method: str) -> None:
    if request.method != method and (request.method, method) != ("HEAD", "GET"):
        raise Refusal(Kind.METHOD, "METHOD_UNKNOWN", f"this is asked for by {method}")


def _json(message: object) -> web.Response:
    return web.Response(body=json_bytes(message), content_type="application/json")
