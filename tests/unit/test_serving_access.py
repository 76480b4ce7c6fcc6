"""Who reaches the server, and how many at once."""

from __future__ import annotations

import http.client
import socket
import ssl
from pathlib import Path

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


def _connected(served: Served) -> socket.socket:
    return socket.create_connection(served.addresses.http, timeout=30)


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
            ready = channel.unary_unary("/inference.GRPCInferenceService/ServerReady")
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


def test_a_connection_on_which_nothing_comes_or_slowly_is_closed(folder: Path) -> None:
    with (
        serving(folder, Limits(idle_timeout_s=0.2)) as served,
        _connected(served) as silent,
        _connected(served) as slow,
    ):
        slow.sendall(b"POST /v2 HTTP/1.1\r\nHost: x\r\nX-")

        assert _is_closed(silent)
        assert _is_closed(slow)


def test_a_body_that_comes_slowly_is_refused(folder: Path) -> None:
    with serving(folder, Limits(read_timeout_s=0.2)) as served, _connected(served) as slow:
        slow.sendall(b"POST /v2/models/ranker/infer HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")

        assert slow.recv(100).startswith(b"HTTP/1.1 408")


def test_long_metadata_is_refused(folder: Path) -> None:
    with serving(folder) as served, served.channel() as channel, pytest.raises(grpc.RpcError) as refused:
        served.raw_infer(channel)(b"", metadata=(("x", "x" * 20_000),), timeout=30)

    assert refused.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
