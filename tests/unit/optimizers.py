"""An optimizer of bare parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import nn

from rankspec.families.twhin.parameter_groups import group_of
from rankspec.trainer.optimizers import ScheduledOptimizer, build_optimizer

if TYPE_CHECKING:
    from rankspec.optim.v1.optimizer_pb2 import OptimizerConfig


def optimizer_of(config: OptimizerConfig, parameters: list[nn.Parameter]) -> ScheduledOptimizer:
    """The optimizer that a config names, over one group called `all`."""
    return build_optimizer([group_of("all", "rest", "", config)], {"all": parameters}, nn.ParameterList(parameters))
