"""The files of this machine."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path, PurePath
from typing import Any

import pyarrow as pa

from rankspec.trainer.data.listing import Listing, each_once, joined, shown
from rankspec.trainer.data.pattern import Pattern
from rankspec.trainer.data.storage.storage import FileStatus
from rankspec.trainer.data.walk import list_files


class LocalStorage:
    """Files and folders as the system has them, links followed."""

    is_remote = False

    def parse(self, text: str) -> Pattern:
        """Reads a pattern."""
        return Pattern.parse(text)

    def path(self, text: str) -> Path:
        """The path as it stands."""
        return Path(text)

    def address(self, path: PurePath) -> str:
        """The path itself."""
        return str(path)

    def list_files(self, pattern: Pattern) -> Listing:
        """The files of a pattern, links followed."""
        return list_files(pattern)

    def merged(self, listings: Iterable[Listing]) -> Listing:
        """The listings as one; a file that links give several names is there under the first."""
        return each_once(joined(listings))

    def exists(self, path: PurePath) -> bool:
        """Whether a path leads to something."""
        return Path(path).exists()

    def is_folder(self, path: PurePath) -> bool:
        """Whether a path leads to a folder."""
        return Path(path).is_dir()

    def names(self, folder: PurePath) -> list[str]:
        """The names in a folder."""
        try:
            return sorted(shown(path.name) for path in Path(folder).iterdir())
        except OSError:
            return []

    def status(self, path: PurePath) -> FileStatus:
        """Size, and what the system tells files and their states by."""
        return _status(Path(path).stat())

    @contextmanager
    def end(self, path: PurePath) -> Iterator[tuple[FileStatus, Callable[[int], bytes]]]:
        """Opens a file; status and bytes are of the same file even if another one is put in its place."""
        with Path(path).open("rb") as file:
            status = _status(os.fstat(file.fileno()))
            yield status, lambda length: os.pread(file.fileno(), length, status.size - length)

    def source(self, path: PurePath) -> Any:
        """Opens a file for Arrow."""
        # Not mapped into memory: there, a file that is cut off or a disk that fails ends the process without a word.
        return pa.OSFile(str(path))

    def stream(self, path: PurePath) -> BufferedReader:
        """Opens a file."""
        return Path(path).open("rb")


LOCAL = LocalStorage()


def _status(status: os.stat_result) -> FileStatus:
    return FileStatus(status.st_size, (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns))
