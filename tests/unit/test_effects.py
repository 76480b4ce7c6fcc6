"""What two configs train differently."""

import json
from pathlib import Path

import pytest
from tests.unit.example_configs import VALID, write
from tests.unit.test_convert import GRAPH

from rankspec.analysis.effects import Effect, effects
from rankspec.cli import main
from rankspec.composition.compose import compose
from rankspec.convert.reference import convert
from rankspec.families import parameter_groups

LOCAL_PROD = Path(__file__).parents[2] / "configs" / "recap" / "local_prod.textproto"
ADAM = "adam beta_1=0.9 beta_2=0.999 epsilon=1e-07 weight_decay=0.0"
COSINE = (
    "optimizer.single_task_learning_rate={ linear_ramp_to_cosine { learning_rate: 0.5 final_learning_rate: 0.1 "
    "num_ramp_steps: 100 final_num_steps: 900 } }"
)


def _effects(folder: Path, *overrides: str, base: tuple[str, ...] = ()) -> list[Effect]:
    path = write(folder, VALID)
    old, new = compose(path, overrides=base), compose(path, overrides=[*base, *overrides])
    assert (old.diagnostics, new.diagnostics) == ([], [])
    return effects(old.message, new.message, parameter_groups)


def test_same_config_has_no_effects(tmp_path: Path) -> None:
    assert _effects(tmp_path) == []
    assert _effects(tmp_path, "training.save_dir=elsewhere") == []


def test_rows_of_a_step_count_accumulated_batches(tmp_path: Path) -> None:
    assert _effects(tmp_path, "training.gradient_accumulation=4") == [Effect("rows_per_step", "", 32, 128)]
    assert _effects(tmp_path, "training.gradient_accumulation=2", "train_data.global_batch_size=16") == []


def test_schedules_are_compared_at_the_steps_where_their_pieces_end(tmp_path: Path) -> None:
    base = ("training.num_train_steps=1000",)

    (effect,) = _effects(tmp_path, COSINE, base=base)

    assert (effect.kind, effect.name) == ("learning_rate", "liked")
    assert set(effect.old.values()) == {0.01}
    assert effect.new.keys() >= {0, 999}
    assert effect.new[0] == 0
    assert effect.new[999] == 0.1
    assert len(effect.new) <= 8
    assert any(0.1 < rate < 0.5 for rate in effect.new.values())


def test_schedule_written_otherwise_is_no_effect(tmp_path: Path) -> None:
    piecewise = "optimizer.single_task_learning_rate={ piecewise_constant { learning_rate_values: 0.01 } }"

    assert _effects(tmp_path, piecewise) == []


def test_single_step_of_many_that_differs_is_shown(tmp_path: Path) -> None:
    numbers = ", ".join(str(n) for n in range(10, 640, 10))
    rates = ["0.5"] * 64
    written = (
        "optimizer.single_task_learning_rate={{ piecewise_constant {{ "
        "learning_rate_boundaries: [{}] learning_rate_values: [{}] }} }}"
    )
    base = ("training.num_train_steps=1000", written.format(numbers, ", ".join(rates)))
    rates[37] = "0.25"

    (effect,) = _effects(tmp_path, written.format(numbers, ", ".join(rates)), base=base)

    assert effect.old[370] == 0.5
    assert effect.new[370] == 0.25


def test_same_rate_for_all_is_the_same_as_each_with_that_rate(tmp_path: Path) -> None:
    each = ("optimizer.multi_task_learning_rates={ tower_learning_rates { key: 'liked' value { constant: 0.01 } } }",)

    assert _effects(tmp_path, *each) == []


def test_options_of_the_optimizer_are_those_of_its_groups(tmp_path: Path) -> None:
    assert _effects(tmp_path, "optimizer.adam.weight_decay=0.5") == [
        Effect("parameter_group", "liked", ADAM, ADAM.replace("0.0", "0.5"))
    ]


def test_parameters_outside_the_towers_are_a_group_of_their_own(tmp_path: Path) -> None:
    backbone = (
        "model.multi_task_type=MULTI_TASK_TYPE_SHARE_ALL",
        "model.backbone={ mlp_config { layer_sizes: [4, 4] } }",
    )

    found = {(effect.kind, effect.name): effect for effect in _effects(tmp_path, *backbone)}

    assert found.keys() == {("parameter_group", "backbone"), ("learning_rate", "backbone")}
    assert found["parameter_group", "backbone"] == Effect("parameter_group", "backbone", None, ADAM)


def test_l2_of_a_table_is_an_option_of_its_group(tmp_path: Path) -> None:
    ids = ('train_data.seg_dense_schema.renamed_features["discrete"]="d"',)
    table = 'model.small_embeddings={{ tables {{ name: "u" num_embeddings: 4 embedding_dim: 2 index: 0 l2: {} }} }}'

    found = _effects(tmp_path, table.format(0.25), base=(*ids, table.format(0.5)))

    assert found == [Effect("parameter_group", "backbone/u", f"{ADAM} l2=0.5", f"{ADAM} l2=0.25")]


def test_graph_embeddings_step_table_by_table() -> None:
    message = convert(GRAPH, "graph.yaml").document.message
    changed = convert(
        GRAPH.replace("lr: 0.01", "lr: 0.02, eps: 0.5").replace("_size: 500", "_size: 50"), "graph.yaml"
    ).document.message

    assert effects(message, changed, parameter_groups) == [
        Effect("rows_per_step_and_process", "", 1000, 100),
        Effect("parameter_group", "user", "adagrad eps=0.0 weight_decay=0.0", "adagrad eps=0.5 weight_decay=0.0"),
        Effect("learning_rate", "user", {0: 0.01, 4: 0.01, 9: 0.01}, {0: 0.02, 4: 0.02, 9: 0.02}),
    ]


@pytest.mark.parametrize("form", ["text", "json"])
def test_diff_says_the_effects(tmp_path: Path, capsys: pytest.CaptureFixture[str], form: str) -> None:
    two = VALID.replace(
        'tasks { key: "liked" value {} }', 'tasks { key: "liked" value {} } tasks { key: "seen" value {} }'
    )
    two = two.replace(
        "  featurization", '  tasks { key: "seen" value { mlp_config { layer_sizes: 1 } } }\n  featurization'
    )
    old = write(tmp_path, two, "a.textproto")
    new = write(tmp_path, two.replace("constant: 0.01", "constant: 0.02").replace("32", "64"), "b.textproto")

    assert main(["diff", str(old), str(new), "--format", form]) == 0

    output = capsys.readouterr().out
    if form == "json":
        assert json.loads(output)["effects"][0] == {"kind": "rows_per_step", "name": "", "old": 32, "new": 64}
    else:
        assert "rows per step: 32 -> 64\n" in output
        assert "learning rate of liked, seen: step 0: 0.01 -> 0.02; step " in output
