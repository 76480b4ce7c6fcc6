"""Overlays and single overrides: what wins, what is kept, and where each value then came from."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.unit.example_configs import VALID, write

from rankspec.checking.check import check
from rankspec.composition.compose import LoadedConfig, compose


def _overlaid(folder: Path, base: str, overlay: str) -> LoadedConfig:
    return compose([write(folder, base, "base.textproto"), write(folder, overlay, "overlay.textproto")])


def test_later_scalar_wins_and_others_stay(tmp_path: Path) -> None:
    loaded = _overlaid(
        tmp_path, "training { num_train_steps: 1 eval_log_every_n: 2 }", "training { num_train_steps: 3 }"
    )

    assert loaded.message.training.num_train_steps == 3
    assert loaded.message.training.eval_log_every_n == 2


def test_map_entries_merge_by_key(tmp_path: Path) -> None:
    base = 'model { tasks { key: "a" value { pos_weight: 1 } } tasks { key: "b" value { pos_weight: 2 } } }'
    overlay = 'model { tasks { key: "b" value { affine_map {} } } tasks { key: "c" value {} } }'

    tasks = _overlaid(tmp_path, base, overlay).message.model.tasks

    assert sorted(tasks) == ["a", "b", "c"]
    assert tasks["b"].pos_weight == 2
    assert tasks["b"].HasField("affine_map")


def test_list_is_replaced_as_a_whole(tmp_path: Path) -> None:
    base = "model { backbone { mlp_config { layer_sizes: [1, 2, 3] } } }"
    overlay = "model { backbone { mlp_config { layer_sizes: [9] } } }"

    assert list(_overlaid(tmp_path, base, overlay).message.model.backbone.mlp_config.layer_sizes) == [9]


def test_list_given_as_empty_is_emptied(tmp_path: Path) -> None:
    base = "model { backbone { mlp_config { layer_sizes: [1, 2, 3] } } }"
    overlay = "model { backbone { mlp_config { layer_sizes: [] } } }"

    assert list(_overlaid(tmp_path, base, overlay).message.model.backbone.mlp_config.layer_sizes) == []


def test_other_member_of_a_oneof_switches_it(tmp_path: Path) -> None:
    base = "optimizer { single_task_learning_rate { constant: 0.1 } }"
    overlay = "optimizer { single_task_learning_rate { piecewise_constant { learning_rate_values: 0.2 } } }"

    loaded = _overlaid(tmp_path, base, overlay)

    assert loaded.message.optimizer.single_task_learning_rate.WhichOneof("lr") == "piecewise_constant"
    assert loaded.origins.value("optimizer.single_task_learning_rate.constant") is None


def test_empty_block_switches_a_feature_on(tmp_path: Path) -> None:
    assert _overlaid(tmp_path, "", "runtime {}").message.HasField("runtime")


def test_origin_is_the_file_that_won(tmp_path: Path) -> None:
    loaded = _overlaid(tmp_path, VALID, "\ntrain_data { global_batch_size: 64 }")

    won = loaded.origins.value("train_data.global_batch_size")
    kept = loaded.origins.value("train_data.inputs")
    assert won is not None
    assert kept is not None
    assert (Path(won.file).name, won.line, won.column) == ("overlay.textproto", 2, 33)
    assert Path(kept.file).name == "base.textproto"


def test_mistake_in_an_overlay_is_reported_there(tmp_path: Path) -> None:
    base = write(tmp_path, VALID)
    overlay = write(tmp_path, "train_data { global_batch_size: -1 }", "overlay.textproto")

    (diagnostic,) = check([base, overlay]).diagnostics

    assert diagnostic.position is not None
    assert diagnostic.position.file == str(overlay)


@pytest.mark.parametrize(
    ("assignment", "read", "expected"),
    [
        pytest.param("training.num_train_steps=7", lambda c: c.training.num_train_steps, 7, id="integer"),
        pytest.param("optimizer.adam.beta_1=0.5", lambda c: c.optimizer.adam.beta_1, 0.5, id="real"),
        pytest.param("train_data.cache=true", lambda c: c.train_data.cache, True, id="bool"),
        pytest.param("runtime.device=DEVICE_CPU", lambda c: c.runtime.device, 2, id="enum"),
        pytest.param("training.save_dir=/a b/c", lambda c: c.training.save_dir, "/a b/c", id="bare_string"),
        pytest.param('training.save_dir="x"', lambda c: c.training.save_dir, "x", id="quoted_string"),
        pytest.param("training.save_dir=[x]", lambda c: c.training.save_dir, "[x]", id="bare_string_in_brackets"),
        pytest.param("training.save_dir=a=b", lambda c: c.training.save_dir, "a=b", id="value_with_equals"),
        pytest.param(
            'model.tasks["liked"].mlp_config.layer_sizes=[4, 2, 1]',
            lambda c: list(c.model.tasks["liked"].mlp_config.layer_sizes),
            [4, 2, 1],
            id="list",
        ),
        pytest.param(
            'model.tasks["liked"].mlp_config.layer_sizes[0]=5',
            lambda c: list(c.model.tasks["liked"].mlp_config.layer_sizes),
            [5, 1],
            id="list_element",
        ),
        pytest.param(
            'train_data.tasks["a.b"]={ pos_downsampling_rate: 0.5 }',
            lambda c: c.train_data.tasks["a.b"].pos_downsampling_rate,
            0.5,
            id="new_map_entry",
        ),
        pytest.param(
            'train_data.seg_dense_schema.renamed_features["binary"]=other',
            lambda c: c.train_data.seg_dense_schema.renamed_features["binary"],
            "other",
            id="map_of_strings",
        ),
        pytest.param(
            "train_data.evaluation_tasks=[]", lambda c: list(c.train_data.evaluation_tasks), [], id="empty_list"
        ),
        pytest.param(
            "optimizer.multi_task_learning_rates={}",
            lambda c: c.optimizer.WhichOneof("lr"),
            "multi_task_learning_rates",
            id="oneof_switch",
        ),
        pytest.param(
            "optimizer.single_task_learning_rate.linear_ramp_to_constant.num_ramp_steps=3",
            lambda c: c.optimizer.single_task_learning_rate.WhichOneof("lr"),
            "linear_ramp_to_constant",
            id="oneof_switch_on_the_way",
        ),
    ],
)
def test_override_sets_one_value(
    tmp_path: Path, assignment: str, read: Callable[[Any], object], expected: object
) -> None:
    loaded = compose(write(tmp_path, VALID), overrides=[assignment])

    assert loaded.diagnostics == []
    assert read(loaded.message) == expected


def test_later_override_wins(tmp_path: Path) -> None:
    overrides = ["training.num_train_steps=1", "training.num_train_steps=2"]

    assert compose(write(tmp_path, VALID), overrides=overrides).message.training.num_train_steps == 2


@pytest.mark.parametrize(
    ("assignment", "code"),
    [
        pytest.param("training.num_train_step=1", "set.unknown_path", id="unknown_field"),
        pytest.param("training..x=1", "set.unknown_path", id="no_path"),
        pytest.param("training.num_train_steps", "set.syntax", id="no_value"),
        pytest.param("=1", "set.syntax", id="no_field"),
        pytest.param('model.tasks["liked"].mlp_config.layer_sizes[2]=1', "set.index", id="past_the_end"),
        pytest.param("training.num_train_steps=many", "parse.wrong_type", id="wrong_type"),
        pytest.param("training.num_train_steps=1 save_dir: 'x'", "set.syntax", id="second_field"),
        pytest.param("runtime.device=DEVICE_CPUU", "parse.unknown_enum_value", id="unknown_enum_value"),
    ],
)
def test_wrong_override_is_a_diagnostic(tmp_path: Path, assignment: str, code: str) -> None:
    loaded = compose(write(tmp_path, VALID), overrides=[assignment])

    assert code in [diagnostic.code for diagnostic in loaded.diagnostics]
    assert all(d.position and d.position.file.startswith("--set") for d in loaded.diagnostics)


def test_wrong_override_leaves_nothing_behind(tmp_path: Path) -> None:
    path = write(tmp_path, VALID)

    loaded = check(path, overrides=['model.tasks["other"].mlp_config.layer_sizes[2]=1'])

    assert [diagnostic.code for diagnostic in loaded.diagnostics] == ["set.index"]
    assert loaded.message == compose(path).message


def test_misspelled_override_is_suggested(tmp_path: Path) -> None:
    (diagnostic,) = compose(write(tmp_path, VALID), overrides=["training.num_train_step=1"]).diagnostics

    assert diagnostic.suggestion == "did you mean `training.num_train_steps`?"


def test_violation_of_an_override_is_reported_at_it(tmp_path: Path) -> None:
    (diagnostic,) = check(write(tmp_path, VALID), overrides=["training.num_train_steps=  -5"]).diagnostics

    assert diagnostic.code == "int64.gt"
    assert str(diagnostic.position) == "--set training.num_train_steps:1:1"
