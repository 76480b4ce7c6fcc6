"""What the verbs that run a config share: loading it, refusing what cannot run, and saying what went wrong where."""

from __future__ import annotations

import os
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable
from typing import TYPE_CHECKING

from rankspec.checking.check import check
from rankspec.cli import statuses
from rankspec.cli.stopping import needing
from rankspec.cli.terminal import report
from rankspec.composition.compose import LoadedConfig
from rankspec.composition.overrides import OVERRIDE
from rankspec.diagnostics.diagnostic import ConfigError, Diagnostic, Position
from rankspec.diagnostics.field_error import FieldError
from rankspec.schema.field_paths import is_at_or_below

if TYPE_CHECKING:
    from argparse import _ActionsContainer

    from rankspec.trainer.setup import Job


def add_config_arguments(parser: ArgumentParser) -> None:
    """Describes the arguments that name a config."""
    parser.add_argument("files", nargs="+", metavar="FILE", help="the config; further files are laid over it")
    parser.add_argument(
        "--set", action="append", default=[], metavar="PATH=VALUE", dest="overrides", help="lay one value over it"
    )


def add_checkpoint_argument(parser: _ActionsContainer, purpose: str) -> None:
    """Describes the argument that names a checkpoint of the run; `purpose` says what for."""
    parser.add_argument(
        "--checkpoint", type=_checkpoint, metavar="best|newest|STEP", help=f"{purpose}: the best, the newest, or a step"
    )


def _checkpoint(text: str) -> str | int:
    """A checkpoint's name as `rankspec.trainer.chosen_checkpoint` takes it, read without waiting for torch."""
    if text in ("best", "newest"):
        return text
    if text.isascii() and text.isdecimal():
        return int(text)
    raise ArgumentTypeError(f"`{text}` names no checkpoint; write best, newest or a step")


# Of a bootstrap, where no number is given.
NUM_DRAWS = 200


def number_of_draws(text: str) -> int:
    """How often a bootstrap draws: a whole number that quantiles can be taken of."""
    if not text.isdecimal() or not 20 <= int(text) <= 100_000:
        raise ArgumentTypeError(f"{text} is no whole number from 20 to 100000")
    return int(text)


def run_config(arguments: Namespace, action: Callable[[Job], int], mode: str | None = None) -> int:
    """Loads the config that the arguments name and does something with it.

    Args:
        arguments: as `add_config_arguments` describes them.
        action: what to do with the config once it is known to be right; returns the exit status.
        mode: the mode that the action is; none if it is that of the config, whatever that is.

    Returns:
        The exit status: the action's, or that of what is wrong, after saying it.
    """
    loaded = check(arguments.files, overrides=arguments.overrides)
    report(loaded.diagnostics, loaded.sources)
    if not loaded.ok:
        return 1
    with needing("train"):
        # Only now: a config that is wrong is told so without waiting for torch.
        from rankspec.families.jobs import job_of, other_mode, refusals
        from rankspec.trainer.errors import TrainError
    if refused := refusals(loaded, mode):
        report(refused, loaded.sources)
        return 1
    report(other_mode(loaded, mode), loaded.sources)
    try:
        return action(job_of(loaded, mode))
    except ConfigError as error:
        report(error.diagnostics, loaded.sources)
        return statuses.WRONG
    except TrainError as error:
        if not error.is_shared or os.environ.get("RANK", "0") == "0":
            report([_at_its_place(error, loaded)], loaded.sources)
        return statuses.TRY_AGAIN if error.restart_helps else statuses.WRONG
    except FieldError as error:
        report([_at_its_place(error, loaded)], loaded.sources)
        return statuses.WRONG


def _at_its_place(error: FieldError, loaded: LoadedConfig) -> Diagnostic:
    """The error as a diagnostic at the field it names, or at the nearest field around it that the config sets."""
    from rankspec.trainer.memory import CODE

    place = loaded.origins.nearest(error.path) if error.path else None
    given = _overrides_below(error.path, loaded) if error.code == CODE else []
    position = given[0] if given else place[1] if place else None
    return error.diagnostic(position, tuple(given[1:]))


def _overrides_below(path: str, loaded: LoadedConfig) -> list[Position]:
    """The places of what `--set` gives below a field: what was changed last is likelier at fault than the file."""
    return [
        mark.name
        for below, mark in loaded.origins.marks.items()
        if mark.name.file.startswith(OVERRIDE) and is_at_or_below(below, path)
    ]
