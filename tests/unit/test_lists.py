from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from rankspec.recap.v1.data_pb2 import RecapDataConfig
from tests.unit.small_data import data_config, write_files

from rankspec.encoding.lists import PADDING, Lists
from rankspec.families.recap.input_signature import input_signature
from rankspec.families.recap.program.data.dataset import Dataset, open_dataset
from rankspec.families.recap.program.id_lists import RaggedIds
from rankspec.trainer.data.ids import IdRange
from rankspec.trainer.data.plan import Share
from rankspec.trainer.data_error import DataError

ROWS = st.lists(st.lists(st.integers(-9, 9), max_size=4), min_size=1, max_size=6)
NUM_ROWS = 23


def _lists(rows: list[list[int]]) -> Lists:
    return Lists.of(np.array([one for row in rows for one in row], np.int64), np.array([len(row) for row in rows]))


def _rows(lists: Lists) -> list[list[int]]:
    return [part.tolist() for part in np.split(lists.values, lists.offsets[1:-1])]


@given(ROWS, st.data())
def test_rows_of_lists_are_taken_as_rows_of_a_matrix_are(rows: list[list[int]], data: st.DataObject) -> None:
    numbers = data.draw(st.lists(st.integers(0, len(rows) - 1)))
    first, end = sorted(data.draw(st.tuples(st.integers(0, len(rows)), st.integers(0, len(rows)))))
    lists = _lists(rows)
    if numbers:
        assert _rows(lists[np.array(numbers)]) == [rows[number] for number in numbers]
    if end > first:
        assert _rows(lists[first:end]) == rows[first:end]
    assert len(lists[first:end]) == end - first
    assert _rows(Lists.joined([lists, lists])) == [*rows, *rows]


@given(ROWS)
def test_padding_stands_behind_each_list(rows: list[list[int]]) -> None:
    padded = _lists(rows).padded()
    width = max(*map(len, rows), 1)
    assert padded.tolist() == [[*row, *[PADDING] * (width - len(row))] for row in rows]


def _list_of(row: int) -> list[int]:
    return [(row + place) % 9 for place in range(row % 4)]


def _write(folder: Path, column: pa.Array | None = None, **entry: Any) -> RecapDataConfig:
    """A data set whose rows have a list each, as `_list_of` says or as given."""
    write_files(folder, [NUM_ROWS])
    table = pq.read_table(folder / "a.parquet")
    column = pa.array([_list_of(row) for row in range(NUM_ROWS)], pa.list_(pa.int64())) if column is None else column
    pq.write_table(table.append_column("tags", column), folder / "a.parquet", row_group_size=7)
    entries = json.loads((folder / "schema.json").read_text())["schema"]
    entries.append({"feature_name": "tags", "dtype": "int64_list", "length": -1} | entry)
    (folder / "schema.json").write_text(json.dumps({"schema": entries}))
    config = data_config(folder)
    config.seg_dense_schema.renamed_features["tags"] = "tags"
    return config


def _opened(config: RecapDataConfig, *, shuffle: bool = True, rank: int = 0, world_size: int = 1) -> Dataset:
    inputs, ranges = input_signature(config), [IdRange("tags", None, 9, "tag", "num_embeddings")]
    return open_dataset(
        config,
        inputs,
        (),
        seed=3,
        shuffle=shuffle,
        share=Share(rank, world_size),
        weigh=False,
        id_ranges=ranges,
        path="train_data",
    )


def _read(dataset: Dataset, num_batches: int | None = None) -> list[tuple[list[int], list[list[int]]]]:
    """The numbers of the rows of each batch, and their lists."""
    with dataset, dataset.batches(0, num_batches) as batches:
        return [(batch.carried["meta__row"].tolist(), _of_tensors(batch.lists["tags"])) for batch in batches]


def _of_tensors(lists: RaggedIds) -> list[list[int]]:
    return [part.tolist() for part in torch.tensor_split(lists.values, lists.offsets[1:-1])]


