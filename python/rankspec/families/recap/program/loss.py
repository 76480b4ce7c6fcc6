"""The training loss."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from rankspec.families.recap.program.tasks import Tasks, build_tasks

if TYPE_CHECKING:
    from rankspec.recap.v1.model_pb2 import ModelConfig


class MultiTaskLoss(nn.Module):
    """The loss of every task, and the mean of these by `loss_weight`.

    Args:
        tasks: the tasks, in the order of their outputs.
    """

    def __init__(self, tasks: Tasks) -> None:
        super().__init__()
        self.tasks = tasks
        self.pos_weights: Tensor
        self.register_buffer("pos_weights", torch.tensor([task.pos_weight for task in tasks]), persistent=False)
        self.loss_weights: Tensor
        self.register_buffer("loss_weights", torch.tensor([task.loss_weight for task in tasks]), persistent=False)

    def forward(self, outputs: Tensor, labels: Tensor, weights: Tensor, global_rows: int) -> tuple[Tensor, Tensor]:
        """The loss of the rows of one process, as a share of the whole batch's.

        Losses are divided by the rows of the global batch, not by the sum of the weights: the shares of all
        processes add up to the batch's loss. (DistributedDataParallel takes the mean of gradients, so a share is
        multiplied by the number of processes before its backward pass.)

        Args:
            outputs: of the towers, `[B, T]`, or of the towers of all members, `[M, B, T]`.
            labels: float, `[B, T]`.
            weights: sample weights, `[B, T]`.
            global_rows: rows of the batch over all processes.

        Returns:
            What is trained, a scalar: the sum of the members' losses, each the mean of the tasks' by `loss_weight`, so
            that each has the gradient that it would have alone. And the losses of the tasks without that weight, `[T]`,
            each the mean over the members.
        """
        of_members = torch.stack([losses.sum(0) for losses in self._of_members(outputs, labels, weights)]) / global_rows
        return (of_members * self.loss_weights).mean(1).sum(), of_members.mean(0)

    def of_rows(self, outputs: Tensor, labels: Tensor, weights: Tensor) -> Tensor:
        """The loss of every row and task, `[B, T]`, the mean over the members, of arguments as `forward` takes them."""
        return torch.stack(self._of_members(outputs, labels, weights)).mean(0)

    def _of_members(self, outputs: Tensor, labels: Tensor, weights: Tensor) -> list[Tensor]:
        members = outputs.unbind(0) if outputs.dim() == 3 else (outputs,)
        return [self.tasks.losses(own, labels, weights, self.pos_weights) for own in members]


def build_loss(config: ModelConfig) -> MultiTaskLoss:
    """The loss of a model's tasks, in the order of their outputs."""
    return MultiTaskLoss(build_tasks(config))
