"""The optimizer of a ranking model: the ranker's own messages for algorithms, and who is in which parameter group."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from rankspec.claims.registry import obeys
from rankspec.families.recap.parameter_groups import parameter_groups
from rankspec.families.recap.program.model.embeddings import EmbeddingTable
from rankspec.recap.v1.optimizer_pb2 import RecapAdamConfig, RecapSgdConfig
from rankspec.trainer.optimizers import ALGORITHMS, Algorithm, ScheduledOptimizer, build_optimizer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from google.protobuf.message import Message

    from rankspec.families.recap.program.model import Ensemble, RankingModel
    from rankspec.optimization.parameter_group import ParameterGroup
    from rankspec.recap.v1.recap_pb2 import RecapConfig


@obeys(RecapAdamConfig, "beta_1", "beta_2", "epsilon", "weight_decay")
def _adam(config: RecapAdamConfig) -> Algorithm:
    """Adam with decoupled weight decay (Loshchilov and Hutter, 2019, AdamW)."""
    options = {"betas": (config.beta_1, config.beta_2), "eps": config.epsilon, "weight_decay": config.weight_decay}
    return Algorithm(torch.optim.AdamW, options)


@obeys(RecapSgdConfig, "momentum", "weight_decay")
def _sgd(config: RecapSgdConfig) -> Algorithm:
    return Algorithm(torch.optim.SGD, {"momentum": config.momentum, "weight_decay": config.weight_decay})


_ALGORITHMS: Mapping[type[Message], Callable[[Any], Algorithm]] = {
    **ALGORITHMS,
    RecapAdamConfig: _adam,
    RecapSgdConfig: _sgd,
}


def build_ranking_optimizer(config: RecapConfig, model: RankingModel | Ensemble) -> ScheduledOptimizer:
    """The optimizer of a ranking model.

    Args:
        config: the run; its `optimizer` has algorithm and rates.
        model: the model, on the device it will be trained on.
    """
    groups = parameter_groups(config)
    return build_optimizer(groups, _members(groups, model), model, _ALGORITHMS)


def _members(groups: Sequence[ParameterGroup], model: RankingModel | Ensemble) -> dict[str, list[nn.Parameter]]:
    """The model's parameters by the names of their groups."""
    tables = [module for module in model.modules() if isinstance(module, EmbeddingTable)]
    owners: dict[str, Callable[[str], nn.Module]] = {
        "tower": model.tower,
        "table": lambda name: nn.ModuleList([table for table in tables if table.name == name]),
    }
    members = {
        group.name: list(owners[group.kind](group.owner).parameters()) for group in groups if group.kind in owners
    }
    owned = {id(parameter) for parameters in members.values() for parameter in parameters}
    rest = [parameter for parameter in model.parameters() if id(parameter) not in owned]
    return members | {group.name: rest for group in groups if group.kind == "rest"}
