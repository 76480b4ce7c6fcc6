"""`make fuzz-serving N=...`: no request makes the server crash, fail, hang or grow."""

from __future__ import annotations

import argparse
import http.client
import resource
import socket
import sys
import tempfile
from collections import Counter
from pathlib import Path

import grpc
from tests.fuzz.requests import Request, request_of
from tests.unit.served_bundles import Served, json_request, lists, rows, serving
from tests.unit.tiny_bundles import write_bundle

from rankspec import scoring
from rankspec.scoring.server.settings import Limits

# What a request may be answered; anything else is a fault of the server's.
ANSWERS = {
    *("OK", "INVALID_ARGUMENT", "NOT_FOUND", "OUT_OF_RANGE", "DEADLINE_EXCEEDED"),
    # Of a message that is too large, and of a compressed one; gRPC's own answers.
    *("RESOURCE_EXHAUSTED", "UNIMPLEMENTED"),
    *(200, 400, 404, 413, 415, 504),
    # What is no request at all.
    "closed",
}
_GOOD_AFTER = 1000
# Server and clients together, after the first requests.
_MOST_GROWTH_MIB = 64
_PATIENCE_S = 60


class Asker:
    """Asks a server, over connections that are kept."""

    def __init__(self, served: Served) -> None:
        self._served = served
        self._http = self._connection()
        self._channel = served.channel()
        self._call = served.raw_infer(self._channel)

    def _connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(*self._served.addresses.http, timeout=_PATIENCE_S)

    def status(self, request: Request) -> str | int:
        """What a request is answered."""
        if request.port:
            return self._written(request)
        if not request.path:
            compression = grpc.Compression.Gzip if request.is_compressed else None
            try:
                self._call(request.body, timeout=_PATIENCE_S, compression=compression)
            except grpc.RpcError as error:
                return str(error.code().name)
            return "OK"
        try:
            self._http.request("POST", request.path, request.body, dict(request.headers))
            response = self._http.getresponse()
            response.read()
        except (ConnectionError, http.client.RemoteDisconnected):
            # Closed while the body was sent, as it is too large.
            self._http.close()
            self._http = self._connection()
            return 413
        return response.status

    def _written(self, request: Request) -> str:
        """Writes to a port what is no request, and waits until the server has closed the connection."""
        address = getattr(self._served.addresses, request.port)
        with socket.create_connection(address, timeout=_PATIENCE_S) as connection:
            try:
                connection.sendall(request.body)
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(65536):
                    pass
            except TimeoutError:
                return "left open"
            except OSError:
                pass  # Closed while it was written to.
        return "closed"

    def close(self) -> None:
        """Closes the connections."""
        self._http.close()
        self._channel.close()


def ask_all(seed: int, number: int, folder: Path) -> tuple[Counter[str | int], list[str]]:
    """Asks a server damaged requests, and a good one after every thousand.

    Returns:
        How many got which answer, and what went wrong.
    """
    write_bundle(folder / "1", has_lists=True)
    with scoring.open(folder / "1") as scorer:
        signature_hash = scorer.signature_hash
    counts: Counter[str | int] = Counter()
    complaints = []
    with serving(folder, Limits(max_request_bytes=1_000_000)) as served:
        asker = Asker(served)
        at_first = _memory()
        for place in range(number):
            if place == number // 10:
                at_first = _memory()
            status = asker.status(request_of(seed, place, signature_hash))
            counts[status] += 1
            if status not in ANSWERS:
                complaints.append(f"request {place} was answered {status}")
            if (
                place % _GOOD_AFTER == _GOOD_AFTER - 1
                and served.infer(json_request(*rows(2), signature_hash, lists(2)))[0] != 200
            ):
                complaints.append(f"after request {place} a good one is not answered")
        complaints += [f"the log has {event}" for event in served.events("failure")[:5]]
        asker.close()
    if (growth := _memory() - at_first) > _MOST_GROWTH_MIB:
        complaints.append(f"after the first tenth, memory grows by {growth:.0f} MiB")
    return counts, complaints


def _memory() -> float:
    """The most that this process ever had, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> int:
    """Asks as many requests as the command line says."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.serving", description=__doc__)
    parser.add_argument("number", type=int)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        counts, complaints = ask_all(arguments.seed, arguments.number, Path(folder))
    lines = [f"{status}  {count}" for status, count in sorted(counts.items(), key=str)]
    lines.append(f"at most {_memory():.0f} MiB, server and clients")
    sys.stdout.write("\n".join([*lines, *complaints[:20]]) + "\n")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
