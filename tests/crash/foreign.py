"""What is not the run's, and has to outlive every accident byte for byte."""

from __future__ import annotations

import random
from pathlib import Path


class Foreign:
    """Files of somebody else's, which are followed wherever they are moved."""

    def __init__(self) -> None:
        """Follows none yet."""
        self._content: dict[Path, bytes] = {}

    def write(self, path: Path, source: random.Random) -> None:
        """Makes a file of random bytes, and its folder; follows it from now on."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(source.randbytes(source.randrange(1, 2000)))
        self.follow(path)

    def follow(self, path: Path) -> None:
        """Follows a file, or all files of a folder, as they are now."""
        files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
        self._content |= {file: file.read_bytes() for file in files}

    def forget(self, path: Path) -> None:
        """Follows nothing at or below a path any more."""
        self._content = {file: content for file, content in self._content.items() if not _is_below(file, path)}

    def moved(self, before: Path, now: Path) -> None:
        """Takes that a file or folder was moved."""
        self._content = {
            now / file.relative_to(before) if _is_below(file, before) else file: content
            for file, content in self._content.items()
        }

    def below(self, folder: Path) -> list[Path]:
        """The files at or below a folder."""
        return [file for file in self._content if _is_below(file, folder)]

    def changed(self) -> list[Path]:
        """Files that are gone, or other than they were."""
        return [file for file, content in self._content.items() if not file.is_file() or file.read_bytes() != content]


def _is_below(file: Path, folder: Path) -> bool:
    return file == folder or folder in file.parents
