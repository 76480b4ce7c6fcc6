"""Imports a Parquet file with an engine: `import_on_engine.py ENGINE TABLE OUTPUT FILE_BYTES OPTIONS`.

Engines get a process of their own each, as Spark's classic sessions and Connect's do not go together.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import rankspec
from rankspec.datasets.importing import importer

# More than workers, so that each has several.
_NUM_PARTS = 5


@contextmanager
def spark(table: str, *, connect: bool) -> Iterator[Any]:
    """The table as a frame of a Spark on this machine."""
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.remote("local[2]") if connect else SparkSession.builder.master("local[2]")
    session = builder.config("spark.ui.enabled", "false").getOrCreate()
    session.conf.set("spark.sql.session.timeZone", "America/New_York")
    try:
        yield session.read.parquet(table).repartition(_NUM_PARTS)
    finally:
        session.stop()


@contextmanager
def ray(table: str) -> Iterator[Any]:
    """The table as a data set of a Ray on this machine."""
    import ray

    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    try:
        yield ray.data.read_parquet(table).repartition(_NUM_PARTS)
    finally:
        ray.shutdown()


def main() -> None:
    """Imports, and writes what is told of it to `told.json`."""
    engine, table, output, file_bytes, options = sys.argv[1:]
    importer._FILE_BYTES = int(file_bytes)
    opened = ray(table) if engine == "ray" else spark(table, connect=engine == "connect")
    with opened as frame:
        made = rankspec.import_table(frame, output, **json.loads(options))
    # Engines print what they like.
    told = [made.notes, made.warnings, made.found.num_rows]
    Path("told.json").write_text(json.dumps(told), encoding="utf-8")


if __name__ == "__main__":
    main()
