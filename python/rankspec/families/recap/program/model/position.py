"""The embedding of the position that an item was shown at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional

from rankspec.claims.registry import obeys
from rankspec.recap.v1.architecture_pb2 import PositionDebiasConfig
from rankspec.trainer.errors import TrainError
from rankspec.trainer.memory import allocating

if TYPE_CHECKING:
    from rankspec.families.recap.program.batch import RecapBatch
    from rankspec.families.recap.program.model.dropout import RandomPosition

POSITION_BLOCK = "position"
_PATH = "model.position_debias_config"


@obeys(PositionDebiasConfig, "max_position", "num_dims", "drop_probability", "position_feature_index")
class PositionEmbedding(nn.Module):
    """A row per position in training, and zeros for dropped and unknown positions and in evaluation.

    What is kept is not scaled up as in dropout: zeros stand for "no position known", and that is what is served.

    Args:
        config: size, column and share of the rows that are dropped.
        position: where in the run a forward pass is.

    Attributes:
        weight: the rows, `[max_position + 1, num_dims]`.
        init_std: standard deviation of the first values.
        num_dims: width of the output.
    """

    init_std = 0.01

    def __init__(self, config: PositionDebiasConfig, position: RandomPosition) -> None:
        super().__init__()
        self.index = config.position_feature_index
        self.max_position = config.max_position
        self.num_dims = config.num_dims
        self.keep_probability = 1 - config.drop_probability
        self.weight = nn.Parameter(torch.empty(config.max_position + 1, config.num_dims))
        self._position = position

    def forward(self, batch: RecapBatch) -> Tensor:
        """The block of a batch, `[B, num_dims]`. Only training reads `batch.discrete`."""
        if not self.training:
            return self.weight.new_zeros(batch.continuous.shape[0], self.num_dims)
        assert batch.discrete is not None, "the spec's rules make the data have a position"
        shown_at = batch.discrete[:, self.index]
        rows = functional.embedding(shown_at.clamp(0, self.max_position), self.weight)
        kept = self._position.draw(_PATH, self.keep_probability, rows[:, :1])
        return rows * kept * (shown_at >= 0).unsqueeze(1)


@obeys(PositionDebiasConfig, "position_feature_index")
def build_position_embedding(
    config: PositionDebiasConfig, num_columns: int, position: RandomPosition
) -> PositionEmbedding:
    """The embedding of the position.

    Args:
        config: size, column and dropping.
        num_columns: columns of the discrete features.
        position: where in the run a forward pass is.

    Raises:
        TrainError: if the discrete features do not have the column.
    """
    if config.position_feature_index >= num_columns:
        raise TrainError(
            f"the position is column {config.position_feature_index}, but discrete has {num_columns} columns, from 0",
            f"{_PATH}.position_feature_index",
        )
    with allocating(f"{_PATH}.max_position"):
        return PositionEmbedding(config, position)
