"""One pass over a data set that leaves what was scored in a file, in memory that does not grow with the rows."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor

from rankspec.trainer.processes import Processes
from rankspec.trainer.program import Batch, Program
from rankspec.trainer.runtime import Runtime
from rankspec.trainer.scored_rows import Column, ScoredRowsWriter

BatchT = TypeVar("BatchT")

# Columns are exchanged for several batches at once, as an exchange takes milliseconds where processes share cores; for
# so many and no more, so that they need little memory.
_BATCHES_AT_ONCE, _SCORES_AT_ONCE = 16, 2**20


def batches_at_once(scores_per_batch: int) -> int:
    """How many batches' columns, of so many rows each, are exchanged at once; the same on every process."""
    return max(1, min(_BATCHES_AT_ONCE, _SCORES_AT_ONCE // scores_per_batch))


def evaluate_rows(
    batches: Iterable[BatchT],
    score: Callable[[BatchT], Mapping[str, Tensor]],
    file: Path,
    processes: Processes,
    at_once: int = _BATCHES_AT_ONCE,
    step: int | None = None,
) -> None:
    """Scores every batch, and has the first process write the columns of all rows to a file.

    Rows come in the order of the data set, whatever the number of processes; where each row is scored by itself, what
    is computed from the file is the same too.

    Args:
        batches: this process's shares of the batches, as many as on every process; those of one batch are in the
            order of the ranks, and may have 0 rows.
        score: gives named columns of a share, of equal length each, the same names in the same order every time.
        file: where the columns go, see `scored_rows`; it is written over.
        processes: those that share the batches.
        at_once: batches whose columns are exchanged at once.
        step: optimizer steps of the model, for the file to say.

    Raises:
        TrainError: on every process, if the first cannot write the file.
    """
    remaining = iter(batches)
    with torch.inference_mode(), ScoredRowsWriter(file, step) as writer:
        while scored := [score(batch) for batch in islice(remaining, at_once)]:
            gathered = _gathered(scored, processes)
            processes.of_first(partial(writer.add, gathered))
        processes.of_first(writer.commit)


def _gathered(scored: Sequence[Mapping[str, Tensor]], processes: Processes) -> dict[str, Column]:
    """The columns of several batches of all processes, on the first one; ids in int64, all else in float32."""
    found: dict[str, Column] = {}
    for dtype in (torch.float32, torch.int64):
        names = [name for name, values in scored[0].items() if (values.dtype == torch.int64) == (dtype == torch.int64)]
        if names:
            stacked = [torch.stack([columns[name].to(dtype) for name in names]) for columns in scored]
            found |= zip(names, processes.gather_rows(stacked).cpu().numpy(), strict=True)
    return {name: found[name] for name in scored[0]}


def scoring(program: Program[Any], runtime: Runtime) -> AbstractContextManager[Callable[[Batch], dict[str, Tensor]]]:
    """Sets the model to evaluation mode for the time of the context; yields what scores a batch."""
    return applying(program, runtime, program.score)


@contextmanager
def applying(
    program: Program[Any], runtime: Runtime, compute: Callable[[Any, Any], dict[str, Tensor]]
) -> Iterator[Callable[[Batch], dict[str, Tensor]]]:
    """Sets the model to evaluation mode for the time of the context; yields what computes columns of a batch.

    Args:
        program: whose model is applied.
        runtime: where, and in which precision.
        compute: gives the columns of the model's outputs and the batch, such as the program's `score` or `predict`.
    """
    model = program.model

    def applied(batch: Batch) -> dict[str, Tensor]:
        on_device = batch.to(runtime.device, non_blocking=True)
        with runtime.autocast():
            outputs = model(on_device)
        return compute(outputs, on_device)

    was_training = model.training
    model.eval()
    try:
        yield applied
    finally:
        model.train(was_training)
