"""Evaluate the checkpoints of a run on every validation set of its config, each once.

Follows a run that is still training until its last step, or evaluates the one checkpoint that --checkpoint names. The
figures go to evaluation.jsonl in the run's folder.

Example:
  rankspec evaluate configs/recap/tiny.textproto
  rankspec evaluate configs/recap/tiny.textproto --checkpoint newest
  rankspec evaluate configs/recap/tiny.textproto --no-wait --intervals --reliability
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from rankspec.cli.running import NUM_DRAWS, add_checkpoint_argument, add_config_arguments, number_of_draws, run_config

if TYPE_CHECKING:
    from argparse import _ActionsContainer

    from rankspec.trainer.setup import Job


def add_arguments(parser: ArgumentParser) -> None:
    """Describes the verb's arguments."""
    add_config_arguments(parser)
    add_checkpoint_argument(parser, "evaluate this checkpoint alone, without waiting")
    add_evaluation_arguments(parser)


def add_evaluation_arguments(parser: _ActionsContainer) -> None:
    """Describes the arguments that evaluation has."""
    parser.add_argument(
        "--no-wait", action="store_true", help="evaluate the checkpoints that there are, and wait for no further ones"
    )
    parser.add_argument(
        "--intervals",
        type=number_of_draws,
        nargs="?",
        const=NUM_DRAWS,
        metavar="N",
        help="show 95 %% intervals of the figures in the end, by the bootstrap of N draws; "
        f"{NUM_DRAWS} without a number",
    )
    parser.add_argument(
        "--reliability", action="store_true", help="show predicted probabilities beside shares of positives in the end"
    )


def run(arguments: Namespace) -> int:
    """Evaluates."""
    return run_config(arguments, lambda job: evaluate(job, arguments), mode="evaluate")


def evaluate(job: Job, arguments: Namespace) -> int:
    """Evaluates as the arguments say; returns the exit status."""
    from rankspec.trainer.details import Details
    from rankspec.trainer.follow import evaluate as evaluate_all
    from rankspec.trainer.follow import evaluate_one

    details = Details(arguments.intervals, arguments.reliability)

    if arguments.checkpoint is None:
        evaluate_all(job, wait=not arguments.no_wait, details=details)
    else:
        evaluate_one(job, arguments.checkpoint, details=details)
    return 0
