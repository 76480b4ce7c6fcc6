"""Answer requests for scores from a bundle, by the Open Inference Protocol over gRPC and HTTP.

BUNDLES is a bundle, or a folder of bundles, which is watched: the bundle of the highest step is served, or that of
--step or --step-file. A new one is opened, checked and swapped in while requests go on; nothing there is written.
(`rankspec data serve` is something else: it gives rows of data sets to trainers.)

Example:
  rankspec serve build/bundles/tiny
  rankspec serve build/bundles --name ranker --step-file build/step.txt
"""

from __future__ import annotations

import math
import os
import signal
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from rankspec.cli import statuses
from rankspec.cli.addresses import Address, add_access_arguments, address, require_access
from rankspec.cli.digests import digest
from rankspec.cli.stopping import VerbError, needing

if TYPE_CHECKING:
    from rankspec.scoring.server.server import Addresses, Server
    from rankspec.scoring.server.settings import Settings

# What every run writes into its folder before its first step; a bundle or a folder of bundles has no such file.
_OF_A_RUN = "run.json"
_PORTS = {"grpc": 8001, "http": 8000, "metrics": 8002}


def add_arguments(parser: ArgumentParser) -> None:
    """Describes the verb's arguments."""
    parser.add_argument("bundles", type=Path, metavar="BUNDLES", help="a bundle, or a folder of bundles to watch")
    parser.add_argument("--name", metavar="NAME", help="the model's name in requests; default: that of the folder")
    for protocol, port in _PORTS.items():
        parser.add_argument(
            f"--{protocol}",
            type=address,
            default=Address("127.0.0.1", port),
            metavar="HOST:PORT",
            help=f"where {protocol} is served; port 0 takes a free one; default: 127.0.0.1:{port}",
        )
    add_access_arguments(parser)
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--step", type=_count, metavar="N", help="serve the bundle of this step")
    which.add_argument(
        "--step-file", type=Path, metavar="FILE", help="file with the step to serve, watched; empty: newest"
    )
    parser.add_argument(
        "--expect-digest",
        type=digest,
        metavar="SHA256",
        help="what the SHA-256 of the manifest has to be; other bundles are refused",
    )
    parser.add_argument(
        "--threads", type=_positive, metavar="N", help="threads to score with; default: those there are"
    )
    parser.add_argument(
        "--poll", type=_seconds, default=1.0, metavar="SECONDS", help="between looks at the folder; default: 1"
    )
    parser.add_argument(
        "--unready",
        type=_seconds,
        default=5.0,
        metavar="SECONDS",
        help="how long requests are still taken after SIGTERM, not ready any more; default: 5",
    )
    parser.add_argument(
        "--drain", type=_seconds, default=20.0, metavar="SECONDS", help="that answers under way get then; default: 20"
    )
    parser.add_argument("--log-requests", action="store_true", help="write a line for each request to the log")
    _add_limits(parser)


def _add_limits(parser: ArgumentParser) -> None:
    limits = parser.add_argument_group("limits")
    for option, read, default, metavar, of in (
        ("--max-request-mib", _positive, 64, "N", "of a request, decompressed"),
        ("--max-rows", _positive, 10_000, "N", "of a request"),
        ("--max-batch-rows", _positive, 1024, "N", "of requests scored at once"),
        ("--max-batch-ids", _positive, 2**18, "N", "of lists of requests scored at once, rows times the longest list"),
        ("--max-delay-ms", _seconds, 0.0, "MS", "that a request waits for others while nothing is being scored"),
        ("--max-waiting", _positive, 2000, "N", "requests that wait to be scored"),
        ("--max-connections", _positive, 2000, "N", "to each port at once"),
    ):
        limits.add_argument(option, type=read, default=default, metavar=metavar, help=f"{of}; default: {default:g}")


