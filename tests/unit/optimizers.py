"""Optimizers of bare parameters and of models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import nn

from rankspec.families.recap.parameter_groups import parameter_groups
from rankspec.families.recap.program.grouped_parameters import grouped_parameters
from rankspec.families.twhin.parameter_groups import group_of
from rankspec.trainer.optimizers import ScheduledOptimizer, build_optimizer

if TYPE_CHECKING:
    from rankspec.optim.v1.optimizer_pb2 import OptimizerConfig
    from rankspec.recap.v1.recap_pb2 import RecapConfig

    from rankspec.families.recap.program.model import Ensemble, RankingModel


def optimizer_of(config: OptimizerConfig, parameters: list[nn.Parameter]) -> ScheduledOptimizer:
    """The optimizer that a config names, over one group called `all`."""
    return build_optimizer([group_of("all", "rest", "", config)], {"all": parameters}, nn.ParameterList(parameters))


def ranking_optimizer(config: RecapConfig, model: RankingModel | Ensemble) -> ScheduledOptimizer:
    """The optimizer that a run's config gives a model, as a ranker's program builds it."""
    groups = parameter_groups(config)
    return build_optimizer(groups, grouped_parameters(groups, model), model)
