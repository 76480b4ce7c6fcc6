"""Do what a config says: train, evaluate or predict, by its field `mode`.

One command for a scheduler: what it does is in the config. `torchrun -m rankspec run ...` does it with many processes.

Example:
  rankspec run configs/recap/tiny.textproto
  rankspec run configs/recap/tiny.textproto --set mode=JOB_MODE_EVALUATE
  rankspec run configs/recap/tiny.textproto --set mode=JOB_MODE_INFERENCE -o scores.parquet
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from rankspec.cli import predict as prediction
from rankspec.cli import statuses
from rankspec.cli.evaluate import add_evaluation_arguments, evaluate
from rankspec.cli.running import add_checkpoint_argument, add_config_arguments, run_config
from rankspec.cli.stopping import VerbError
from rankspec.cli.train import add_training_arguments, train

if TYPE_CHECKING:
    from rankspec.trainer.setup import Job

_ACTIONS = {"train": train, "evaluate": evaluate, "predict": prediction.predict}
_OPTIONS = {
    "train": ("restart", "force"),
    "evaluate": ("checkpoint", "no_wait", "intervals", "reliability"),
    "predict": ("checkpoint", *prediction.OPTIONS),
}


def add_arguments(parser: ArgumentParser) -> None:
    """Describes the verb's arguments."""
    add_config_arguments(parser)
    add_training_arguments(parser.add_argument_group("where the config says to train"))
    either = parser.add_argument_group("where it says to evaluate or to predict")
    add_checkpoint_argument(either, "evaluate this checkpoint alone, or predict by it")
    add_evaluation_arguments(parser.add_argument_group("where it says to evaluate"))
    prediction.add_prediction_arguments(parser.add_argument_group("where it says to predict"))


def run(arguments: Namespace) -> int:
    """Trains, evaluates or predicts."""

    def action(job: Job) -> int:
        odd = _option_of_another_mode(arguments, job.mode)
        if odd is None and job.mode == "predict":
            odd = prediction.wrong_usage(arguments)
        if odd:
            raise VerbError(f"rankspec run: error: the config says to {job.mode}, and {odd}", statuses.USAGE)
        return _ACTIONS[job.mode](job, arguments)

    return run_config(arguments, action)


def _option_of_another_mode(arguments: Namespace, mode: str) -> str | None:
    names = {name for of_mode in _OPTIONS.values() for name in of_mode} - set(_OPTIONS[mode])
    given = sorted(name for name in names if getattr(arguments, name) not in (None, False))
    return f"--{given[0].replace('_', '-')} is for another mode" if given else None
