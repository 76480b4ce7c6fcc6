"""What is asked of a storage, and a file in one."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from io import BufferedReader
from pathlib import PurePath
from typing import Any, Protocol

from rankspec.trainer.data.listing import Listing
from rankspec.trainer.data.pattern import Pattern


@dataclass(frozen=True, slots=True)
class FileStatus:
    """What a storage says of a file.

    Attributes:
        size: bytes.
        version: differs if the file was written or replaced since, or touched or moved.
    """

    size: int
    version: tuple[int | None, ...]


class Storage(Protocol):
    """A storage; every method may be called by several threads.

    What fails of `status`, `end`, `source` and `stream` raises one of `arrow_errors.UNREADABLE`; the others tell it.
    """

    @property
    def is_remote(self) -> bool:
        """Whether a reading takes so long to begin that one large one beats many small ones."""

    def parse(self, text: str) -> Pattern:
        """A pattern as it stands in a config.

        Raises:
            DataError: it is none.
        """

    def path(self, text: str) -> PurePath:
        """A path as it stands in a config."""

    def address(self, path: PurePath) -> str:
        """A path as it would stand in a config."""

    def list_files(self, pattern: Pattern) -> Listing:
        """The files that a pattern names; what matches and cannot be opened is a problem."""

    def merged(self, listings: Iterable[Listing]) -> Listing:
        """Several listings as one, in their order, each file once."""

    def exists(self, path: PurePath) -> bool:
        """Whether there is a file or folder of a name."""

    def is_folder(self, path: PurePath) -> bool:
        """Whether there is a folder of a name."""

    def names(self, folder: PurePath) -> list[str]:
        """What lies in a folder, in order; nothing if that cannot be seen."""

    def status(self, path: PurePath) -> FileStatus:
        """What there is to know of a file without reading it."""

    def end(self, path: PurePath) -> AbstractContextManager[tuple[FileStatus, Callable[[int], bytes]]]:
        """Opens a file: gives its status, and a function that reads so many of its last bytes."""

    def source(self, path: PurePath) -> Any:
        """Opens a file for reading at any place, as a `pyarrow.NativeFile`."""

    def stream(self, path: PurePath) -> AbstractContextManager[BufferedReader]:
        """Opens a file for reading from its beginning to its end."""


class NamedFile(Protocol):
    """A file wherever it lies; as text, what people know it by."""

    @property
    def path(self) -> PurePath:
        """Its path, of which that below the data set's folder counts."""

    def sha256(self) -> bytes:
        """The hash of every byte."""


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file in a storage; as text, what a config would call it."""

    storage: Storage
    path: PurePath

    def __str__(self) -> str:
        return self.storage.address(self.path)

    def sha256(self) -> bytes:
        """The hash of every byte."""
        with self.storage.stream(self.path) as opened:
            return hashlib.file_digest(opened, "sha256").digest()
