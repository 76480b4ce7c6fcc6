"""CPU time of reading a row whose vectors are bytes, beside the same vectors in lists.

Nothing else is measured: files in the page cache, all columns, to numpy arrays.
"""

from __future__ import annotations

import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import get_args

from benchmarks.measuring import Measurement
from rankspec.datasets import random_data
from rankspec.datasets.vectors import Vectors
from rankspec.trainer.data.parquet import ParquetFile, open_file
from rankspec.trainer.data.storage.local import LOCAL
from rankspec.trainer.data.storage.storage import StoredFile
from rankspec.trainer.data.values import StoredColumn
from rankspec.trainer.inputs import DType

_NUM_ROWS = 4096
_NUM_ROUNDS = 9
_NARROW = random_data.Widths(continuous=400, binary=40, discrete=100, embedding=200, num_ids=50)
_DTYPES: dict[str, DType] = {"float_list": "float32", "int64_list": "int64"}


def run() -> list[Measurement]:
    """Measures rows of the production widths, and narrow ones."""
    return [_measured("vectors_production", random_data.PRODUCTION), _measured("vectors_narrow", _NARROW)]


def _measured(name: str, widths: random_data.Widths) -> Measurement:
    columns = [
        StoredColumn(str(entry["feature_name"]), _DTYPES[str(entry["dtype"])], int(entry["length"]))
        for entry in random_data.segdense_schema(widths)["schema"]
    ]
    forms: tuple[Vectors, ...] = get_args(Vectors)
    with TemporaryDirectory() as folder:
        files = [_written(Path(folder) / form, widths, form, columns) for form in forms]
        seconds: list[list[float]] = [[] for _ in files]
        for _ in range(_NUM_ROUNDS):
            for file, taken in zip(files, seconds, strict=True):
                taken.append(_cpu_seconds(file, columns))
    in_bytes, in_lists = (median(taken) / _NUM_ROWS * 1e6 for taken in seconds)
    return Measurement(name, in_bytes, "µs/row", in_lists)


def _written(folder: Path, widths: random_data.Widths, vectors: Vectors, columns: list[StoredColumn]) -> ParquetFile:
    (file,) = random_data.write(folder, num_rows=_NUM_ROWS, widths=widths, vectors=vectors)
    return open_file(StoredFile(LOCAL, file), columns)


def _cpu_seconds(file: ParquetFile, columns: list[StoredColumn]) -> float:
    """CPU time of all threads."""
    begin = time.process_time()
    for row_group in range(len(file.rows)):
        for _ in file.chunks(row_group, columns):
            pass
    return time.process_time() - begin
