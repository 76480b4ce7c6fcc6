"""Dropout whose mask depends on the place in the run, not on what was drawn before.

The mask of a layer is a function of the seed, the optimizer step, the micro-batch, the layer and the place of the
row in the global batch. So it is the same for any number of processes, and a run that resumes needs no state of a
random number generator.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from rankspec.claims.registry import obeys
from rankspec.recap.v1.layers_pb2 import DropoutConfig
from rankspec.trainer.seeds import seed_for


@dataclass
class RandomPosition:
    """Where in the run a forward pass is; one object shared by all layers of a model.

    Attributes:
        seed: the run's seed.
        step: optimizer steps made so far, or None before the loop has said.
        micro_batch: number of the batch within the optimizer step.
        first_row: place of the process's first row in the global batch.
        global_rows: rows of the global batch.
    """

    seed: int
    step: int | None = None
    micro_batch: int = 0
    first_row: int = 0
    global_rows: int = 0

    def draw(self, key: str, probability: float, like: Tensor) -> Tensor:
        """Ones with a probability, and zeros, in the shape `[B, width]` and format of a tensor of this process.

        All rows of the global batch are drawn and the process's own kept. The draws differ between kinds of
        devices, not between processes.
        """
        rows, width = like.shape
        assert self.step is not None, "set_position comes before a forward pass that draws random numbers"
        assert self.first_row + rows <= self.global_rows, "a slice lies within its global batch"
        generator = torch.Generator(like.device)
        generator.manual_seed(seed_for(self.seed, "dropout", self.step, self.micro_batch, key))
        drawn = like.new_empty(self.global_rows, width).bernoulli_(probability, generator=generator)
        return drawn[self.first_row : self.first_row + rows]


class Dropout(nn.Module):
    """Dropout (Srivastava et al., 2014), keyed by position.

    Args:
        rate: share of the values that is set to 0 in training.
        key: what tells this layer from the model's others.
        position: where in the run the forward pass is.
    """

    def __init__(self, rate: float, key: str, position: RandomPosition) -> None:
        super().__init__()
        self.rate = rate
        self.key = key
        self.position = position

    def forward(self, values: Tensor) -> Tensor:
        """Drops values of `[B, width]` in training and passes them through in evaluation."""
        if not self.training:
            return values
        return values * self.position.draw(self.key, 1 - self.rate, values).mul_(1 / (1 - self.rate))

    def extra_repr(self) -> str:
        """Shows the rate where the model is printed."""
        return f"rate={self.rate}"


@obeys(DropoutConfig, "rate")
def build_dropout(config: DropoutConfig, key: str, position: RandomPosition) -> Dropout:
    """A dropout layer under a key of its own."""
    return Dropout(config.rate, key, position)
