"""The parameter groups of a graph embedding."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rankspec.families.parameter_group import ParameterGroup

if TYPE_CHECKING:
    from rankspec.optim.v1.optimizer_pb2 import OptimizerConfig
    from rankspec.twhin.v1.twhin_pb2 import TwhinConfig


def parameter_groups(config: TwhinConfig) -> list[ParameterGroup]:
    """Lists a group for every table, named as the table, and `relations`, the translations."""
    tables = [_group(table.name, "table", table.name, table.optimizer) for table in config.model.embeddings.tables]
    return [*tables, _group("relations", "relations", "", config.model.translation_optimizer)]


def _group(name: str, kind: str, owner: str, optimizer: OptimizerConfig) -> ParameterGroup:
    algorithm = getattr(optimizer, optimizer.WhichOneof("optimizer") or "")
    learning_rate = type(optimizer.learning_rate)()
    if optimizer.HasField("learning_rate"):
        learning_rate.CopyFrom(optimizer.learning_rate)
    else:
        learning_rate.constant = algorithm.lr
    return ParameterGroup(name, kind, owner, algorithm, learning_rate)
