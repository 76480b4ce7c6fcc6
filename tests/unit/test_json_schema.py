"""The JSON Schema of configs in JSON and YAML."""

import json
import math
from collections.abc import Iterator
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from google.protobuf import json_format
from google.protobuf.message import Message
from jsonschema import Draft202012Validator
from tests.unit.example_configs import VALID, write

from rankspec.analysis.json_schema import json_schema
from rankspec.checking.validation import find
from rankspec.checking.verdict import judge
from rankspec.cli import main
from rankspec.formats.json_yaml.json_reader import read_json
from rankspec.formats.json_yaml.yaml_reader import read_yaml
from rankspec.formats.reading import read
from rankspec.formats.writing import write_with_variables
from rankspec.schema.defaults import resolve
from rankspec.schema.message_types import all_classes, message_class

CONFIGS = Path(__file__).parents[2] / "configs"
SHIPPED = sorted(CONFIGS.rglob("*.textproto"))
RECAP = "rankspec.recap.v1.RecapConfig"


@cache
def _validator(name: str) -> Draft202012Validator:
    return Draft202012Validator(json_schema(message_class(name)))


@pytest.fixture(scope="module")
def recap() -> Draft202012Validator:
    return _validator(RECAP)


@pytest.fixture
def config(tmp_path: Path) -> dict[str, Any]:
    return _plain(read(str(write(tmp_path, VALID)), None).message)


def _plain(message: Message) -> dict[str, Any]:
    plain: dict[str, Any] = json.loads(write_with_variables(message, "json"))
    return plain


@pytest.mark.parametrize("cls", all_classes(), ids=lambda cls: str(cls.DESCRIPTOR.full_name))
def test_schema_of_every_message_is_one(cls: type[Message]) -> None:
    Draft202012Validator.check_schema(json_schema(cls))


@pytest.mark.parametrize("resolved", [False, True], ids=["as_written", "resolved"])
@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: f"{path.parent.name}_{path.stem}")
def test_shipped_configs_fit_in_all_spellings(path: Path, *, resolved: bool) -> None:
    message = read(str(path), None).message
    message = resolve(message) if resolved else message
    validator = _validator(message.DESCRIPTOR.full_name)

    validator.validate(_plain(message))
    validator.validate(json_format.MessageToDict(message))
    validator.validate(yaml.safe_load(yaml.safe_dump(_plain(message))))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        pytest.param("training.num_train_steps", "100", id="integer_in_quotes"),
        pytest.param("training.num_train_steps", 100.0, id="integer_with_a_point"),
        pytest.param("training.num_train_steps", None, id="null"),
        pytest.param("training.eval_timeout_in_s", "1e-3", id="number_in_quotes"),
        pytest.param("training.num_eval_steps", "-1", id="negative_in_quotes"),
        pytest.param("model.multi_task_type", 1, id="enum_by_number"),
        pytest.param("validation_data", None, id="null_for_a_map"),
        pytest.param("model.featurization_config.feature_names_to_concat", ["${NAME}"], id="variable_for_a_choice"),
    ],
)
def test_what_the_json_form_allows_fits(
    recap: Draft202012Validator, config: dict[str, Any], path: str, value: object
) -> None:
    _set(config, path, value)

    assert [error.message for error in recap.iter_errors(config)] == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        pytest.param("training.num_train_step", 5, id="typo"),
        pytest.param("training.num_train_steps", "many", id="text_for_a_number"),
        pytest.param("training.num_train_steps", 0, id="below_the_range"),
        pytest.param("training.num_train_steps", "-5", id="below_the_range_in_quotes"),
        pytest.param("training.num_train_steps", 2**63, id="overflow"),
        pytest.param("training.num_train_steps", 1.5, id="fraction"),
        pytest.param("training.num_train_steps", True, id="bool_for_a_number"),
        pytest.param("training.num_eval_steps", 0, id="refused_value"),
        pytest.param("training.numTrainSteps", [1], id="list_in_the_other_spelling"),
        pytest.param("train_data.global_batch_size", None, id="null_for_a_required_field"),
        pytest.param(
            "train_data.explicit_date_inputs", {"data_root": "d", "end_date": "2024/01/02", "days": 1}, id="both"
        ),
        pytest.param("train_data.tasks", {}, id="empty_map"),
        pytest.param("train_data.tasks", {"0bad": {}}, id="key"),
        pytest.param("model.multi_task_type", "MULTI_TASK_TYPE_SHARE_MOST", id="enum"),
        pytest.param("model.multi_task_type", "MULTI_TASK_TYPE_UNSPECIFIED", id="refused_enum"),
        pytest.param("model.featurization_config.feature_names_to_concat", ["binary", "binary"], id="item_twice"),
        pytest.param("model.featurization_config.feature_names_to_concat", ["user"], id="no_choice"),
        pytest.param("optimizer.single_task_learning_rate", {"constant": "NaN"}, id="not_finite"),
        pytest.param("optimizer.single_task_learning_rate", {}, id="none_of_a_oneof"),
        pytest.param("optimizer.adam", {"beta_1": 1}, id="at_an_open_bound"),
        pytest.param("optimizer.adam", {"beta_1": 0.5, "beta1": 0.5}, id="in_both_spellings"),
    ],
)
def test_what_is_wrong_is_refused(
    recap: Draft202012Validator, config: dict[str, Any], path: str, value: object
) -> None:
    _set(config, path, value)

    assert not recap.is_valid(config)


