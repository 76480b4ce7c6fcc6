"""The training loop: forward, backward, update, and what is due at which step."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Self, cast

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel
from torch.utils.flop_counter import FlopCounterMode

from rankspec.trainer.finite import FiniteWatch
from rankspec.trainer.optimizers import ScheduledOptimizer
from rankspec.trainer.processes import Processes
from rankspec.trainer.program import Batch, Program
from rankspec.trainer.runtime import Runtime
from rankspec.trainer.training import Training
from rankspec.trainer.window import TrainWindow

# torch 2.13 names the option anew, while 2.11 knows the old name alone.
warnings.filterwarnings("ignore", message="`broadcast_buffers` is deprecated", category=FutureWarning)


@dataclass
class Learner:
    """What a step changes, and how it is done; several processes step together within its context alone.

    Attributes:
        program: what is trained; its model is on its device.
        optimizer: steps all parameters of the model.
        runtime: device and precision.
        processes: those that train together.
        accumulation: batches whose gradients make one step.
        clip_norm: largest norm of all gradients of a model together, or none for no limit.
        watch: looks for losses and gradients that are not finite.
        counted_flops: this process's floating point operations of a step, or none before the first.
    """

    program: Program[Any]
    optimizer: ScheduledOptimizer
    runtime: Runtime
    processes: Processes
    accumulation: int
    clip_norm: float | None

    def __post_init__(self) -> None:
        self.model = self.program.model
        self._parallel: nn.Module = self.model
        self.watch = FiniteWatch(self.program.loss_parts, self.runtime.device, skips=self.runtime.scaler.is_enabled())
        self.counted_flops: int | None = None

    def __enter__(self) -> Self:
        if self.processes.world_size > 1:
            # The model's batch norm shares its statistics itself, so every process holds the same buffers already.
            self._parallel = DistributedDataParallel(self.model, broadcast_buffers=False)
        return self

    def __exit__(self, *_error: object) -> None:
        parallel, self._parallel = self._parallel, self.model
        if isinstance(parallel, DistributedDataParallel):
            # Its C++ part owns the process group too. As the last owner it would wait for the group's threads with the
            # interpreter's lock in its hand, and for ever if one of them needs that. An error's traceback can keep
            # the module; so it is emptied.
            vars(parallel).clear()

    def step(self, step: int, batches: Iterator[Batch], window: TrainWindow) -> dict[str, float]:
        """Does one optimizer step.

        Args:
            step: number of the step, from 0.
            batches: yields the batches; `accumulation` of them are taken.
            window: takes the figures of the step.

        Returns:
            The learning rates of the step, by parameter group.
        """
        rates = self.optimizer.set_learning_rates(step)
        if self.counted_flops is None:
            with FlopCounterMode(display=False) as counter:
                self._backward(step, batches, window)
            self.counted_flops = counter.get_total_flops()
        else:
            self._backward(step, batches, window)
        self._update(step)
        return rates

    def _backward(self, step: int, batches: Iterator[Batch], window: TrainWindow) -> None:
        full = rows = 0
        for micro in range(self.accumulation):
            batch = next(batches).to(self.runtime.device, non_blocking=True)
            full = full or batch.global_rows
            rows += batch.global_rows
            self.program.set_position(step, micro)
            with self._synchronized(micro == self.accumulation - 1):
                share = self._forward(batch, window, batch.global_rows / full / self.accumulation)
                if micro == 0:
                    # Not after the step: gradients freed just before new ones are needed leave their memory to them,
                    # while the forward pass in between would give it back to the system, page by page.
                    self.optimizer.zero_grad()
                self.runtime.scaler.scale(share).backward()
        if rows < full * self.accumulation:
            # The last batch of the data is short, and its rows count as much as all others.
            for parameter in self.model.parameters():
                if parameter.grad is not None:
                    parameter.grad.mul_(full * self.accumulation / rows)

    def _update(self, step: int) -> None:
        # One optimizer to the scaler: where a gradient of any parameter overflows, none of them steps.
        scaler, optimizer = self.runtime.scaler, cast("torch.optim.Optimizer", self.optimizer)
        if self.clip_norm is not None or scaler.is_enabled():
            scaler.unscale_(optimizer)
        self.optimizer.add_penalties()
        self._watch_gradients()
        self.watch.end_step(step)
        if self.watch.is_alarmed:
            # The weights stay as they were: they tell what went wrong.
            return
        scaler.step(optimizer)
        scaler.update()

    def _watch_gradients(self) -> None:
        if self.clip_norm is not None:
            for model in self.program.models_alone():
                self.watch.add_norm(nn.utils.clip_grad_norm_(model.parameters(), self.clip_norm))
        elif self.runtime.device.type == "cuda" or self.runtime.scaler.is_enabled():
            gradients = [parameter.grad for parameter in self.model.parameters() if parameter.grad is not None]
            self.watch.add_norm(nn.utils.get_total_norm(gradients))
        # On a CPU it would take longer than the rest of the update, and the next step's losses tell: weights that are
        # not finite make them so too.

    def _forward(self, batch: Batch, window: TrainWindow, weight: float) -> Tensor:
        """Adds a batch to the window, and returns what its backward pass begins with; the batch's weight is in it."""
        with self.runtime.autocast():
            outputs = self._parallel(batch)
            loss, parts = self.program.loss(outputs, batch)
        with torch.no_grad():
            sums = self.program.sums(outputs, batch)
        window.add(parts.detach(), sums, batch.global_rows)
        self.watch.add_losses(parts.detach())
        # Gradients are averaged over the processes, while the shares of the batch's loss add up.
        share: Tensor = loss * (self.processes.world_size * weight)
        return share

    def _synchronized(self, synchronize: bool) -> AbstractContextManager[object]:
        """Exchanges gradients in the last backward pass of a step only."""
        if synchronize or not isinstance(self._parallel, DistributedDataParallel):
            return nullcontext()
        return self._parallel.no_sync()


