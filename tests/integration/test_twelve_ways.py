"""Twelve ways to break a config: each is refused at its place, with what to write instead, and nothing else is said."""

import json
from pathlib import Path
from typing import NamedTuple

import pytest

from rankspec.cli import main

CONFIG = """\
# proto-file: rankspec/recap/v1/recap.proto
# proto-message: rankspec.recap.v1.RecapConfig

training {
  save_dir: "${RUNS}/first"
  num_train_steps: 1000
}
model {
  multi_task_type: MULTI_TASK_TYPE_SHARE_ALL
  featurization_config { log1p_abs_config {} }
  backbone { mlp_config { layer_sizes: [32, 16] final_layer_activation: true } }
  tasks { key: "liked" value { mlp_config { layer_sizes: [16, 1] } } }
}
train_data {
  inputs: "data/*.parquet"
  global_batch_size: 32
  seg_dense_schema {
    schema_path: "schema.json"
    renamed_features { key: "continuous" value: "c" }
    renamed_features { key: "binary" value: "b" }
  }
  tasks { key: "liked" value {} }
}
optimizer {
  adam { beta_1: 0.9 }
  multi_task_learning_rates {
    backbone_learning_rate {
      linear_ramp_to_cosine {
        learning_rate: 0.01
        final_learning_rate: 0.001
        num_ramp_steps: 100
        final_num_steps: 800
      }
    }
    tower_learning_rates { key: "liked" value { constant: 0.02 } }
  }
}
"""
RAMP = "optimizer.multi_task_learning_rates.backbone_learning_rate.linear_ramp_to_cosine"
RATE = 'optimizer.multi_task_learning_rates.tower_learning_rates["liked"]'


class MistakeError(NamedTuple):
    """One change and what is to be said about it.

    Attributes:
        old: What is replaced.
        new: What it is replaced by; `@` stands right before the place to be told.
        path: The field to be named.
        code: The diagnostic's code.
        suggestion: What the suggestion has to say.
    """

    old: str
    new: str
    path: str
    code: str
    suggestion: str


WAYS = {
    "typo_in_top_level_key": MistakeError(
        "training {", "@trainning {", "trainning", "parse.unknown_field", "did you mean `training`?"
    ),
    "wrong_type": MistakeError(
        "global_batch_size: 32",
        "global_batch_size: @thirty",
        "train_data.global_batch_size",
        "parse.wrong_type",
        "write a whole number",
    ),
    "negative_steps": MistakeError(
        "num_train_steps: 1000",
        "num_train_steps: @-1000",
        "training.num_train_steps",
        "int64.gt",
        "the nearest allowed value is 1",
    ),
    "two_members_of_a_oneof": MistakeError(
        "constant: 0.02",
        "constant: 0.02 @piecewise_constant { learning_rate_values: 0.1 }",
        f"{RATE}.piecewise_constant",
        "parse.oneof_conflict",
        "keep one of them",
    ),
    "no_member_of_a_oneof": MistakeError(
        "featurization_config { log1p_abs_config {} }",
        "@featurization_config {}",
        "model.featurization_config.featurization",
        "required",
        "`log1p_abs_config`",
    ),
    "duplicate_key": MistakeError(
        'tasks { key: "liked" value {} }',
        'tasks { key: "liked" value {} } tasks { key: @"liked" value {} }',
        'train_data.tasks["liked"]',
        "parse.duplicate_key",
        "rename one",
    ),
    "nan_learning_rate": MistakeError(
        "constant: 0.02", "constant: @nan", f"{RATE}.constant", "double.finite", "write a number at least 0"
    ),
    "ramp_that_ends_after_its_schedule": MistakeError(
        "num_ramp_steps: 100",
        "num_ramp_steps: @900",
        f"{RAMP}.num_ramp_steps",
        "optim.linear_ramp_to_cosine.ramp_before_final",
        "shorten the ramp",
    ),
    "unset_variable": MistakeError('"${RUNS}', '@"${RUN}', "training.save_dir", "env.unset", "set RUN"),
    "negative_learning_rate": MistakeError(
        "constant: 0.02", "constant: @-0.02", f"{RATE}.constant", "double.gte", "the nearest allowed value is 0"
    ),
    "typo_in_nested_key": MistakeError(
        "final_layer_activation",
        "@final_layer_activatoin",
        "model.backbone.mlp_config.final_layer_activatoin",
        "parse.unknown_field",
        "did you mean `final_layer_activation`?",
    ),
}
# The twelfth way is three mistakes in one file.
THREE = ("negative_steps", "typo_in_nested_key", "ramp_that_ends_after_its_schedule")
OTHERS = {
    "unknown_enum_value": MistakeError(
        "MULTI_TASK_TYPE_SHARE_ALL",
        "@MULTI_TASK_TYPE_SHARE_AL",
        "model.multi_task_type",
        "parse.unknown_enum_value",
        "did you mean `MULTI_TASK_TYPE_SHARE_ALL`?",
    ),
    "duplicate_field": MistakeError(
        "beta_1: 0.9",
        "beta_1: 0.9 @beta_1: 0.8",
        "optimizer.adam.beta_1",
        "parse.duplicate_field",
        "keep one of them",
    ),
}
EIGHT = (
    "unset_variable",
    "negative_steps",
    "unknown_enum_value",
    "typo_in_nested_key",
    "wrong_type",
    "duplicate_field",
    "ramp_that_ends_after_its_schedule",
    "nan_learning_rate",
)


@pytest.fixture(autouse=True)
def _variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNS", "runs")
    monkeypatch.delenv("RUN", raising=False)


def test_unbroken_config_is_valid(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _check(tmp_path, CONFIG, capsys) == []


@pytest.mark.parametrize("way", WAYS)
def test_mistake_is_the_only_one_told(tmp_path: Path, capsys: pytest.CaptureFixture[str], way: str) -> None:
    _assert_told([WAYS[way]], tmp_path, capsys)


@pytest.mark.parametrize("ways", [THREE, EIGHT], ids=["three_in_one_file", "eight_in_one_file"])
def test_all_mistakes_of_a_file_are_told_in_one_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], ways: tuple[str, ...]
) -> None:
    _assert_told([(WAYS | OTHERS)[way] for way in ways], tmp_path, capsys)


def _assert_told(mistakes: list[MistakeError], folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Asserts that these mistakes are told, in the order of the file, and no others."""
    marked = CONFIG
    for mistake in mistakes:
        assert marked.count(mistake.old) == 1
        marked = marked.replace(mistake.old, mistake.new)

    told = _check(folder, marked.replace("@", ""), capsys)

    assert [(t["path"], t["code"]) for t in told] == [(m.path, m.code) for m in mistakes]
    assert [(t["line"], t["column"]) for t in told] == _marks(marked)
    for one, mistake in zip(told, mistakes, strict=True):
        assert mistake.suggestion in str(one["suggestion"])


def _marks(marked: str) -> list[tuple[int, int]]:
    """Returns line and column of every `@`, as they are without those before."""
    return [
        (number, column - nth)
        for number, line in enumerate(marked.split("\n"), 1)
        for nth, column in enumerate((i for i, character in enumerate(line, 1) if character == "@"))
    ]


def _check(folder: Path, text: str, capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    path = folder / "config.textproto"
    path.write_text(text)

    status = main(["check", "--format", "json", str(path)])

    told: list[dict[str, object]] = json.loads(capsys.readouterr().out)["diagnostics"]
    assert status == (1 if told else 0)
    assert {one["file"] for one in told} <= {str(path)}
    return told
