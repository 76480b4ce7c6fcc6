"""The parameter groups of a graph embedding."""

from __future__ import annotations

from rankspec.claims.registry import obeys
from rankspec.claims.views import whole_message
from rankspec.embedding.v1.embedding_pb2 import EmbeddingBagConfig
from rankspec.optim.v1.learning_rate_pb2 import LearningRate
from rankspec.optim.v1.optimizer_pb2 import AdagradConfig, AdamConfig, OptimizerConfig, SgdConfig
from rankspec.optimization.algorithms import algorithm_of
from rankspec.optimization.parameter_group import ParameterGroup
from rankspec.twhin.v1.model_pb2 import TwhinEmbeddingsConfig, TwhinModelConfig
from rankspec.twhin.v1.twhin_pb2 import TwhinConfig


@obeys(TwhinConfig, "model")
@obeys(TwhinModelConfig, "embeddings", "translation_optimizer")
@obeys(TwhinEmbeddingsConfig, "tables")
@obeys(EmbeddingBagConfig, "name", "optimizer")
def parameter_groups(config: TwhinConfig) -> list[ParameterGroup]:
    """Lists a group for every table, named as the table, and `relations`, the translations.

    Where a table is called so, the translations are `relations/vectors`; the slash is in no table's name.
    """
    tables = [group_of(table.name, "table", table.name, table.optimizer) for table in config.model.embeddings.tables]
    name = "relations/vectors" if any(table.name == "relations" for table in tables) else "relations"
    return [*tables, group_of(name, "relations", "", config.model.translation_optimizer)]


@obeys(OptimizerConfig, "learning_rate", "adam", "sgd", "adagrad")
@obeys(AdamConfig, "lr")
@obeys(SgdConfig, "lr")
@obeys(AdagradConfig, "lr")
def group_of(name: str, kind: str, owner: str, optimizer: OptimizerConfig) -> ParameterGroup:
    """Returns the group that an optimizer's config stands for; the other arguments are those of the group."""
    learning_rate = LearningRate()
    if optimizer.HasField("learning_rate"):
        learning_rate.CopyFrom(whole_message(optimizer.learning_rate))
    else:
        learning_rate.constant = getattr(optimizer, optimizer.WhichOneof("optimizer") or "").lr
    return ParameterGroup(name, kind, owner, algorithm_of(optimizer), learning_rate)
