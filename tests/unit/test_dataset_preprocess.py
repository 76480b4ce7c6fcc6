"""The steps between files and batches."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from google.protobuf import text_format
from google.protobuf.message import Message
from rankspec.recap.v1 import data_pb2, preprocess_pb2
from rankspec.recap.v1.preprocess_pb2 import ExtractFeaturesRow
from tests.claims import claimed_fields
from tests.unit.small_data import batches_of, columns_of, data_config, opened, row_numbers, write_files

from rankspec.families.recap.program.data.steps.downcast import downcast
from rankspec.families.recap.program.data.steps.mask_mantissa import mask_mantissa
from rankspec.trainer.data.thinning import thin_negatives
from rankspec.trainer.data_error import DataError

torch.set_num_threads(1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_files(tmp_path_factory.mktemp("data"), [20, 16, 25])


def present(tensor: torch.Tensor | None) -> torch.Tensor:
    assert tensor is not None
    return tensor


def test_features_are_truncated_and_masked(folder: Path, tmp_path: Path) -> None:
    config = data_config(folder)
    steps = config.preprocess.truncate_and_slice
    steps.continuous_feature_truncation = 5
    steps.binary_feature_truncation = 2
    steps.continuous_feature_mask_path = str(tmp_path / "mask.npy")
    np.save(tmp_path / "mask.npy", np.array([0, 1, 0, 1, 1]))
    batch = batches_of(opened(config), 0, 1)[0]
    expected = columns_of(batch.carried["meta__row"].numpy())
    assert batch.continuous.tolist() == expected["cont"][:, [1, 3, 4]].tolist()
    assert batch.binary.tolist() == expected["bin"][:, :2].tolist()


def test_extra_columns_and_extracted_features_travel_with_the_rows(folder: Path) -> None:
    config = data_config(folder)
    config.seg_dense_schema.features.append("shown")
    config.preprocess.extract_features.extract_feature_table.append(
        ExtractFeaturesRow(name="third", source_tensor="continuous", index=2)
    )
    batch = batches_of(opened(config), 0, 1)[0]
    assert batch.carried["shown"].tolist() == (batch.carried["meta__row"] * 1000).tolist()
    assert batch.carried["third"].tolist() == batch.continuous[:, 2].tolist()


def test_mantissas_are_masked(folder: Path) -> None:
    config = data_config(folder)
    whole = batches_of(opened(config), 0, 1)[0]
    config.seg_dense_schema.mask_mantissa_features["continuous"] = 16
    masked = batches_of(opened(config), 0, 1)[0]
    bits = whole.continuous.numpy().view(np.uint32) & np.uint32(0xFFFF0000)
    assert masked.continuous.tolist() == bits.view(np.float32).tolist()
    assert torch.equal(present(masked.author_embedding), present(whole.author_embedding))


@pytest.mark.parametrize(
    ("data_type", "dtype"),
    [(preprocess_pb2.DATA_TYPE_BFLOAT16, torch.bfloat16), (preprocess_pb2.DATA_TYPE_FLOAT16, torch.float16)],
    ids=["bfloat16", "float16"],
)
def test_downcast_inputs_are_small_until_they_reach_the_device(
    folder: Path, data_type: preprocess_pb2.DataType, dtype: torch.dtype
) -> None:
    config = data_config(folder)
    whole = batches_of(opened(config), 0, 1)[0]
    config.preprocess.downcast.features["continuous"] = data_type
    config.preprocess.downcast.features["discrete"] = preprocess_pb2.DATA_TYPE_UINT8
    config.preprocess.downcast.features["binary"] = preprocess_pb2.DATA_TYPE_BOOL
    small = batches_of(opened(config), 0, 1)[0]
    assert (small.continuous.dtype, present(small.discrete).dtype, small.binary.dtype) == (
        dtype,
        torch.uint8,
        torch.bool,
    )
    moved = small.to("cpu")
    assert moved.continuous.tolist() == whole.continuous.to(dtype).float().tolist()
    assert torch.equal(present(moved.discrete), present(whole.discrete))
    assert moved.binary.tolist() == whole.binary.tolist()
    assert moved.carried["meta__row"].tolist() == whole.carried["meta__row"].tolist()


def test_late_engagements_are_no_labels(folder: Path) -> None:
    config = data_config(folder)
    step = config.preprocess.rectify_labels
    step.label_rectification_window_in_hours = 30 / 3600
    step.served_timestamp_field = "served"
    step.impressed_timestamp_field = "shown"
    step.label_to_engaged_timestamp_field["like"] = "liked_at"
    for batch in batches_of(opened(config), 0, 8):
        rows = batch.carried["meta__row"]
        # Row r is liked 2r seconds after it was served, shown after r.
        assert batch.labels[:, 0].tolist() == ((rows % 3 == 0) & (rows < 15)).float().tolist()
        assert batch.labels[:, 1].tolist() == (rows % 5 == 0).float().tolist()


@pytest.mark.parametrize("world_size", [1, 3])
def test_negatives_are_thinned_out_and_weigh_more(folder: Path, world_size: int) -> None:
    config = data_config(folder)
    step = config.preprocess.downsample_negatives
    step.batch_multiplier = 2
    step.engagements_list.append("reply")
    step.num_engagements = 2
    read = row_numbers(opened(data_config(folder, global_batch_size=16)), 0, 6)
    parts = [batches_of(opened(config, rank=r, world_size=world_size), 0, 6) for r in range(world_size)]
    for number, all_rows in enumerate(read):
        kept = [row for part in parts for row in part[number].carried["meta__row"].tolist()]
        weights = torch.cat([part[number].weights for part in parts])
        positives = [row for row in all_rows if row % 5 == 0]
        assert len(kept) == 8
        assert [row for row in kept if row % 5 == 0] == positives
        assert [row for row in kept if row % 5] == [row for row in all_rows if row % 5][: 8 - len(positives)]
        expected = (16 - len(positives)) / (8 - len(positives))
        assert weights[:, 0].tolist() == pytest.approx([1.0 if row % 5 == 0 else expected for row in kept])


def test_too_many_positives_for_thinning_are_refused(folder: Path) -> None:
    config = data_config(folder)
    step = config.preprocess.downsample_negatives
    step.batch_multiplier = 6
    step.engagements_list.append("like")
    step.num_engagements = 2
    with pytest.raises(DataError, match="leave no room for negatives") as caught:
        batches_of(opened(config), 0, 1)
    assert caught.value.path == "train_data.preprocess.downsample_negatives.batch_multiplier"


STEP_MISTAKES = {
    "extract/index": (
        "preprocess { extract_features { extract_feature_table { name: 'x' source_tensor: 'continuous' index: 6 } } }",
        "preprocess.extract_features.extract_feature_table[0].index",
    ),
    "extract/source": (
        "preprocess { extract_features { extract_feature_table { name: 'x' source_tensor: 'nope' index: 0 } } }",
        "preprocess.extract_features.extract_feature_table[0].source_tensor",
    ),
    "extract/name": (
        "preprocess { extract_features { extract_feature_table { name: 'binary' source_tensor: 'binary' index: 0 } } }",
        "preprocess.extract_features.extract_feature_table[0].name",
    ),
    "downcast/unknown": (
        "preprocess { downcast { features { key: 'nope' value: DATA_TYPE_BOOL } } }",
        'preprocess.downcast.features["nope"]',
    ),
    "downcast/ids": (
        "preprocess { downcast { features { key: 'discrete' value: DATA_TYPE_FLOAT16 } } }",
        'preprocess.downcast.features["discrete"]',
    ),
    "mantissa/unknown": (
        "seg_dense_schema { mask_mantissa_features { key: 'nope' value: 3 } }",
        'seg_dense_schema.mask_mantissa_features["nope"]',
    ),
    "mantissa/integers": (
        "seg_dense_schema { mask_mantissa_features { key: 'binary' value: 3 } }",
        'seg_dense_schema.mask_mantissa_features["binary"]',
    ),
    "rectify/column": (
        (
            "preprocess { rectify_labels { served_timestamp_field: 'nope' impressed_timestamp_field: 'shown' "
            "label_to_engaged_timestamp_field { key: 'like' value: 'liked_at' } } }"
        ),
        "preprocess.rectify_labels.served_timestamp_field",
    ),
    "rectify/type": (
        (
            "preprocess { rectify_labels { served_timestamp_field: 'served' impressed_timestamp_field: 'emb' "
            "label_to_engaged_timestamp_field { key: 'like' value: 'liked_at' } } }"
        ),
        "preprocess.rectify_labels.impressed_timestamp_field",
    ),
}


@pytest.mark.parametrize("case", STEP_MISTAKES)
def test_a_step_that_names_what_is_not_there_is_refused(folder: Path, case: str) -> None:
    text, path = STEP_MISTAKES[case]
    config = data_config(folder)
    text_format.Merge(text, config)
    with pytest.raises(DataError) as caught:
        opened(config)
    assert caught.value.path == f"train_data.{path}"


def test_masking_a_mantissa_leaves_nan_and_infinity() -> None:
    values = np.array([np.nan, np.inf, -np.inf, 1.999, -0.0], np.float32)
    # Without its mantissa a number is the power of two below it.
    assert np.array_equal(mask_mantissa(values, 23), np.array([np.nan, np.inf, -np.inf, 1, -0.0]), equal_nan=True)


@pytest.mark.parametrize(
    ("dtype", "value"),
    [(torch.float16, 1e6), (torch.bfloat16, 3.4e38), (torch.uint8, 256), (torch.uint8, 0.5)],
    ids=["float16/overflow", "bfloat16/overflow", "uint8/overflow", "uint8/fraction"],
)
def test_a_downcast_that_would_lose_a_value_is_refused(dtype: torch.dtype, value: float) -> None:
    with pytest.raises(DataError, match="does not fit"):
        downcast(np.array([1, value], np.float32), dtype)


def test_downcast_keeps_what_is_not_finite() -> None:
    kept = downcast(np.array([np.nan, np.inf], np.float32), torch.float16)
    assert np.isnan(kept[0])
    assert np.isposinf(kept[1])


def test_weights_of_thinned_rows_add_up_to_the_rows_read() -> None:
    chosen, weights = thin_negatives(np.array([1, 0, 0, 0, 0, 1, 0, 0], np.bool_), 4)
    assert chosen.tolist() == [0, 1, 2, 5]
    assert weights.tolist() == [1, 3, 3, 1]


def test_rows_are_thinned_by_the_labels_of_the_files(folder: Path) -> None:
    config = data_config(folder)
    thinning, rectifying = config.preprocess.downsample_negatives, config.preprocess.rectify_labels
    thinning.batch_multiplier = 2
    thinning.engagements_list.append("like")
    thinning.num_engagements = 2
    rectifying.label_rectification_window_in_hours = 1e-9
    rectifying.served_timestamp_field = "served"
    rectifying.impressed_timestamp_field = "shown"
    rectifying.label_to_engaged_timestamp_field["like"] = "liked_at"
    batch = batches_of(opened(config, shuffle=False, task_names=("like",)), 0, 1)[0]
    # Rows 0, 3, 6 … 15 of the first 16 are liked in the files; only row 0 still is, rectified.
    assert batch.carried["meta__row"].tolist() == [0, 1, 2, 3, 6, 9, 12, 15]
    assert batch.labels[:, 0].tolist() == [1, 0, 0, 0, 0, 0, 0, 0]


@pytest.mark.parametrize(
    ("message", "unclaimed"),
    [
        (data_pb2.RecapDataConfig, set()),
        (data_pb2.SegDenseSchema, set()),
        (data_pb2.ExplicitDateInputs, set()),
        (data_pb2.ExplicitDatetimeInputs, set()),
        (data_pb2.TaskData, set()),
        (preprocess_pb2.Preprocess, set()),
        (preprocess_pb2.TruncateAndSlice, set()),
        (preprocess_pb2.DownCast, set()),
        (preprocess_pb2.RectifyLabels, set()),
        (preprocess_pb2.ExtractFeatures, set()),
        (preprocess_pb2.ExtractFeaturesRow, set()),
        (preprocess_pb2.DownsampleNegatives, set()),
    ],
    ids=lambda value: value.DESCRIPTOR.name if hasattr(value, "DESCRIPTOR") else None,
)
def test_every_field_of_the_data_is_obeyed_but(message: type[Message], unclaimed: set[str]) -> None:
    # What figures are reported for is the evaluation's business; a deprecated field does nothing.
    deprecated = {name for name, field in message.DESCRIPTOR.fields_by_name.items() if field.GetOptions().deprecated}
    fields = set(message.DESCRIPTOR.fields_by_name) - {"evaluation_tasks"} - deprecated
    assert fields - claimed_fields(message) == unclaimed
