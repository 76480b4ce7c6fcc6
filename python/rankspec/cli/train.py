"""Train as a config says.

The run's folder, training.save_dir, receives checkpoints, figures and the config as it was resolved and applied. The
same command again goes on from the newest checkpoint. `torchrun -m rankspec train ...` trains with many processes.

Example:
  rankspec train configs/recap/tiny.textproto
  rankspec train ranker.textproto overlay.textproto --set training.num_train_steps=100
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from rankspec.cli import statuses
from rankspec.cli.running import add_config_arguments, run_config

if TYPE_CHECKING:
    from argparse import _ActionsContainer

    from rankspec.trainer.setup import Job


def add_arguments(parser: ArgumentParser) -> None:
    """Describes the verb's arguments."""
    add_config_arguments(parser)
    add_training_arguments(parser)


def add_training_arguments(parser: _ActionsContainer) -> None:
    """Describes the arguments that training has."""
    parser.add_argument(
        "--restart",
        action="store_true",
        help="begin anew; what the folder holds of earlier runs is moved to set-aside-<n> inside it",
    )
    parser.add_argument(
        "--force", action="store_true", help="resume even where config or data have changed in what must not change"
    )


def run(arguments: Namespace) -> int:
    """Trains; 130 or 143 if the run was asked to end before it was done."""
    return run_config(arguments, lambda job: train(job, arguments), mode="train")


def train(job: Job, arguments: Namespace) -> int:
    """Trains as the arguments say; returns the exit status."""
    from rankspec.trainer.asking import AskedToEnd, asked_to_end
    from rankspec.trainer.run import train as train_job

    with asked_to_end() as asked:
        try:
            done = train_job(job, force=arguments.force, restart=arguments.restart, asked=asked)
        except AskedToEnd as early:
            sys.stderr.write("asked to end before the first step; there is nothing to save\n")
            return statuses.after_signal(early.number)
    return statuses.FINE if done else statuses.after_signal(asked.number)
