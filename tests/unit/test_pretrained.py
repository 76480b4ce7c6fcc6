"""First vectors of entity tables from snapshots."""

from pathlib import Path
from typing import get_args

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from google.protobuf import text_format
from pyarrow import fs
from rankspec.twhin.v1.model_pb2 import TwhinEmbeddingsConfig
from tests.unit.small_data import bytes_of

from rankspec.datasets.vectors import Vectors
from rankspec.families.twhin.program.pretrained import Snapshot, fill, snapshots_of
from rankspec.families.twhin.program.vocabulary import Vocabulary
from rankspec.trainer.data.storage import address
from rankspec.trainer.data_error import DataError


def _write(file: Path, ids: list[object], column: str = "vector", vectors: Vectors = "lists") -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    values = np.array([[number, number + 0.5] for number, _ in enumerate(ids)], np.float32)
    stored = pa.array(list(values)) if vectors == "lists" else bytes_of(values, 2)
    pq.write_table(pa.table({"id": ids, column: stored}), file, row_group_size=2)


def test_tables_without_a_snapshot_have_none() -> None:
    config = text_format.Parse(
        'tables { name: "a" } tables { name: "b" pretrained { emb_name: "c" embedding_snapshot_uri: "d" } }',
        TwhinEmbeddingsConfig(),
    )

    path = "model.embeddings.tables[1].pretrained.embedding_snapshot_uri"
    assert snapshots_of(config.tables) == [Snapshot("b", "c", "d", path)]


@pytest.mark.parametrize("vectors", get_args(Vectors))
def test_rows_of_ids_are_filled_and_no_others(tmp_path: Path, vectors: Vectors) -> None:
    _write(tmp_path / "e.parquet", [4, 0, 2], vectors=vectors)
    table = torch.full((5, 2), -1.0)

    lines = list(fill(Snapshot("t", "e", str(tmp_path), "field"), table, None))

    assert table.tolist() == [[1, 1.5], [-1, -1], [2, 2.5], [-1, -1], [0, 0.5]]
    assert lines == [f"3 of 5 rows of t begin with vectors of {tmp_path}"]


def test_ids_of_a_vocabulary_are_entities(tmp_path: Path) -> None:
    _write(tmp_path / "e.parquet", ["x", "nobody", "y"])
    table = torch.zeros(3, 2)

    lines = list(fill(Snapshot("t", "e", str(tmp_path), "f"), table, Vocabulary("v", [np.array(["y", "x"], object)])))

    assert table.tolist() == [[2, 2.5], [0, 0.5], [0, 0]]
    assert lines[1] == f"1 vectors of {tmp_path} are left out: t's vocabulary lacks their entities"


def test_snapshot_may_lie_in_a_bucket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _write(tmp_path / "bucket/run/e.parquet", [1])
    files = fs.SubTreeFileSystem(str(tmp_path), fs.LocalFileSystem())
    monkeypatch.setattr(address, "connected", lambda _uri: files)
    table = torch.full((2, 2), -1.0)

    list(fill(Snapshot("t", "e", "gs://bucket/run", "field"), table, None))

    assert table.tolist() == [[-1, -1], [0, 0.5]]


@pytest.mark.parametrize("ids", [[0, 1, 0], [0, 0]], ids=["in_another_row_group", "in_the_same"])
def test_id_that_is_there_twice_is_refused(tmp_path: Path, ids: list[object]) -> None:
    _write(tmp_path / "e.parquet", ids)

    with pytest.raises(DataError, match="there a second time") as caught:
        list(fill(Snapshot("t", "e", str(tmp_path), "field"), torch.zeros(3, 2), None))
    assert caught.value.path == "field"


def test_file_without_vectors_is_refused_by_its_name(tmp_path: Path) -> None:
    _write(tmp_path / "e.parquet", [0], column="other")

    with pytest.raises(DataError, match=r'e\.parquet: has no column "vector"'):
        list(fill(Snapshot("t", "e", str(tmp_path), "field"), torch.zeros(1, 2), None))
