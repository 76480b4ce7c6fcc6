"""Rows from a data service are the rows of its files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from rankspec.recap.v1.data_pb2 import RecapDataConfig
from rankspec.recap.v1.recap_pb2 import RecapConfig
from tests.unit.small_data import batches_of, data_config, opened, write_files

from rankspec.families.recap.program.data.service import served_data
from rankspec.trainer.data.service.server import DataServer


def config_of(data: RecapDataConfig) -> RecapConfig:
    config = RecapConfig(train_data=data)
    for task in data.tasks:
        config.model.tasks[task].SetInParent()
    return config


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_files(tmp_path / "data", [40, 24, 9])


@pytest.fixture
def server(folder: Path) -> Iterator[DataServer]:
    server = DataServer(served_data(config_of(data_config(folder))), "grpc://127.0.0.1:0")
    yield server
    server.close()


def test_same(folder: Path, server: DataServer) -> None:
    local = batches_of(opened(data_config(folder)), 0, 20)
    remote_config = data_config(folder, data_service_dispatcher=f"grpc://127.0.0.1:{server.port}")
    remote = batches_of(opened(remote_config), 0, 20)
    for a, b in zip(local, remote, strict=True):
        assert torch.equal(a.continuous, b.continuous) and torch.equal(a.labels, b.labels)
        assert a.carried["meta__row"].tolist() == b.carried["meta__row"].tolist()
