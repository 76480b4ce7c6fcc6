"""Bundles that are swapped in while requests go on: what that does to their times, and to the server's memory."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

import grpc
import numpy as np
from tritonclient.grpc import service_pb2

from benchmarks import serving_bundle
from benchmarks.measuring import Measurement
from benchmarks.served import INFER, Process, grpc_request, running, serve, until

_ROWS, _CLIENTS, _PAUSE_S = 10, 2, 0.01
_WINDOWS, _CALM_S = 100, 0.2
# After a swap or an opening: the bundle before is closed.
_CLOSING_S = 0.05
# Memory is looked at after each of these; before, it is still being taken up.
_FIRST, _LAST = 20, 200
# The bench's own opening of bundles, in another process: the same work on the same cores, without a swap.
_OPENER = """
import sys
from rankspec import scoring
for line in sys.stdin:
    scoring.open(line.strip(), num_threads=1).close()
    print("opened", flush=True)
"""


class Asked(NamedTuple):
    """A request that was answered.

    Attributes:
        begin: when it was sent, of `time.perf_counter`.
        seconds: until its answer.
        step: of the bundle that scored it.
    """

    begin: float
    seconds: float
    step: int


class Clients:
    """Clients that ask again and again.

    Attributes:
        asked: what they asked.
        failures: what was said of requests that got no scores.
    """

    def __init__(self, address: str) -> None:
        """Does not ask yet."""
        self.asked: list[Asked] = []
        self.failures: list[str] = []
        self._address = address
        self._stop = threading.Event()

    @contextmanager
    def asking(self, number: int, pause_s: float) -> Iterator[None]:
        """Has so many ask, each with a pause after each answer."""
        threads = [threading.Thread(target=self._ask, args=(pause_s,)) for _ in range(number)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._stop.set()
            for thread in threads:
                thread.join()

    def serves(self, step: int) -> bool:
        """Whether the last answer was of a step."""
        return bool(self.asked) and self.asked[-1].step == step

    def _ask(self, pause_s: float) -> None:
        data = grpc_request(_ROWS)
        with grpc.insecure_channel(self._address, options=[("grpc.use_local_subchannel_pool", 1)]) as channel:
            call = channel.unary_unary(INFER, response_deserializer=service_pb2.ModelInferResponse.FromString)
            while not self._stop.wait(pause_s):
                begin = time.perf_counter()
                try:
                    answer = call(data, timeout=60)
                except grpc.RpcError as error:
                    self.failures.append(str(error.code()))
                    continue
                step = answer.parameters["step"].int64_param
                self.asked.append(Asked(begin, time.perf_counter() - begin, step))


class Bundles:
    """A watched folder, and bundles beside it that are put there one after the other."""

    def __init__(self, folder: Path, number: int) -> None:
        """Writes the bundles, and puts the first there."""
        self.watched, self._beside = folder / "watched", folder / "beside"
        self.watched.mkdir()
        self.step = 0
        for step in range(1, number + 1):
            serving_bundle.write(self._beside / str(step), step)
        self.put()

    def put(self) -> int:
        """Puts the next one there, and takes away the one before the last; returns its step."""
        self.step += 1
        (self._beside / str(self.step)).rename(self.watched / str(self.step))
        shutil.rmtree(self.watched / str(self.step - 2), ignore_errors=True)
        return self.step


class Window(NamedTuple):
    """A time in which a bundle is opened, of `time.perf_counter`."""

    begin: float
    end: float


def under_load() -> list[Measurement]:
    """Times of requests while bundles are swapped in, beside those while another process opens the same bundles.

    Both take turns, over one server. A request counts if it was sent while a bundle was being opened or closed.
    """
    with tempfile.TemporaryDirectory() as folder:
        bundles = Bundles(Path(folder), _WINDOWS + 1)
        with running(serve(bundles.watched, "--poll=0.02")) as server, _opener() as open_bundle:
            clients = Clients(server.grpc)
            with clients.asking(_CLIENTS, _PAUSE_S):
                until(partial(clients.serves, 1))
                windows = [
                    (_window(partial(open_bundle, bundles)), _window(partial(_swap, bundles, clients)))
                    for _ in range(_WINDOWS)
                ]
    controls, reloads = (_in_windows(clients.asked, kind) * 1000 for kind in zip(*windows, strict=True))
    return [
        *(
            Measurement(
                f"serve_reload_p{share}",
                float(np.percentile(reloads, share)),
                "ms",
                float(np.percentile(controls, share)),
            )
            for share in (50, 99)
        ),
        Measurement("serve_reload_requests", len(reloads), "requests", len(controls)),
        Measurement("serve_reload_failed", len(clients.failures), "requests", None),
    ]


def _window(work: Callable[[], object]) -> Window:
    time.sleep(_CALM_S)
    begin = time.perf_counter()
    work()
    time.sleep(_CLOSING_S)
    return Window(begin, time.perf_counter())


def _swap(bundles: Bundles, clients: Clients) -> None:
    until(partial(clients.serves, bundles.put()))


def _in_windows(asked: Sequence[Asked], windows: Sequence[Window]) -> np.ndarray:
    """Seconds of the requests that were sent in windows."""
    sent = np.array([one.begin for one in asked])
    inside = np.zeros(len(sent), np.bool_)
    for window in windows:
        inside |= (sent >= window.begin) & (sent < window.end)
    return np.array([one.seconds for one in asked])[inside]


@contextmanager
def _opener() -> Iterator[Callable[[Bundles], None]]:
    """Opens and closes the bundle that is served, in a process of its own, and waits until it has."""
    command = [sys.executable, "-c", _OPENER]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        taken, said = process.stdin, process.stdout
        assert taken is not None, "it is a pipe"
        assert said is not None, "it is a pipe"

        def open_bundle(bundles: Bundles) -> None:
            taken.write(f"{bundles.watched / str(bundles.step)}\n")
            taken.flush()
            said.readline()

        yield open_bundle
        taken.close()


def memory() -> list[Measurement]:
    """How much the server grows by a reload, from the 20th to the 200th, while requests go on; and how many failed."""
    with tempfile.TemporaryDirectory() as folder:
        bundles = Bundles(Path(folder), _LAST + 1)
        with running(serve(bundles.watched, "--poll=0.02")) as server:
            clients = Clients(server.grpc)
            with clients.asking(_CLIENTS, _PAUSE_S):
                until(partial(clients.serves, 1))
                sizes = [_after_reload(bundles, clients, server) for _ in range(_LAST)]
    slope = float(np.polyfit(np.arange(_FIRST, _LAST + 1), sizes[_FIRST - 1 :], 1)[0])
    return [
        Measurement("serve_reload_memory_slope", slope, "MiB a reload", None),
        Measurement("serve_reload_memory", sizes[-1], "MiB", sizes[_FIRST - 1]),
        Measurement("serve_reload_memory_failed", len(clients.failures), "requests", None),
    ]


def _after_reload(bundles: Bundles, clients: Clients, server: Process) -> float:
    _swap(bundles, clients)
    time.sleep(_CLOSING_S)
    return server.memory()
