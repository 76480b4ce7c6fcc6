"""The end of a Parquet file, which says what the file holds; it is read once, and hashed as it is read."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from rankspec.signature import DataError

# What pyarrow raises of damaged files: names in them that are no UTF-8 give the ValueError.
UNREADABLE = (pa.ArrowException, OSError, ValueError, MemoryError)
_MAGIC = b"PAR1"
# The length of what is before it, in four bytes, and the magic number.
_TAIL_BYTES = 8
# What is read at once: nearly always all there is, so that a file costs one reading.
_GUESS_BYTES = 64 << 10


@dataclass(frozen=True, slots=True)
class Footer:
    """What a file's end says, and what tells the file from another.

    Attributes:
        metadata: the same as pyarrow has it.
        size: bytes of the file.
        digest: SHA-256 of the end, its length and the magic number included, in hexadecimal.
        status: what the system said of the file, which differs if it was written or replaced since.
    """

    metadata: pq.FileMetaData
    size: int
    digest: str
    status: tuple[int, ...]

    def change(self, path: Path) -> str | None:
        """What became of the file since its end was read, in words; none if it is the same, though touched or moved."""
        try:
            if _status(path.stat()) == self.status or read_footer(path).digest == self.digest:
                return None
        except (OSError, DataError):
            return f"{path}: the file is gone, or was cut off, since the run began; bring it back"
        return f"{path}: the file was replaced since the run began; bring the old one back, or begin anew"


def read_footer(path: Path) -> Footer:
    """Reads a file's end.

    Raises:
        DataError: it is no Parquet file, or a damaged one; the text names the file.
    """
    try:
        status, end = _read_end(path)
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {reason(error)}") from error
    try:
        # The bytes before the end are not asked for: a file that consists of its end alone gives the same metadata.
        metadata = pq.read_metadata(pa.BufferReader(_MAGIC + end))
    except UNREADABLE as error:
        raise DataError(f"{path}: cannot be read as Parquet: {reason(error)}") from error
    return Footer(metadata, status.st_size, hashlib.sha256(end).hexdigest(), _status(status))


def reason(error: BaseException) -> str:
    """What an error says, in one line and without what a damaged file brings along that cannot be printed."""
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return "".join(character if character.isprintable() else "?" for character in " ".join(text.split()))


def _status(status: os.stat_result) -> tuple[int, ...]:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def _read_end(path: Path) -> tuple[os.stat_result, bytes]:
    """What the system says of a file, and its end with length and magic number."""
    with path.open("rb") as file:
        status = os.fstat(file.fileno())
        size = status.st_size
        end = _last(file.fileno(), size, min(size, _GUESS_BYTES))
        if end[-len(_MAGIC) :] != _MAGIC:
            raise DataError(f"{path}: cannot be read as Parquet: it does not end as a Parquet file does")
        length = int.from_bytes(end[-_TAIL_BYTES : -len(_MAGIC)], "little") + _TAIL_BYTES
        if length + len(_MAGIC) > size:
            raise DataError(f"{path}: cannot be read as Parquet: it is shorter than its last bytes say")
        return status, end[-length:] if length <= len(end) else _last(file.fileno(), size, length)


def _last(descriptor: int, size: int, length: int) -> bytes:
    return os.pread(descriptor, length, size - length)
