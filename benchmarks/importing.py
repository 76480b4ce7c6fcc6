"""CPU time and memory of importing a CSV file, beside a bare copy of it to Parquet by pyarrow.

The import reads the file twice, looks at every value, fits, encodes, hashes every row's key, and sorts the rows; the
copy does none of that. Each runs in a process of its own, of one thread. RANKSPEC_BENCH_ROWS sets the number of rows.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv

from benchmarks.measuring import Measurement

_NUM_ROWS = int(os.environ.get("RANKSPEC_BENCH_ROWS", "10_000_000"))
_ROWS_OF_PIECE = 250_000
_MEASURED = """
import json, resource, sys
{work}
used = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps([used.ru_utime + used.ru_stime, used.ru_maxrss / 1024]))
"""
_IMPORT = """
from rankspec.datasets.importing.table import import_table
import_table(sys.argv[1], sys.argv[2], label="bought", group="user_id", time="")
"""
_COPY = """
import pyarrow.csv as csv, pyarrow.parquet as pq
reader = csv.open_csv(sys.argv[1], csv.ReadOptions(use_threads=False, block_size=1 << 20))
with pq.ParquetWriter(sys.argv[2], reader.schema) as writer:
    for batch in reader:
        writer.write_batch(batch)
"""


def run() -> list[Measurement]:
    """Measures both, one after the other."""
    with TemporaryDirectory() as folder:
        table = Path(folder) / "table.csv"
        _write(table)
        copied = _measured(_COPY, table, Path(folder) / "copy.parquet")
        imported = _measured(_IMPORT, table, Path(folder) / "set")
    return [
        Measurement("importing_cpu", imported[0] / _NUM_ROWS * 1e6, "µs/row", copied[0] / _NUM_ROWS * 1e6),
        Measurement("importing_memory", imported[1], "MiB", copied[1]),
    ]


def _measured(work: str, table: Path, output: Path) -> tuple[float, float]:
    """CPU seconds and the most memory, in MiB, of a process that works on a table."""
    command = [sys.executable, "-c", _MEASURED.format(work=work), str(table), str(output)]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    seconds, mebibytes = json.loads(ran.stdout.splitlines()[-1])
    return float(seconds), float(mebibytes)


def _write(path: Path) -> None:
    """Numbers with gaps and without, categories of few and of many values, and a label that follows from them."""
    source = np.random.default_rng(0)
    first = _piece(source, 1).schema
    with pa_csv.CSVWriter(path, first) as writer:
        for start in range(0, _NUM_ROWS, _ROWS_OF_PIECE):
            writer.write_table(_piece(source, min(_ROWS_OF_PIECE, _NUM_ROWS - start)))


def _piece(source: np.random.Generator, num_rows: int) -> pa.Table:
    age, spent = source.integers(18, 90, num_rows), np.round(source.lognormal(3, 1, num_rows), 2)
    items = source.zipf(1.3, num_rows) % 150_000
    columns = {
        "user_id": source.integers(0, 200_000, num_rows),
        "age": age,
        "spent": pa.array(spent, mask=source.random(num_rows) < 0.2),
        "distance": np.round(source.random(num_rows) * 50, 3),
        "visits": source.poisson(4, num_rows),
        "item": pa.array([f"item-{item}" for item in items.tolist()]),
        "city": pa.array(np.array(["Köln", "Bonn", "Ulm", "Trier"])[source.integers(0, 4, num_rows)]),
        "device": pa.array(np.array(["phone", "desk", "tablet"])[source.integers(0, 3, num_rows)]),
        "bought": (source.random(num_rows) < age / 120).astype(np.int64),
    }
    return pa.table(columns)
