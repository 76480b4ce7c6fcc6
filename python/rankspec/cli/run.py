"""Do what a config says: train or evaluate, by its field `mode`.

One command for a scheduler: what it does is in the config. `torchrun -m rankspec run ...` does it with many processes.

Example:
  rankspec run configs/recap/tiny.textproto
  rankspec run configs/recap/tiny.textproto --set mode=JOB_MODE_EVALUATE
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from rankspec.cli import statuses
from rankspec.cli.evaluate import add_evaluation_arguments, evaluate
from rankspec.cli.running import add_checkpoint_argument, add_config_arguments, run_config
from rankspec.cli.train import add_training_arguments, train

if TYPE_CHECKING:
    from rankspec.trainer.setup import Job

_ACTIONS = {"train": train, "evaluate": evaluate}
_OPTIONS = {"train": ("restart", "force"), "evaluate": ("no_wait", "checkpoint")}


def add_arguments(parser: ArgumentParser) -> None:
    """Describes the verb's arguments."""
    add_config_arguments(parser)
    add_training_arguments(parser.add_argument_group("where the config says to train"))
    evaluation = parser.add_argument_group("where the config says to evaluate")
    add_checkpoint_argument(evaluation, "evaluate this checkpoint alone, without waiting")
    add_evaluation_arguments(evaluation)


def run(arguments: Namespace) -> int:
    """Trains or evaluates."""

    def action(job: Job) -> int:
        if odd := _option_of_another_mode(arguments, job.mode):
            sys.stderr.write(f"rankspec run: error: the config says to {job.mode}, and {odd} is for another mode\n")
            return statuses.USAGE
        return _ACTIONS[job.mode](job, arguments)

    return run_config(arguments, action)


def _option_of_another_mode(arguments: Namespace, mode: str) -> str | None:
    names = (name for other, of_mode in _OPTIONS.items() if other != mode for name in of_mode)
    return next(
        (f"--{name.replace('_', '-')}" for name in names if getattr(arguments, name) not in (None, False)), None
    )
