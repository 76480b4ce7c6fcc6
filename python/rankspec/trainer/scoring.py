"""One pass over a data set that leaves what was scored in a file, in memory that does not grow with the rows."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import TypeVar

import torch
from torch import Tensor

from rankspec.trainer.processes import Processes
from rankspec.trainer.scored_rows import ScoredRowsWriter

BatchT = TypeVar("BatchT")


def evaluate_rows(
    batches: Iterable[BatchT], score: Callable[[BatchT], Mapping[str, Tensor]], file: Path, processes: Processes
) -> None:
    """Scores every batch, and has the first process write the columns of all rows to a file.

    Rows come in the order of the data set, whatever the number of processes, so that what is computed from the file
    is the same too.

    Args:
        batches: this process's shares of the same batches; those of one batch are in the order of the ranks, and may
            have 0 rows.
        score: gives named columns of a share, `[B]` each, the same names in the same order every time.
        file: where the columns go in float32, see `scored_rows`; it is written over.
        processes: those that share the batches.

    Raises:
        TrainError: on every process, if the first cannot write the file.
    """
    with torch.inference_mode(), ScoredRowsWriter(file) as writer:
        for batch in batches:
            columns = score(batch)
            rows = processes.gather_rows(torch.stack([values.float() for values in columns.values()]))
            named = dict(zip(columns, rows.cpu().numpy(), strict=True))
            processes.of_first(partial(writer.add, named))
        processes.of_first(writer.commit)
