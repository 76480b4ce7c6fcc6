"""How the demo ends: the run becomes a bundle, and a server scores with it what three users have not seen."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rankspec.cli import statuses
from rankspec.cli.stopping import VerbError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from rankspec.datasets.movielens_candidates import Candidates
    from rankspec.datasets.movielens_formats import MovieLensTables

_MODEL = "movielens"
_TASK = "liked"
_NUM_USERS, _TOP = 3, 10
_NUM_REQUESTS, _NUM_FIRST, _ROWS_OF_REQUEST = 300, 20, 100
_LOG = "serve.log"


def serve(run: Path, folder: Path, tables: MovieLensTables) -> int:
    """Exports a run, verifies the bundle and has a server score with it; returns the exit status.

    Args:
        run: The run's folder.
        folder: Where bundles and the server's log go. What is there stays as it is.
        tables: The data set.
    """
    if extra := _missing_extra():
        print(f"the demo ends here without `pip install 'rankspec[{extra}]'`, which exports the ranker and serves it")
        return statuses.FINE
    from rankspec.cli import main

    bundle = _free(folder / "bundles")
    for command in (["export", str(run), "-o", str(bundle)], ["bundle", "verify", str(bundle)]):
        print(f"\n$ rankspec {' '.join(command)}", flush=True)
        if status := main(command):
            return status
    with _server(bundle, folder / _LOG) as address:
        _ask(address, bundle, tables)
    return statuses.FINE


def _missing_extra() -> str | None:
    """What the rest of the demo takes and is not installed: one extra, or two with a comma between them."""
    missing = []
    try:
        import onnx  # noqa: F401 - whether it can be
        import onnxruntime  # noqa: F401 - likewise
        import onnxscript  # noqa: F401 - likewise
    except ModuleNotFoundError:
        missing.append("export")
    try:
        import rankspec.scoring.server.server  # noqa: F401 - likewise
    except ModuleNotFoundError:
        missing.append("serve")
    return ",".join(missing) or None


def _free(folder: Path) -> Path:
    """A new name in a folder: nothing is written over a bundle."""
    return next(place for number in count(1) if not os.path.lexists(place := folder / str(number)))


@contextmanager
def _server(bundle: Path, log: Path) -> Iterator[str]:
    """A server of a bundle, on free ports of this machine; gives where it speaks gRPC.

    Raises:
        VerbError: it does not start, or does not end well.
    """
    ports = [word for protocol in ("grpc", "http", "metrics") for word in (f"--{protocol}", "127.0.0.1:0")]
    command = ["serve", str(bundle), "--name", _MODEL, *ports, "--unready", "0"]
    print(f"\n$ rankspec {' '.join(command)}", flush=True)
    with log.open("a", encoding="utf-8") as written:
        process = subprocess.Popen(
            [sys.executable, "-m", "rankspec", *command], stdout=subprocess.PIPE, stderr=written, text=True
        )
        try:
            assert process.stdout is not None, "it is a pipe"
            line = process.stdout.readline()
            if "grpc://" not in line:
                raise VerbError(f"error: the server did not start; {log} says why")
            print(line, end="")
            yield line.split("grpc://")[1].split()[0]
        finally:
            process.terminate()
            status = process.wait()
    if status != 0:
        raise VerbError(f"error: the server ended with status {status}; {log} says why")


def _ask(address: str, bundle: Path, tables: MovieLensTables) -> None:
    """Prints the films that users would like best, and how long answers take."""
    import tritonclient.grpc as protocol

    from rankspec.datasets.movielens_candidates import candidates
    from rankspec.scoring.reading import read_bundle

    signature_hash = read_bundle(bundle).manifest.signature.hash
    with protocol.InferenceServerClient(address) as client:

        def score(inputs: Mapping[str, NDArray[Any]]) -> NDArray[np.float32]:
            given = [_tensor(protocol, name, values) for name, values in inputs.items()]
            answer = client.infer(_MODEL, given, parameters={"signature_hash": signature_hash})
            scores: NDArray[np.float32] = answer.as_numpy(_TASK)
            return scores

        asked = candidates(tables, tables.users[:_NUM_USERS].tolist())
        _show_lists(asked, [score(one.inputs) for one in asked])
        rows = {name: values[:_ROWS_OF_REQUEST] for name, values in asked[0].inputs.items()}
        num_rows = len(rows["discrete"])
        p50, p99 = _latencies(lambda: score(rows))
    print(f"{_NUM_REQUESTS} requests of {num_rows} rows over gRPC: p50 {p50:.1f} ms, p99 {p99:.1f} ms")


def _tensor(protocol: Any, name: str, values: NDArray[Any]) -> Any:
    tensor = protocol.InferInput(name, values.shape, "FP32" if values.dtype.kind == "f" else "INT64")
    tensor.set_data_from_numpy(values)
    return tensor


def _show_lists(asked: Sequence[Candidates], scores: Sequence[NDArray[np.float32]]) -> None:
    """Prints the films of the highest score of each user, side by side."""
    import numpy as np
    from rich.console import Console
    from rich.table import Table

    heading = f"films not rated yet, by the probability of {_TASK}"
    table = Table(title=heading, title_justify="left", box=None, pad_edge=False)
    table.add_column("", min_width=2)
    lists = []
    for candidates, of_user in zip(asked, scores, strict=True):
        table.add_column(f"user {candidates.user}", no_wrap=True, max_width=36)
        best = np.argsort(-of_user, kind="stable")[:_TOP]
        lists.append([f"{of_user[film]:.3f} {candidates.titles[film]}" for film in best])
    for rank, row in enumerate(zip(*lists, strict=False), 1):
        table.add_row(str(rank), *row)
    Console(width=None if sys.stdout.isatty() else 120, highlight=False, markup=False, emoji=False).print(table)


def _latencies(ask: Callable[[], object]) -> tuple[float, float]:
    """Median and 99th percentile of the time of an answer, in milliseconds."""
    import numpy as np

    times = np.empty(_NUM_REQUESTS)
    for place in range(-_NUM_FIRST, _NUM_REQUESTS):
        begin = time.perf_counter()
        ask()
        if place >= 0:
            times[place] = 1000 * (time.perf_counter() - begin)
    p50, p99 = np.percentile(times, [50, 99])
    return float(p50), float(p99)
