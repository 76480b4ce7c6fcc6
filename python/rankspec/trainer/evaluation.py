"""Evaluates a program on a data set: one pass in evaluation mode, columns of what was said of every row."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from rankspec.trainer.processes import Processes
from rankspec.trainer.program import Batch, Program
from rankspec.trainer.runtime import Runtime


def scored(
    program: Program[Any], batches: Iterable[Batch], runtime: Runtime, processes: Processes
) -> dict[str, NDArray[np.float32]]:
    """Runs the model over this process's share of the batches and joins it with the other processes' shares.

    Rows come in the order of the data set, whatever the number of processes, so that what is computed from them is
    the same too.

    Returns:
        The columns that the program's `score` gives, for all rows.
    """
    model = program.model
    was_training = model.training
    model.eval()
    parts: list[tuple[int, int, dict[str, NDArray[np.float32]]]] = []
    with torch.inference_mode():
        for number, batch in enumerate(batches):
            on_device = batch.to(runtime.device, non_blocking=True)
            with runtime.autocast():
                outputs = model(on_device)
            columns = program.score(outputs, on_device)
            parts.append((number, batch.first_row, {name: column.cpu().numpy() for name, column in columns.items()}))
    model.train(was_training)
    shares = [part for share in processes.gather(parts) for part in share]
    shares.sort(key=lambda part: part[:2])
    return {name: np.concatenate([columns[name] for _, _, columns in shares]) for name in shares[0][2]}
