"""Lists and maps are counted before any other rule is asked."""

from pathlib import Path
from typing import Any

import pytest
from benchmarks.bounds import broken_config, valid_config
from rankspec.recap.v1.model_pb2 import ModelConfig
from rankspec.recap.v1.recap_pb2 import RecapConfig
from tests.unit.example_configs import VALID, write

from rankspec.checking.check import check
from rankspec.checking.validation import find
from rankspec.schema.annotations import field_rules
from rankspec.schema.descriptors import is_map
from rankspec.schema.message_types import all_classes
from rankspec.schema.size_limits import SMALLEST_BOUND


def _repeated_fields() -> list[Any]:
    return [field for cls in all_classes() for field in cls.DESCRIPTOR.fields if field.is_repeated]


@pytest.mark.parametrize("field", [pytest.param(field, id=field.full_name) for field in _repeated_fields()])
def test_every_list_and_map_has_a_bound_that_is_looked_up(field: Any) -> None:
    rules = field_rules(field)

    assert (rules.map.max_pairs if is_map(field) else rules.repeated.max_items) >= SMALLEST_BOUND


def test_ten_thousand_tasks_are_one_mistake(tmp_path: Path) -> None:
    tasks = "".join(
        f'tasks {{ key: "t{number}" value {{ mlp_config {{ layer_sizes: 7 }} }} }}\n' for number in range(10_000)
    )
    text = VALID.replace("  featurization", f"{tasks}  featurization").replace("0.01", "-1")

    (found,) = check([str(write(tmp_path, text))]).diagnostics

    assert (found.code, found.path) == ("map.max_pairs", "model.tasks")
    assert found.message == "`tasks` takes at most 1024 entries, and has 10001"


def test_what_is_inside_a_map_that_is_too_long_is_not_looked_at() -> None:
    config = RecapConfig()
    for number in range(1025):
        config.model.tasks[f"t{number}"].mlp_config.layer_sizes.extend([1] * 300)
    config.runtime.wandb.tags.extend(["a"] * 300)

    assert [(found.code, found.path) for found in find(config)] == [
        ("map.max_pairs", "model.tasks"),
        ("repeated.max_items", "runtime.wandb.tags"),
    ]


def test_thousand_towers_are_judged(tmp_path: Path) -> None:
    assert check([str(write(tmp_path, "\n".join(valid_config())))]).diagnostics == []


def test_thousand_towers_with_every_rule_broken_are_judged(tmp_path: Path) -> None:
    loaded = check([str(write(tmp_path, "\n".join(broken_config())))])

    assert len(loaded.diagnostics) > 1000
    assert {found.code for found in loaded.diagnostics} >= {"recap.config.evaluation_tasks_have_towers", "int64.gt"}


@pytest.mark.parametrize(
    ("names", "refused"),
    [
        (["a.b", "a__b"], ["a.b", "a__b"]),
        (["a.b__c", "a__b.c", "d.e"], ["a.b__c", "a__b.c"]),
        (["a.b", "a_b", "ab"], []),
    ],
)
def test_tasks_that_would_be_one_tower_are_found(names: list[str], refused: list[str]) -> None:
    config = ModelConfig()
    for name in names:
        config.tasks[name].SetInParent()

    found = [finding.path for finding in find(config) if finding.code == "recap.model.distinct_task_names"]

    assert sorted(found) == [f'tasks["{name}"]' for name in refused]


def test_nothing_is_inherited_where_a_list_or_map_is_too_long(tmp_path: Path) -> None:
    sets = "".join(
        f'validation_data {{ key: "v{number}" value {{ inherit_train_data: true }} }}\n' for number in range(33)
    )

    loaded = check([str(write(tmp_path, VALID + sets))])

    assert [(found.code, found.path) for found in loaded.diagnostics] == [("map.max_pairs", "validation_data")]
    assert loaded.copies == []


def test_long_list_of_metrics_is_judged(tmp_path: Path) -> None:
    metrics = "auroc," * 100_000

    right = check([str(write(tmp_path, f'{VALID}which_metrics: "{metrics}loss"\n'))])
    wrong = check([str(write(tmp_path, f'{VALID}which_metrics: "{metrics}"\n'))])

    assert right.ok
    assert [found.code for found in wrong.diagnostics] == ["recap.config.known_metrics"]
