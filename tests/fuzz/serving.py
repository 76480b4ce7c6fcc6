"""`make fuzz-serving N=...`: no request makes the server crash, fail, hang or grow."""

from __future__ import annotations

import argparse
import http.client
import resource
import sys
import tempfile
from collections import Counter
from pathlib import Path

import grpc
from tests.fuzz.requests import Request, request_of
from tests.unit.served_bundles import Served, json_request, rows, serving
from tests.unit.tiny_bundles import write_bundle

from rankspec import scoring
from rankspec.scoring.server.settings import Limits

# What a request may be answered; anything else is a fault of the server's.
ANSWERS = {
    *("OK", "INVALID_ARGUMENT", "NOT_FOUND", "OUT_OF_RANGE", "DEADLINE_EXCEEDED"),
    *(200, 400, 404, 413, 415, 504),
}
_GOOD_AFTER = 1000


class Asker:
    """Asks a server, over connections that are kept."""

    def __init__(self, served: Served) -> None:
        self._served = served
        self._http = self._connection()
        self._channel = served.channel()
        self._call = served.raw_infer(self._channel)

    def _connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(*self._served.addresses.http, timeout=60)

    def status(self, request: Request) -> str | int:
        """What a request is answered."""
        if not request.path:
            try:
                self._call(request.body, timeout=60)
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

    def close(self) -> None:
        """Closes the connections."""
        self._http.close()
        self._channel.close()


def ask_all(seed: int, number: int, folder: Path) -> tuple[Counter[str | int], list[str]]:
    """Asks a server damaged requests, and a good one after every thousand.

    Returns:
        How many got which answer, and what went wrong.
    """
    write_bundle(folder / "1")
    with scoring.open(folder / "1") as scorer:
        signature_hash = scorer.signature_hash
    counts: Counter[str | int] = Counter()
    complaints = []
    with serving(folder, Limits(max_request_bytes=1_000_000)) as served:
        asker = Asker(served)
        for place in range(number):
            status = asker.status(request_of(seed, place, signature_hash))
            counts[status] += 1
            if status not in ANSWERS:
                complaints.append(f"request {place} was answered {status}")
            if (
                place % _GOOD_AFTER == _GOOD_AFTER - 1
                and served.infer(json_request(*rows(2), signature_hash))[0] != 200
            ):
                complaints.append(f"after request {place} a good one is not answered")
        complaints += [f"the log has {event}" for event in served.events("failure")[:5]]
        asker.close()
    return counts, complaints


def main() -> int:
    """Asks as many requests as the command line says."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.serving", description=__doc__)
    parser.add_argument("number", type=int)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        counts, complaints = ask_all(arguments.seed, arguments.number, Path(folder))
    lines = [f"{status}  {count}" for status, count in sorted(counts.items(), key=str)]
    lines.append(f"at most {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB, server and clients")
    sys.stdout.write("\n".join([*lines, *complaints[:20]]) + "\n")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
