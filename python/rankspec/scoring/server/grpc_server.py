"""The Open Inference Protocol over gRPC."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING, Any

import grpc
import grpc.aio
from google.protobuf.message import DecodeError
from tritonclient.grpc import service_pb2

from rankspec.scoring.server.grpc_messages import answer_message, metadata_message, request_of
from rankspec.scoring.server.patience import Patience
from rankspec.scoring.server.refusals import Refusal, invalid
from rankspec.scoring.server.versions import EXTENSIONS, SERVER_NAME, server_version

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from rankspec.scoring.server.service import Asked, Service
    from rankspec.scoring.server.settings import Address

_SERVICE = "inference.GRPCInferenceService"
# Only as they are sent: gRPC decompresses a message of any size before it looks at the size.
_NO_COMPRESSION = 1 << grpc.Compression.NoCompression


class GrpcServer:
    """Serves gRPC."""

    def __init__(self, service: Service) -> None:
        """Takes what answers."""
        self._service = service
        self._limits = limits = service.settings.limits
        self._patience = Patience(limits.read_timeout_s)
        self._watching: asyncio.Task[None] | None = None
        options = [
            ("grpc.max_receive_message_length", limits.max_request_bytes),
            ("grpc.max_send_message_length", -1),
            ("grpc.max_metadata_size", limits.max_header_bytes),
            ("grpc.absolute_max_metadata_size", limits.max_header_bytes),
            ("grpc.max_connection_idle_ms", int(limits.idle_timeout_s * 1000)),
            ("grpc.max_allowed_incoming_connections", limits.max_connections),
            ("grpc.server_handshake_timeout_ms", int(limits.read_timeout_s * 1000)),
            # Clients that are gone without a word, with a request under way.
            ("grpc.keepalive_time_ms", int(limits.idle_timeout_s * 1000)),
            ("grpc.max_concurrent_streams", 1024),
            # Above, gRPC refuses some by chance, without a time to retry: let them come to our own queue.
            ("grpc.server.max_pending_requests", limits.max_concurrent),
            ("grpc.server.max_pending_requests_hard_limit", limits.max_concurrent),
            ("grpc.compression_enabled_algorithms_bitset", _NO_COMPRESSION),
            ("grpc.so_reuseport", 0),
        ]
        self._server = grpc.aio.server(options=options, maximum_concurrent_rpcs=limits.max_concurrent)
        methods = {
            "ServerLive": self._server_live,
            "ServerReady": self._server_ready,
            "ModelReady": self._model_ready,
            "ServerMetadata": self._server_metadata,
            "ModelMetadata": self._model_metadata,
            "ModelInfer": self._infer,
        }
        # A stream of one message, as all requests are on the wire: the token is asked for before the message comes.
        handlers = {name: grpc.stream_unary_rpc_method_handler(_told(answer)) for name, answer in methods.items()}
        self._server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(_SERVICE, handlers),))

    async def start(self, address: Address, certificate: tuple[bytes, bytes] | None) -> Address:
        """Listens.

        Args:
            address: where.
            certificate: the certificate's chain and its key, in PEM; None does not encrypt.

        Returns:
            Where it does.

        Raises:
            OSError: the address cannot be listened on.
        """
        try:
            if certificate is None:
                port = self._server.add_insecure_port(str(address))
            else:
                chain, key = certificate
                port = self._server.add_secure_port(str(address), grpc.ssl_server_credentials([(key, chain)]))
        except RuntimeError as error:
            raise OSError(f"{address} cannot be listened on") from error
        await self._server.start()
        self._watching = asyncio.create_task(self._patience.watch())
        return address._replace(port=port)

    async def stop(self, seconds: float) -> None:
        """Takes no more requests, and ends once all have their answers, or the time is over."""
        await self._server.stop(seconds)
        if self._watching is not None:
            self._watching.cancel()

    async def _server_live(self, context: Any) -> Any:
        await self._message(service_pb2.ServerLiveRequest, context)
        return service_pb2.ServerLiveResponse(live=True)

    async def _server_ready(self, context: Any) -> Any:
        await self._message(service_pb2.ServerReadyRequest, context)
        return service_pb2.ServerReadyResponse(ready=self._service.registry.is_ready)

    async def _model_ready(self, context: Any) -> Any:
        self._check_token(context)
        asked = await self._message(service_pb2.ModelReadyRequest, context)
        self._service.registry.model(asked.name, asked.version)
        return service_pb2.ModelReadyResponse(ready=self._service.registry.is_ready)

    async def _server_metadata(self, context: Any) -> Any:
        self._check_token(context)
        await self._message(service_pb2.ServerMetadataRequest, context)
        return service_pb2.ServerMetadataResponse(name=SERVER_NAME, version=server_version(), extensions=EXTENSIONS)

    async def _model_metadata(self, context: Any) -> Any:
        self._check_token(context)
        asked = await self._message(service_pb2.ModelMetadataRequest, context)
        return metadata_message(self._service.registry.model(asked.name, asked.version))

    async def _infer(self, context: Any) -> Any:
        return await self._service.counted("grpc", context, lambda asked: self._scored(context, asked))

    async def _scored(self, context: Any, asked: Asked) -> Any:
        self._check_token(context)
        request = request_of(await self._data(context), self._limits.max_rows)
        left = context.time_remaining()
        answer = await self._service.score(request, asked, math.inf if left is None else left)
        return answer_message(answer, request.id)

    async def _message(self, kind: Any, context: Any) -> Any:
        data = await self._data(context)
        try:
            return kind.FromString(data)
        except DecodeError:
            raise invalid("REQUEST_INVALID", f"the message is no {kind.DESCRIPTOR.name}") from None

    async def _data(self, context: Any) -> bytes:
        """A request's message, which is there only once all of it has come."""
        with self._patience.waiting():
            data = await context.read()
        if data is grpc.aio.EOF:
            raise invalid("REQUEST_INVALID", "a request has one message, and there is none")
        given: bytes = data
        return given

    def _check_token(self, context: Any) -> None:
        metadata = context.invocation_metadata() or ()
        self._service.check_token(next((value for key, value in metadata if key == "authorization"), None))


def _told(answer: Callable[[Any], Awaitable[Any]]) -> Callable[[Any, Any], Awaitable[bytes]]:
    """A method that tells why it refuses a request: status, text, and the code in the trailing metadata."""

    async def told(_messages: Any, context: Any) -> bytes:
        try:
            message = await answer(context)
        except Refusal as refusal:
            trailer = [("rankspec-code", refusal.code)]
            if refusal.retry_after is not None:
                trailer.append(("retry-after", str(refusal.retry_after)))
            status = grpc.StatusCode[refusal.kind.value.grpc]
            text = str(refusal).encode("ascii", "backslashreplace").decode()
            await context.abort(status, text, tuple(trailer))
            raise AssertionError("abort raises") from refusal
        data: bytes = message.SerializeToString()
        return data

    return told
