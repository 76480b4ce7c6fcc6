"""L2 of a table: coupled, over the whole table, once a step."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from tests.unit.recap_models import built, random_batch, recap_config

from rankspec.families.recap.parameter_groups import parameter_groups
from rankspec.families.recap.program.loss import build_loss
from rankspec.families.recap.program.optimizer import build_ranking_optimizer
from rankspec.trainer.loop import Learner
from rankspec.trainer.processes import Processes

torch.set_num_threads(1)

L2 = 0.25
CONFIG = """
model {{
  featurization_config {{ log1p_abs_config {{}} }}
  small_embeddings {{
    tables {{ name: "user" num_embeddings: 7 embedding_dim: 3 index: 0 init_std: 1 {} }}
    tables {{ name: "item" num_embeddings: 5 embedding_dim: 2 index: 1 }}
  }}
  tasks {{ key: "like" value {{ mlp_config {{ layer_sizes: 1 }} }} }}
}}
train_data {{ tasks {{ key: "like" value {{}} }} }}
optimizer {{ single_task_learning_rate {{ constant: 1 }} sgd {{}} }}
"""


def _table_after_a_step(
    options: str, *, accumulation: int = 1, clip_norm: float | None = None, scale: float = 0
) -> Any:
    """The values of the table `user` before and after a step, and the largest change of all other parameters."""
    config = recap_config(CONFIG.format(options))
    model, loss = built(config, "continuous", "binary", "discrete"), build_loss(config.model)
    scaler = torch.amp.GradScaler("cpu", init_scale=scale, enabled=scale > 0)
    program: Any = SimpleNamespace(
        model=model,
        models_alone=lambda: (model,),
        loss_parts=("like",),
        set_position=model.set_position,
        loss=lambda outputs, batch: loss(outputs, batch.labels, batch.weights, batch.global_rows),
        sums=lambda outputs, _batch: outputs.new_zeros(4, 1),
    )
    runtime: Any = SimpleNamespace(
        device=torch.device("cpu"), scaler=scaler, autocast=lambda: torch.autocast("cpu", enabled=False)
    )
    learner = Learner(program, build_ranking_optimizer(config, model), runtime, Processes(), accumulation, clip_norm)
    window: Any = SimpleNamespace(add=lambda *_: None)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    learner.step(0, iter([random_batch(tasks=1)] * accumulation), window)
    return before, {name: value.clone() for name, value in model.state_dict().items()}


USER = "inputs.small_embeddings.tables.table_user.weight"


@pytest.mark.parametrize("accumulation", [1, 3])
@pytest.mark.parametrize("scale", [0, 1024.0])
def test_every_row_of_the_table_moves_by_l2_times_itself_and_nothing_else_moves(
    accumulation: int, scale: float
) -> None:
    before, plain = _table_after_a_step("", accumulation=accumulation, scale=scale)
    _, penalized = _table_after_a_step(f"l2: {L2}", accumulation=accumulation, scale=scale)

    torch.testing.assert_close(penalized.pop(USER), plain.pop(USER) - L2 * before[USER])
    torch.testing.assert_close(penalized, plain, rtol=0, atol=0)


def test_it_comes_before_clipping() -> None:
    before, after = _table_after_a_step("l2: 1000", clip_norm=0.5)

    changes = torch.cat([(after[name] - before[name]).flatten() for name in before])
    assert changes.norm().item() == pytest.approx(0.5, rel=1e-4)


def test_it_stands_beside_weight_decay() -> None:
    before, one = _table_after_a_step(f"l2: {L2}")
    _, both = _table_after_a_step(f"l2: {L2} weight_decay: 0.5")

    torch.testing.assert_close(both[USER], one[USER] - 0.5 * before[USER])


def test_zero_is_the_default_bit_for_bit() -> None:
    torch.testing.assert_close(_table_after_a_step("l2: 0")[1], _table_after_a_step("")[1], rtol=0, atol=0)


def test_table_with_it_has_a_group_of_its_own() -> None:
    groups = {group.name: group.l2 for group in parameter_groups(recap_config(CONFIG.format(f"l2: {L2}")))}

    assert groups == {"like": 0.0, "backbone": 0.0, "backbone/user": L2}
    assert [group.name for group in parameter_groups(recap_config(CONFIG.format("l2: 0")))] == ["like", "backbone"]
