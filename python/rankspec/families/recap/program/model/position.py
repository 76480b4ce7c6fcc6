"""The embedding of the position that an item was shown at."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from rankspec.claims.registry import obeys
from rankspec.families.recap.feature_refs import column_of
from rankspec.families.recap.program.batch import RecapBatch
from rankspec.families.recap.program.model.dropout import RandomPosition
from rankspec.recap.v1.architecture_pb2 import PositionDebiasConfig
from rankspec.trainer.inputs import Input
from rankspec.trainer.memory import allocating

POSITION_BLOCK = "position"
_PATH = "model.position_debias_config"


@obeys(PositionDebiasConfig, "max_position", "num_dims", "drop_probability")
class PositionEmbedding(nn.Module):
    """A row per position in training, and zeros for dropped and unknown positions and in evaluation.

    What is kept is not scaled up as in dropout: zeros stand for "no position known", and that is what is served.

    Args:
        config: size and share of the rows that are dropped.
        column: the column of the discrete features.
        position: where in the run a forward pass is.

    Attributes:
        weight: the rows, `[max_position + 1, num_dims]`.
        init_std: standard deviation of the first values.
        num_dims: width of the output.
    """

    init_std = 0.01

    def __init__(self, config: PositionDebiasConfig, column: int, position: RandomPosition) -> None:
        super().__init__()
        self.column = column
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
        shown_at = batch.discrete[:, self.column]
        rows = functional.embedding(shown_at.clamp(0, self.max_position), self.weight)
        kept = self._position.draw(_PATH, self.keep_probability, rows[:, :1])
        return rows * kept * (shown_at >= 0).unsqueeze(1)


def build_position_embedding(
    config: PositionDebiasConfig, discrete: Input, position: RandomPosition
) -> PositionEmbedding:
    """The embedding of the position.

    Args:
        config: size, column and dropping.
        discrete: the discrete features.
        position: where in the run a forward pass is.

    Raises:
        DataError: if the discrete features do not have the one that it asks for.
        TrainError: if its rows do not fit into memory.
    """
    column = column_of(config, discrete, _PATH)
    with allocating(f"{_PATH}.max_position"):
        return PositionEmbedding(config, column, position)