@pytest.mark.parametrize("path", ["train_data.global_batch_size", "train_data.inputs", "model", "train_data.tasks"])
def test_what_is_required_is_missed(recap: Draft202012Validator, config: dict[str, Any], path: str) -> None:
    holder, name = _holder(config, path)
    del holder[name]

    assert not recap.is_valid(config)


@pytest.mark.parametrize(
    ("layers", "fits"),
    [
        pytest.param({"layer_sizes": [1]}, True, id="one"),
        pytest.param({"layer_sizes": [], "layers": [{"layer_size": 1}]}, True, id="empty_is_not_set"),
        pytest.param({"layerSizes": [1], "layers": [{"layer_size": 1}]}, False, id="both"),
        pytest.param({}, False, id="none"),
    ],
)
def test_group_of_exclusive_fields_takes_one(layers: dict[str, Any], *, fits: bool) -> None:
    assert _validator("rankspec.recap.v1.MlpConfig").is_valid(layers) is fits


@pytest.mark.parametrize(
    ("data", "fits"),
    [
        pytest.param({"inherit_train_data": True}, True, id="everything_inherited"),
        pytest.param({"inheritTrainData": True, "tasks": {}}, True, id="camel_case"),
        pytest.param({"inherit_train_data": True, "seg_dense_schema": {"features": ["x"]}}, True, id="part_of_a_block"),
        pytest.param({"inherit_train_data": True, "global_batch_size": 0}, False, id="out_of_range"),
        pytest.param({"inherit_train_data": True, "sampler": {"nam": "x"}}, False, id="typo_in_a_block"),
        pytest.param({"inherit_train_data": False}, False, id="switched_off"),
        pytest.param({}, False, id="nothing"),
    ],
)
def test_what_is_inherited_may_be_left_out(
    recap: Draft202012Validator, config: dict[str, Any], data: dict[str, Any], *, fits: bool
) -> None:
    config["validation_data"] = {"v": data}

    assert recap.is_valid(config) == fits
    verdict = judge(read_json(json.dumps(config), message_class(RECAP), "x.json"), {})
    assert (not verdict.violations) == fits


def test_every_field_is_described() -> None:
    schema = json_schema(message_class(RECAP))

    steps = schema["$defs"]["rankspec.recap.v1.TrainingConfig"]["properties"]["num_train_steps"]
    assert steps["description"].startswith("Optimizer steps to train for")
    assert steps["default"] == 1000000
    for definition in schema["$defs"].values():
        assert all("description" in p or "$ref" in p for p in definition.get("properties", {}).values())


# What a mutation writes in place of every value.
_INSTEAD: tuple[object, ...] = (
    None,
    True,
    -1,
    0,
    1,
    0.5,
    2**31,
    2**70,
    math.inf,
    math.nan,
    "",
    "text",
    "NaN",
    "7",
    "-7",
    [],
    [1],
    {},
    {"no_field": 1},
)


def test_schema_refuses_nothing_that_check_accepts(recap: Draft202012Validator, config: dict[str, Any]) -> None:
    cls = message_class(RECAP)
    num_refused = 0
    for path, mutated in _mutated(config):
        text = yaml.safe_dump(mutated)
        document = read_yaml(text, cls, "x.yaml")
        is_right = document.ok and not find(document.message)
        is_refused = not recap.is_valid(mutated)
        num_refused += is_refused
        assert not (is_right and is_refused), (path, mutated)

    assert num_refused > 100


def _mutated(config: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for keys in _paths(config):
        for instead in _INSTEAD:
            mutated = deepcopy(config)
            holder: Any = mutated
            for key in keys[:-1]:
                holder = holder[key]
            holder[keys[-1]] = instead
            yield str(keys), mutated


def _paths(value: object) -> Iterator[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield (key,)
        yield from ((key, *inner) for inner in _paths(item))


def test_command_writes_the_schema(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "recap.schema.json"

    assert main(["schema", "RecapConfig", "-o", str(out)]) == 0
    assert json.loads(out.read_text()) == json_schema(message_class(RECAP))
    assert main(["schema", "LearningRate"]) == 0
    assert json.loads(capsys.readouterr().out)["title"] == "rankspec.optim.v1.LearningRate"
    assert main(["schema", "RecapConfg"]) == 2
    assert "RecapConfig" in capsys.readouterr().err


def test_json_that_fits_reads_as_written(config: dict[str, Any]) -> None:
    assert read_json(json.dumps(config), message_class(RECAP), "x.json").diagnostics == []


def _holder(config: dict[str, Any], path: str) -> tuple[dict[str, Any], str]:
    *outer, name = path.split(".")
    for key in outer:
        config = config.setdefault(key, {})
    return config, name


def _set(config: dict[str, Any], path: str, value: object) -> None:
    holder, name = _holder(config, path)
    holder[name] = value
