"""Optimizers and the learning rates they step with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from rankspec.families import parameter_groups
from rankspec.optim.v1.learning_rate_pb2 import (
    LearningRate,
    LinearRampToConstant,
    LinearRampToCosine,
    PiecewiseConstant,
)
from rankspec.optim.v1.optimizer_pb2 import AdagradConfig, AdamConfig, OptimizerConfig, SgdConfig
from rankspec.recap.v1.optimizer_pb2 import MultiTaskLearningRates, RecapAdamConfig, RecapOptimizerConfig
from rankspec.recap.v1.recap_pb2 import RecapConfig
from rankspec.resolving import items_or_default
from rankspec.schedules import learning_rate_at
from rankspec.trainer.claims import obeys
from rankspec.families.recap.program.model.embeddings import EmbeddingTable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from torch import nn

    from rankspec.families.parameter_group import ParameterGroup
    from rankspec.families.recap.program.model import RankingModel

# Float32's smallest positive number is 2^-149. A gradient below the root of it squares to 0, so that this epsilon
# bounds what it is divided by, and a gradient of 0 moves nothing.
_SMALLEST_ADAGRAD_EPSILON = (2.0**-149) ** 0.5


@obeys(LearningRate, "constant", "linear_ramp_to_cosine", "linear_ramp_to_constant", "piecewise_constant")
@obeys(LinearRampToConstant, "learning_rate", "num_ramp_steps")
@obeys(LinearRampToCosine, "learning_rate", "final_learning_rate", "num_ramp_steps", "final_num_steps")
@obeys(PiecewiseConstant, "learning_rate_boundaries", "learning_rate_values")
class ScheduledOptimizer:
    """A torch optimizer and the schedule of each of its parameter groups.

    Attributes:
        optimizer: torch's optimizer, for checkpoints and gradient scalers.
        implementation: how it steps: `fused` in one kernel, or torch's own `default`.
    """

    def __init__(
        self, optimizer: torch.optim.Optimizer, schedules: Mapping[str, LearningRate], implementation: str
    ) -> None:
        self.optimizer = optimizer
        self.implementation = implementation
        self._schedules = dict(schedules)
        self.set_learning_rates(0)

    def set_learning_rates(self, step: int) -> dict[str, float]:
        """Gives every parameter group the rate of an optimizer step.

        Args:
            step: optimizer steps made before; 0 for the first.

        Returns:
            The rates, by the names of the groups.
        """
        rates = self.learning_rates(step)
        for group in self.optimizer.param_groups:
            group["lr"] = rates[group["name"]]
        return rates

    def learning_rates(self, step: int) -> dict[str, float]:
        """The rates of an optimizer step, by the names of the groups; nothing changes."""
        return {name: learning_rate_at(schedule, step) for name, schedule in self._schedules.items()}


@obeys(RecapConfig, "optimizer")
@obeys(RecapOptimizerConfig, "multi_task_learning_rates", "single_task_learning_rate", "adam")
@obeys(MultiTaskLearningRates, "tower_learning_rates", "backbone_learning_rate")
@obeys(RecapAdamConfig, "beta_1", "beta_2", "epsilon", "weight_decay")
def build_optimizer(config: RecapConfig, model: RankingModel) -> ScheduledOptimizer:
    """The optimizer of a ranking model: Adam with decoupled weight decay (Loshchilov and Hutter, 2019, AdamW).

    Args:
        config: the run; its `optimizer` has algorithm and rates.
        model: the model, on the device it will be trained on.
    """
    assert config.optimizer.WhichOneof("optimizer") == "adam", "the spec's rules ask for Adam"
    adam = config.optimizer.adam
    groups = parameter_groups(config)
    members = _members(groups, model)
    optimizer, implementation = _fused_where_possible(
        torch.optim.AdamW,
        [
            {"name": group.name, "params": members[group.name], "weight_decay": group.algorithm.weight_decay}
            for group in groups
        ],
        betas=(adam.beta_1, adam.beta_2),
        eps=adam.epsilon,
    )
    return ScheduledOptimizer(optimizer, {group.name: group.learning_rate for group in groups}, implementation)


def _members(groups: Sequence[ParameterGroup], model: RankingModel) -> dict[str, list[nn.Parameter]]:
    """The model's parameters by the names of their groups; every one is in exactly one group, and none is empty."""
    tables = {module.name: module for module in model.modules() if isinstance(module, EmbeddingTable)}
    owners = {"tower": model.tower, "table": tables.__getitem__}
    members = {
        group.name: list(owners[group.kind](group.owner).parameters()) for group in groups if group.kind in owners
    }
    owned = {id(parameter) for parameters in members.values() for parameter in parameters}
    rest = [parameter for parameter in model.parameters() if id(parameter) not in owned]
    members |= {group.name: rest for group in groups if group.kind == "rest"}
    assert all(members.values()), f"no group is empty: {members.keys()}"
    assert sum(map(len, members.values())) == len(list(model.parameters())), "every parameter is in a group"
    return members


