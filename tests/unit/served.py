"""Data services for tests, in this process."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from rankspec.recap.v1.data_pb2 import RecapDataConfig
from rankspec.recap.v1.recap_pb2 import RecapConfig
from tests.unit.small_data import data_config

from rankspec.families.recap.program.data.service import served_data
from rankspec.trainer.data.service.server import DataServer

TOKEN = "a-token-of-this-test"  # noqa: S105


def ranker(data: RecapDataConfig, **validation: RecapDataConfig) -> RecapConfig:
    """A config with this data and a task for each of its labels."""
    config = RecapConfig(train_data=data, validation_data=validation)
    for task in data.tasks:
        config.model.tasks[task].SetInParent()
    return config


@contextmanager
def serving(config: RecapConfig, port: int = 0, **settings: Any) -> Iterator[DataServer]:
    """A server of a config's data."""
    server = DataServer(served_data(config), f"grpc://127.0.0.1:{port}", **settings)
    try:
        yield server
    finally:
        server.close()


def address(server: DataServer) -> str:
    return f"grpc://127.0.0.1:{server.port}"


def remote(folder: Path, *servers: DataServer | str, **fields: Any) -> RecapDataConfig:
    """The configuration of the data set in a folder, read from these servers."""
    addresses = ",".join(one if isinstance(one, str) else address(one) for one in servers)
    return data_config(folder, data_service_dispatcher=addresses, **fields)


def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate of this machine by itself, and its key."""
    certificate, key = folder / "server.pem", folder / "server.key"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    try:
        subprocess.run([*command, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("there is no openssl to make a certificate with")
    return certificate, key
