"""Removes what a run wrote, and nothing else; what cannot be removed stays, and is told once."""

import os
import re
import shutil
from collections.abc import Callable
from itertools import chain, count
from pathlib import Path

from rankspec.trainer.checkpoints import CONFIG_FILE, MANIFEST_FILE, STATE_FILE, in_words

# What a checkpoint consists of, whole or half-written: torch's index and shards, and our own files.
_OWN_NAMES = re.compile(
    rf"(__\d+)?\.metadata(\.tmp)?|__\d+_\d+\.distcp(\.tmp)?|{re.escape(STATE_FILE)}|{re.escape(CONFIG_FILE)}"
    rf"|{re.escape(MANIFEST_FILE)}"
)


class Remover:
    """Removes folders of checkpoints; remembers what it could not remove, so as to say so once."""

    def __init__(self, say: Callable[[str], None]) -> None:
        """Has removed nothing yet.

        Args:
            say: takes a line for each folder that has to stay.
        """
        self._say = say
        self._told: set[Path] = set()

    def may_remove(self, folder: Path) -> bool:
        """Whether a folder is the run's own, with nothing in it that a run does not write; says so if not."""
        if folder in self._told:
            return False
        if folder.is_symlink():
            return self._stays(folder, "it is a link")
        strange = strangers_in(folder)
        return not strange or self._stays(folder, f"{strange[0]} in it was not written by a run")

    def remove(self, folder: Path) -> None:
        """Removes a folder that `may_remove` allowed; says so if the system does not let it."""
        try:
            shutil.rmtree(folder)
        except OSError as error:
            self._stays(folder, in_words(error))

    def failed(self, folder: Path, error: OSError) -> None:
        """Says once that a folder stays because of what the system answered."""
        self._stays(folder, in_words(error))

    def _stays(self, folder: Path, reason: str) -> bool:
        if folder not in self._told:
            self._told.add(folder)
            self._say(f"{folder} is not deleted: {reason}; delete it yourself if you do not need it")
        return False


def strangers_in(folder: Path) -> list[str]:
    """Names in a folder that no checkpoint has, sorted; of files only, as a checkpoint has no folders in it."""
    return sorted(
        entry.name
        for entry in folder.iterdir()
        if not _OWN_NAMES.fullmatch(entry.name) or (entry.is_dir() and not entry.is_symlink())
    )


def free_place(folder: Path, name: str) -> Path:
    """A place for something of this name where nothing is yet: `<name>`, or `<name>.2` and so on."""
    names = chain([name], (f"{name}.{number}" for number in count(2)))
    return next(folder / free for free in names if not os.path.lexists(folder / free))
