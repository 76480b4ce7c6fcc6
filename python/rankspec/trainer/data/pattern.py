"""Patterns that name input files: what a pattern consists of, and which names it takes.

`*`, `?` and `[…]` stand for characters of one name, `**` for any number of folders. A name that begins with `.` or `_`
is hidden, as Spark, Hive and pyarrow have it: no wildcard takes it, but a component that begins with the same
character does. The folders before the first wildcard are taken as they are written.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import translate
from functools import lru_cache
from pathlib import Path, PurePath
from typing import Self

from rankspec.trainer.data_error import DataError

ANY_FOLDERS = "**"
# What is read of a folder.
PARQUET = "*.parquet"
# And where it has no such files; no name is of two of them.
TFRECORD = ("*.tfrecord", "*.gz", "*.gzip", "*.zlib")
_WILDCARDS = "*?["
_HIDDEN = (".", "_")


@dataclass(frozen=True)
class Pattern:
    """A pattern.

    Attributes:
        text: as it was written.
        folder: the folders before the first wildcard, or before the name of the file if there is none.
        parts: what comes below the folder, component by component.
    """

    text: str
    folder: PurePath
    parts: tuple[str, ...]

    @classmethod
    def parse(cls, name: str, text: str | None = None, path_type: type[PurePath] = Path) -> Self:
        """Reads a pattern.

        Args:
            name: the pattern, as its storage has it.
            text: the same as it was written; None if there is no difference.
            path_type: what the storage's paths are.

        Raises:
            DataError: it is none.
        """
        text = name if text is None else text
        if "\0" in text:
            raise DataError("a name cannot contain the character U+0000; remove it")
        parts = path_type(name).parts
        if any(ANY_FOLDERS in part and part != ANY_FOLDERS for part in parts):
            raise DataError(f'"{text}": ** stands for folders and has to be a whole component, as in data/**/*.parquet')
        if parts[-1:] == (ANY_FOLDERS,):
            raise DataError(f'"{text}" ends in **, which stands for folders; write "{text}/*.parquet"')
        first = next((index for index, part in enumerate(parts) if has_wildcard(part)), len(parts) - 1)
        return cls(text, path_type(*parts[: max(first, 0)]), parts[max(first, 0) :])

    def takes(self, path: Path) -> bool:
        """Whether a pattern of this machine's files matches a path, there or not; both are resolved first."""
        folder = Path(self.folder).resolve()
        return path.is_relative_to(folder) and _takes(self.parts, path.relative_to(folder).parts)


def has_wildcard(part: str) -> bool:
    """Whether a component stands for more than one name."""
    return any(character in part for character in _WILDCARDS)


def takes_name(part: str, name: str) -> bool:
    """Whether a component that is not `**` matches a name, hidden or not."""
    return _compiled(part).match(name) is not None if has_wildcard(part) else part == name


def is_hidden(part: str, name: str) -> bool:
    """Whether a component leaves a name out that it would match, because of how the name begins."""
    return has_wildcard(part) and name.startswith(_HIDDEN) and not part.startswith(name[0])


def _takes(parts: Sequence[str], names: Sequence[str]) -> bool:
    if not parts or not names:
        return not parts and not names
    if parts[0] == ANY_FOLDERS:
        return _takes(parts[1:], names) or (not is_hidden(ANY_FOLDERS, names[0]) and _takes(parts, names[1:]))
    here = takes_name(parts[0], names[0]) and not is_hidden(parts[0], names[0])
    return here and _takes(parts[1:], names[1:])


@lru_cache(maxsize=256)
def _compiled(part: str) -> re.Pattern[str]:
    return re.compile(translate(part))
