"""The training loss and the weights of its rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional

from rankspec.recap.v1.architecture_pb2 import TaskModel
from rankspec.recap.v1.data_pb2 import RecapDataConfig, TaskData
from rankspec.trainer.claims import obeys
from rankspec.families.recap.program.tasks import ordered_tasks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rankspec.recap.v1.model_pb2 import ModelConfig


class MultiTaskLoss(nn.Module):
    """Binary cross-entropy of every task, and their mean.

    Args:
        pos_weights: weight of the positives of every task, `[T]`.
    """

    def __init__(self, pos_weights: Tensor) -> None:
        super().__init__()
        self.pos_weights: Tensor
        self.register_buffer("pos_weights", pos_weights, persistent=False)

    def forward(self, logits: Tensor, labels: Tensor, weights: Tensor, global_rows: int) -> tuple[Tensor, Tensor]:
        """The loss of the rows of one process, as a share of the whole batch's.

        Losses are divided by the rows of the global batch, not by the sum of the weights: the shares of all
        processes add up to the batch's loss. (DistributedDataParallel takes the mean of gradients, so a share is
        multiplied by the number of processes before its backward pass.)

        Args:
            logits: `[B, T]`.
            labels: 0 or 1, float, `[B, T]`.
            weights: sample weights, `[B, T]`.
            global_rows: rows of the batch over all processes.

        Returns:
            The total, a scalar, and the losses of the tasks, `[T]`.
        """
        of_tasks = self.of_rows(logits, labels, weights).sum(0) / global_rows
        return of_tasks.mean(), of_tasks

    def of_rows(self, logits: Tensor, labels: Tensor, weights: Tensor) -> Tensor:
        """The loss of every row and task, `[B, T]`, of arguments as `forward` takes them."""
        return functional.binary_cross_entropy_with_logits(
            logits, labels, weight=weights, pos_weight=self.pos_weights, reduction="none"
        )


@obeys(TaskModel, "pos_weight")
def build_loss(config: ModelConfig) -> MultiTaskLoss:
    """The loss of a model's tasks, in the order of their logits."""
    return MultiTaskLoss(torch.tensor([config.tasks[name].pos_weight for name in ordered_tasks(config)]))


@obeys(RecapDataConfig, "tasks")
@obeys(TaskData, "pos_downsampling_rate", "neg_downsampling_rate")
def downsampling_rates(data: RecapDataConfig, task_names: Sequence[str]) -> list[tuple[float, float]]:
    """Shares of the positives and of the negatives that were kept, for each of these tasks."""
    tasks = [data.tasks[name] for name in task_names]
    return [(task.pos_downsampling_rate, task.neg_downsampling_rate) for task in tasks]


def sample_weights(labels: Tensor, rates: Sequence[tuple[float, float]]) -> Tensor:
    """Weights that make good for downsampling: a row stands for the 1 / rate rows it was drawn from.

    Args:
        labels: 0 or 1, `[B, T]`.
        rates: shares of the positives and of the negatives that were kept, by task, as `downsampling_rates` has them.

    Returns:
        The weights, float32, `[B, T]`.
    """
    inverse = torch.tensor(rates, dtype=torch.float64, device=labels.device).reciprocal().float()
    positives, negatives = inverse.unbind(1)
    labels = labels.float()
    return labels * positives + (1 - labels) * negatives
