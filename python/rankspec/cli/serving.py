"""`rankspec data serve`: the data sets of a config, read here for trainers on other machines."""

from __future__ import annotations

import os
import signal
import sys
from argparse import ArgumentParser, Namespace
from threading import Event
from typing import TYPE_CHECKING

from rankspec.cli import statuses
from rankspec.cli.addresses import Address, add_access_arguments, address, require_access
from rankspec.cli.running import add_config_arguments, run_config

if TYPE_CHECKING:
    from rankspec.trainer.data.service.server import DataServer, ServedData
    from rankspec.trainer.setup import Job


def add_arguments(parser: ArgumentParser) -> None:
    """Describes the arguments."""
    add_config_arguments(parser)
    parser.add_argument(
        "--listen",
        type=address,
        default=Address("127.0.0.1", 0),
        metavar="HOST:PORT",
        help="where to listen; port 0 takes a free one; default: 127.0.0.1:0",
    )
    add_access_arguments(parser)
    parser.set_defaults(run=run)


def run(arguments: Namespace) -> int:
    """Serves until it is asked to end; returns the exit status."""
    require_access("data serve", arguments, {"": arguments.listen})
    return run_config(arguments, lambda job: _serve(job, arguments))


def _serve(job: Job, arguments: Namespace) -> int:
    from rankspec.families import served_data_of
    from rankspec.trainer.data.arrow_errors import UNREADABLE, reason
    from rankspec.trainer.data.service.credentials import read_certificate, read_token
    from rankspec.trainer.data.service.server import DataServer
    from rankspec.trainer.errors import TrainError

    name = job.config.DESCRIPTOR.full_name
    opened = served_data_of(name)
    if opened is None:
        raise TrainError(f"nothing reads the data of a {name} from a data service")
    token = read_token(arguments.token_file) if arguments.token_file else None
    encrypted = arguments.tls_cert is not None
    certificate = read_certificate(arguments.tls_cert, arguments.tls_key) if encrypted else None
    data_sets = opened(job.config)
    scheme = "grpc+tls" if encrypted else "grpc"
    try:
        server = DataServer(data_sets, f"{scheme}://{arguments.listen}", token=token, certificate=certificate)
    except UNREADABLE as error:
        raise TrainError(f"{arguments.listen} cannot be listened on: {reason(error)}", restart_helps=True) from error
    return _until_asked(server, data_sets, f"{scheme}://{Address(arguments.listen.host, server.port)}")


def _until_asked(server: DataServer, data_sets: tuple[ServedData, ...], address: str) -> int:
    asked = Event()
    before = [(number, signal.signal(number, lambda *_: asked.set())) for number in (signal.SIGINT, signal.SIGTERM)]
    try:
        for data in data_sets:
            for note in data.notes:
                sys.stderr.write(f"{data.name}: {note}\n")
        num_files = sum(len(data.files) for data in data_sets)
        print(f"serving {len(data_sets)} data sets, {num_files} files, on {address}", flush=True)
        asked.wait()
    finally:
        for number, handler in before:
            signal.signal(number, handler)
        if not server.close():
            # A client that takes nothing holds a thread of the server for good, and Python would wait for it.
            sys.stdout.flush()
            os._exit(statuses.FINE)
    return statuses.FINE
