"""Resolving: every default is said, nothing else changes, and it can be read again."""

from pathlib import Path

import pytest
from google.protobuf import json_format, text_format
from rankspec.optim.v1 import optimizer_pb2
from rankspec.recap.v1 import recap_pb2
from tests.unit.example_configs import VALID
from tests.unit.example_configs import write as write_file

from rankspec.analysis.blame import blame
from rankspec.checking.check import load
from rankspec.composition.compose import compose
from rankspec.formats.forms import WRITTEN_FORMS, written_form
from rankspec.formats.writing import to_textproto, write
from rankspec.schema.defaults import resolve


@pytest.fixture
def config(tmp_path: Path) -> recap_pb2.RecapConfig:
    message = load(write_file(tmp_path, VALID)).message
    assert isinstance(message, recap_pb2.RecapConfig)
    return message


def test_defaults_of_present_messages_are_filled_in(config: recap_pb2.RecapConfig) -> None:
    resolved = resolve(config)

    assert resolved.model.tasks["liked"].HasField("pos_weight")
    assert resolved.model.tasks["liked"].pos_weight == 1
    assert resolved.optimizer.adam.HasField("beta_2")


def test_absent_training_and_runtime_stand_for_their_defaults(config: recap_pb2.RecapConfig) -> None:
    resolved = resolve(config)

    assert resolved.training.HasField("num_train_steps")
    assert resolved.runtime.HasField("seed")


def test_other_absent_blocks_stay_absent(config: recap_pb2.RecapConfig) -> None:
    resolved = resolve(config)

    assert not resolved.model.HasField("backbone")
    assert not resolved.runtime.HasField("wandb")
    assert not resolved.train_data.HasField("preprocess")


def test_unset_fields_without_default_stay_unset(config: recap_pb2.RecapConfig) -> None:
    assert not resolve(config).training.HasField("checkpoint_max_to_keep")


def test_empty_lists_with_default_items_are_filled(config: recap_pb2.RecapConfig) -> None:
    assert list(resolve(config).model.featurization_config.feature_names_to_concat) == ["binary"]
    assert list(resolve(optimizer_pb2.AdamConfig()).betas) == [0.9, 0.999]


def test_given_list_is_kept() -> None:
    assert list(resolve(optimizer_pb2.AdamConfig(betas=[0.5, 0.6])).betas) == [0.5, 0.6]


def test_config_itself_is_left_as_it_is(config: recap_pb2.RecapConfig) -> None:
    before = config.SerializeToString(deterministic=True)
    resolve(config)

    assert config.SerializeToString(deterministic=True) == before


def test_resolving_again_changes_nothing(config: recap_pb2.RecapConfig) -> None:
    assert resolve(resolve(config)) == resolve(config)


@pytest.mark.parametrize("form", WRITTEN_FORMS)
def test_resolved_config_is_valid_and_reads_back_in_every_form(
    config: recap_pb2.RecapConfig, tmp_path: Path, form: str
) -> None:
    config.train_data.inputs = 'literal ${VAR} and\ttab, "quotes", \\ and ünïcode \x7f\x01'
    resolved = resolve(config)
    path = tmp_path / {"textproto": "c.textproto", "json": "c.json", "binary": "c.binpb"}[form]
    path.write_bytes(write(resolved, form))

    assert written_form(str(path)) == form
    assert load(path, environment={}).message == resolved


def test_protobufs_own_parsers_read_what_is_written(config: recap_pb2.RecapConfig) -> None:
    resolved = resolve(config)

    assert text_format.Parse(to_textproto(resolved), recap_pb2.RecapConfig()) == resolved
    assert json_format.Parse(write(resolved, "json"), recap_pb2.RecapConfig()) == resolved


def test_order_is_that_of_the_schema_and_of_keys_whatever_the_order_of_writing(tmp_path: Path) -> None:
    names = ["b", "a", "Z", "a_b", "a.b"]
    entries = [f'tasks {{ key: "{name}" value {{}} }}' for name in names]
    texts = [f"train_data {{ {' '.join(order)} cache: true }}" for order in (entries, entries[::-1])]

    written = {to_textproto(compose(write_file(tmp_path, text)).message) for text in texts}

    (text,) = written
    assert text.index("cache") < text.index('"Z"') < text.index('"a"') < text.index('"a.b"') < text.index('"a_b"')
    as_json = write(compose(write_file(tmp_path, texts[0])).message, "json").decode()
    assert as_json.index("cache") < as_json.index('"Z"') < as_json.index('"a.b"') < as_json.index('"a_b"')


def test_blame_says_where_each_value_came_from(tmp_path: Path) -> None:
    text = VALID.replace("data/*.parquet", "${WHERE}/x")
    path = write_file(tmp_path, text)
    loaded = compose(path, overrides=["optimizer.adam.beta_1=0.5"], environment={"WHERE": "here"})

    origin = blame(loaded)

    assert origin("train_data.global_batch_size") == f"{path}:13:22"
    assert origin("train_data.inputs") == f"{path}:12:11 ${{WHERE}}"
    assert origin("optimizer.adam.beta_1") == "--set"
    assert origin("optimizer.adam.beta_2") == "default"
    assert origin('model.tasks["liked"].mlp_config.layer_sizes') == f"{path}:7:39"


def test_blamed_text_is_the_same_config(tmp_path: Path) -> None:
    loaded = compose(write_file(tmp_path, VALID))
    resolved = resolve(loaded.message)

    text = to_textproto(resolved, blame(loaded))

    assert text_format.Parse(text, recap_pb2.RecapConfig()) == resolved
    values = [line for line in text.splitlines() if ": " in line and "key:" not in line and line[0] != "#"]
    assert values
    assert all("  # " in line for line in values)
