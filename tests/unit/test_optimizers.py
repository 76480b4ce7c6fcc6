from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from google.protobuf import text_format
from rankspec.optim.v1.optimizer_pb2 import OptimizerConfig
from rankspec.recap.v1.recap_pb2 import RecapConfig
from tests.unit.optimizers import optimizer_of, ranking_optimizer
from tests.unit.recap_models import FULL, built, random_batch, recap_config
from torch import nn

from rankspec.families.recap.program.model import RankingModel
from rankspec.families.twhin.parameter_groups import group_of
from rankspec.trainer.loop import Learner
from rankspec.trainer.optimizers import ScheduledOptimizer, build_optimizer
from rankspec.trainer.processes import Processes

torch.set_num_threads(1)

BARE = """
model {
  featurization_config { log1p_abs_config {} }
  tasks { key: "backbone" value { mlp_config { layer_sizes: [3, 1] } } }
  tasks { key: "like" value { mlp_config { layer_sizes: 1 } affine_map {} } }
}
optimizer { single_task_learning_rate { linear_ramp_to_constant { learning_rate: 1 num_ramp_steps: 4 } } adam {} }
"""


def _optimizer(config: RecapConfig) -> tuple[RankingModel, ScheduledOptimizer]:
    model = built(config)
    return model, ranking_optimizer(config, model)


def test_groups_are_towers_the_rest_and_tables_of_their_own_decay() -> None:
    model, optimizer = _optimizer(recap_config(FULL))
    groups = {group["name"]: group for group in optimizer.optimizers[0].param_groups}
    assert list(groups) == ["home.click", "home.like", "home.reply", "backbone", "backbone/user"]
    towers = {name: {id(p) for p in model.tower(name).parameters()} for name in model.task_names}
    assert {name: {id(p) for p in groups[name]["params"]} for name in towers} == towers
    assert [p.shape for p in groups["backbone/user"]["params"]] == [(7, 3)]
    assert {name: group["weight_decay"] for name, group in groups.items()} == {
        "home.click": 0.1,
        "home.like": 0.1,
        "home.reply": 0.1,
        "backbone": 0.1,
        "backbone/user": 0.3,
    }


def test_every_parameter_is_in_one_group() -> None:
    model, optimizer = _optimizer(recap_config(FULL))
    grouped = [id(p) for group in optimizer.optimizers[0].param_groups for p in group["params"]]
    assert sorted(grouped) == sorted(id(p) for p in model.parameters())


def test_every_group_has_its_own_rate_at_every_step() -> None:
    _, optimizer = _optimizer(recap_config(FULL))
    assert optimizer.set_learning_rates(1) == {
        "home.click": 0.02,
        "home.like": 0.05,
        "home.reply": 0.06,
        "backbone": 0.02,
        "backbone/user": 0.02,
    }
    assert [group["lr"] for group in optimizer.optimizers[0].param_groups] == [0.02, 0.05, 0.06, 0.02, 0.02]


def test_the_rate_of_step_0_holds_from_the_start() -> None:
    _, optimizer = _optimizer(recap_config(FULL))
    assert [group["lr"] for group in optimizer.optimizers[0].param_groups] == [0.0, 0.05, 0.03, 0.0, 0.0]


def test_one_rate_for_all_parameters_of_any_number_of_tasks() -> None:
    config = recap_config(FULL)
    config.optimizer.single_task_learning_rate.constant = 0.125
    _, optimizer = _optimizer(config)
    assert set(optimizer.set_learning_rates(7).values()) == {0.125}
    assert len(optimizer.optimizers[0].param_groups) == 5


def test_no_group_without_parameters_outside_the_towers() -> None:
    model = built(recap_config(BARE), "continuous", "binary")
    optimizer = ranking_optimizer(recap_config(BARE), model)
    assert optimizer.set_learning_rates(1) == {"backbone": 0.25, "like": 0.25}


def test_a_task_called_backbone_keeps_its_rate_apart() -> None:
    config = recap_config(BARE)
    config.train_data.seg_dense_schema.renamed_features["user_embedding"] = "user"
    model = built(config)
    optimizer = ranking_optimizer(config, model)
    names = [group["name"] for group in optimizer.optimizers[0].param_groups]
    assert names == ["backbone", "like", "backbone/rest"]


def test_one_fused_adam_on_a_cpu() -> None:
    _, optimizer = _optimizer(recap_config(FULL))
    assert type(optimizer.optimizers[0]) is torch.optim.AdamW
    assert optimizer.implementation == "fused"
    assert all(group["fused"] for group in optimizer.optimizers[0].param_groups)


def test_where_no_kernel_fits_torch_steps_its_own_way(monkeypatch: pytest.MonkeyPatch) -> None:
    class WithoutKernel(torch.optim.AdamW):
        def __init__(self, groups: list[dict[str, Any]], fused: bool | None = None, **options: Any) -> None:
            if fused:
                groups[0]["fused"] = True  # Torch leaves traces before it refuses.
                raise RuntimeError("`fused=True` requires all the params to be on supported devices")
            super().__init__(groups, **options)

    monkeypatch.setattr(torch.optim, "AdamW", WithoutKernel)
    _, optimizer = _optimizer(recap_config(FULL))
    assert optimizer.implementation == "default"
    assert not any(group["fused"] for group in optimizer.optimizers[0].param_groups)


