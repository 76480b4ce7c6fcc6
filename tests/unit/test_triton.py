"""The model repository that is written for Triton, read by Triton's own messages."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from google.protobuf import text_format
from tests.unit.tiny_bundles import TASKS, scores_of, write_bundle
from tritonclient.grpc import model_config_pb2

from rankspec.scoring.reading import read_bundle
from rankspec.scoring.triton import write_repository


@pytest.fixture
def model(tmp_path: Path) -> Path:
    write_bundle(tmp_path / "bundle", step=12, shift=0.5)
    write_repository(read_bundle(tmp_path / "bundle"), tmp_path / "repository", "ranker")
    return tmp_path / "repository" / "ranker"


def test_config_says_what_the_model_takes_and_gives(model: Path) -> None:
    config = text_format.Parse((model / "config.pbtxt").read_text(), model_config_pb2.ModelConfig())

    tensors = [(item.name, item.data_type, list(item.dims)) for item in (*config.input, *config.output)]
    assert tensors == [
        ("dense", model_config_pb2.TYPE_FP32, [3]),
        ("ids", model_config_pb2.TYPE_INT64, [2]),
        ("outputs", model_config_pb2.TYPE_FP32, [2]),
    ]
    assert (config.name, config.backend, config.max_batch_size) == ("ranker", "onnxruntime", 1024)
    assert (model / config.output[0].label_filename).read_text().splitlines() == list(TASKS)
    assert config.parameters["step"].string_value == "12"


def test_warm_up_rows_are_golden_and_of_the_configs_size(model: Path) -> None:
    config = text_format.Parse((model / "config.pbtxt").read_text(), model_config_pb2.ModelConfig())
    (warm_up,) = config.model_warmup
    values = {
        name: np.frombuffer((model / "warmup" / item.input_data_file).read_bytes(), dtype).reshape(1, *item.dims)
        for (name, item), dtype in zip(sorted(warm_up.inputs.items()), ("<f4", "<i8"), strict=True)
    }

    session = onnxruntime.InferenceSession(model / "12" / "model.onnx", providers=["CPUExecutionProvider"])
    (outputs,) = session.run(["outputs"], values)

    np.testing.assert_array_equal(values["dense"], [[0, 1, 2]])
    np.testing.assert_allclose(outputs, scores_of(values["dense"], values["ids"], 0.5), rtol=0, atol=1e-6)


def test_odd_names_are_written_so_that_they_are_read_back(tmp_path: Path) -> None:
    write_bundle(tmp_path / "bundle")
    name = 'a "b" \\ ü'
    write_repository(read_bundle(tmp_path / "bundle"), tmp_path / "repository", name)

    text = (tmp_path / "repository" / name / "config.pbtxt").read_text()

    assert text_format.Parse(text, model_config_pb2.ModelConfig()).name == name


def test_nothing_is_written_over(tmp_path: Path) -> None:
    write_bundle(tmp_path / "bundle")
    (tmp_path / "repository").mkdir()

    with pytest.raises(FileExistsError):
        write_repository(read_bundle(tmp_path / "bundle"), tmp_path / "repository", "ranker")
