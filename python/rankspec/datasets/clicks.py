"""Clicks on ranked lists, with a position bias and a true relevance that are both known.

A list has ten items, in an order that an earlier ranker made of some features. The user looks at the item at position
k, from 0, with probability 1 / (1 + k), and clicks on what is looked at with the probability that is its relevance: the
position-based model (Craswell et al., 2008). So clicks say where an item stood as well as how relevant it is.
"""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from rankspec.datasets.feature_names import names_in_schema, schema_entry, write_named
from rankspec.datasets.ownership import claim
from rankspec.datasets.vectors import Vectors, vector_column

LIST_LENGTH = 10
SCHEMA_FILE = "schema.json"
_NUM_FEATURES = 8
_NUM_FLAGS = 2
_TEST_SHARE = 0.2
_ROW_GROUP_ROWS = 5000
# What relevance follows from, and what the earlier ranker went by: half of the latter has nothing to do with relevance.
_RELEVANCE = np.array([1.5, -1.0, 0.8, 0.5, 0.0, 0.0, 0.0, 0.0])
_EARLIER_RANKER = np.array([0.8, 0.0, 0.0, 0.0, 2.0, -1.5, 1.0, 0.0])


def write(output: Path, *, num_rows: int, num_files: int = 2, seed: int = 0, vectors: Vectors = "bytes") -> list[Path]:
    """Writes clicks as Parquet files and their schema.

    Columns: `continuous`, `binary`; `discrete`, whose one value is the position from 0; the label `clicked`; and
    `relevance`, the probability of a click on the item if it is looked at, which no model is to read.

    Args:
        output: folder to write `train` and `test` to.
        num_rows: rows in all, of whole lists; a fifth of them is for the test.
        num_files: files of training rows.
        seed: what they are drawn from.
        vectors: how vectors are stored.

    Returns:
        The Parquet files.

    Raises:
        ValueError: there are too few rows for so many files.
        OSError: the folder holds something else, or cannot be written.
    """
    num_lists = num_rows // LIST_LENGTH
    if num_files < 1 or num_lists < 5 * num_files:
        raise ValueError(
            f"{num_rows} rows do not fill {num_files} files; give at least five lists of {LIST_LENGTH} for each"
        )
    table = _lists(num_lists, np.random.default_rng(seed), vectors)
    first = int(num_lists * _TEST_SHARE) * LIST_LENGTH
    parts = {output / "test" / "part-00000.parquet": table.slice(0, first)}
    bounds = np.linspace(first // LIST_LENGTH, num_lists, num_files + 1).astype(int) * LIST_LENGTH
    for number, (start, stop) in enumerate(pairwise(bounds.tolist())):
        parts[output / "train" / f"part-{number:05}.parquet"] = table.slice(start, stop - start)
    claim(output, [SCHEMA_FILE, *(str(path.relative_to(output)) for path in parts)])
    entries = _schema_entries()
    (output / SCHEMA_FILE).write_text(json.dumps({"schema": entries}, indent=2) + "\n", encoding="utf-8")
    names = names_in_schema(entries)
    for path, part in parts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_named(part, path, names, row_group_size=_ROW_GROUP_ROWS, write_page_checksum=True)
    return list(parts)


def _schema_entries() -> list[dict[str, Any]]:
    return [
        schema_entry("continuous", "float_list", _NUM_FEATURES, [f"feature_{place}" for place in range(_NUM_FEATURES)]),
        schema_entry("binary", "int64_list", _NUM_FLAGS, [f"flag_{place}" for place in range(_NUM_FLAGS)]),
        schema_entry("discrete", "int64_list", 1, ["position"], [LIST_LENGTH]),
        schema_entry("clicked", "int64_list", 1),
        schema_entry("relevance", "float_list", 1),
    ]


def _lists(num_lists: int, source: np.random.Generator, vectors: Vectors) -> pa.Table:
    """Rows of lists, one list after the other, each in the order in which it was shown."""
    features = source.normal(size=(num_lists, LIST_LENGTH, _NUM_FEATURES))
    order = np.argsort(-features @ _EARLIER_RANKER, axis=1)
    features = np.take_along_axis(features, order[:, :, None], axis=1).reshape(-1, _NUM_FEATURES)
    position = np.tile(np.arange(LIST_LENGTH), num_lists)
    flags = source.integers(0, 2, size=(len(features), _NUM_FLAGS))
    relevance = 1 / (1 + np.exp(1 - features @ _RELEVANCE - flags[:, 0]))
    clicked = source.random(len(features)) < relevance / (1 + position)
    return pa.table(
        {
            "continuous": vector_column(features.astype(np.float32), vectors),
            "binary": vector_column(flags, vectors),
            "discrete": vector_column(position[:, None], vectors),
            "clicked": pa.array(clicked.astype(np.int64)),
            "relevance": pa.array(relevance.astype(np.float32)),
        }
    )
