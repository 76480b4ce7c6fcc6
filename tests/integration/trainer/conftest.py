"""Small runs that tests share."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from tests.integration.trainer.runs import Runs, write_data


def pytest_configure(config: pytest.Config) -> None:
    # torch warns at every checkpoint of a single process; pytest undoes the trainer's own filter.
    config.addinivalue_line("filterwarnings", "ignore:torch.distributed is disabled:UserWarning")


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def _flags_of_torch() -> Iterator[None]:
    """A run sets torch's flags for its process; the next test starts from torch's own."""
    yield
    torch.use_deterministic_algorithms(mode=False)
    torch.set_float32_matmul_precision("highest")


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    write_data(folder)
    return folder


@pytest.fixture
def runs(tmp_path: Path, data: Path) -> Runs:
    """Runs in a folder of the test's own."""
    return Runs(tmp_path, data)


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory, data: Path) -> Path:
    """The folder of a run of the small config that nothing interrupted; not to be written into."""
    return Runs(tmp_path_factory.mktemp("runs"), data).train("finished")
