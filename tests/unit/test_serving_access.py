"""Who reaches the server, and how many at once."""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import grpc
import pytest
from tests.unit.served import certificate
from tests.unit.served_bundles import Served, serving, until
from tests.unit.tiny_bundles import write_bundle
from tritonclient.grpc import service_pb2

from rankspec.scoring.server.settings import Certificate, Limits


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bundles")
    write_bundle(folder / "one")
    return folder


_READY = "/inference.GRPCInferenceService/ServerReady"


def _connected(served: Served, port: str = "http") -> socket.socket:
    return socket.create_connection(getattr(served.addresses, port), timeout=30)


def _answers_without_tls(host: str, port: int) -> bool:
    connection = http.client.HTTPConnection(host, port, timeout=30)
    try:
        connection.request("GET", "/v2/health/live")
        connection.getresponse()
    except (http.client.HTTPException, ConnectionError):
        return False
    finally:
        connection.close()
    return True


def _is_closed(connection: socket.socket) -> bool:
    try:
        return connection.recv(1) == b""
    except ConnectionError:
        return True


def test_tls_is_spoken_on_all_three_ports(folder: Path, tmp_path: Path) -> None:
    chain, key = certificate(tmp_path)
    with serving(folder, tls=Certificate(chain, key), token="t" * 16) as served:
        context = ssl.create_default_context(cafile=chain)
        for address, path in ((served.addresses.http, "/v2"), (served.addresses.metrics, "/metrics")):
            connection = http.client.HTTPSConnection("localhost", address.port, context=context, timeout=30)
            connection.request("GET", path, headers={"Authorization": "Bearer " + "t" * 16})
            assert connection.getresponse().status == 200
            connection.close()
            assert not _answers_without_tls(*address)

        credentials = grpc.ssl_channel_credentials(chain.read_bytes())
        with grpc.secure_channel(f"localhost:{served.addresses.grpc.port}", credentials) as channel:
            ready = channel.unary_unary(_READY)
            assert service_pb2.ServerReadyResponse.FromString(ready(b"", timeout=30)).ready


def test_connections_beyond_the_limit_are_closed_and_there_is_room_again(folder: Path) -> None:
    with serving(folder, Limits(max_connections=3)) as served:
        first = [_connected(served) for _ in range(3)]
        until(lambda: len(served.server._http._server.connections) == 3)
        with _connected(served) as more:
            assert _is_closed(more)
        for connection in first:
            connection.close()
        until(lambda: not served.server._http._server.connections)
        assert served.http("GET", "/v2/health/live")[0] == 200
        until(lambda: not served.server._http._server._idle_since)


def test_connections_beyond_the_limit_are_closed_over_grpc_too(folder: Path) -> None:
    with serving(folder, Limits(max_connections=3)) as served, ExitStack() as opened:

        def ask() -> Any:
            # Otherwise all channels of a process share a connection.
            options = [("grpc.use_local_subchannel_pool", 1)]
            channel = opened.enter_context(grpc.insecure_channel(str(served.addresses.grpc), options))
            channel.unary_unary(_READY)(b"", timeout=30)
            return channel

        first = [ask() for _ in range(3)]
        with pytest.raises(grpc.RpcError) as refused:
            ask()
        assert refused.value.code() is grpc.StatusCode.UNAVAILABLE
        for channel in first:
            assert channel.unary_unary(_READY)(b"", timeout=30), "who is there stays"
            channel.close()
        until(lambda: _is_let_in(ask))


def _is_let_in(ask: Callable[[], object]) -> bool:
    try:
        ask()
    except grpc.RpcError:
        return False
    return True


@pytest.mark.parametrize("port", ["http", "metrics"])
def test_a_connection_on_which_nothing_comes_or_slowly_is_closed(folder: Path, port: str) -> None:
    with (
        serving(folder, Limits(idle_timeout_s=0.2)) as served,
        _connected(served, port) as silent,
        _connected(served, port) as slow,
    ):
        slow.sendall(b"POST /v2 HTTP/1.1\r\nHost: x\r\nX-")

        assert _is_closed(silent)
        assert _is_closed(slow)


