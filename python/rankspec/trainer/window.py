"""Training metrics between two reports, kept as sums on the device so that a step need not wait for them."""

from typing import Any

import numpy as np
import torch
from torch import Tensor, distributed

from rankspec.metrics import CLIP_EPSILON, cross_entropy
from rankspec.families.recap.program.batch import RecapBatch
from rankspec.trainer.processes import Processes

_LOSS, _CROSS_ENTROPY, _LABEL, _PREDICTION, _WEIGHT = range(5)
# Metrics that sums suffice for; AUROC needs every score.
SUMMED = ("loss", "rce", "calibration_ratio")


class TrainWindow:
    """Sums over the rows trained on since the last report.

    Attributes:
        sums: `[5, T]` in float64: loss, weighted cross entropy, label, probability, and the weight itself.
        rows: rows summed, on all processes together.
    """

    def __init__(self, task_names: tuple[str, ...], device: torch.device) -> None:
        """Starts empty."""
        self._task_names = task_names
        self.sums = torch.zeros(5, len(task_names), dtype=torch.float64, device=device)
        self.rows = 0

    @torch.no_grad()
    def add(self, losses: Tensor, final_logits: Tensor, batch: RecapBatch) -> None:
        """Adds a process's share of a batch.

        Args:
            losses: this share of the tasks' training losses, `[T]`.
            final_logits: logits of the probabilities that are served, `[B, T]`.
            batch: the share itself, with its labels and weights, on the same device.
        """
        labels, weights = batch.labels, batch.weights
        entropies = torch.nn.functional.binary_cross_entropy_with_logits(final_logits, labels, reduction="none")
        terms = (entropies, labels, torch.sigmoid(final_logits), torch.ones_like(labels))
        sums = torch.stack(terms).mul_(weights).sum(1)
        self.sums[_LOSS] += losses * batch.global_rows
        self.sums[_CROSS_ENTROPY:] += sums
        self.rows += batch.global_rows

    def report(self, tasks: tuple[str, ...], which: tuple[str, ...], processes: Processes) -> dict[str, float]:
        """Metrics by `name/task` and the mean loss over the tasks as `loss`; then starts anew.

        Args:
            tasks: tasks to report.
            which: names of the metrics; those that sums do not suffice for are left out.
            processes: those that each hold sums of their own.
        """
        if processes.world_size > 1:
            distributed.all_reduce(self.sums)
        sums = self.sums.cpu().numpy()
        losses = sums[_LOSS] / self.rows
        with np.errstate(divide="ignore", invalid="ignore"):
            label = sums[_LABEL] / sums[_WEIGHT]
            baseline = cross_entropy(label, label, epsilon=CLIP_EPSILON)
            has_both_classes = (label > 0) & (label < 1)
            columns = {
                "loss": losses,
                "rce": np.where(has_both_classes, 100 * (1 - sums[_CROSS_ENTROPY] / sums[_WEIGHT] / baseline), np.nan),
                "calibration_ratio": sums[_PREDICTION] / sums[_LABEL],
            }
        report: dict[str, float] = {"loss": float(losses.mean())} if "loss" in which else {}
        for column, task in enumerate(self._task_names):
            if task in tasks:
                report |= {f"{n}/{task}": float(columns[n][column]) for n in SUMMED if n in which}
        self.sums.zero_()
        self.rows = 0
        return report

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
