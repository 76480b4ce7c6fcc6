"""The parameter groups of a graph embedding."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rankspec.trainer.parameter_group import ParameterGroup

if TYPE_CHECKING:
    from rankspec.optim.v1.optimizer_pb2 import OptimizerConfig
    from rankspec.twhin.v1.twhin_pb2 import TwhinConfig


def parameter_groups(config: TwhinConfig) -> list[ParameterGroup]:
    """Lists a group for every table, named as the table, and `relations`, the translations."""
    tables = [group_of(table.name, "table", table.name, table.optimizer) for table in config.model.embeddings.tables]
    return [*tables, group_of("relations", "relations", "", config.model.translation_optimizer)]


def group_of(name: str, kind: str, owner: str, optimizer: OptimizerConfig) -> ParameterGroup:
    """Returns the group that an optimizer's config stands for; the other arguments are those of the group."""
    algorithm = getattr(optimizer, optimizer.WhichOneof("optimizer") or "")
    learning_rate = type(optimizer.learning_rate)()
    if optimizer.HasField("learning_rate"):
        learning_rate.CopyFrom(optimizer.learning_rate)
    else:
        learning_rate.constant = algorithm.lr
    return ParameterGroup(name, kind, owner, algorithm, learning_rate)
