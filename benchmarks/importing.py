"""CPU time and memory of importing a CSV file, beside a bare copy of it to Parquet by pyarrow.

The import reads the file twice, looks at every value, fits, encodes, hashes every row, and sorts the rows; the copy
does none of that. Each runs in a process of its own, of one thread. The table is imported twice as one file, as parts,
and as the same parts in another order, which has to give the same files, byte for byte; a copy is made before each, and
medians are told, of memory the most. RANKSPEC_BENCH_ROWS sets the number of rows.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from hashlib import file_digest
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv

from benchmarks.measuring import Measurement

_NUM_ROWS = int(os.environ.get("RANKSPEC_BENCH_ROWS", "10_000_000"))
_ROWS_OF_PIECE = 50_000
_NUM_PARTS = 5
_MEASURED = """
import json, resource, sys
{work}
used = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps([used.ru_utime + used.ru_stime, used.ru_maxrss / 1024]))
"""
_IMPORT = """
from rankspec.datasets.importing.table import import_table
import_table(sys.argv[1:], "set", label="bought", group="user_id", time="")
"""
_ON_SPARK = """
import os
os.environ["PYSPARK_PYTHON"] = sys.executable
from pyspark.sql import SparkSession
from rankspec.datasets.importing.table import import_table
session = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false").getOrCreate()
import_table(session.read.parquet(sys.argv[1]), "set", label="bought", group="user_id", time="")
session.stop()
"""
_COPY = """
import pyarrow.csv as csv, pyarrow.parquet as pq
reader = csv.open_csv(sys.argv[1], csv.ReadOptions(use_threads=False, block_size=1 << 20))
with pq.ParquetWriter("copy.parquet", reader.schema) as writer:
    for batch in reader:
        writer.write_batch(batch)
"""


def run() -> list[Measurement]:
    """Measures both, in turn.

    Raises:
        ValueError: imports of the same rows differ.
    """
    with TemporaryDirectory() as folder:
        tables = _write(Path(folder))
        measured = []
        for name, table in tables.items():
            work = Path(folder) / name
            work.mkdir()
            measured.append((_measured(_COPY, work, tables["once"]), _measured(_IMPORT, work, table)))
            print(f"importing: {name}: copy, import: CPU seconds, MiB: {measured[-1]}", file=sys.stderr)
            (work / "copy.parquet").unlink()
        first, *others = (_digests(Path(folder) / name / "set") for name in tables)
        for name, other in zip(list(tables)[1:], others, strict=True):
            _check_same(first, other, name)
    copied, imported = zip(*measured, strict=True)
    return [
        Measurement("importing_cpu", _median_micros(imported), "µs/row", _median_micros(copied)),
        Measurement("importing_memory", max(most for _, most in imported), "MiB", max(most for _, most in copied)),
    ]


def on_spark() -> Measurement:
    """Seconds of an import of a Parquet file by a Spark on this machine, two workers, its start included.

    Raises:
        ValueError: the files are others than those of one machine.
    """
    with TemporaryDirectory() as folder:
        table = _write(Path(folder))["once"]
        seconds = []
        for name, work in (("copy", _COPY), ("alone", _IMPORT), ("spark", _ON_SPARK)):
            (Path(folder) / name).mkdir()
            begin = perf_counter()
            _measured(work, Path(folder) / name, table)
            seconds.append(perf_counter() - begin)
            table = [Path(folder) / "copy/copy.parquet"]
        _check_same(_digests(Path(folder) / "alone/set"), _digests(Path(folder) / "spark/set"), "on Spark")
    return Measurement("importing_on_spark", seconds[2], "s", seconds[1])


def _check_same(first: dict[str, str], other: dict[str, str], how: str) -> None:
    """Makes sure that the files of two data sets are the same.

    Raises:
        ValueError: some are others.
    """
    if odd := sorted(file for file in first | other if first.get(file) != other.get(file)):
        raise ValueError(f"imported {how}, these files are others: {', '.join(odd)}")
    print(f"importing: {how}: {len(first)} files, the same as before", file=sys.stderr)


def _median_micros(measured: Sequence[tuple[float, float]]) -> float:
    return median(seconds for seconds, _ in measured) / _NUM_ROWS * 1e6


def _measured(work: str, folder: Path, table: Sequence[Path]) -> tuple[float, float]:
    """CPU seconds and the most memory, in MiB, of a process that works on a table, in a folder."""
    command = [sys.executable, "-c", _MEASURED.format(work=work), *map(str, table)]
    ran = subprocess.run(command, capture_output=True, text=True, check=True, cwd=folder)
    seconds, mebibytes = json.loads(ran.stdout.splitlines()[-1])
    return float(seconds), float(mebibytes)


def _digests(folder: Path) -> dict[str, str]:
    """The SHA-256 of each file of a data set."""
    digests = {}
    for path in folder.iterdir():
        with path.open("rb") as file:
            digests[path.name] = file_digest(file, "sha256").hexdigest()
    return digests


def _write(folder: Path) -> dict[str, list[Path]]:
    """The files of a table, by how it is imported."""
    source = np.random.default_rng(0)
    schema = _piece(source, 1).schema
    whole, parts = folder / "table.csv", [folder / f"part-{number}.csv" for number in range(_NUM_PARTS)]
    with pa_csv.CSVWriter(whole, schema) as writer, ExitStack() as stack:
        writers = [stack.enter_context(pa_csv.CSVWriter(part, schema)) for part in parts]
        for number, start in enumerate(range(0, _NUM_ROWS, _ROWS_OF_PIECE)):
            piece = _piece(source, min(_ROWS_OF_PIECE, _NUM_ROWS - start))
            writer.write_table(piece)
            writers[number % _NUM_PARTS].write_table(piece)
    # Parts are read in the order of their names.
    renamed = [folder / f"other-{number}.csv" for number in range(_NUM_PARTS)]
    for part, other in zip(parts, reversed(renamed), strict=True):
        other.symlink_to(part)
    return {"once": [whole], "twice": [whole], "in parts": parts, "in other parts": renamed}


def _piece(source: np.random.Generator, num_rows: int) -> pa.Table:
    """Numbers with gaps and without, categories of few and of many values, and a label that follows from them."""
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
