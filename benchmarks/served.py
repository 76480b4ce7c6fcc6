"""Servers in processes of their own, and what benchmarks ask of them and read of them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np
from tritonclient.grpc import service_pb2

from benchmarks import serving_bundle

INFER = "/inference.GRPCInferenceService/ModelInfer"
HTTP_INFER = "/v2/models/bundle/infer"
_JSON_LENGTH = "Inference-Header-Content-Length"


class Process(NamedTuple):
    """A server that runs.

    Attributes:
        pid: its process.
        grpc: host and port.
        http: host and port; empty if it serves none.
    """

    pid: int
    grpc: str
    http: str

    def memory(self, field: str = "VmRSS") -> float:
        """Its resident memory, in MiB; of `VmHWM` the most that it ever was."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(status.partition(f"{field}:")[2].split()[0]) / 1024

    def processor_seconds(self) -> float:
        """Processor time that it has taken, in steps of 10 ms."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def running(arguments: Sequence[str]) -> Iterator[Process]:
    """Runs a Python program that prints where it serves."""
    command = [sys.executable, *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout is not None, "it is a pipe"
            line = process.stdout.readline()
            http = re.search(r" http://(\S+)", line)
            yield Process(process.pid, line.split("grpc://")[1].split()[0], http.group(1) if http else "")
        finally:
            process.terminate()


def serve(bundles: Path, *options: str, threads: int = 1) -> list[str]:
    """The command of `rankspec serve` on free ports; the model is called `bundle`."""
    free = [f"--{protocol}=127.0.0.1:0" for protocol in ("grpc", "http", "metrics")]
    return [
        "-m",
        "rankspec",
        "serve",
        str(bundles),
        "--name=bundle",
        *free,
        f"--threads={threads}",
        "--unready=0",
        *options,
    ]


def dense(number: int) -> np.ndarray:
    """So many rows for the bundle."""
    return np.random.default_rng(number).normal(size=(number, serving_bundle.WIDTH)).astype(np.float32)


def grpc_request(number: int) -> bytes:
    """A request for the scores of so many rows, over gRPC."""
    message = service_pb2.ModelInferRequest(model_name="bundle")
    message.parameters["signature_hash"].string_param = serving_bundle.SIGNATURE_HASH
    message.inputs.add(name="dense", datatype="FP32", shape=(number, serving_bundle.WIDTH))
    message.raw_input_contents.append(dense(number).tobytes())
    data: bytes = message.SerializeToString()
    return data


def http_request(number: int) -> tuple[bytes, dict[str, str]]:
    """The same over HTTP, with the numbers in binary form: body and headers."""
    content = dense(number).tobytes()
    item = {
        "name": "dense",
        "datatype": "FP32",
        "shape": [number, serving_bundle.WIDTH],
        "parameters": {"binary_data_size": len(content)},
    }
    head = json.dumps({"inputs": [item], "parameters": {"signature_hash": serving_bundle.SIGNATURE_HASH}}).encode()
    return head + content, {_JSON_LENGTH: str(len(head))}


def until(is_so: Callable[[], bool], seconds: float = 60.0) -> None:
    """Waits until a function says so.

    Raises:
        TimeoutError: it has not.
    """
    end = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > end:
            raise TimeoutError(f"not so after {seconds:g} s")
        time.sleep(0.002)
