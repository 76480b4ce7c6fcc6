"""What probes read and where they run: data sets of every kind, and folders of their own."""

from __future__ import annotations

import json
import os
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from io import StringIO
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from rankspec.data.v1.statistics_pb2 import ColumnStatistics, DataStatistics, PlaceStatistics
from tests.unit.small_data import SCHEMA, write_files

from rankspec.datasets import edges
from rankspec.datasets.feature_names import schema_entry
from rankspec.datasets.vectors import list_column
from rankspec.encoding.lists import Lists
from rankspec.formats.writing import to_textproto


class Place:
    """Where probes find data, and run one after the other in folders of their own.

    Attributes:
        data: the data.
        service: the address of a data service, where nothing listens yet.
    """

    def __init__(self, folder: Path) -> None:
        """Writes the data into a folder."""
        self.data = folder
        self.service = f"grpc://127.0.0.1:{_free_port()}"
        write_files(folder, [40, 24, 16])
        _name_features(folder / "schema.json")
        _add_lists(folder)
        _write_dated(folder)
        _write_damaged(folder / "damaged")
        _write_narrower_schema(folder / "narrower.json")
        for name, kept in (
            ("five", [1, 1, 0, 1, 1]),
            ("six", [1, 1, 0, 1, 1, 0]),
            ("three", [1, 0, 1]),
            ("four", [1, 0, 1, 1]),
        ):
            np.save(folder / f"{name}.npy", np.array(kept))
        for name in ("key", "other_key"):
            (folder / name).write_text(name.ljust(40, "0"))
        for name, mean in (("parts", 0), ("other_parts", 1)):
            _write_statistics(folder / name, mean)
        edges.write(folder / "edges", num_edges=400, num_files=2)
        edges.write(folder / "other_edges", num_edges=400, num_files=1, seed=1)
        (folder / "vocabulary").mkdir()
        pq.write_table(pa.table({"id": np.arange(400)[::-1].copy()}), folder / "vocabulary/users.parquet")

    @contextmanager
    def running(self) -> Iterator[None]:
        """Works in an empty folder, without a word of the runs, and puts torch's flags back at the end."""
        before = Path.cwd()
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            try:
                with patch.dict(os.environ, {"WANDB_MODE": "offline"}), redirect_stderr(StringIO()):
                    yield
            finally:
                os.chdir(before)
                torch.use_deterministic_algorithms(mode=False)
                torch.set_float32_matmul_precision("highest")
                torch.backends.cudnn.allow_tf32 = True


def _name_features(file: Path) -> None:
    """Names the features of two columns in a schema file."""
    entries = json.loads(file.read_text())["schema"]
    names = {"ids": ["film", "user", "place"], "bin": ["w", "x", "y", "z"]}
    named = [
        entry | ({"names": names[entry["feature_name"]]} if entry["feature_name"] in names else {}) for entry in entries
    ]
    file.write_text(json.dumps({"schema": named}))


def _add_lists(folder: Path) -> None:
    """Gives every row of the files two lists of ids, which are empty now and then."""
    schema, draws = folder / "schema.json", np.random.default_rng(4)
    for file in sorted(folder.glob("*.parquet")):
        table = pq.read_table(file)
        for name in ("tags", "more_tags"):
            lengths = draws.integers(0, 4, len(table))
            lists = Lists.of(draws.integers(0, 9, lengths.sum()), lengths)
            table = table.append_column(name, list_column(lists))
        pq.write_table(table, file, row_group_size=7)
    entries = json.loads(schema.read_text())["schema"]
    entries += [schema_entry(name, "int64_list", -1, sizes=[9]) for name in ("tags", "more_tags")]
    schema.write_text(json.dumps({"schema": entries}))


def _write_dated(folder: Path) -> None:
    """Two days and two hours with files, each of its own number of rows, below two roots of the same dates."""
    for root, more in (("dated", 0), ("other_dated", 1)):
        for number, dated in enumerate(("2024/03/01", "2024/03/02", "2024/03/02/01", "2024/03/02/02")):
            write_files(folder / root / dated, [8 + 4 * number + more])


def _write_damaged(folder: Path) -> None:
    write_files(folder, [40, 24])
    (folder / "b.parquet").write_bytes(b"PAR1 and nothing that belongs behind it PAR1")


def _write_narrower_schema(file: Path) -> None:
    """A schema by which the continuous features have one value fewer than in the files."""
    entries = [
        {"feature_name": name, "dtype": dtype, "length": length - (name == "cont")}
        for name, (dtype, length) in SCHEMA.items()
    ]
    file.write_text(json.dumps({"schema": entries}))


def _write_statistics(folder: Path, mean: float) -> None:
    """Statistics of the continuous features, as parts and, beside the folder, as one file."""
    place: dict[str, Any] = {"num_finite": 64, "min": -3, "max": 3, "log_mean": mean, "log_squares": 16}
    places = [{"place": number, **place} for number in range(6)]
    folder.mkdir()
    lines = [json.dumps({"column": "cont", **one}) for one in places]
    (folder / "000000000000.json").write_text("\n".join(lines))
    column = ColumnStatistics(column="cont", length=6, places=[PlaceStatistics(**one) for one in places])
    folder.with_suffix(".textproto").write_text(to_textproto(DataStatistics(columns=[column])))


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
        return port
