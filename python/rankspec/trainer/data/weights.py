"""What rows count that stand for others."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def sample_weights(labels: Tensor, rates: Sequence[tuple[float, float]]) -> Tensor:
    """Weights that make good for downsampling: a row stands for the 1 / rate rows it was drawn from.

    Args:
        labels: 0 or 1, `[B, T]`; any number where both rates are 1.
        rates: shares of the positives and of the negatives that were kept, by task, as `Label.rates` has them.

    Returns:
        The weights, float32, `[B, T]`.
    """
    inverse = torch.tensor(rates, dtype=torch.float64, device=labels.device).reciprocal().float()
    positives, negatives = inverse.unbind(1)
    labels = labels.float()
    weights = labels * positives + (1 - labels) * negatives
    # What is no class has no rate of its own, and rounding must not make its weight differ from 1.
    return torch.where(positives == negatives, positives, weights)
