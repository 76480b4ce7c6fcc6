"""Rows per second from Parquet to tensors at the production widths, beside a bare pyarrow scan of the same columns."""

from __future__ import annotations

import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from pyarrow import dataset as arrow_dataset

from benchmarks.measuring import Measurement
from benchmarks.production import NUM_ROWS, production_job
from rankspec.trainer.data.dataset import Dataset
from rankspec.trainer.setup import set_up

_NUM_ROUNDS = 7


def run() -> Measurement:
    """Measures both in turn, each reading all rows once."""
    with TemporaryDirectory() as folder, set_up(production_job(Path(folder))) as setup:
        rows = setup.open_training_data()
        columns = [*(item.column for item in setup.program.inputs), *setup.program.loss_parts]
        files = [str(path) for path in sorted((Path(folder) / "random").glob("*.parquet"))]
        ours, scan = [], []
        for _ in range(_NUM_ROUNDS):
            ours.append(_seconds(lambda: _read(rows)))
            scan.append(_seconds(lambda: arrow_dataset.dataset(files).to_table(columns=columns)))
    return Measurement("input_pipeline", NUM_ROWS / median(ours), "rows/s", NUM_ROWS / median(scan))


def _read(rows: Dataset) -> None:
    with rows.batches(0, rows.num_batches_per_epoch) as batches:
        for _ in batches:
            pass


def _seconds(action: object) -> float:
    assert callable(action)
    begin = time.perf_counter()
    action()
    return time.perf_counter() - begin
