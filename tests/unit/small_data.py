"""Small Parquet data sets for tests, with a number in every row that tells it from all others."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from numpy.typing import NDArray
from rankspec.recap.v1.data_pb2 import RecapDataConfig

from rankspec.datasets.vectors import Vectors
from rankspec.families.recap.input_signature import input_signature
from rankspec.families.recap.program.batch import RecapBatch
from rankspec.families.recap.program.data.dataset import Dataset, open_dataset
from rankspec.trainer.data.plan import Share

_MOST_ROWS = 512
TASKS = ("like", "reply")
SCHEMA = {
    "cont": ("float_list", 6),
    "bin": ("int64_list", 4),
    "ids": ("int64_list", 3),
    "emb": ("float_list", 5),
    "row": ("int64_list", 1),
    "like": ("int64_list", 1),
    "reply": ("int64_list", 1),
    "served": ("int64_list", 1),
    "shown": ("int64_list", 1),
    "liked_at": ("int64_list", 1),
}
COLUMNS = {"continuous": "cont", "binary": "bin", "discrete": "ids", "author_embedding": "emb", "meta__row": "row"}


def columns_of(rows: NDArray[np.int64]) -> dict[str, NDArray[np.float32] | NDArray[np.int64]]:
    """The columns of rows, `[N]` or `[N, length]`: functions of the rows' numbers."""
    rng = np.random.default_rng(0)
    columns: dict[str, NDArray[np.float32] | NDArray[np.int64]] = {
        "cont": rng.standard_normal((_MOST_ROWS, 6), dtype=np.float32)[rows],
        "bin": rng.integers(0, 2, (_MOST_ROWS, 4))[rows],
        "ids": rng.integers(0, 9, (_MOST_ROWS, 3))[rows],
        "emb": rng.standard_normal((_MOST_ROWS, 5), dtype=np.float32)[rows],
    }
    columns |= {"row": rows, "like": (rows % 3 == 0).astype(np.int64), "reply": (rows % 5 == 0).astype(np.int64)}
    return columns | {"served": rows * 0, "shown": rows * 1000, "liked_at": rows * 2000}


def table_of(columns: dict[str, NDArray[np.float32] | NDArray[np.int64]], vectors: Vectors = "lists") -> pa.Table:
    """The columns as Arrow has them, vectors as fixed-size lists or as bytes."""
    make = pa.FixedSizeListArray.from_arrays if vectors == "lists" else bytes_of
    return pa.table(
        {
            name: pa.array(values) if values.ndim == 1 else make(values.reshape(-1), values.shape[1])
            for name, values in columns.items()
        }
    )


def bytes_of(values: NDArray[np.float32] | NDArray[np.int64], length: int) -> pa.FixedSizeBinaryArray:
    """The values, so many in a row, as bytes."""
    width = length * values.itemsize
    return pa.array([row.tobytes() for row in values.reshape(-1, length)], pa.binary(width))


def write_files(
    folder: Path, rows_of_files: Sequence[int], row_group_size: int = 7, vectors: Vectors = "lists"
) -> Path:
    """Writes files of so many rows each, `a.parquet`, `b.parquet` …, and `schema.json`."""
    folder.mkdir(parents=True, exist_ok=True)
    write_schema(folder, SCHEMA)
    first = 0
    for number, size in enumerate(rows_of_files):
        table = table_of(columns_of(np.arange(first, first + size)), vectors)
        pq.write_table(table, folder / f"{chr(ord('a') + number)}.parquet", row_group_size=row_group_size)
        first += size
    return folder


def write_schema(folder: Path, columns: dict[str, tuple[str, int]]) -> None:
    entries = [{"feature_name": n, "dtype": dtype, "length": length} for n, (dtype, length) in columns.items()]
    (folder / "schema.json").write_text(json.dumps({"schema": entries}))


def data_config(folder: Path, **fields: Any) -> RecapDataConfig:
    """A configuration of the data set in a folder."""
    config = RecapDataConfig(inputs=f"{folder}/*.parquet", global_batch_size=8)
    config.seg_dense_schema.schema_path = str(folder / "schema.json")
    config.seg_dense_schema.renamed_features.update(COLUMNS)
    for task in TASKS:
        config.tasks[task].SetInParent()
    config.MergeFrom(RecapDataConfig(**fields))
    return config


def opened(
    config: RecapDataConfig,
    *,
    seed: int = 1,
    shuffle: bool = True,
    rank: int = 0,
    world_size: int = 1,
    weigh: bool = False,
    task_names: Sequence[str] = TASKS,
) -> Dataset:
    """The data set, opened for all its inputs."""
    inputs = input_signature(config, "train_data")
    return open_dataset(
        config,
        inputs,
        task_names,
        seed=seed,
        shuffle=shuffle,
        share=Share(rank, world_size),
        path="train_data",
        weigh=weigh,
    )


def assert_same(ours: Sequence[RecapBatch], theirs: Sequence[RecapBatch]) -> None:
    """The batches are the same, each value to the bit."""
    assert len(ours) == len(theirs) > 0
    for one, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(vars(one), vars(other), rtol=0, atol=0)


def row_numbers(dataset: Dataset, start: int = 0, num_batches: int | None = None) -> list[list[int]]:
    """The numbers of the rows of each batch."""
    with dataset, dataset.batches(start, num_batches) as batches:
        return [batch.carried["meta__row"].tolist() for batch in batches]


def batches_of(dataset: Dataset, start: int = 0, num_batches: int | None = None) -> list[RecapBatch]:
    """All batches of a stream, which is closed then."""
    with dataset, dataset.batches(start, num_batches) as batches:
        return list(batches)
