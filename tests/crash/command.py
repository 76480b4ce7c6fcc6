"""Runs of the command line in processes that need not wait for torch, and that may be hindered or killed."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import torch

# Never named here, but what a run imports: the processes find it there, as they begin as forks of one that has it.
import torch._inductor
import torch.utils.tensorboard
from tests.integration.trainer.runs import Plan

import rankspec.cli.train
import rankspec.families.jobs
import rankspec.trainer.run  # noqa: F401
from rankspec import cli

# A run of some steps that has not ended by then never will.
_PATIENCE_SECONDS = 120.0


@dataclass(frozen=True)
class Ended:
    """A command that has ended.

    Attributes:
        status: its exit status; a signal that ended it counts as a negative number.
        output: all that it wrote to its standard streams.
        pid: the number of its process.
    """

    status: int
    output: str
    pid: int


class Command:
    """A `rankspec` command under way."""

    def __init__(self, arguments: Sequence[str], environment: Mapping[str, str], log: Path, plan: Plan) -> None:
        """Starts it.

        Args:
            arguments: what follows the program's name.
            environment: variables that the process gets besides those of this one.
            log: receives what it writes.
            plan: what hinders it.
        """
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["tests.crash.command"])
        self._log = log
        log.unlink(missing_ok=True)
        self._process: ForkServerProcess = context.Process(
            target=_run_in_process, args=(list(arguments), dict(environment), str(log), plan)
        )
        self._process.start()
        while self._process.is_alive() and not log.exists():
            time.sleep(0.001)
        self.begin = time.monotonic()

    @property
    def is_alive(self) -> bool:
        """Whether it has not ended yet."""
        return self._process.is_alive()

    def send(self, number: signal.Signals) -> None:
        """Sends a signal, if there still is somebody to send it to."""
        if self._process.is_alive() and self._process.pid is not None:
            os.kill(self._process.pid, number)

    def end(self) -> Ended:
        """Waits for its end.

        Raises:
            AssertionError: if it does not come.
        """
        self._process.join(_PATIENCE_SECONDS)
        output = self._log.read_text(errors="replace")
        if self._process.exitcode is None:
            self._process.kill()
            raise AssertionError(f"the command did not end within {_PATIENCE_SECONDS:g} s\n{output}")
        assert self._process.pid is not None, "it was started"
        return Ended(self._process.exitcode, output, self._process.pid)


def _run_in_process(arguments: list[str], environment: dict[str, str], log: str, plan: Plan) -> None:
    os.environ.update(environment)
    # As a shell starts a command; the server of the forks has its own ways with signals.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    torch.set_num_threads(1)
    # Last: from now on the process can be sent signals, and answers as a command does.
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(output, 1)
    os.dup2(output, 2)
    if plan.function is not None:
        plan.function(*plan.arguments)
    sys.exit(cli.main(arguments))