def run(arguments: Namespace) -> int:
    """Serves until it is asked to end; returns the exit status."""
    require_access("serve", arguments, {f"--{protocol}: ": getattr(arguments, protocol) for protocol in _PORTS})
    # What gRPC writes of mistakes of its clients is no line of our log; it looks at this when it is first imported.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    with needing("serve"):
        import rankspec.scoring.server.server  # noqa: F401 - whether it can be, before anything is done
    if not arguments.bundles.is_dir():
        raise VerbError(f"error: {arguments.bundles} is no folder; give a bundle, or a folder of bundles")
    if (arguments.bundles / _OF_A_RUN).is_file():
        # It would wait for ever: no bundle is ever written there.
        raise VerbError(
            f"error: {arguments.bundles} is the folder of a run, which is not served; `rankspec export "
            f"{arguments.bundles} -o DIR` makes a bundle of it"
        )
    from rankspec.trainer.data_error import DataError

    try:
        settings = _settings(arguments)
    except DataError as error:
        raise VerbError(f"error: {error.message}") from error
    return _serve(settings)


def _settings(arguments: Namespace) -> Settings:
    """What the arguments say.

    Raises:
        DataError: a file of certificate, key or token is of no use.
    """
    from rankspec.scoring.server import settings
    from rankspec.trainer.data.service.credentials import read_certificate, read_token

    if arguments.tls_cert:
        read_certificate(arguments.tls_cert, arguments.tls_key)
    return settings.Settings(
        bundles=arguments.bundles,
        name=arguments.name or arguments.bundles.resolve().name,
        grpc=settings.Address(*arguments.grpc),
        http=settings.Address(*arguments.http),
        metrics=settings.Address(*arguments.metrics),
        tls=settings.Certificate(arguments.tls_cert, arguments.tls_key) if arguments.tls_cert else None,
        token=read_token(arguments.token_file) if arguments.token_file else None,
        step=arguments.step,
        expect_digest=arguments.expect_digest,
        step_file=arguments.step_file,
        num_threads=arguments.threads,
        poll_s=max(arguments.poll, 0.01),
        unready_s=arguments.unready,
        drain_s=arguments.drain,
        logs_requests=arguments.log_requests,
        limits=settings.Limits(
            max_request_bytes=arguments.max_request_mib * 2**20,
            max_rows=arguments.max_rows,
            max_batch_rows=arguments.max_batch_rows,
            max_batch_ids=arguments.max_batch_ids,
            max_delay_s=arguments.max_delay_ms / 1000,
            max_waiting_requests=arguments.max_waiting,
            max_connections=arguments.max_connections,
        ),
    )


def _serve(settings: Settings) -> int:
    import asyncio

    status, is_clean = asyncio.run(_until_asked(settings))
    if not is_clean:
        # A thread is still scoring, and Python would wait for it.
        sys.stdout.flush()
        os._exit(status)
    return status


async def _until_asked(settings: Settings) -> tuple[int, bool]:
    """Serves until a signal comes; returns the exit status, and whether everything has ended."""
    import asyncio

    from rankspec.scoring.layout import MANIFEST_FILE
    from rankspec.scoring.server.logs import Log
    from rankspec.scoring.server.server import Server

    asked, hurry = asyncio.Event(), asyncio.Event()

    def on_signal() -> None:
        if asked.is_set():
            hurry.set()
        asked.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, on_signal)
    server = Server(settings, Log())
    problem = await server.load()
    if problem is not None and (settings.bundles / MANIFEST_FILE).is_file():
        sys.stderr.write(f"error: {settings.bundles}: {problem}\n")
        return statuses.WRONG, True
    try:
        addresses = await server.start()
    except OSError as error:
        sys.stderr.write(f"error: {error}; name a free address\n")
        hurry.set()
        return statuses.TRY_AGAIN, await server.stop(hurry)
    _announce(server, settings, addresses)
    await asked.wait()
    return statuses.FINE, await server.stop(hurry)


def _announce(server: Server, settings: Settings, addresses: Addresses) -> None:
    current = server.registry.current
    what = f"step {current.step}" if current else "nothing yet"
    scheme = "s" if settings.tls else ""
    print(
        f"serving {settings.name} ({what}): grpc{scheme}://{addresses.grpc} http{scheme}://{addresses.http} "
        f"metrics http{scheme}://{addresses.metrics}/metrics",
        flush=True,
    )


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds < math.inf:
        raise ArgumentTypeError(f"{text!r} is no number from 0 on")
    return seconds


def _count(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or len(text) > 18:
        raise ArgumentTypeError(f"{text!r} is no whole number from 0 on")
    return int(text)


def _positive(text: str) -> int:
    if (count := _count(text)) < 1:
        raise ArgumentTypeError(f"{text!r} is no whole number above 0")
    return count
