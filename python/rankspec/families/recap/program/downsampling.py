"""What makes good for rows that were dropped from the data: weights in the loss, or a shift of the outputs."""

from __future__ import annotations

from collections.abc import Sequence
from math import log

import torch
from torch import Tensor

from rankspec.claims.registry import obeys
from rankspec.recap.v1.data_pb2 import RecapDataConfig, TaskData
from rankspec.recap.v1.recap_pb2 import DOWNSAMPLING_CORRECTION_CALIBRATION, RecapConfig


@obeys(RecapDataConfig, "tasks")
@obeys(TaskData, "pos_downsampling_rate", "neg_downsampling_rate")
def downsampling_rates(data: RecapDataConfig, task_names: Sequence[str]) -> list[tuple[float, float]]:
    """Shares of the positives and of the negatives that were kept, for each of these tasks."""
    tasks = [data.tasks.get(name, TaskData()) for name in task_names]
    return [(task.pos_downsampling_rate, task.neg_downsampling_rate) for task in tasks]


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
