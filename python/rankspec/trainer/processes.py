"""The processes of a run: which one this is, and how they exchange what they have."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar, cast

import torch
from torch import Tensor, distributed
from torch.nn import functional

from rankspec.trainer.data_error import DataError
from rankspec.trainer.errors import TrainError

ItemT = TypeVar("ItemT")

# A rank that dies must end the others within this time, not leave them waiting for ever.
_TIMEOUT = timedelta(minutes=30)


@dataclass(frozen=True)
class Processes:
    """Place of this process among those of the run.

    Attributes:
        rank: number of this process, from 0.
        world_size: how many there are.
        local_rank: number of this process on its machine; the CUDA device it takes.
    """

    rank: int = 0
    world_size: int = 1
    local_rank: int = 0

    @property
    def is_first(self) -> bool:
        """Whether this process is the one that writes files and prints."""
        return self.rank == 0

    def gather(self, item: ItemT) -> list[ItemT]:
        """What every process passed, in the order of their ranks, on every process."""
        if self.world_size == 1:
            return [item]
        items = [item] * self.world_size
        distributed.all_gather_object(items, item)
        return items

    def gather_rows(self, batches: Sequence[Tensor]) -> Tensor:
        """The rows of several batches of every process, on the first process: batch after batch, by rank within each.

        Args:
            batches: this process's shares, `[C, B]` each, as many as on every other process and on the device that
                all work on; B may be 0, and differ between batches and processes.

        Returns:
            `[C, sum of B]` on the first process, `[C, 0]` on the others; on the same device.
        """
        own = torch.cat(list(batches), dim=1)
        if self.world_size == 1:
            return own
        rows = torch.tensor([batch.shape[1] for batch in batches])
        rows_of_all = [torch.empty_like(rows) for _ in range(self.world_size)]
        distributed.all_gather(rows_of_all, rows)
        # What is gathered has to be of one size.
        largest = max(int(rows.sum()) for rows in rows_of_all)
        padded = functional.pad(own, (0, largest - own.shape[1])).contiguous()
        gathered = [torch.empty_like(padded) for _ in rows_of_all] if self.is_first else None
        distributed.gather(padded, gathered, dst=0)
        if gathered is None:
            return own[:, :0]
        shares = (
            share[:, : rows.sum()].split(rows.tolist(), 1) for share, rows in zip(gathered, rows_of_all, strict=True)
        )
        return torch.cat([share for batch in zip(*shares, strict=True) for share in batch], dim=1)

    def broadcast(self, item: ItemT) -> ItemT:
        """What the first process passed, on every process."""
        if self.world_size == 1:
            return item
        items = [item]
        distributed.broadcast_object_list(items, src=0)
        return items[0]

    def of_first(self, action: Callable[[], ItemT]) -> ItemT:
        """What an action gives that the first process alone does, on every process.

        Raises:
            TrainError, DataError: on every process, if the action raised it: no process waits for one that has ended.
        """
        outcome: ItemT | TrainError | DataError | None = None
        if self.is_first:
            try:
                outcome = action()
            except (TrainError, DataError) as error:
                outcome = error
        outcome = self.broadcast(outcome)
        if isinstance(outcome, TrainError):
            raise self.shared(outcome)
        if isinstance(outcome, DataError):
            raise outcome
        return cast(ItemT, outcome)

    def shared(self, error: TrainError) -> TrainError:
        """Marks an error that every process is about to raise, of which the first tells."""
        error.is_shared = self.world_size > 1
        return error

    def any(self, condition: bool) -> bool:
        """Whether the condition holds on any process."""
        if self.world_size == 1:
            return condition
        answer = torch.tensor(int(condition))
        distributed.all_reduce(answer, op=distributed.ReduceOp.MAX)
        return bool(answer)

    def barrier(self) -> None:
        """Waits until every process has come here."""
        if self.world_size > 1:
            distributed.barrier()


@contextmanager
def joined_processes(device_type: str) -> Iterator[Processes]:
    """Joins the processes that torchrun started, for the time of the context; one process needs no joining.

    Args:
        device_type: `cuda` or `cpu`; chooses the backend that moves tensors.

    Raises:
        TrainError: if another process ends before the work is done.
    """
    world_size = int(os.environ.get("WORLD_SIZE", "1"))
    if world_size == 1:
        yield Processes()
        return
    processes = Processes(int(os.environ["RANK"]), world_size, int(os.environ.get("LOCAL_RANK", "0")))
    if device_type == "cuda":
        torch.cuda.set_device(processes.local_rank)
    # Checkpoints travel over gloo from a thread of their own, whatever moves the gradients.
    backend = "cpu:gloo,cuda:nccl" if device_type == "cuda" else "gloo"
    distributed.init_process_group(backend, timeout=_TIMEOUT)
    try:
        yield processes
    except RuntimeError as error:
        if not _is_about_others(error):
            raise
        raise TrainError(
            "another process of the run ended or does not answer; what it said itself is the reason. The same command "
            "goes on from the newest checkpoint",
            restart_helps=True,
        ) from error
    finally:
        distributed.destroy_process_group()


def _is_about_others(error: RuntimeError) -> bool:
    """Whether an exchange between processes failed; gloo has no type of its own for that."""
    return isinstance(error, distributed.DistError) or "/gloo/" in str(error)
