"""Scoring in process beside a bare session of ONNX Runtime, and over gRPC beside a server without checks."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import onnxruntime

from benchmarks import serving_bundle
from benchmarks.measuring import Measurement
from benchmarks.served import INFER, Process, dense, grpc_request, running, serve
from rankspec import scoring

ROWS = (1, 100, 1000)
ROUNDS = 300
_WARM_UP = 20
_THREADS = 1


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
                for number in ROWS
                for measurement in _compared(
                    f"score_python_{number}_rows",
                    number,
                    lambda rows: scorer.score({"dense": rows}, scorer.signature_hash),
                    lambda rows: session.run(None, {"dense": rows}),
                    dense(number),
                )
            ]


def over_grpc() -> list[Measurement]:
    """Times of `rankspec serve`, with one client, and the processor's time that each of both servers takes."""
    with tempfile.TemporaryDirectory() as folder:
        bundle = Path(folder) / "bundle"
        serving_bundle.write(bundle)
        bare = ["-m", "benchmarks.bare_server", str(bundle / "model.onnx"), str(_THREADS)]
        with running(serve(bundle, threads=_THREADS)) as ours, running(bare) as other:
            return [measurement for number in ROWS for measurement in _asked_in_turn(number, ours, other)]


def _asked_in_turn(number: int, ours: Process, bare: Process) -> Iterator[Measurement]:
    name, request = f"serve_grpc_{number}_rows", grpc_request(number)
    with grpc.insecure_channel(ours.grpc) as one, grpc.insecure_channel(bare.grpc) as other:
        before = [process.processor_seconds() for process in (ours, bare)]
        yield from _compared(name, number, one.unary_unary(INFER), other.unary_unary(INFER), request)
        after = [process.processor_seconds() for process in (ours, bare)]
    mine, theirs = ((end - begin) * 1000 / (ROUNDS + _WARM_UP) for begin, end in zip(before, after, strict=True))
    yield Measurement(f"{name}_processor_time", mine, "ms", theirs)


def _compared(
    name: str, number: int, ours: Callable[[Any], Any], bare: Callable[[Any], Any], request: Any
) -> Iterator[Measurement]:
    """Asks both in turn, each first as often as the other: what runs second finds the request in the caches."""
    calls = (ours, bare)
    times = np.empty((len(calls), ROUNDS))
    for place in range(-_WARM_UP, ROUNDS):
        for turn in range(len(calls)):
            row = (place + turn) % len(calls)
            begin = time.perf_counter()
            calls[row](request)
            if place >= 0:
                times[row, place] = (time.perf_counter() - begin) * 1000
    yield from summarized(name, number, times)


def summarized(name: str, number: int, times: np.ndarray) -> Iterator[Measurement]:
    """Median, 99th percentile and rows a second; and the median ratio of a round's two times, which load moves least.

    Args:
        name: what the measurements' names begin with.
        number: rows in a request.
        times: milliseconds, `[2, rounds]`: ours and the bare one's.
    """
    for figure, share in (("p50", 50), ("p99", 99)):
        mine, theirs = np.percentile(times, share, axis=1)
        yield Measurement(f"{name}_{figure}", float(mine), "ms", float(theirs))
    yield Measurement(f"{name}_paired_ratio", float(np.median(times[0] / times[1])), "times", None)
    speeds = number * 1000 / times.mean(axis=1)
    yield Measurement(f"{name}_speed", float(speeds[0]), "rows/s", float(speeds[1]))
