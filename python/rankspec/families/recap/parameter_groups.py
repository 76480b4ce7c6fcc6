"""The parameter groups of a ranking model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rankspec.checking.validation import find
from rankspec.claims.registry import obeys
from rankspec.claims.views import whole_message
from rankspec.optimization.parameter_group import ParameterGroup
from rankspec.recap.v1.embedding_pb2 import SmallEmbeddingBagConfig, SmallEmbeddingsConfig
from rankspec.recap.v1.model_pb2 import ModelConfig
from rankspec.recap.v1.optimizer_pb2 import MultiTaskLearningRates, RecapOptimizerConfig
from rankspec.recap.v1.recap_pb2 import RecapConfig

if TYPE_CHECKING:
    from rankspec.optim.v1.learning_rate_pb2 import LearningRate

_REST = "backbone"
# The rule that asks for a learning rate of what is outside the towers: the one place that says when there is any.
_REST_RULE = "recap.config.backbone_rate_matches_model"


@obeys(RecapConfig, "optimizer", "model")
@obeys(RecapOptimizerConfig, "multi_task_learning_rates", "single_task_learning_rate", "adam", "sgd")
@obeys(MultiTaskLearningRates, "tower_learning_rates", "backbone_learning_rate")
@obeys(ModelConfig, "tasks", "small_embeddings")
@obeys(SmallEmbeddingsConfig, "tables")
@obeys(SmallEmbeddingBagConfig, "name", "weight_decay", "l2")
def parameter_groups(config: RecapConfig) -> list[ParameterGroup]:
    """Lists a group for every task's tower, one for what is outside of the towers, and one for some tables.

    A tower's group is named as its task, the one outside `backbone`; a small table with a weight decay of its own or
    an L2 penalty has the group `backbone/<table>`.
    """
    optimizer = config.optimizer
    tables = [table for table in config.model.small_embeddings.tables if _has_own_group(table)]
    algorithm = _algorithm(optimizer)
    groups = [
        ParameterGroup(task, "tower", task, algorithm, _tower_rate(optimizer, task))
        for task in sorted(config.model.tasks)
    ]
    if _has_rest(config):
        # A task may be called `backbone` too; the slash is in no task's name.
        name = f"{_REST}/rest" if _REST in config.model.tasks else _REST
        groups.append(ParameterGroup(name, "rest", "", algorithm, _rest_rate(optimizer)))
    return groups + [_group_of_table(table, optimizer) for table in tables]


def _has_own_group(table: SmallEmbeddingBagConfig) -> bool:
    return table.HasField("weight_decay") or table.l2 > 0


def _group_of_table(table: SmallEmbeddingBagConfig, optimizer: RecapOptimizerConfig) -> ParameterGroup:
    chosen = _algorithm(optimizer)
    algorithm = type(chosen)()
    algorithm.CopyFrom(chosen)
    if table.HasField("weight_decay"):
        algorithm.weight_decay = table.weight_decay
    name, rate = f"{_REST}/{table.name}", _rest_rate(optimizer)
    return ParameterGroup(name, "table", table.name, algorithm, rate, table.l2)


def _algorithm(optimizer: RecapOptimizerConfig) -> Any:
    chosen = optimizer.WhichOneof("optimizer")
    assert chosen is not None, "the spec's rules ask for an algorithm"
    return whole_message(getattr(optimizer, chosen))


def _tower_rate(optimizer: RecapOptimizerConfig, task: str) -> LearningRate:
    if optimizer.WhichOneof("lr") == "single_task_learning_rate":
        return whole_message(optimizer.single_task_learning_rate)
    return whole_message(optimizer.multi_task_learning_rates.tower_learning_rates[task])


def _rest_rate(optimizer: RecapOptimizerConfig) -> LearningRate:
    if optimizer.WhichOneof("lr") == "single_task_learning_rate":
        return whole_message(optimizer.single_task_learning_rate)
    return whole_message(optimizer.multi_task_learning_rates.backbone_learning_rate)


def _has_rest(config: RecapConfig) -> bool:
    """Whether anything outside the towers is in no table's group: asks the rule, of a config without those tables."""
    asking = RecapConfig()
    asking.CopyFrom(whole_message(config))
    if all(map(_has_own_group, asking.model.small_embeddings.tables)):
        asking.model.ClearField("small_embeddings")
    asking.optimizer.multi_task_learning_rates.ClearField("backbone_learning_rate")
    asking.optimizer.multi_task_learning_rates.SetInParent()
    return any(finding.code == _REST_RULE for finding in find(asking))
