"""`best` in a run's folder: a link to the best checkpoint, for people and for commands that take a folder's name.

The checkpoints themselves say which is the best (see `best_checkpoint`); the link says the same. It is relative, so
that it holds in a copy, and where what a run wrote is set aside.
"""

import os
import re
from collections.abc import Callable
from pathlib import Path

BEST_LINK = "best"
_STEP = re.compile("0|[1-9][0-9]{0,18}")


class BestLink:
    """Keeps the link up to date; where it cannot, that is told once and ends nothing."""

    def __init__(self, folder: Path, say: Callable[[str], None]) -> None:
        """Changes nothing yet.

        Args:
            folder: the run's.
            say: takes a line if the link cannot be made.
        """
        self._path = folder / BEST_LINK
        self._say = say
        self._has_told = False

    def point_to(self, step: int | None) -> None:
        """Has the link lead to the checkpoint of a step; removes it without one, or where that is not there."""
        if step is not None and not (self._path.parent / str(step)).is_dir():
            step = None
        try:
            if os.path.lexists(self._path) and not is_best_link(self._path):
                self._tell("it is there already, and no run made it")
            elif step is None:
                self._path.unlink(missing_ok=True)
            else:
                self._replace(str(step))
        except OSError as error:
            self._tell(error.strerror or str(error))

    def _replace(self, target: str) -> None:
        # A hidden name that is always the same: what a killed process left is written over.
        beside = self._path.with_name(f".{BEST_LINK}-link")
        beside.unlink(missing_ok=True)
        beside.symlink_to(target)
        beside.replace(self._path)

    def _tell(self, reason: str) -> None:
        if not self._has_told:
            self._has_told = True
            self._say(f"{self._path} does not lead to the best checkpoint: {reason}")


def is_best_link(path: Path) -> bool:
    """Whether a path is a link as runs make it: to a name that a checkpoint could have, beside it."""
    return path.is_symlink() and _STEP.fullmatch(str(path.readlink())) is not None
