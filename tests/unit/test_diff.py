"""Comparing two configs by what they do."""

from pathlib import Path

import pytest
from tests.unit.example_configs import VALID, write

from rankspec.analysis.comparison import Change, compare, overall
from rankspec.composition.compose import compose


def _changes(folder: Path, *overrides: str) -> list[Change]:
    path = write(folder, VALID)
    return compare(compose(path).message, compose(path, overrides=overrides).message)


def test_same_config_has_no_changes(tmp_path: Path) -> None:
    assert _changes(tmp_path) == []
    assert _changes(tmp_path, "optimizer.adam.beta_1=0.9", "training={}") == []


@pytest.mark.parametrize(
    ("override", "change"),
    [
        pytest.param(
            "training.num_train_steps=7",
            Change("training.num_train_steps", "1000000", "7", semantic=True, resume="free"),
            id="default_to_value",
        ),
        pytest.param(
            "training.save_dir=x",
            Change("training.save_dir", '"/tmp/model"', '"x"', semantic=False, resume="free"),
            id="operational",
        ),
        pytest.param(
            "optimizer.adam.beta_1=0.5",
            Change("optimizer.adam.beta_1", "0.9", "0.5", semantic=True, resume="warn"),
            id="most_permissive_option_along_the_path",
        ),
        pytest.param(
            "training.checkpoint_max_to_keep=3",
            Change("training.checkpoint_max_to_keep", None, "3", semantic=False, resume="free"),
            id="unset_to_set",
        ),
        pytest.param(
            "model.multi_task_type=MULTI_TASK_TYPE_SHARE_ALL",
            Change(
                "model.multi_task_type",
                "MULTI_TASK_TYPE_SHARE_NONE",
                "MULTI_TASK_TYPE_SHARE_ALL",
                semantic=True,
                resume="forbidden",
            ),
            id="enum_by_name",
        ),
        pytest.param(
            "model.backbone.dlrm_config={}",
            Change("model.backbone.dlrm_config", None, "{}", semantic=True, resume="forbidden"),
            id="empty_block",
        ),
    ],
)
def test_change_is_told_with_its_effect_and_resume_verdict(tmp_path: Path, override: str, change: Change) -> None:
    assert change in _changes(tmp_path, override)


def test_block_with_values_is_told_by_its_values(tmp_path: Path) -> None:
    changes = _changes(tmp_path, 'model.tasks["liked"].affine_map={}')

    assert [change.path for change in changes] == [
        'model.tasks["liked"].affine_map.scale',
        'model.tasks["liked"].affine_map.bias',
    ]


def test_oneof_switch_removes_one_member_and_adds_the_other(tmp_path: Path) -> None:
    changes = _changes(
        tmp_path,
        "optimizer.single_task_learning_rate.linear_ramp_to_constant={ learning_rate: 0.5 num_ramp_steps: 3 }",
    )

    assert {(change.path.rpartition(".")[2], change.old, change.new) for change in changes} == {
        ("constant", "0.01", None),
        ("learning_rate", None, "0.5"),
        ("num_ramp_steps", None, "3"),
    }


def test_overall_verdict_is_the_strictest(tmp_path: Path) -> None:
    assert overall([]) == "free"
    assert overall(_changes(tmp_path, "training.save_dir=x", "optimizer.adam.beta_1=0.5")) == "warn"
    assert overall(_changes(tmp_path, "optimizer.adam.beta_1=0.5", "runtime.seed=3")) == "forbidden"
