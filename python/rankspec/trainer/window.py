"""What training figures are computed from, kept as sums on the device so that a step need not wait for them."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, distributed

from rankspec.trainer.processes import Processes


class TrainWindow:
    """Sums over the rows trained on since the last report.

    Attributes:
        sums: `[1 + num_sums, P]` in float64: the losses, and what the program sums up, for each part of the loss.
        rows: rows summed, on all processes together.
    """

    def __init__(self, num_sums: int, num_parts: int, device: torch.device) -> None:
        """Starts empty."""
        self.sums = torch.zeros(1 + num_sums, num_parts, dtype=torch.float64, device=device)
        self.rows = 0

    @torch.no_grad()
    def add(self, losses: Tensor, sums: Tensor, global_rows: int) -> None:
        """Adds a process's share of a batch.

        Args:
            losses: this share of the parts of the loss, `[P]`.
            sums: what the program sums up over the rows of the share, `[num_sums, P]`.
            global_rows: rows of the batch over all processes.
        """
        self.sums[0] += losses * global_rows
        self.sums[1:] += sums
        self.rows += global_rows

    def take(self, processes: Processes) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The mean losses, `[P]`, and the sums, `[num_sums, P]`, of all processes; then starts anew."""
        if processes.world_size > 1:
            distributed.all_reduce(self.sums)
        sums = self.sums.cpu().numpy()
        losses = sums[0] / self.rows
        self.sums = torch.zeros_like(self.sums)
        self.rows = 0
        return losses, sums[1:]

    def state(self, processes: Processes) -> dict[str, Any]:
        """The sums of all processes, for a checkpoint."""
        return {"rows": self.rows, "sums": processes.gather(self.sums.tolist())}

    def restore(self, state: dict[str, Any], processes: Processes) -> None:
        """Takes up the sums that `state` gave; with another number of processes, the first takes all of them."""
        self.rows = state["rows"]
        sums = torch.tensor(state["sums"], dtype=torch.float64)
        if len(sums) == processes.world_size:
            self.sums.copy_(sums[processes.rank])
        elif processes.is_first:
            self.sums.copy_(sums.sum(0))
