"""First values of a model's parameters."""

from __future__ import annotations

import torch
from torch import nn

from rankspec.families.recap.program.model.embeddings import EmbeddingTable
from rankspec.families.recap.program.model.position import PositionEmbedding
from rankspec.trainer.seeds import seed_for


@torch.no_grad()
def initialize(model: nn.Module, seed: int) -> None:
    """Draws the first values in place.

    Every parameter has a generator of its own, seeded by the run's seed and the parameter's name: its values depend
    on no other parameter, and neither on the device nor on the number of processes. Linear layers get Xavier-uniform
    weights (Glorot and Bengio, 2010, equation 16) and no bias, tables normal rows; norms have theirs already.

    Args:
        model: the model, on the CPU.
        seed: the run's seed.
    """
    for name, module in model.named_modules():
        if isinstance(module, nn.Linear):
            nn.init.xavier_uniform_(module.weight, generator=_generator(seed, name))
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, EmbeddingTable | PositionEmbedding):
            nn.init.normal_(module.weight, std=module.init_std, generator=_generator(seed, name))


def _generator(seed: int, module_name: str) -> torch.Generator:
    return torch.Generator().manual_seed(seed_for(seed, "weights", f"{module_name}.weight"))