def test_a_connection_that_does_not_speak_grpc_is_closed(folder: Path) -> None:
    with serving(folder, Limits(read_timeout_s=0.2)) as served, _connected(served, "grpc") as silent:
        while not _is_closed(silent):
            pass


@pytest.mark.parametrize("port", ["http", "metrics"])
@pytest.mark.parametrize(
    "written",
    [
        pytest.param(b"4711\r\n\r\n", id="no request"),
        pytest.param(b"GET /\xff4711 HTTP/1.1\r\nHost: x\r\n\r\n", id="no path"),
        pytest.param(b"GET / HTTP/1.1\r\n" + b"X: 4711\r\n" * 2000, id="many headers"),
    ],
)
def test_what_is_no_request_is_refused_without_a_word_of_it(
    folder: Path, port: str, written: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    with serving(folder) as served, _connected(served, port) as connection:
        connection.sendall(written)
        answer = b""
        while part := connection.recv(4096):
            answer += part

    assert answer.split()[1] == b"400"
    assert b'"code":"REQUEST_INVALID"' in answer
    assert "4711" not in f"{answer!r}{served.log.getvalue()}{capfd.readouterr()}"


def test_a_body_that_comes_slowly_is_refused(folder: Path) -> None:
    with serving(folder, Limits(read_timeout_s=0.2)) as served, _connected(served) as slow:
        slow.sendall(b"POST /v2/models/ranker/infer HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")

        assert slow.recv(100).startswith(b"HTTP/1.1 408")


@pytest.mark.parametrize(
    ("token", "code"),
    [
        pytest.param(None, b"REQUEST_SLOW", id="slow"),
        pytest.param("t" * 16, b"UNAUTHENTICATED", id="without a token, before it has come"),
    ],
)
def test_a_message_that_comes_slowly_is_refused(folder: Path, token: str | None, code: bytes) -> None:
    with (
        serving(folder, Limits(read_timeout_s=0.2 if token is None else 300), token=token) as served,
        _connected(served, "grpc") as slow,
    ):
        slow.sendall(_begun())

        answer = b""
        while code not in answer:
            part = slow.recv(4096)
            assert part, answer
            answer += part


def test_requests_beyond_the_limit_are_refused_over_grpc(folder: Path) -> None:
    with (
        serving(folder, Limits(max_concurrent=2)) as served,
        _connected(served, "grpc") as one,
        _connected(served, "grpc") as other,
        served.channel() as channel,
    ):
        ask = channel.unary_unary(_READY)
        assert ask(b"", timeout=30)
        for connection in (one, other):
            connection.sendall(_begun())
        until(lambda: len(served.server._grpc._patience._since) == 2)
        with pytest.raises(grpc.RpcError) as refused:
            ask(b"", timeout=30)

    assert refused.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


def _begun() -> bytes:
    """A request over gRPC of whose message, of 100 bytes, two come."""
    headers = b"".join(_header(*item) for item in _HEADERS)
    return _PREFACE + _frame(4, 0, b"") + _frame(1, 1, headers) + _frame(0, 1, b"\0\0\0\0\x64ab")


_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_HEADERS = (
    (b":method", b"POST"),
    (b":scheme", b"http"),
    (b":path", b"/inference.GRPCInferenceService/ModelInfer"),
    (b":authority", b"x"),
    (b"te", b"trailers"),
    (b"content-type", b"application/grpc"),
)


def _frame(kind: int, stream: int, content: bytes) -> bytes:
    """A frame of HTTP/2; headers are all that there are."""
    flags = 4 if kind == 1 else 0
    return len(content).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + content


def _header(name: bytes, value: bytes) -> bytes:
    """A header of HTTP/2, written out."""
    return b"\0" + bytes([len(name)]) + name + bytes([len(value)]) + value


def test_long_metadata_is_refused(folder: Path) -> None:
    with serving(folder) as served, served.channel() as channel, pytest.raises(grpc.RpcError) as refused:
        served.raw_infer(channel)(b"", metadata=(("x", "x" * 20_000),), timeout=30)

    assert refused.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
