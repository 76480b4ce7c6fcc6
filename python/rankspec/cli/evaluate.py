"""Evaluate the checkpoints of a run on every validation set of its config, each once.

Follows a run that is still training until its last step. The figures go to evaluation.jsonl in the run's folder.

Example:
  rankspec evaluate configs/recap/tiny.textproto
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from rankspec.cli.running import add_config_arguments, run_config

if TYPE_CHECKING:
    from rankspec.trainer.setup import Job


def add_arguments(parser: ArgumentParser) -> None:
    """Describes the verb's arguments."""
    add_config_arguments(parser)


def run(arguments: Namespace) -> int:
    """Evaluates."""

    def action(job: Job) -> int:
        from rankspec.trainer.follow import evaluate

        evaluate(job)
        return 0

    return run_config(arguments, action)
