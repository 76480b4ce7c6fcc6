"""A server in a thread of the test's process, and what clients of it need."""

from __future__ import annotations

import asyncio
import http.client
import io
import json
import threading
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import grpc
import numpy as np
from tests.unit.tiny_bundles import FEATURES, NUM_TAGS, WIDTH
from tritonclient.grpc import service_pb2

from rankspec.encoding.lists import Lists
from rankspec.scoring.server.logs import Log
from rankspec.scoring.server.server import Addresses, Server
from rankspec.scoring.server.settings import Address, Limits, Settings

NAME = "ranker"
_HERE = Address("127.0.0.1", 0)
_INFER = "/inference.GRPCInferenceService/ModelInfer"

_Given = TypeVar("_Given")


class Served:
    """A server that runs.

    Attributes:
        server: the server.
        addresses: where it listens.
        log: what it has written.
    """

    def __init__(self, settings: Settings) -> None:
        self.log = io.StringIO()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.server, self.addresses = self.run(self._started(settings))

    async def _started(self, settings: Settings) -> tuple[Server, Addresses]:
        server = Server(settings, Log(self.log))
        await server.load()
        return server, await server.start()

    def run(self, work: Coroutine[Any, Any, _Given]) -> _Given:
        """Does something in the server's event loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)

    def events(self, name: str) -> list[dict[str, Any]]:
        """Lines of the log about an event."""
        lines = [json.loads(line) for line in self.log.getvalue().splitlines()]
        return [line for line in lines if line["event"] == name]

    def close(self) -> None:
        """Ends the server."""
        self.run(self.server.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def http(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body of what HTTP answers."""
        connection = http.client.HTTPConnection(*self.addresses.http, timeout=30)
        try:
            connection.request(method, path, body, dict(headers or {}))
            response = connection.getresponse()
            return response.status, dict(response.getheaders()), response.read()
        finally:
            connection.close()

    def infer(self, message: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> tuple[int, dict[str, Any]]:
        """Status and message of what HTTP answers to a request for scores."""
        status, _, body = self.http("POST", f"/v2/models/{NAME}/infer", json.dumps(message).encode(), headers)
        return status, json.loads(body)

    def metrics(self) -> str:
        """What the port of metrics says."""
        connection = http.client.HTTPConnection(*self.addresses.metrics, timeout=30)
        try:
            connection.request("GET", "/metrics")
            return connection.getresponse().read().decode()
        finally:
            connection.close()

    def raw_infer(self, channel: Any) -> Any:
        """A call of ModelInfer that takes and gives bytes."""
        return channel.unary_unary(_INFER)

    def channel(self) -> Any:
        """A channel to the server."""
        return grpc.insecure_channel(str(self.addresses.grpc))


@contextmanager
def serving(bundles: Path, limits: Limits | None = None, **values: Any) -> Iterator[Served]:
    """A server of a folder, which looks at it every 20 ms."""
    given = {"poll_s": 0.02, "unready_s": 0.0, "drain_s": 10.0, "num_threads": 1, **values}
    served = Served(Settings(bundles, NAME, _HERE, _HERE, _HERE, limits=limits or Limits(), **given))
    try:
        yield served
    finally:
        served.close()


def until(is_so: Callable[[], bool]) -> None:
    """Waits until something is so."""
    for _ in range(3000):
        if is_so():
            return
        time.sleep(0.01)
    raise AssertionError("it never was")


def rows(number: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Values for `number` rows: dense and ids."""
    generator = np.random.default_rng(seed)
    return generator.normal(size=(number, WIDTH)).astype(np.float32), generator.integers(0, 5, (number, 2))


def lists(number: int, seed: int = 0) -> np.ndarray:
    """Padded lists for `number` rows, some of them empty."""
    generator = np.random.default_rng(seed)
    lengths = generator.integers(0, 6, number)
    return Lists.of(generator.integers(0, NUM_TAGS, lengths.sum()), lengths).padded()


def json_request(
    dense: np.ndarray, ids: np.ndarray, signature_hash: str, tags: np.ndarray | None = None
) -> dict[str, Any]:
    """A request by the names of features; with tags, of a bundle that takes lists."""
    inputs = [
        {"name": f"dense/{name}", "datatype": "FP32", "shape": [len(dense)], "data": dense[:, place].tolist()}
        for place, name in enumerate(FEATURES)
    ]
    for name, values in {"ids": ids, **({} if tags is None else {"tags": tags})}.items():
        inputs.append({"name": name, "datatype": "INT64", "shape": list(values.shape), "data": values.tolist()})
    return {"inputs": inputs, "parameters": {"signature_hash": signature_hash}}


def grpc_request(dense: np.ndarray, ids: np.ndarray, signature_hash: str, tags: np.ndarray | None = None) -> Any:
    """A request by whole vectors; with tags, of a bundle that takes lists."""
    message = service_pb2.ModelInferRequest(model_name=NAME)
    message.parameters["signature_hash"].string_param = signature_hash
    for name, values in {"dense": dense, "ids": ids, **({} if tags is None else {"tags": tags})}.items():
        message.inputs.add(name=name, datatype="FP32" if values.dtype.kind == "f" else "INT64", shape=values.shape)
        message.raw_input_contents.append(values.tobytes())
    return message
