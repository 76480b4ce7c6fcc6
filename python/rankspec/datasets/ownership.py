"""Folders that data sets are written to: nothing that somebody else put there is written over."""

import os
from collections.abc import Iterable
from pathlib import Path

# Its files were written by `rankspec data` or `rankspec demo`, which may write them again.
MARKER = ".rankspec-data"


class ForeignFilesError(ValueError):
    """A file that was not made here lies where one would go."""


def claim(folder: Path, names: Iterable[str]) -> None:
    """Makes a folder for files of these names, and marks it.

    Raises:
        ForeignFilesError: one of them is there, in a folder without the mark.
    """
    there = [name for name in names if os.path.lexists(folder / name)]
    if there and not (folder / MARKER).is_file():
        raise ForeignFilesError(
            f"{folder / there[0]} is there and was not made by rankspec (the folder has no {MARKER}); name another "
            "folder, or move it away"
        )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARKER).write_text("Made by `rankspec data`, which writes its files over when it is run again.\n")