@dataclass(frozen=True)
class Verdict:
    """What an evaluation says of the run: whether it is the best so far, and whether it pays to go on."""

    is_best: bool
    is_enough: bool


@dataclass(frozen=True)
class Duties:
    """What the loop calls when it is due, with the number of steps done; `check` before any other but `advance`."""

    log: Callable[[int, dict[str, float]], None]
    evaluate: Callable[[int], Verdict]
    save: Callable[[int], None]
    advance: Callable[[int], None]
    check: Callable[[], None]


class Ending(Enum):
    """Why the loop ended."""

    LAST_STEP = auto()
    NO_BETTER = auto()
    ASKED = auto()


def run_steps(
    learner: Learner,
    training: Training,
    duties: Duties,
    *,
    start: int,
    batches: Iterator[Batch],
    window: TrainWindow,
    asked: Callable[[], bool],
) -> tuple[int, Ending]:
    """Trains from step `start` to the last, until it does not pay to go on, or until a process is asked to end.

    Args:
        learner: what a step changes.
        training: how long, and what is due when.
        duties: what to call then.
        start: steps done before.
        batches: yields the batches from that step on.
        window: takes the figures of the steps.
        asked: says whether this process has been asked to end.

    Returns:
        Steps done in all, all of them in a checkpoint that was asked for, and why there are no more.
    """
    learner.model.train()
    done = start
    ending = None
    while ending is None:
        rates = learner.step(done, batches, window)
        done += 1
        duties.advance(done)
        if training.due(done, training.train_log_every_n) or training.due(done, training.eval_log_every_n):
            duties.check()
        if training.due(done, training.train_log_every_n):
            duties.log(done, rates)
        verdict = duties.evaluate(done) if training.due(done, training.eval_log_every_n) else _NOT_EVALUATED
        if done == training.num_train_steps:
            ending = Ending.LAST_STEP
        elif verdict.is_enough:
            ending = Ending.NO_BETTER
        elif learner.processes.any(asked() or learner.watch.is_alarmed):
            # Alarm ends the run in the check below.
            ending = Ending.ASKED
        if ending or verdict.is_best or training.due(done, training.checkpoint_every_n):
            duties.check()
            duties.save(done)
    return done, ending


_NOT_EVALUATED = Verdict(is_best=False, is_enough=False)
