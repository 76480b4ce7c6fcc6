"""How long `rankspec evaluate` waits for a run, and what it says while it does."""

from __future__ import annotations

import time

from rankspec.trainer.checkpoints import Checkpoint
from rankspec.trainer.errors import TrainError
from rankspec.trainer.setup import Setup

_POLL_SECONDS = 2.0


class Waiting:
    """Waits for checkpoints of a run, and says what for.

    Attributes:
        waits: whether to wait at all.
    """

    def __init__(self, setup: Setup, *, wait: bool) -> None:
        """Begins the time that the config gives; without `wait` there is none."""
        self._training = setup.program.training
        self._processes = setup.processes
        self._say = setup.console.say
        self.waits = wait
        self._told: list[Checkpoint] | None = None
        self.restart()

    def restart(self) -> None:
        """Begins the time anew."""
        self._deadline = time.monotonic() + self._training.eval_timeout_in_s

    def pause(self, there: list[Checkpoint]) -> None:
        """Waits a moment.

        Args:
            there: the checkpoints that there are.

        Raises:
            TrainError: the time is over.
        """
        now = time.monotonic()
        if not self.waits and not there:
            raise TrainError(
                f"{self._training.folder} has no checkpoint to evaluate; train first, or wait for one without "
                "--no-wait",
                "training.save_dir",
            )
        if self._processes.broadcast(now > self._deadline):
            raise self._nothing_came(there)
        if there != self._told:
            self._told = there
            self._say(f"{self._state(there)}; waiting at most {self._training.eval_timeout_in_s:g} s for the next one")
        time.sleep(min(_POLL_SECONDS, max(self._deadline - now, 0.0)))

    def _state(self, there: list[Checkpoint]) -> str:
        folder = self._training.folder
        if not there:
            return f"{folder} has no checkpoint yet"
        return f"the last checkpoint of {folder} is at step {there[-1].step} of {self._training.num_train_steps}"

    def _nothing_came(self, there: list[Checkpoint]) -> TrainError:
        training = self._training
        waited = f"in {training.folder} for {training.eval_timeout_in_s:g} s"
        if not there:
            return TrainError(f"no checkpoint {waited}; train first", "training.eval_timeout_in_s")
        return TrainError(
            f"no further checkpoint {waited}, and the last one is at step {there[-1].step} of "
            f"{training.num_train_steps}; the same command goes on once there are more",
            "training.eval_timeout_in_s",
        )
