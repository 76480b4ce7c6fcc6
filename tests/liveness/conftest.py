"""Settings for the probes' runs."""

import pytest


def pytest_configure(config: pytest.Config) -> None:
    # torch warns at every checkpoint of a single process; pytest undoes the trainer's own filter.
    config.addinivalue_line("filterwarnings", "ignore:torch.distributed is disabled:UserWarning")
    # As it does where there is no CUDA device to scale for.
    config.addinivalue_line("filterwarnings", "ignore:torch.cuda.amp.GradScaler is enabled:UserWarning")
