"""Rows per second from a data service on this machine, beside the files themselves, at the production widths."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from rankspec.recap.v1.data_pb2 import DDS_COMPRESSION_OPTION_AUTO

from benchmarks.measuring import Measurement, interleaved_medians
from benchmarks.production import NUM_ROWS, production_job
from rankspec.trainer.data.dataset import Dataset
from rankspec.trainer.data.plan import Share
from rankspec.trainer.setup import Job, set_up

_NUM_ROUNDS = 7
_ALONE = Share(rank=0, world_size=1)


def run() -> list[Measurement]:
    """Measures one pass over all rows in turn: as the files are, from the service, and from it compressed."""
    with TemporaryDirectory() as folder:
        job = production_job(Path(folder))
        with _served(job, Path(folder)) as address:
            local, plain, compressed = interleaved_medians(
                [_pass(job), _pass(_from(job, address)), _pass(_from(job, address, compressed=True))], _NUM_ROUNDS
            )
    rates = [NUM_ROWS * 1000 / milliseconds for milliseconds in (local, plain, compressed)]
    return [
        Measurement("data_service", rates[1], "rows/s", rates[0]),
        Measurement("data_service_compressed", rates[2], "rows/s", rates[0]),
    ]


def _pass(job: Job) -> _Pass:
    with set_up(job) as setup:
        return _Pass(setup.program.open_training_data(_ALONE, Path(job.config.training.save_dir)))


class _Pass:
    """Reads all rows once."""

    def __init__(self, rows: Dataset) -> None:
        self._rows = rows

    def __call__(self) -> None:
        with self._rows.batches(0, self._rows.num_batches_per_epoch) as batches:
            for _ in batches:
                pass


def _from(job: Job, address: str, *, compressed: bool = False) -> Job:
    config = type(job.config)()
    config.CopyFrom(job.config)
    config.train_data.data_service_dispatcher = address
    if compressed:
        config.train_data.dataset_service_compression = DDS_COMPRESSION_OPTION_AUTO
    return replace(job, config=config)


@contextmanager
def _served(job: Job, folder: Path) -> Iterator[str]:
    """A service of the job's data in a process of its own; gives its address."""
    file = folder / "served.textproto"
    file.write_text(job.text)
    command = [sys.executable, "-m", "rankspec", "data", "serve", str(file)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process.stdout.readline().split()[-1]
    finally:
        process.terminate()
        process.wait()