def test_adam_follows_its_definition() -> None:
    config = text_format.Parse("adam { lr: 0.1 betas: [0.8, 0.9] eps: 1e-3 weight_decay: 0.5 }", OptimizerConfig())
    weight = nn.Parameter(torch.tensor([2.0]))
    optimizer = optimizer_of(config, [weight])
    value, mean, square = 2.0, 0.0, 0.0
    for step, gradient in enumerate((3.0, -1.0, 0.5)):
        weight.grad = torch.tensor([gradient])
        optimizer.set_learning_rates(step)
        optimizer.step()
        mean = 0.8 * mean + 0.2 * gradient
        square = 0.9 * square + 0.1 * gradient**2
        unbiased_mean, unbiased_square = mean / (1 - 0.8 ** (step + 1)), square / (1 - 0.9 ** (step + 1))
        value -= 0.1 * 0.5 * value
        value -= 0.1 * unbiased_mean / (math.sqrt(unbiased_square) + 1e-3)
        assert weight.item() == pytest.approx(value, rel=1e-6)


def test_empty_betas_are_the_schemas_default() -> None:
    config = text_format.Parse("adam { lr: 0.1 }", OptimizerConfig())
    optimizer = optimizer_of(config, [nn.Parameter(torch.ones(1))])
    assert optimizer.optimizers[0].param_groups[0]["betas"] == (0.9, 0.999)


def test_sgd_and_its_schedule() -> None:
    config = text_format.Parse(
        """
        sgd { momentum: 0.5 weight_decay: 0.25 }
        learning_rate { piecewise_constant { learning_rate_boundaries: 1 learning_rate_values: [1, 0.5] } }
        """,
        OptimizerConfig(),
    )
    weight = nn.Parameter(torch.tensor([4.0]))
    optimizer = optimizer_of(config, [weight])
    values = []
    for step in range(2):
        weight.grad = torch.tensor([1.0])
        optimizer.set_learning_rates(step)
        optimizer.step()
        values.append(weight.item())
    first = 4 - 1 * (1 + 0.25 * 4)
    assert values == [first, first - 0.5 * (0.5 * 2 + (1 + 0.25 * first))]


def test_adagrad_without_epsilon_leaves_what_has_no_gradient() -> None:
    config = text_format.Parse("adagrad { lr: 0.5 eps: 0 }", OptimizerConfig())
    weight = nn.Parameter(torch.tensor([1.0, 1.0, 1.0]))
    optimizer = optimizer_of(config, [weight])
    weight.grad = torch.tensor([0.0, 3.0, 1e-30])
    optimizer.step()
    assert weight[0] == 1
    assert weight[1].item() == pytest.approx(0.5)
    # Its square is no float32, so that nothing but epsilon is left to divide by.
    assert 0.5 <= weight[2] <= 1


def test_training_with_it_lowers_the_loss() -> None:
    config = recap_config(FULL)
    model, optimizer = _optimizer(config)
    batch, losses = random_batch(), []
    for step in range(30):
        model.set_position(step)
        optimizer.set_learning_rates(step)
        loss = nn.functional.binary_cross_entropy_with_logits(model(batch), batch.labels)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())
    assert losses[-1] < 0.7 * losses[0]


@pytest.mark.parametrize("bad", [math.nan, math.inf])
@pytest.mark.parametrize("clip_norm", [None, 1.0])
def test_overflow_of_one_algorithms_gradients_lets_none_step(bad: float, clip_norm: float | None) -> None:
    first, second = nn.Parameter(torch.ones(2)), nn.Parameter(torch.ones(2))
    groups = [
        group_of("first", "rest", "", text_format.Parse("adam { lr: 0.1 }", OptimizerConfig())),
        group_of("second", "rest", "", text_format.Parse("sgd { lr: 0.1 momentum: 0.9 }", OptimizerConfig())),
    ]
    optimizer = build_optimizer(groups, {"first": [first], "second": [second]}, nn.ParameterList([first, second]))
    scaler = torch.amp.GradScaler("cpu", init_scale=4.0)
    model: Any = nn.ParameterList([first, second])
    program: Any = SimpleNamespace(model=model, models_alone=lambda: (model,), loss_parts=("a",))
    runtime: Any = SimpleNamespace(device=torch.device("cpu"), scaler=scaler)
    learner = Learner(program, optimizer, runtime, Processes(), accumulation=1, clip_norm=clip_norm)
    scaler.scale((first * torch.tensor([1.0, bad])).sum() + second.sum()).backward()

    learner._update(0)

    assert first.tolist() == second.tolist() == [1.0, 1.0]
    assert scaler.get_scale() == 2.0
