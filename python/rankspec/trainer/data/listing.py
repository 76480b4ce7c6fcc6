"""What a pattern names, and what is said of names that are left out."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path


@dataclass(frozen=True)
class Listing:
    """What a pattern names.

    Attributes:
        files: the files, in the order of their names, component by component and by code points.
        hidden: files left out because a name begins with `.` or `_`.
        repeated: names left out because they lead to a file that is there under an earlier name.
        folders: folders that the last component matches.
        problems: for everything else that matches, why it cannot be opened.
    """

    files: tuple[Path, ...]
    hidden: tuple[Path, ...] = ()
    repeated: tuple[Path, ...] = ()
    folders: tuple[Path, ...] = ()
    problems: tuple[str, ...] = ()

    @property
    def notes(self) -> list[str]:
        """A line for each kind of what is left out."""
        notes = []
        if self.hidden:
            notes.append(_left_out(self.hidden, 'a name below the first wildcard begins with "." or "_"'))
        if self.repeated:
            notes.append(_left_out(self.repeated, "the same file is read under another name"))
        return notes


def merged(listings: Iterable[Listing]) -> Listing:
    """Several listings as one, in their order."""
    every = list(listings)
    names = Listing.__match_args__
    return each_once(Listing(*(tuple(item for one in every for item in getattr(one, name)) for name in names)))


def each_once(listing: Listing) -> Listing:
    """The same without files that are there under an earlier name."""
    real: dict[str, Path] = {}
    repeated = [file for file in listing.files if real.setdefault(os.path.realpath(file), file) != file]
    return replace(listing, files=tuple(real.values()), repeated=(*listing.repeated, *repeated))


def shown(path: Path) -> str:
    """A path for people; bytes that are no UTF-8 come as escapes."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _left_out(paths: tuple[Path, ...], reason: str) -> str:
    number = f"{len(paths)} files are" if len(paths) > 1 else "1 file is"
    return f"{number} left out, since {reason}: {shown(paths[0])}{', …' if len(paths) > 1 else ''}"