def build_algorithm(config: OptimizerConfig, parameters: Iterable[nn.Parameter]) -> ScheduledOptimizer:
    """The optimizer that an `OptimizerConfig` names, over one parameter group called `all`.

    Args:
        config: the algorithm, with a schedule or the algorithm's constant rate.
        parameters: what it steps.
    """
    chosen = config.WhichOneof("optimizer")
    assert chosen in _ALGORITHMS, f"unclaimed fields are refused before an optimizer is built: {chosen}"
    algorithm = getattr(config, chosen)
    schedule = config.learning_rate if config.HasField("learning_rate") else LearningRate(constant=algorithm.lr)
    optimizer, implementation = _ALGORITHMS[chosen](algorithm, [{"name": "all", "params": list(parameters)}])
    return ScheduledOptimizer(optimizer, {"all": schedule}, implementation)


@obeys(AdamConfig, "lr", "betas", "eps", "weight_decay")
def _adam(config: AdamConfig, groups: list[dict[str, Any]]) -> tuple[torch.optim.Optimizer, str]:
    beta_1, beta_2 = (float(item) for item in items_or_default(config, "betas"))
    options = {"betas": (beta_1, beta_2), "eps": config.eps, "weight_decay": config.weight_decay}
    return _fused_where_possible(torch.optim.AdamW, groups, **options)


@obeys(SgdConfig, "lr", "momentum", "weight_decay")
def _sgd(config: SgdConfig, groups: list[dict[str, Any]]) -> tuple[torch.optim.Optimizer, str]:
    options = {"momentum": config.momentum, "weight_decay": config.weight_decay}
    return _fused_where_possible(torch.optim.SGD, groups, **options)


@obeys(AdagradConfig, "lr", "eps", "weight_decay")
def _adagrad(config: AdagradConfig, groups: list[dict[str, Any]]) -> tuple[torch.optim.Optimizer, str]:
    options = {"eps": config.eps or _SMALLEST_ADAGRAD_EPSILON, "weight_decay": config.weight_decay}
    return _fused_where_possible(torch.optim.Adagrad, groups, **options)


_ALGORITHMS: dict[str, Callable[[Any, list[dict[str, Any]]], tuple[torch.optim.Optimizer, str]]] = {
    "adam": _adam,
    "sgd": _sgd,
    "adagrad": _adagrad,
}
obeys(OptimizerConfig, "learning_rate", *_ALGORITHMS)(build_algorithm)


def _fused_where_possible(
    algorithm: Callable[..., torch.optim.Optimizer], groups: list[dict[str, Any]], **options: Any
) -> tuple[torch.optim.Optimizer, str]:
    """The algorithm in one kernel where torch has one for the parameters' device; says which it is.

    The rates given here are overwritten before the first step.
    """
    try:
        # Copies, as torch writes its options into the groups even where it refuses them.
        return algorithm([dict(group) for group in groups], lr=0.0, fused=True, **options), "fused"
    except (RuntimeError, NotImplementedError):
        return algorithm(groups, lr=0.0, **options), "default"
