"""Models of any inputs: data need not have continuous or binary features."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from google.protobuf import text_format
from rankspec.recap.v1.data_pb2 import RecapDataConfig
from rankspec.recap.v1.recap_pb2 import RecapConfig
from tests.unit.small_data import COLUMNS, batches_of, data_config, opened, write_files

from rankspec.checking.validation import find
from rankspec.families.recap.input_signature import MODEL_INPUTS, input_signature
from rankspec.families.recap.program.data.statistics import statistics_of
from rankspec.families.recap.program.model import build_model
from rankspec.families.recap.program.model.inputs import inputs_read
from rankspec.schema.defaults import resolve
from rankspec.trainer.data_error import DataError

torch.set_num_threads(1)

TABLES = 'small_embeddings { tables { name: "t" num_embeddings: 9 embedding_dim: 2 index: 1 } }'
LOG = "featurization_config { log1p_abs_config {} }"
NORM = "featurization_config { double_norm_log_config { layer_norm_config {} } }"
POSITION = "position_debias_config { position_feature_index: 2 num_dims: 2 }"
# The inputs that are named, the model's part, and the width of what the tower reads.
CASES = {
    "continuous": (["continuous"], LOG, 6),
    "continuous, normed": (["continuous"], NORM, 6),
    "binary": (["binary"], LOG, 4),
    "binary, normed": (["binary"], NORM, 4),
    "ids": (["discrete"], f"{LOG} {TABLES}", 2),
    "ids and a position": (["discrete"], f"{LOG} {TABLES} {POSITION}", 4),
    "joined ids": (["discrete"], LOG.replace("} }", '} feature_names_to_concat: "discrete" }'), 3),
    "an embedding": (["author_embedding"], LOG, 5),
    "binary and ids": (["binary", "discrete"], f"{NORM} {TABLES}", 6),
}


def _config(folder: Path, inputs: list[str], model: str) -> RecapConfig:
    config = RecapConfig(train_data=_data(folder, inputs))
    text_format.Parse(f'{model} tasks {{ key: "like" value {{ mlp_config {{ layer_sizes: 1 }} }} }}', config.model)
    config.optimizer.adam.SetInParent()
    config.optimizer.single_task_learning_rate.constant = 0.01
    return config


def _data(folder: Path, inputs: list[str]) -> RecapDataConfig:
    data = data_config(folder)
    for name in COLUMNS.keys() & MODEL_INPUTS.keys() - set(inputs):
        del data.seg_dense_schema.renamed_features[name]
    return data


@pytest.mark.parametrize("case", CASES)
def test_a_model_reads_what_there_is(tmp_path: Path, case: str) -> None:
    names, text, width = CASES[case]
    config = _config(write_files(tmp_path, [16]), names, text)
    assert find(config) == find(resolve(config)) == []
    read = inputs_read(config.model, input_signature(config.train_data))
    assert [item.name for item in read] == names
    model: Any = build_model(config, read)
    model.set_position(0)
    assert sum(model.inputs.widths.values()) == width
    for batch in batches_of(opened(config.train_data), num_batches=2):
        outputs = model(batch.to("cpu"))
        outputs.sum().backward()
        assert outputs.shape == (8, 1)
    assert all(parameter.grad is not None for parameter in model.parameters())
    assert model.eval()(batch.to("cpu")).shape == (8, 1)


def test_an_absent_input_is_no_columns(tmp_path: Path) -> None:
    data = _data(write_files(tmp_path, [8]), ["author_embedding"])
    (batch,) = batches_of(opened(data, shuffle=False))
    moved = batch.to("cpu")
    assert (moved.continuous.shape, moved.binary.shape) == ((8, 0), (8, 0))
    assert (moved.continuous.dtype, moved.binary.dtype, moved.discrete) == (torch.float32, torch.int64, None)


def test_statistics_of_no_continuous_features_are_refused(tmp_path: Path) -> None:
    config = _config(write_files(tmp_path, [8]), ["binary"], LOG)
    with pytest.raises(DataError, match="there is no input continuous") as caught:
        statistics_of(config, "a test", lambda _line: None)
    assert caught.value.path == "train_data.seg_dense_schema.renamed_features"
