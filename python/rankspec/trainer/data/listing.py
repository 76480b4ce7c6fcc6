"""What a pattern names, and what is said of names that are left out."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import PurePath


@dataclass(frozen=True)
class Listing:
    """What a pattern names.

    Attributes:
        files: the files, in the order of their names, component by component and by code points.
        hidden: files left out because a name begins with `.` or `_`.
        repeated: names left out because they lead to a file that is there under an earlier name.
        folders: folders that the last component matches.
        problems: for everything else that matches, why it cannot be opened.
        prefix: what addresses of these paths have before them; nothing on this machine.
    """

    files: tuple[PurePath, ...]
    hidden: tuple[PurePath, ...] = ()
    repeated: tuple[PurePath, ...] = ()
    folders: tuple[PurePath, ...] = ()
    problems: tuple[str, ...] = ()
    prefix: str = ""

    @property
    def notes(self) -> list[str]:
        """A line for each kind of what is left out."""
        notes = []
        if self.hidden:
            notes.append(self._left_out(self.hidden, 'a name below the first wildcard begins with "." or "_"'))
        if self.repeated:
            notes.append(self._left_out(self.repeated, "the same file is read under another name"))
        return notes

    def _left_out(self, paths: tuple[PurePath, ...], reason: str) -> str:
        number = f"{len(paths)} files are" if len(paths) > 1 else "1 file is"
        more = ", …" if len(paths) > 1 else ""
        return f"{number} left out, since {reason}: {self.prefix}{shown(paths[0])}{more}"


def joined(listings: Iterable[Listing]) -> Listing:
    """Several listings of a storage as one, in their order."""
    every = list(listings)
    names = ("files", "hidden", "repeated", "folders", "problems")
    found = {name: tuple(item for one in every for item in getattr(one, name)) for name in names}
    return Listing(**found, prefix=every[0].prefix)


def each_once(listing: Listing) -> Listing:
    """The same without files that are there under an earlier name."""
    real: dict[str, PurePath] = {}
    repeated = [file for file in listing.files if real.setdefault(os.path.realpath(file), file) != file]
    return replace(listing, files=tuple(real.values()), repeated=(*listing.repeated, *repeated))


def shown(path: PurePath | str) -> str:
    """A path for people; bytes that are no UTF-8 come as escapes."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")
