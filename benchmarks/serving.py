"""Scoring in process beside a bare session of ONNX Runtime, and over gRPC beside a server without checks."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import onnxruntime
from tritonclient.grpc import service_pb2

from benchmarks import serving_bundle
from benchmarks.measuring import Measurement
from rankspec import scoring

_ROWS = (1, 100, 1000)
_ROUNDS = 300
_THREADS = 1
_INFER = "/inference.GRPCInferenceService/ModelInfer"
_CLIENTS, _SECONDS = 1000, 60


def in_process() -> list[Measurement]:
    """Times of the Python scorer."""
    with tempfile.TemporaryDirectory() as folder:
        bundle = Path(folder) / "bundle"
        serving_bundle.write(bundle)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = _THREADS
        session = onnxruntime.InferenceSession(bundle / "model.onnx", options, providers=["CPUExecutionProvider"])
        with scoring.open(bundle, num_threads=_THREADS) as scorer:
            return [
                measurement
                for number in _ROWS
                for measurement in _compared(
                    f"score_python_{number}_rows",
                    number,
                    lambda rows: scorer.score({"dense": rows}, scorer.signature_hash),
                    lambda rows: session.run(None, {"dense": rows}),
                    _dense(number),
                )
            ]


def over_grpc() -> list[Measurement]:
    """Times of `rankspec serve`, with one client."""
    with tempfile.TemporaryDirectory() as folder, _servers(Path(folder)) as (ours, bare):
        return [
            measurement
            for number in _ROWS
            for measurement in _compared(f"serve_grpc_{number}_rows", number, ours, bare, _request(number))
        ]


def many_clients() -> Measurement:
    """How many requests of a row a second are answered to a thousand clients, for a minute; every one is."""
    with tempfile.TemporaryDirectory() as folder, _servers(Path(folder)) as (ours, _):
        data = _request(1)
        until = time.monotonic() + _SECONDS

        def ask(_: int) -> int:
            answered = 0
            while time.monotonic() < until:
                ours(data)
                answered += 1
            return answered

        with ThreadPoolExecutor(_CLIENTS) as clients:
            answered = sum(clients.map(ask, range(_CLIENTS)))
    return Measurement("serve_grpc_1000_clients", answered / _SECONDS, "requests/s", None)


def _dense(number: int) -> np.ndarray:
    return np.random.default_rng(number).normal(size=(number, serving_bundle.WIDTH)).astype(np.float32)


def _request(number: int) -> bytes:
    message = service_pb2.ModelInferRequest(model_name="bundle")
    message.inputs.add(name="dense", datatype="FP32", shape=(number, serving_bundle.WIDTH))
    message.raw_input_contents.append(_dense(number).tobytes())
    with tempfile.TemporaryDirectory() as folder:
        serving_bundle.write(Path(folder) / "bundle")
        with scoring.open(Path(folder) / "bundle") as scorer:
            message.parameters["signature_hash"].string_param = scorer.signature_hash
    data: bytes = message.SerializeToString()
    return data


@contextmanager
def _servers(folder: Path) -> Iterator[tuple[Callable[[bytes], Any], Callable[[bytes], Any]]]:
    """Calls of a server of ours and of a bare one."""
    bundle = folder / "bundle"
    serving_bundle.write(bundle)
    free = [f"--{protocol}=127.0.0.1:0" for protocol in ("grpc", "http", "metrics")]
    serve = ["-m", "rankspec", "serve", str(bundle), *free, "--threads", str(_THREADS), "--unready", "0"]
    bare = ["-m", "benchmarks.bare_server", str(bundle / "model.onnx"), str(_THREADS)]
    with _server(serve) as ours, _server(bare) as other:
        yield ours, other


@contextmanager
def _server(arguments: Sequence[str]) -> Iterator[Callable[[bytes], Any]]:
    command = [sys.executable, *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout is not None, "it is a pipe"
            address = process.stdout.readline().split("grpc://")[1].split()[0]
            with grpc.insecure_channel(address) as channel:
                yield channel.unary_unary(_INFER)
        finally:
            process.terminate()


def _compared(
    name: str, number: int, ours: Callable[[Any], Any], bare: Callable[[Any], Any], request: Any
) -> Iterator[Measurement]:
    """Median, 99th percentile and rows a second of both, asked in turn."""
    times = np.empty((2, _ROUNDS))
    for place in range(-20, _ROUNDS):
        for row, call in enumerate((ours, bare)):
            begin = time.perf_counter()
            call(request)
            if place >= 0:
                times[row, place] = (time.perf_counter() - begin) * 1000
    for figure, share in (("p50", 50), ("p99", 99)):
        mine, theirs = np.percentile(times, share, axis=1)
        yield Measurement(f"{name}_{figure}", float(mine), "ms", float(theirs))
    speeds = number * 1000 / times.mean(axis=1)
    yield Measurement(f"{name}_speed", float(speeds[0]), "rows/s", float(speeds[1]))
