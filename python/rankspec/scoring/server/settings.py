"""What a server is started with, and its limits."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple


class Address(NamedTuple):
    """Where to listen; the host without brackets. Port 0 takes a free one."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Certificate(NamedTuple):
    """Files of a certificate's chain and its key, in PEM."""

    chain: Path
    key: Path


@dataclass(frozen=True)
class Limits:
    """What a request, and all of them together, may take.

    Attributes:
        max_request_bytes: of a request's body, after decompression.
        max_rows: of one request.
        max_batch_rows: that are scored at once, where more than one request is.
        max_batch_ids: of lists that are scored at once, where more than one request is: rows times the ids of the
            longest list, of each input of lists.
        max_delay_s: that a request waits for others to be scored with; 0: only while others are being scored.
        max_waiting_requests: that wait for their turn.
        max_waiting_rows: of the requests that wait.
        max_waiting_ids: of lists of the requests that wait, with what is behind shorter ones.
        max_connections: at once, to each port.
        max_concurrent: requests over gRPC that are under way at once.
        max_header_bytes: of all that comes before a request's body.
        max_json_depth: how deep JSON may be nested.
        read_timeout_s: in which a request has come whole.
        idle_timeout_s: after which a connection without a request is closed.
    """

    max_request_bytes: int = 64 * 2**20
    max_rows: int = 10_000
    max_batch_rows: int = 1024
    max_batch_ids: int = 2**18
    max_delay_s: float = 0.0
    max_waiting_requests: int = 2000
    max_waiting_rows: int = 200_000
    max_waiting_ids: int = 2**25
    max_connections: int = 2000
    max_concurrent: int = 4000
    max_header_bytes: int = 8190
    max_json_depth: int = 16
    read_timeout_s: float = 30.0
    idle_timeout_s: float = 75.0


@dataclass(frozen=True)
class Settings:
    """What a server is started with.

    Attributes:
        bundles: a bundle's folder, or a folder of bundles, which is watched.
        name: the model's name in requests.
        grpc: where gRPC is served.
        http: where HTTP is served.
        metrics: where metrics are served.
        tls: a certificate's chain and its key; None serves without encryption.
        token: what clients have to show; None asks for nothing.
        step: of the bundle to serve; None serves the newest.
        expect_digest: of the bundle to serve, in hexadecimal; any other is refused. None takes any.
        step_file: a file that holds the step, and is watched; empty or absent means the newest. None: there is no file.
        num_threads: for scoring; None takes as many as the container may use.
        poll_s: seconds between looks at the folder.
        unready_s: seconds from the signal to end until no new connection is taken.
        drain_s: seconds that requests under way get after that.
        logs_requests: whether each request gets a line in the log.
        limits: what requests may take.
    """

    bundles: Path
    name: str
    grpc: Address
    http: Address
    metrics: Address
    tls: Certificate | None = None
    token: str | None = field(default=None, repr=False)
    step: int | None = None
    expect_digest: str | None = None
    step_file: Path | None = None
    num_threads: int | None = None
    poll_s: float = 1.0
    unready_s: float = 5.0
    drain_s: float = 20.0
    logs_requests: bool = False
    limits: Limits = Limits()