def test_each_row_comes_with_its_list_shuffled_or_not(tmp_path: Path) -> None:
    config = _write(tmp_path)
    for shuffle, number in ((False, None), (True, 6)):
        for rows, lists in _read(_opened(config, shuffle=shuffle), number):
            assert lists == [_list_of(row) for row in rows]


def test_processes_share_the_lists_of_a_batch(tmp_path: Path) -> None:
    config = _write(tmp_path)
    whole = _read(_opened(config), 4)
    parts = [_read(_opened(config, rank=rank, world_size=2), 4) for rank in (0, 1)]
    assert whole == [(one[0] + other[0], one[1] + other[1]) for one, other in zip(*parts, strict=True)]


@pytest.mark.parametrize("kind", [pa.large_list(pa.int64()), pa.list_(pa.int32()), pa.list_(pa.int8())], ids=str)
def test_lists_of_every_integer_type_are_read(tmp_path: Path, kind: pa.DataType) -> None:
    config = _write(tmp_path, pa.array([_list_of(row) for row in range(NUM_ROWS)], kind))
    assert all(lists == [_list_of(row) for row in rows] for rows, lists in _read(_opened(config, shuffle=False)))


def _of_one(row: int, value: Any) -> pa.Array:
    lists: list[Any] = [_list_of(number) for number in range(NUM_ROWS)]
    lists[row] = value
    return pa.array(lists, pa.list_(pa.int64()))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "there is no list; write an empty one"),
        ([1, None], "an id of the list is missing"),
        ([PADDING], "stands for no id; leave it out"),
        ([0, 9], 'a value of the list is the id 9, and the table "tag" has ids from 0 to 8'),
        ([-1], "a value of the list is the id -1"),
    ],
    ids=["null", "null_id", "padding", "above", "below"],
)
def test_a_list_that_cannot_be_looked_up_is_named(tmp_path: Path, value: Any, text: str) -> None:
    config = _write(tmp_path, _of_one(9, value))
    with pytest.raises(DataError, match=text) as caught:
        _read(_opened(config, shuffle=False))
    assert f'{tmp_path / "a.parquet"}, row group 1, row 9, column "tags"' in str(caught.value)


@pytest.mark.parametrize(
    "column",
    [
        pa.array(range(NUM_ROWS)),
        pa.array([[0.5]] * NUM_ROWS),
        pa.array([["a"]] * NUM_ROWS),
        pa.array([[1]] * NUM_ROWS, pa.list_(pa.uint64())),
    ],
    ids=lambda column: str(column.type),
)
def test_a_column_that_holds_no_lists_of_ids_is_refused(tmp_path: Path, column: pa.Array) -> None:
    with pytest.raises(DataError, match=r'column "tags" is .* lists of an integer type up to int64: write it as that'):
        _opened(_write(tmp_path, column))


def test_lists_of_floats_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="lists of float32 values, and lists are read as ids") as caught:
        input_signature(_write(tmp_path, dtype="float_list"), "train_data")
    assert caught.value.path == 'train_data.seg_dense_schema.renamed_features["tags"]'


def test_steps_that_lists_do_not_go_through_are_refused(tmp_path: Path) -> None:
    config = _write(tmp_path)
    config.preprocess.extract_features.extract_feature_table.add(name="first", source_tensor="tags", index=0)
    with pytest.raises(DataError, match='the rows of "tags" are lists of ids, which have no places; drop it'):
        _opened(config)


def test_baselines_count_the_first_ids_of_each_list() -> None:
    from rankspec.families.recap.program.baseline_rows import _counts

    lists = RaggedIds(torch.tensor([1, 1, 0, 7]), torch.tensor([0, 3, 3, 4]))
    assert _counts(lists, 3).tolist() == [[1, 2, 0, 3], [0, 0, 0, 0], [0, 0, 0, 1]]
