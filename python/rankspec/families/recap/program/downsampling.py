"""What makes good for rows that were dropped from the data: weights in the loss, or a shift of the outputs."""

from __future__ import annotations

from math import log
from typing import TYPE_CHECKING

import torch

from rankspec.recap.v1.data_pb2 import RecapDataConfig, TaskData
from rankspec.recap.v1.recap_pb2 import DOWNSAMPLING_CORRECTION_CALIBRATION, RecapConfig
from rankspec.trainer.claims import obeys

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor


@obeys(RecapDataConfig, "tasks")
@obeys(TaskData, "pos_downsampling_rate", "neg_downsampling_rate")
def downsampling_rates(data: RecapDataConfig, task_names: Sequence[str]) -> list[tuple[float, float]]:
    """Shares of the positives and of the negatives that were kept, for each of these tasks."""
    tasks = [data.tasks.get(name, TaskData()) for name in task_names]
    return [(task.pos_downsampling_rate, task.neg_downsampling_rate) for task in tasks]


def sample_weights(labels: Tensor, rates: Sequence[tuple[float, float]]) -> Tensor:
    """Weights that make good for downsampling: a row stands for the 1 / rate rows it was drawn from.

    Args:
        labels: 0 or 1, `[B, T]`; any number where both rates are 1.
        rates: shares of the positives and of the negatives that were kept, by task, as `downsampling_rates` has them.

    Returns:
        The weights, float32, `[B, T]`.
    """
    inverse = torch.tensor(rates, dtype=torch.float64, device=labels.device).reciprocal().float()
    positives, negatives = inverse.unbind(1)
    labels = labels.float()
    weights = labels * positives + (1 - labels) * negatives
    # What is no class has no rate of its own, and rounding must not make its weight differ from 1.
    return torch.where(positives == negatives, positives, weights)


@obeys(RecapConfig, "downsampling_correction", "train_data")
def calibration_shift(config: RecapConfig, task_names: Sequence[str]) -> Tensor:
    """What is added to each task's output before its probability is taken, `[T]`.

    With r = neg_rate / pos_rate, p * r / (1 - p + p * r) has r times the odds of p: log r more in the logit. Where
    the loss was weighted instead, the model knows the true rates already and the shift is 0.
    """
    if config.downsampling_correction != DOWNSAMPLING_CORRECTION_CALIBRATION:
        return torch.zeros(len(task_names))
    rates = downsampling_rates(config.train_data, task_names)
    return torch.tensor([log(negative / positive) for positive, negative in rates])
