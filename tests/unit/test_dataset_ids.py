"""Ids that a model has no row for end the run where they are read, with the file, row and column they come from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from rankspec.recap.v1.preprocess_pb2 import DATA_TYPE_UINT8
from tests.unit.small_data import TASKS, batches_of, columns_of, data_config, table_of, write_files

from rankspec.families.recap.input_signature import input_signature
from rankspec.families.recap.program.data.dataset import Dataset, open_dataset
from rankspec.trainer.data.ids import IdRange
from rankspec.trainer.data_error import DataError

RANGES = (
    IdRange("discrete", 2, 9, "wide", "model.small_embeddings.tables[0].num_embeddings"),
    IdRange("discrete", 0, 20, "long", "model.small_embeddings.tables[1].num_embeddings"),
    IdRange("discrete", 2, 12, "wider", "model.small_embeddings.tables[2].num_embeddings"),
)


def opened_with(folder: Path, *, shuffle: bool, downcast: bool = False) -> Dataset:
    config = data_config(folder)
    if downcast:
        config.preprocess.downcast.features["discrete"] = DATA_TYPE_UINT8
    inputs = input_signature(config)
    return open_dataset(
        config, inputs, TASKS, seed=1, shuffle=shuffle, path="train_data", weigh=False, id_ranges=RANGES
    )


def with_id(folder: Path, value: int, *, row: int, column: int) -> Path:
    write_files(folder, [20, 20])
    columns = columns_of(np.arange(20, 40))
    columns["ids"][row, column] = value
    pq.write_table(table_of(columns), folder / "b.parquet", row_group_size=7)
    return folder


@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize("value", [-1, 9, 2**62, -(2**63)])
def test_an_id_without_a_row_is_named_by_file_row_group_row_and_column(
    tmp_path: Path, value: int, shuffle: bool
) -> None:
    folder = with_id(tmp_path, value, row=16, column=2)
    with pytest.raises(DataError) as caught:
        batches_of(opened_with(folder, shuffle=shuffle), num_batches=5)
    assert caught.value.message == (
        f'{folder}/b.parquet, row group 2, row 16, column "ids": value 2 is the id {value}, and the table "wide" has '
        "ids from 0 to 8 (model.small_embeddings.tables[0].num_embeddings); correct the data, raise num_embeddings, or "
        "set out_of_range_ids: OUT_OF_RANGE_IDS_BUCKET"
    )
    assert (caught.value.code, caught.value.path) == ("data.refused", "train_data.inputs")


@pytest.mark.parametrize(("value", "column"), [(0, 0), (19, 0), (8, 2), (-7, 1), (10**9, 1)])
def test_ids_with_a_row_and_columns_without_a_table_pass(tmp_path: Path, value: int, column: int) -> None:
    folder = with_id(tmp_path, value, row=3, column=column)
    batches = batches_of(opened_with(folder, shuffle=False))
    assert batches[2].discrete is not None
    assert batches[2].discrete[7, column] == value


def test_the_first_table_that_has_no_row_is_named(tmp_path: Path) -> None:
    folder = with_id(tmp_path, 20, row=0, column=0)
    with pytest.raises(DataError, match=r'row 0, column "ids": value 0 is the id 20, and the table "long" has'):
        batches_of(opened_with(folder, shuffle=False))


def test_an_id_is_looked_at_before_it_is_made_smaller(tmp_path: Path) -> None:
    folder = with_id(tmp_path, 300, row=0, column=2)
    with pytest.raises(DataError, match="value 2 is the id 300"):
        batches_of(opened_with(folder, shuffle=False, downcast=True))
