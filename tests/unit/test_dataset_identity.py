"""What tells one data set from another, and what does not."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from tests.unit.small_data import columns_of, data_config, opened, table_of, write_files

from rankspec.trainer.data.identity import Identity, differences, identity_digest, num_rows


def identity_of(folder: Path) -> Identity:
    with opened(data_config(folder)) as dataset:
        return dataset.identity


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_files(tmp_path / "data", [20, 16, 25])


def test_identity_is_of_names_sizes_rows_and_the_hashed_ends_of_files(folder: Path) -> None:
    files = identity_of(folder)["files"]
    content = (folder / "b.parquet").read_bytes()
    end = content[-(int.from_bytes(content[-8:-4], "little") + 8) :]
    assert list(files) == ["a.parquet", "b.parquet", "c.parquet"]
    assert files["b.parquet"] == (len(content), 16, hashlib.sha256(end).hexdigest())
    assert num_rows(identity_of(folder)) == 61


def test_an_end_larger_than_the_first_reading_is_hashed_whole(folder: Path) -> None:
    table = table_of(columns_of(np.arange(300))).replace_schema_metadata({"note": "x" * 100_000})
    pq.write_table(table, folder / "a.parquet")
    content = (folder / "a.parquet").read_bytes()
    end = content[-(int.from_bytes(content[-8:-4], "little") + 8) :]
    assert len(end) > 100_000
    assert identity_of(folder)["files"]["a.parquet"][2] == hashlib.sha256(end).hexdigest()


def test_a_moved_or_touched_data_set_is_the_same_one(folder: Path, tmp_path: Path) -> None:
    before = identity_of(folder)
    moved = Path(shutil.copytree(folder, tmp_path / "elsewhere"))
    os.utime(moved / "a.parquet", (1, 1))
    assert differences(before, identity_of(moved)) == []
    assert identity_digest(before) == identity_digest(identity_of(moved))


def test_an_identity_read_back_from_json_is_the_same(folder: Path) -> None:
    before = identity_of(folder)
    again = json.loads(json.dumps(before))
    assert differences(again, before) == []
    assert identity_digest(again) == identity_digest(before)


def test_differences_name_the_files(folder: Path) -> None:
    before = identity_of(folder)
    (folder / "a.parquet").rename(folder / "d.parquet")
    pq.write_table(table_of(columns_of(np.arange(16, 32))), folder / "b.parquet", row_group_size=7)
    assert differences(before, identity_of(folder)) == ["d.parquet added", "a.parquet removed", "b.parquet changed"]


def test_many_differences_are_counted(folder: Path) -> None:
    before = identity_of(folder)
    for number in range(5):
        shutil.copy(folder / "a.parquet", folder / f"n{number}.parquet")
    assert differences(before, identity_of(folder)) == ["n0.parquet, n1.parquet, n2.parquet and 2 more added"]


def test_another_schema_is_a_difference_and_another_layout_of_it_is_none(folder: Path) -> None:
    before = identity_of(folder)
    schema = json.loads((folder / "schema.json").read_text())
    (folder / "schema.json").write_text(json.dumps(schema, indent=4))
    assert differences(before, identity_of(folder)) == []
    schema["schema"].append({"feature_name": "more", "dtype": "float_list", "length": 2})
    (folder / "schema.json").write_text(json.dumps(schema))
    assert differences(before, identity_of(folder)) == ["the schema file describes other columns"]
