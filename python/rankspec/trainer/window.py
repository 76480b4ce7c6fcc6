"""What training figures are computed from, kept as sums on the device so that a step need not wait for them."""

from collections.abc import Sequence
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

    def __init__(self, sum_names: Sequence[str], num_parts: int, device: torch.device) -> None:
        """Starts empty; `sum_names` are what the program sums up, in its order."""
        self._names = ("loss", *sum_names)
        self.sums = torch.zeros(len(self._names), num_parts, dtype=torch.float64, device=device)
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
        return {"rows": self.rows, "names": self._names, "sums": processes.gather(self.sums.tolist())}

    def restore(self, state: dict[str, Any], processes: Processes) -> None:
        """Takes up the sums that `state` gave; with another number of processes, the first takes all of them.

        Sums that the program did not have then begin at 0. A state of release 0.1 has no names, and the first ones.
        """
        self.rows = state["rows"]
        saved = torch.tensor(state["sums"], dtype=torch.float64)
        names = state.get("names", self._names[: saved.shape[1]])
        by_name = dict(zip(names, saved.unbind(1), strict=True))
        nothing = torch.zeros_like(by_name["loss"])
        sums = torch.stack([by_name.get(name, nothing) for name in self._names], dim=1)
        if len(sums) == processes.world_size:
            self.sums.copy_(sums[processes.rank])
        elif processes.is_first:
            self.sums.copy_(sums.sum(0))
