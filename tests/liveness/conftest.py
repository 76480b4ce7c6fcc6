"""Settings for the probes' runs."""

from collections.abc import Iterator

import pytest
import torch


def pytest_configure(config: pytest.Config) -> None:
    # torch warns at every checkpoint of a single process; pytest undoes the trainer's own filter.
    config.addinivalue_line("filterwarnings", "ignore:torch.distributed is disabled:UserWarning")


@pytest.fixture(autouse=True)
def _flags_of_torch() -> Iterator[None]:
    """A run sets torch's flags for its process; the next test starts from torch's own."""
    torch.set_num_threads(1)
    yield
    torch.use_deterministic_algorithms(mode=False)
    torch.set_float32_matmul_precision("highest")
