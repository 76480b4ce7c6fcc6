"""Labels that are numbers: what a batch has of them, and which values are refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from numpy.typing import NDArray
from rankspec.recap.v1.data_pb2 import RecapDataConfig
from tests.unit.small_data import SCHEMA, batches_of, columns_of, data_config, table_of, write_files, write_schema

from rankspec.families.recap.input_signature import input_signature
from rankspec.families.recap.program.batch import RecapBatch
from rankspec.families.recap.program.data.dataset import Dataset, open_dataset
from rankspec.trainer.data_error import DataError

NUM_ROWS = 20


def with_label(folder: Path, values: NDArray[np.generic], dtype: str = "float_list") -> RecapDataConfig:
    """A data set with the numbers as label `seconds`, and the labels `like` and `reply`."""
    write_files(folder, [NUM_ROWS])
    write_schema(folder, SCHEMA | {"seconds": (dtype, 1)})
    table = table_of(columns_of(np.arange(NUM_ROWS))).append_column("seconds", pa.array(values))
    pq.write_table(table, folder / "a.parquet", row_group_size=7)
    config = data_config(folder)
    config.tasks["seconds"].SetInParent()
    return config


def opened(config: RecapDataConfig, *, weigh: bool = False) -> Dataset:
    names, floats = ("like", "seconds", "reply", "absent"), {"seconds", "absent"}
    inputs = input_signature(config, "train_data", float_labels=floats)
    return open_dataset(
        config, inputs, names, seed=1, shuffle=False, path="train_data", weigh=weigh, float_labels=floats
    )


def labels_and_rows(batches: list[RecapBatch]) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.cat([batch.labels for batch in batches]), torch.cat([batch.carried["meta__row"] for batch in batches])


@pytest.mark.parametrize(
    "values",
    [
        pytest.param(np.linspace(-3e38, 3e38, NUM_ROWS, dtype=np.float32), id="float32"),
        pytest.param(np.arange(NUM_ROWS) / 8, id="float64"),
        pytest.param(np.arange(NUM_ROWS).astype(np.float16) / 2, id="float16"),
        pytest.param(np.arange(NUM_ROWS, dtype=np.uint64) + 2**24 - NUM_ROWS + 1, id="uint64"),
        pytest.param(np.arange(NUM_ROWS, dtype=np.int8) - 9, id="int8"),
    ],
)
def test_numbers_reach_the_batch_beside_labels_of_0_and_1(tmp_path: Path, values: NDArray[np.generic]) -> None:
    labels, rows = labels_and_rows(batches_of(opened(with_label(tmp_path, values))))
    assert labels.dtype == torch.float32
    assert labels[:, 0].tolist() == (rows % 3 == 0).float().tolist()
    assert labels[:, 1].double().tolist() == values[rows.numpy()].tolist()
    assert labels[:, 2].tolist() == (rows % 5 == 0).float().tolist()
    assert labels[:, 3].tolist() == [0] * NUM_ROWS


def test_a_number_becomes_the_nearest_float32(tmp_path: Path) -> None:
    labels, _ = labels_and_rows(batches_of(opened(with_label(tmp_path, np.full(NUM_ROWS, 0.1)))))
    assert labels[:, 1].tolist() == [float(np.float32(0.1))] * NUM_ROWS


@pytest.mark.parametrize(
    ("values", "message"),
    [
        pytest.param(np.full(NUM_ROWS, np.nan, np.float32), "is nan; it has to be a finite number", id="nan"),
        pytest.param(np.full(NUM_ROWS, -np.inf), "is -inf; it has to be a finite number", id="infinite"),
        pytest.param(np.full(NUM_ROWS, 1e39), r"is 1e\+39, which is more than float32 holds", id="float64/range"),
        pytest.param(np.full(NUM_ROWS, 2**24 + 1), "is 16777217, and .* up to 16777216", id="int64"),
        pytest.param(np.full(NUM_ROWS, -(2**63)), "is -9223372036854775808, and", id="int64/lowest"),
        pytest.param(np.full(NUM_ROWS, 2**64 - 1, np.uint64), "is 18446744073709551615, and", id="uint64"),
    ],
)
def test_a_number_that_no_label_can_be_is_named_by_its_place(
    tmp_path: Path, values: NDArray[np.generic], message: str
) -> None:
    values[:9] = 1
    place = r'a\.parquet, row group 1, row 9, column "seconds": the label '
    with pytest.raises(DataError, match=place + message) as caught:
        batches_of(opened(with_label(tmp_path, values)))
    assert caught.value.path == "train_data.inputs"


def test_a_number_weighs_1_whatever_the_rates_of_other_labels_are(tmp_path: Path) -> None:
    config = with_label(tmp_path, np.full(NUM_ROWS, 1e30, np.float32))
    config.tasks["like"].neg_downsampling_rate = 0.5
    batch = batches_of(opened(config, weigh=True))[0]
    assert batch.weights[:, 0].tolist() == (2 - batch.labels[:, 0]).tolist()
    assert batch.weights[:, 1:].tolist() == [[1, 1, 0]] * 8


def test_a_number_that_is_an_input_too_is_read_as_both(tmp_path: Path) -> None:
    config = with_label(tmp_path, np.arange(NUM_ROWS, dtype=np.float32))
    config.seg_dense_schema.features.append("seconds")
    batch = batches_of(opened(config))[0]
    assert batch.carried["seconds"].tolist() == batch.labels[:, 1].tolist() == list(range(8))


def test_a_late_number_is_0(tmp_path: Path) -> None:
    config = with_label(tmp_path, np.full(NUM_ROWS, -2.5, np.float32))
    step = config.preprocess.rectify_labels
    step.label_rectification_window_in_hours = 10 / 3600
    step.served_timestamp_field = "served"
    step.impressed_timestamp_field = "shown"
    step.label_to_engaged_timestamp_field["seconds"] = "liked_at"
    labels, rows = labels_and_rows(batches_of(opened(config)))
    assert labels[:, 1].tolist() == torch.where(rows < 5, -2.5, 0.0).tolist()
    assert not torch.signbit(labels[5:, 1]).any()


def test_rates_of_a_number_are_refused(tmp_path: Path) -> None:
    config = with_label(tmp_path, np.zeros(NUM_ROWS, np.float32))
    config.tasks["seconds"].pos_downsampling_rate = 0.5
    with pytest.raises(DataError, match="has no positives and negatives") as caught:
        opened(config)
    assert caught.value.path == 'train_data.tasks["seconds"]'


def test_a_number_is_no_positive(tmp_path: Path) -> None:
    config = with_label(tmp_path, np.zeros(NUM_ROWS, np.float32))
    step = config.preprocess.downsample_negatives
    step.batch_multiplier, step.num_engagements = 2, len(config.tasks)
    step.engagements_list.extend(["like", "seconds"])
    with pytest.raises(DataError, match='"seconds" is a number, which makes no row a positive') as caught:
        opened(config)
    assert caught.value.path == "train_data.preprocess.downsample_negatives.engagements_list[1]"


def test_text_is_no_number(tmp_path: Path) -> None:
    config = with_label(tmp_path, np.array(["1"] * NUM_ROWS, np.str_))
    with pytest.raises(DataError, match='column "seconds" is string; it has to be a type of numbers'):
        opened(config)


def test_a_label_of_several_numbers_is_refused(tmp_path: Path) -> None:
    config = with_label(tmp_path, np.zeros(NUM_ROWS))
    config.tasks["emb"].SetInParent()
    with pytest.raises(DataError, match='"emb" is a float32 column of length 5; write it as one number a row'):
        input_signature(config, float_labels={"seconds", "emb"})
