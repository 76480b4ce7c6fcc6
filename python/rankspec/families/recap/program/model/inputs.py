"""The model's inputs as named blocks in a fixed order: features, rows of small tables, given embeddings, position."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import nn

from rankspec.claims.registry import obeys
from rankspec.families.recap.feature_refs import (
    lists_read,
    looks_up_columns,
    refuse_table_of_position,
    without_unread,
)
from rankspec.families.recap.program.batch import RecapBatch
from rankspec.families.recap.program.model.blocks import Blocks
from rankspec.families.recap.program.model.dropout import RandomPosition
from rankspec.families.recap.program.model.embeddings import SmallEmbeddings, build_small_embeddings
from rankspec.families.recap.program.model.featurization import Featurization, build_featurization
from rankspec.families.recap.program.model.normalization import LayerNorm
from rankspec.families.recap.program.model.position import (
    POSITION_BLOCK,
    PositionEmbedding,
    build_position_embedding,
)
from rankspec.recap.v1.featurization_pb2 import FeaturizationConfig
from rankspec.recap.v1.model_pb2 import ModelConfig
from rankspec.trainer.data.ids import IdRange
from rankspec.trainer.inputs import Input

# Embeddings that other models made. The model reads those that the data name, in this order.
GIVEN_EMBEDDINGS = ("user_embedding", "user_eng_embedding", "author_embedding")


@obeys(ModelConfig, "featurization_config", "position_debias_config")
@obeys(FeaturizationConfig, "feature_names_to_concat")
def inputs_read(config: ModelConfig, inputs: Sequence[Input]) -> tuple[Input, ...]:
    """Those of the data's inputs that a model reads: all but ids that it looks up nowhere."""
    readers = (
        looks_up_columns(config),
        config.HasField("position_debias_config"),
        "discrete" in config.featurization_config.feature_names_to_concat,
    )
    return without_unread(inputs, lists_read(config), reads_ids=any(readers))


class InputLayer(nn.Module):
    """Everything that backbone and towers read.

    Args:
        featurization: of the raw features.
        small_embeddings: tables looked up by the discrete features, or none.
        given_widths: widths of the given embeddings that the data have, by name; each gets a layer norm.
        position: embedding of the position, or none.

    Attributes:
        widths: columns of each block, by name, in the blocks' order.
    """

    def __init__(
        self,
        featurization: Featurization,
        small_embeddings: SmallEmbeddings | None,
        given_widths: Mapping[str, int],
        position: PositionEmbedding | None,
    ) -> None:
        super().__init__()
        self.featurization = featurization
        self.small_embeddings = small_embeddings
        self.embedding_norms = nn.ModuleDict({name: LayerNorm(width) for name, width in given_widths.items()})
        self.position = position
        tables = small_embeddings.widths if small_embeddings is not None else {}
        debiasing = {POSITION_BLOCK: position.num_dims} if position is not None else {}
        self.widths = {**featurization.widths, **tables, **given_widths, **debiasing}

    def forward(self, batch: RecapBatch) -> Blocks:
        """The inputs of a batch: features, a block for each table, given embeddings, the position.

        Features and given embeddings that are not finite count as 0, here and for whatever is made of them.
        """
        batch = with_finite_values(batch)
        blocks = self.featurization(batch)
        if self.small_embeddings is not None:
            blocks |= self.small_embeddings(batch)
        blocks |= {name: norm(getattr(batch, name)) for name, norm in self.embedding_norms.items()}
        if self.position is not None:
            blocks[POSITION_BLOCK] = self.position(batch)
        return Blocks(blocks)

    @property
    def id_ranges(self) -> tuple[IdRange, ...]:
        """The ids that the tables have rows for, where others are an error."""
        return () if self.small_embeddings is None else self.small_embeddings.id_ranges


def with_finite_values(batch: RecapBatch) -> RecapBatch:
    """The batch, with 0 in place of features and given embeddings that are not finite."""
    finite: dict[str, Any] = {}
    for name in ("continuous", *GIVEN_EMBEDDINGS):
        if (value := getattr(batch, name)) is not None:
            finite[name] = torch.nan_to_num(value, nan=0.0, posinf=0.0, neginf=0.0)
    return replace(batch, **finite)


@obeys(ModelConfig, "featurization_config", "small_embeddings", "position_debias_config")
def build_input_layer(config: ModelConfig, inputs: Sequence[Input], position: RandomPosition) -> InputLayer:
    """The input layer of a model.

    Args:
        config: the model.
        inputs: the data's inputs with their widths.
        position: where in the run a forward pass is.

    Raises:
        DataError: if a table or the position reads a feature that the data do not have, or a table the position; and as
            `build_featurization`.
        TrainError: if a part does not fit into memory.
    """
    by_name = {item.name: item for item in inputs}
    tables, debiasing = None, None
    if config.HasField("small_embeddings"):
        path = "model.small_embeddings"
        tables = build_small_embeddings(config.small_embeddings, by_name, path, position)
    if config.HasField("position_debias_config"):
        debiasing = build_position_embedding(config.position_debias_config, by_name["discrete"], position)
        if tables is not None:
            refuse_table_of_position(tables.columns, debiasing.column)
    given = {name: by_name[name].width for name in GIVEN_EMBEDDINGS if name in by_name}
    featurization = build_featurization(config.featurization_config, inputs)
    return InputLayer(featurization, tables, given, debiasing)
