"""The parameter groups that a config is said to have are those that its optimizer steps."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import torch
from rankspec.recap.v1.recap_pb2 import RecapConfig
from rankspec.twhin.v1.twhin_pb2 import TwhinConfig
from tests.conformance.corpus import all_cases, verdict_of
from tests.unit.optimizers import ranking_optimizer
from tests.unit.recap_models import built, inputs, recap_config
from torch import nn

from rankspec.claims.registry import unclaimed_paths
from rankspec.composition.compose import compose
from rankspec.families import parameter_groups
from rankspec.families.recap.input_signature import MODEL_INPUTS, input_signature
from rankspec.families.recap.program.model import build_model
from rankspec.families.twhin.program.program import TwhinProgram
from rankspec.schema.defaults import resolve
from rankspec.trainer import follow, run  # noqa: F401 - what the trainer claims is known once both are imported
from rankspec.trainer.inputs import VARYING, Input
from rankspec.trainer.optimizers import ScheduledOptimizer

if TYPE_CHECKING:
    from collections.abc import Iterator

CONFIGS = Path(__file__).parents[2] / "configs"
TABLE = 'tables {{ name: "{}" num_embeddings: 4 embedding_dim: 2 index: {} {} }}'
BARE = """
model {{
  featurization_config {{ log1p_abs_config {{}} }}
  small_embeddings {{ {} }}
  tasks {{ key: "like" value {{ mlp_config {{ layer_sizes: 1 }} }} }}
}}
optimizer {{ single_task_learning_rate {{ constant: 0.1 }} adam {{ weight_decay: 0.5 }} }}
"""


def _shipped() -> Iterator[tuple[str, Any]]:
    for path in sorted(CONFIGS.rglob("*.textproto")):
        yield f"{path.parent.name}_{path.stem}", compose(path, environment={}).message


def _conforming() -> Iterator[tuple[str, RecapConfig]]:
    """The corpus's valid configs that the trainer takes."""
    for case in all_cases():
        asked = case.request.load
        if asked.message == RecapConfig.DESCRIPTOR.full_name and verdict_of(case) == "valid" and asked.text:
            config = recap_config(asked.text.decode())
            if not list(unclaimed_paths(config)):
                yield case.id, config


@pytest.mark.parametrize("config", [pytest.param(c, id=name) for name, c in [*_shipped(), *_conforming()]])
def test_groups_are_those_that_the_optimizer_steps(config: Any) -> None:
    config = resolve(config)
    optimizer, model = _of_twhin(config) if isinstance(config, TwhinConfig) else _of_recap(config)

    groups = [group for of_algorithm in optimizer.optimizers for group in of_algorithm.param_groups]

    assert sorted(group["name"] for group in groups) == sorted(group.name for group in parameter_groups(config))
    assert list(optimizer.learning_rates(0)) == [group.name for group in parameter_groups(config)]
    assert all(group["params"] for group in groups)
    assert sum(len(group["params"]) for group in groups) == len(list(model.parameters()))


def _of_recap(config: RecapConfig) -> tuple[ScheduledOptimizer, nn.Module]:
    names = {"continuous", "binary"} | MODEL_INPUTS.keys() & config.train_data.seg_dense_schema.renamed_features.keys()
    if config.model.featurization_config.HasField("z_score_log_config"):
        # Statistics are of the data's own columns.
        model = build_model(config, input_signature(config.train_data))
    else:
        lists = sorted({table.list.input for table in config.model.small_embeddings.tables if table.HasField("list")})
        varying = [Input(name, name, "int64", VARYING, VARYING) for name in lists]
        model = build_model(config, [*inputs(*sorted(names)), *varying])
    return ranking_optimizer(config, model), model


def _of_twhin(config: TwhinConfig) -> tuple[ScheduledOptimizer, nn.Module]:
    program = TwhinProgram(config)
    return program.build_optimizer(), program.model


def test_table_with_its_own_weight_decay_alone_leaves_no_other_group_outside_the_towers() -> None:
    config = recap_config(BARE.format(TABLE.format("user", 0, "weight_decay: 0.25")))

    groups = parameter_groups(config)

    assert [(group.name, group.kind, group.owner) for group in groups] == [
        ("like", "tower", "like"),
        ("backbone/user", "table", "user"),
    ]
    assert [group.algorithm.options["weight_decay"] for group in groups] == [0.5, 0.25]


def test_table_without_one_is_of_the_rest() -> None:
    tables = TABLE.format("user", 0, "weight_decay: 0.25") + TABLE.format("item", 1, "")

    groups = parameter_groups(recap_config(BARE.format(tables)))

    assert [(group.name, group.kind) for group in groups] == [
        ("like", "tower"),
        ("backbone", "rest"),
        ("backbone/user", "table"),
    ]


def test_parameter_without_a_group_is_our_mistake() -> None:
    config = recap_config(BARE.format(TABLE.format("user", 0, "weight_decay: 0.25")))
    model = built(config, "continuous", "binary", "discrete")
    model.register_parameter("stray", torch.nn.Parameter(torch.ones(1)))

    with pytest.raises(AssertionError, match="every parameter is in one group"):
        ranking_optimizer(config, model)
