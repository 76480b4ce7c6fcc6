"""Configs that are built in code: judged as files are, and laid over with values of Python's."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.text_encoding import CUnescape
from hypothesis import given
from hypothesis import strategies as st
from rankspec.recap.v1.layers_pb2 import MlpConfig
from rankspec.recap.v1.recap_pb2 import RecapConfig
from rankspec.train.v1.runtime_pb2 import DEVICE_CPU
from rankspec.train.v1.training_pb2 import TrainingConfig
from rankspec.twhin.v1.twhin_pb2 import TwhinConfig
from tests.unit.example_configs import VALID, write

from rankspec.checking.check import check, load
from rankspec.composition.literals import quoted
from rankspec.diagnostics.diagnostic import ConfigError


@pytest.fixture
def config(tmp_path: Path) -> RecapConfig:
    built: RecapConfig = load(write(tmp_path, VALID)).message
    return built


def test_message_has_the_mistakes_of_its_file_without_places(tmp_path: Path, config: RecapConfig) -> None:
    wrong = VALID.replace("global_batch_size: 32", "global_batch_size: 0").replace("0.01", "nan")
    config.train_data.global_batch_size = 0
    config.optimizer.single_task_learning_rate.constant = float("nan")

    of_file, of_message = check(write(tmp_path, wrong)).diagnostics, check(config).diagnostics

    assert {(d.path, d.code, d.message) for d in of_message} == {(d.path, d.code, d.message) for d in of_file}
    assert len(of_message) == 2
    assert {d.position for d in of_message} == {None}
    with pytest.raises(ConfigError, match=r"train_data\.global_batch_size: must be greater than 0, got 0"):
        load(config)


def test_empty_message_lacks_what_an_empty_file_lacks(tmp_path: Path) -> None:
    of_file = check(write(tmp_path, "")).diagnostics

    assert [(d.path, d.code) for d in check(RecapConfig()).diagnostics] == [(d.path, d.code) for d in of_file]


def test_message_of_code_stays_as_it_is(config: RecapConfig) -> None:
    config.validation_data["later"].inherit_train_data = True
    before = RecapConfig()
    before.CopyFrom(config)

    loaded = check(config, set={"training.num_train_steps": 7})

    assert config == before
    assert loaded.ok
    assert loaded.message.validation_data["later"].inputs == config.train_data.inputs
    assert loaded.message.training.num_train_steps == 7
    assert loaded.file is None


def test_fields_of_a_newer_schema_are_told(config: RecapConfig) -> None:
    config.MergeFromString(b"\xf8\xff\x3f\x01")

    (mistake,) = check(config).diagnostics

    assert mistake.code == "parse.unknown_field"
    assert "the message has fields that RecapConfig does not have" in mistake.message


def test_other_message_than_the_one_asked_for_is_told(config: RecapConfig) -> None:
    assert check(config, message="RecapConfig").ok
    assert "file.other_message" in [d.code for d in check(config, message="rankspec.twhin.v1.TwhinConfig").diagnostics]
    assert check(TwhinConfig()).message.DESCRIPTOR is TwhinConfig.DESCRIPTOR


def test_variables_in_a_message_are_replaced_on_request_alone(config: RecapConfig) -> None:
    config.training.save_dir = "${RUNS}/one"

    as_it_is, replaced = check(config), check(config, environment={"RUNS": "/runs"})

    assert as_it_is.message.training.save_dir == "${RUNS}/one"
    assert [(d.path, d.code, d.severity) for d in as_it_is.diagnostics] == [
        ("training.save_dir", "env.not_replaced", "warning")
    ]
    assert replaced.message.training.save_dir == "/runs/one"
    assert replaced.diagnostics == []


def test_loaded_config_is_judged_as_it_is_now(tmp_path: Path) -> None:
    loaded = check(write(tmp_path, VALID.replace("global_batch_size: 32", "global_batch_size: 0")))
    assert not loaded.ok

    loaded.message.train_data.global_batch_size = 8
    mended = load(loaded)
    loaded.message.train_data.global_batch_size = -8
    (mistake,) = check(loaded, set={"training.num_train_steps": 5}).diagnostics

    assert mended.message.train_data.global_batch_size == 8
    assert (mistake.code, mistake.path) == ("int32.gt", "train_data.global_batch_size")
    assert mistake.position == loaded.origins.value("train_data.global_batch_size")
    assert not loaded.message.HasField("training")


def test_mistakes_of_the_text_stay_with_a_loaded_config(tmp_path: Path) -> None:
    loaded = check(write(tmp_path, VALID.replace("global_batch_size: 32", "global_batch_size: many")))

    assert [d.code for d in check(loaded).diagnostics] == [d.code for d in loaded.diagnostics] == ["parse.wrong_type"]


def test_what_was_replaced_once_is_not_looked_at_again(tmp_path: Path) -> None:
    text = VALID + 'training { save_dir: "${RUNS}" }'
    loaded = load(write(tmp_path, text), environment={"RUNS": "${SECRET}"})

    again = load(loaded)

    assert again.message.training.save_dir == "${SECRET}"
    assert again.diagnostics == []
    (warning,) = check(loaded, set={"training.save_dir": "${RUNS}/a"}).diagnostics
    assert (warning.code, warning.path) == ("env.not_replaced", "training.save_dir")


@pytest.mark.parametrize(
    ("path", "value", "read", "expected"),
    [
        pytest.param("training.num_train_steps", 90, lambda c: c.training.num_train_steps, 90, id="whole_number"),
        pytest.param("optimizer.adam.epsilon", 1e-9, lambda c: c.optimizer.adam.epsilon, 1e-9, id="number"),
        pytest.param("runtime.deterministic", True, lambda c: c.runtime.deterministic, True, id="truth"),
        pytest.param("training.save_dir", Path("/a"), lambda c: c.training.save_dir, "/a", id="path"),
        pytest.param("training.save_dir", '"a"', lambda c: c.training.save_dir, '"a"', id="text_with_quotes"),
        pytest.param("runtime.device", "DEVICE_CPU", lambda c: c.runtime.device, DEVICE_CPU, id="enum_value"),
        pytest.param(
            'model.tasks["liked"].mlp_config.layer_sizes',
            (4, 1),
            lambda c: list(c.model.tasks["liked"].mlp_config.layer_sizes),
            [4, 1],
            id="list",
        ),
        pytest.param(
            'model.tasks["liked"].mlp_config.layer_sizes[0]',
            4,
            lambda c: list(c.model.tasks["liked"].mlp_config.layer_sizes),
            [4, 1],
            id="item_of_a_list",
        ),
        pytest.param(
            "model.backbone",
            {"mlp_config": {"layer_sizes": [4], "final_layer_activation": True}},
            lambda c: list(c.model.backbone.mlp_config.layer_sizes),
            [4],
            id="dictionary",
        ),
        pytest.param(
            "model.backbone.mlp_config",
            MlpConfig(layer_sizes=[4], final_layer_activation=True),
            lambda c: list(c.model.backbone.mlp_config.layer_sizes),
            [4],
            id="message",
        ),
        pytest.param(
            "train_data.seg_dense_schema.renamed_features",
            {"meta__a=b": "x", 'meta__"': "y"},
            lambda c: dict(c.train_data.seg_dense_schema.renamed_features),
            {"continuous": "c", "binary": "b", "meta__a=b": "x", 'meta__"': "y"},
            id="map",
        ),
        pytest.param(
            'train_data.seg_dense_schema.renamed_features["meta__a=b"]',
            "x",
            lambda c: c.train_data.seg_dense_schema.renamed_features["meta__a=b"],
            "x",
            id="key_with_an_equals_sign",
        ),
    ],
)
def test_value_is_set(
    tmp_path: Path, path: str, value: object, read: Callable[[Any], object], expected: object
) -> None:
    loaded = check(write(tmp_path, VALID), set={path: value})

    assert [d for d in loaded.diagnostics if d.code.startswith(("parse.", "set."))] == []
    assert read(loaded.message) == expected


@pytest.mark.parametrize(
    ("path", "value", "code", "words"),
    [
        pytest.param("training.num_train_step", 1, "set.unknown_path", "no field `num_train_step`", id="no_field"),
        pytest.param("training.num_train_steps", None, "set.no_value", "NoneType", id="none"),
        pytest.param("training.num_train_steps", 1.5, "parse.wrong_type", "", id="no_whole_number"),
        pytest.param("training.num_train_steps", [1], "parse.wrong_type", "", id="list_for_one"),
        pytest.param("training.num_train_steps", {}, "set.no_value", "is no message", id="dictionary_for_one"),
        pytest.param("training", {"steps: 1 x": 1}, "set.no_value", "no field of TrainingConfig", id="odd_key"),
        pytest.param("training", {"step": 1}, "parse.unknown_field", "`step`", id="unknown_key"),
        pytest.param("training.save_dir", "\udcff", "set.no_value", "no text", id="no_text"),
        pytest.param("runtime.device", "DEVICE_CPUU", "parse.unknown_enum_value", "", id="unknown_enum_value"),
        pytest.param(
            "optimizer.adam", TrainingConfig(num_train_steps=1), "parse.unknown_field", "", id="other_message"
        ),
    ],
)
def test_value_that_is_none_is_told_at_its_path(
    tmp_path: Path, path: str, value: object, code: str, words: str
) -> None:
    (mistake,) = check(write(tmp_path, VALID), set={path: value}).diagnostics

    assert mistake.code == code
    assert words in mistake.message
    assert mistake.path.startswith(path)
    assert mistake.position is not None
    assert mistake.position.file == f"--set {path}"


def test_variables_in_values_over_a_file_are_replaced(tmp_path: Path) -> None:
    values = {"training.save_dir": "${RUNS}/$${A}", "train_data.seg_dense_schema.renamed_features": {"x": "${RUNS}"}}

    config = check(write(tmp_path, VALID), set=values, environment={"RUNS": "/runs"}).message

    assert config.training.save_dir == "/runs/${A}"
    assert config.train_data.seg_dense_schema.renamed_features["x"] == "/runs"


def test_values_come_after_texts(tmp_path: Path) -> None:
    overrides = ["training.num_train_steps=2", "training.train_log_every_n=3"]

    training = load(write(tmp_path, VALID), overrides=overrides, set={"training.num_train_steps": 4}).message.training

    assert (training.num_train_steps, training.train_log_every_n) == (4, 3)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_arrives_as_it_is(text: str) -> None:
    literal = quoted(text)

    assert CUnescape(literal[1:-1]).decode() == text
    loaded = check(RecapConfig(), set={"training.save_dir": text})
    assert loaded.message.training.save_dir == text
