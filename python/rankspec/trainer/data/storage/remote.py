"""Files that are reached through a file system of pyarrow: S3, Google Cloud Storage, HDFS.

There are no links here, and no file is told from another one of the same name but by its size and its time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import PurePath, PurePosixPath
from typing import Any

from pyarrow import fs

from rankspec.trainer.data.arrow_errors import UNREADABLE, reason
from rankspec.trainer.data.listing import Listing, joined
from rankspec.trainer.data.pattern import ANY_FOLDERS, Pattern, has_wildcard, is_hidden, takes_name
from rankspec.trainer.data.storage.storage import FileStatus

# What is asked for at once when a file is read as a whole.
_STREAM_BYTES = 8 << 20


@dataclass(frozen=True)
class RemoteStorage:
    """A file system of pyarrow.

    Attributes:
        files: the file system.
        prefix: what an address has before the file system's paths, such as `s3://`.
    """

    files: Any
    prefix: str
    is_remote: bool = True

    def parse(self, text: str) -> Pattern:
        """Reads a pattern; in its folders and components there is nothing of the prefix."""
        return Pattern.parse(text.removeprefix(self.prefix), text, PurePosixPath)

    def path(self, text: str) -> PurePosixPath:
        """The path without the prefix."""
        return PurePosixPath(text.removeprefix(self.prefix))

    def address(self, path: PurePath) -> str:
        """The path with the prefix."""
        return f"{self.prefix}{path}"

    def list_files(self, pattern: Pattern) -> Listing:
        """The files of a pattern, a request for every folder that it leads to."""
        walk = _Walk(self)
        walk.search(_Stop(PurePosixPath(pattern.folder), pattern.parts))
        return walk.listing()

    def merged(self, listings: Iterable[Listing]) -> Listing:
        """The listings as one."""
        return joined(listings)

    def exists(self, path: PurePath) -> bool:
        """Whether there is such a file or folder, as far as can be seen."""
        return self._info(path).type != fs.FileType.NotFound

    def is_folder(self, path: PurePath) -> bool:
        """Whether there is such a folder, as far as can be seen."""
        return self._info(path).type == fs.FileType.Directory

    def _info(self, path: PurePath) -> Any:
        try:
            return self.files.get_file_info(str(path))
        except UNREADABLE:
            return fs.FileInfo(str(path), fs.FileType.NotFound)

    def names(self, folder: PurePath) -> list[str]:
        """The names in a folder."""
        try:
            return sorted(info.base_name for info in self.entries(folder))
        except UNREADABLE:
            return []

    def entries(self, folder: PurePath) -> list[Any]:
        """What lies in a folder, as pyarrow describes it; nothing if there is no such folder."""
        selector = fs.FileSelector(str(folder), allow_not_found=True)
        return [info for info in self.files.get_file_info(selector) if info.base_name]

    def status(self, path: PurePath) -> FileStatus:
        """Size and time."""
        info = self.files.get_file_info(str(path))
        if not info.is_file:
            raise FileNotFoundError(f"there is no file {self.address(path)}")
        return FileStatus(info.size, (info.size, info.mtime_ns))

    @contextmanager
    def end(self, path: PurePath) -> Iterator[tuple[FileStatus, Callable[[int], bytes]]]:
        """Opens a file; if it is replaced meanwhile, the status is the older, so that the change is seen later."""
        status = self.status(path)
        with self.source(path) as file:
            yield status, lambda length: file.read_at(length, status.size - length)

    def source(self, path: PurePath) -> Any:
        """Opens a file for Arrow."""
        return self.files.open_input_file(str(path))

    def stream(self, path: PurePath) -> Any:
        """Opens a file; its bytes come as they are, whatever its name ends with."""
        return self.files.open_input_stream(str(path), compression=None, buffer_size=_STREAM_BYTES)


@dataclass(frozen=True)
class _Stop:
    """A folder to look into for the components of a pattern; what is found in a hidden one is only counted."""

    folder: PurePosixPath
    parts: tuple[str, ...]
    hidden: bool = False


@dataclass
class _Walk:
    """What has been found so far."""

    storage: RemoteStorage
    files: set[PurePosixPath] = field(default_factory=set)
    hidden: set[PurePosixPath] = field(default_factory=set)
    folders: set[PurePosixPath] = field(default_factory=set)
    problems: set[str] = field(default_factory=set)

    def search(self, start: _Stop) -> None:
        """Looks at a stop, and at all that it leads to."""
        pending, seen = ([start] if start.parts else []), set()
        while pending:
            stop = pending.pop()
            if stop not in seen:
                seen.add(stop)
                pending += self._look(stop)

    def listing(self) -> Listing:
        """What was found, in order."""
        return Listing(
            files=tuple(sorted(self.files)),
            hidden=tuple(sorted(self.hidden - self.files)),
            folders=tuple(sorted(self.folders)),
            problems=tuple(sorted(self.problems)),
            prefix=self.storage.prefix,
        )

    def _look(self, stop: _Stop) -> Iterator[_Stop]:
        """Takes what the last component finds in a folder, and gives the folders that any other one finds."""
        part, rest = stop.parts[0], stop.parts[1:]
        if part == ANY_FOLDERS:
            yield _Stop(stop.folder, rest, stop.hidden)
            rest = stop.parts
        for info in self._found(stop, part):
            path, hidden = stop.folder / info.base_name, stop.hidden or is_hidden(part, info.base_name)
            if rest and info.type == fs.FileType.Directory:
                yield _Stop(path, rest, hidden)
            elif not rest:
                self._take(path, info, hidden=hidden)

    def _found(self, stop: _Stop, part: str) -> list[Any]:
        """What a component takes in a folder, hidden names too."""
        try:
            if not has_wildcard(part):
                return [self.storage.files.get_file_info(str(stop.folder / part))]
            entries = self.storage.entries(stop.folder)
        except NotADirectoryError:
            return []
        except UNREADABLE as error:
            if not stop.hidden:
                self.problems.add(f"{self.storage.address(stop.folder)} cannot be listed: {reason(error)}")
            return []
        return [info for info in entries if part == ANY_FOLDERS or takes_name(part, info.base_name)]

    def _take(self, path: PurePosixPath, info: Any, *, hidden: bool) -> None:
        if info.type == fs.FileType.File:
            (self.hidden if hidden else self.files).add(path)
        elif info.type == fs.FileType.Directory and not hidden:
            self.folders.add(path)
        elif info.type == fs.FileType.Unknown and not hidden:
            self.problems.add(f"{self.storage.address(path)} is no regular file")
