"""Prepares MovieLens-100K for a multi-task ranker: `liked`, `loved` and `disliked` over the same interactions.

Harper and Konstan, "The MovieLens Datasets: History and Context", ACM TiiS 5 (2015).
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from rankspec.datasets.feature_names import names_in_schema, schema_entry, write_named
from rankspec.datasets.movielens_features import (
    BINARY_FEATURES,
    CONTINUOUS_FEATURES,
    DISCRETE_FEATURES,
    TASKS,
    Features,
    build_features,
    split_rows,
)
from rankspec.datasets.movielens_formats import DatasetError, read_tables
from rankspec.datasets.movielens_source import download_movielens
from rankspec.datasets.ownership import claim
from rankspec.datasets.vectors import Vectors, vector_column

__all__ = ["TASKS", "DatasetError", "MovieLensSummary", "prepare"]

SCHEMA_FILE = "schema.json"
"""Name of the file that lists every column's type, width and features."""


@dataclass(frozen=True)
class MovieLensSummary:
    """What `prepare` wrote: rows per part, rows of the id tables."""

    output: Path
    num_train_rows: int
    num_validation_rows: int
    num_test_rows: int
    num_users: int
    num_items: int


def prepare(
    output: Path, source: Path | None = None, cache: Path | None = None, vectors: Vectors = "bytes"
) -> MovieLensSummary:
    """Writes `train.parquet`, `validation.parquet`, `test.parquet` and `schema.json`.

    Columns: the vectors `continuous` (float32), `binary` and `discrete` (int64), and one int64 label of 0 or 1 per
    task. Running it again gives the same rows in the same order.

    Args:
        output: Folder to write to; made if it is missing.
        source: Folder holding ml-100k, in GroupLens' form (`u.data`, `u.item`, `u.user`) or in RecBole's
            (`ml-100k.inter`, `.item`, `.user`). None downloads it.
        cache: Where a download is kept for the next time; `output/download` by default.
        vectors: How vectors are stored.

    Raises:
        DatasetError: The data set cannot be downloaded, is incomplete or has another format.
        ForeignFilesError: The folder holds such files already, and they were not made here.
    """
    tables = read_tables(source or download_movielens(cache or output / "download"))
    split = split_rows(tables.timestamps)
    features = build_features(tables, split)
    claim(output, [*(f"{part}.parquet" for part in vars(split)), SCHEMA_FILE])
    entries = _schema_entries((len(tables.users), len(tables.items)))
    for part, rows in vars(split).items():
        write_named(_to_arrow(features, rows, vectors), output / f"{part}.parquet", names_in_schema(entries))
    (output / SCHEMA_FILE).write_text(json.dumps({"schema": entries}, indent=2) + "\n", encoding="utf-8")
    return MovieLensSummary(
        output=output,
        num_train_rows=len(split.train),
        num_validation_rows=len(split.validation),
        num_test_rows=len(split.test),
        num_users=len(tables.users),
        num_items=len(tables.items),
    )


def _to_arrow(features: Features, rows: NDArray[np.int64], vectors: Vectors) -> pa.Table:
    columns = {
        "continuous": vector_column(features.continuous[rows], vectors),
        "binary": vector_column(features.binary[rows], vectors),
        "discrete": vector_column(features.discrete[rows], vectors),
    }
    labels = {task: pa.array(features.labels[rows, index]) for index, task in enumerate(TASKS)}
    return pa.table(columns | labels)


def _schema_entries(num_ids: tuple[int, int]) -> list[dict[str, Any]]:
    return [
        schema_entry("continuous", "float_list", len(CONTINUOUS_FEATURES), CONTINUOUS_FEATURES),
        schema_entry("binary", "int64_list", len(BINARY_FEATURES), BINARY_FEATURES),
        schema_entry("discrete", "int64_list", len(DISCRETE_FEATURES), DISCRETE_FEATURES, num_ids),
        *(schema_entry(task, "int64_list", 1) for task in TASKS),
    ]
