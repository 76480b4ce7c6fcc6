"""Finds the files of this machine that a pattern names; there is no other way in which they are found.

Links to files and folders are followed, but not one that leads back to a folder above it. What matches and cannot be
opened is a problem and not left out, and a file that two names lead to is read once.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from stat import S_ISDIR, S_ISLNK, S_ISREG

from rankspec.trainer.data.listing import Listing, each_once, shown
from rankspec.trainer.data.pattern import ANY_FOLDERS, Pattern, has_wildcard, is_hidden, takes_name

_Inode = tuple[int, int]


def list_files(pattern: Pattern) -> Listing:
    """The files that a pattern names."""
    walk = _Walk()
    folder = Path(pattern.folder)
    status = walk.status(folder) if _is_there(folder) else None
    if pattern.parts and status and S_ISDIR(status.st_mode):
        walk.search(_Stop(folder, (status.st_dev, status.st_ino), pattern.parts))
    return walk.listing()


@dataclass(frozen=True)
class _Stop:
    """A folder to look into.

    Attributes:
        folder: its path.
        inode: what tells it from others, whatever path leads to it.
        parts: the components of the pattern to look for in it and below.
        above: the folders that led to it.
        hidden: whether what is found is only counted.
    """

    folder: Path
    inode: _Inode
    parts: tuple[str, ...]
    above: frozenset[_Inode] = frozenset()
    hidden: bool = False


@dataclass
class _Walk:
    """What has been found so far."""

    files: dict[Path, None] = field(default_factory=dict)
    hidden: dict[Path, None] = field(default_factory=dict)
    folders: dict[Path, None] = field(default_factory=dict)
    problems: dict[str, None] = field(default_factory=dict)
    follows_links: bool = False
    seen: set[tuple[Path, int, bool]] = field(default_factory=set)

    def search(self, start: _Stop) -> None:
        """Looks at a stop, and at all that it leads to; folders may be nested more deeply than calls."""
        pending = [start]
        while pending:
            stop = pending.pop()
            state = (stop.folder, len(stop.parts), stop.hidden)
            if stop.inode not in stop.above and state not in self.seen:
                self.seen.add(state)
                pending += self._look(stop)

    def _look(self, stop: _Stop) -> Iterator[_Stop]:
        """Takes what the last component finds in a folder, and gives the folders that any other one finds."""
        part, rest = stop.parts[0], stop.parts[1:]
        if part == ANY_FOLDERS:
            yield replace(stop, parts=rest)
            rest = stop.parts
        for name in self._names(stop.folder, part, hidden=stop.hidden):
            path, hidden = stop.folder / name, stop.hidden or is_hidden(part, name)
            found = self.status(path, hidden=hidden)
            if found and rest and S_ISDIR(found.st_mode):
                yield _Stop(path, (found.st_dev, found.st_ino), rest, stop.above | {stop.inode}, hidden)
            elif found and not rest:
                self._take(path, found, hidden=hidden)

    def listing(self) -> Listing:
        """What was found, in order."""
        found = Listing(
            files=tuple(sorted(self.files)),
            hidden=tuple(sorted(self.hidden.keys() - self.files.keys())),
            folders=tuple(sorted(self.folders)),
            problems=tuple(sorted(self.problems)),
        )
        return each_once(found) if self.follows_links else found

    def status(self, path: Path, *, hidden: bool = False) -> os.stat_result | None:
        """What the system says of a path, behind all links; what cannot be opened is a problem."""
        try:
            return path.stat()
        except OSError as error:
            self._report(path, error, hidden=hidden)
            return None

    def _names(self, folder: Path, part: str, *, hidden: bool) -> list[str]:
        """The names in a folder that a component takes, hidden ones too."""
        try:
            if not has_wildcard(part):
                self.follows_links |= S_ISLNK((folder / part).lstat().st_mode)
                return [part]
            with os.scandir(folder) as entries:
                found = [entry for entry in entries if _may_take(part, entry)]
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            self._report(folder, error, hidden=hidden)
            return []
        self.follows_links |= any(entry.is_symlink() for entry in found)
        return sorted(entry.name for entry in found)

    def _take(self, path: Path, status: os.stat_result, *, hidden: bool) -> None:
        if hidden:
            self.hidden |= {path: None} if S_ISREG(status.st_mode) else {}
        elif S_ISDIR(status.st_mode):
            self.folders[path] = None
        elif not S_ISREG(status.st_mode):
            self.problems[f"{shown(path)} is no regular file"] = None
        elif shown(path) != str(path):
            self.problems[f"{shown(path)}: its name is not UTF-8; rename the file or its folder"] = None
        else:
            self.files[path] = None

    def _report(self, path: Path, error: OSError, *, hidden: bool) -> None:
        if hidden:
            return
        reason = f"cannot be opened: {error.strerror}"
        if isinstance(error, FileNotFoundError) and (link := _broken_link(path)):
            path, reason = link, f"is a broken link{_target(link)}"
        self.problems[f"{shown(path)} {reason}"] = None


def _is_there(folder: Path) -> bool:
    """Whether a folder exists, or is lost behind a broken link or a closed door, which is no absence."""
    try:
        folder.stat()
    except (FileNotFoundError, NotADirectoryError):
        return _broken_link(folder) is not None
    except OSError:
        return True
    return True


def _broken_link(path: Path) -> Path | None:
    """The broken link that a path ends at or leads through, if there is one."""
    for one in (path, *path.parents):
        # Not `Path.is_symlink`, which raises where a folder cannot be entered.
        if os.path.islink(one) and not os.path.exists(one):  # noqa: PTH110, PTH114
            return one
    return None


def _target(link: Path) -> str:
    try:
        return f": there is no {shown(link.readlink())}"
    except OSError:
        return ""  # Removed by now; or one of the system's own, which cannot be read.


def _may_take(part: str, entry: os.DirEntry[str]) -> bool:
    """Whether a component takes an entry of a folder, hidden or not; `**` takes folders, and links that may be some."""
    return not entry.is_file(follow_symlinks=False) if part == ANY_FOLDERS else takes_name(part, entry.name)
