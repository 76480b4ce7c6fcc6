"""The end of a Parquet file, which says what the file holds; it is read once, and hashed as it is read."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq

from rankspec.trainer.data.arrow_errors import UNREADABLE, reason
from rankspec.trainer.data.storage.storage import FileStatus, StoredFile
from rankspec.trainer.data_error import DamagedFileError, DataError

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
        digest: SHA-256 of the end, its length and the magic number included, in hexadecimal.
        status: what the storage said of the file.
    """

    metadata: pq.FileMetaData
    digest: str
    status: FileStatus

    def change(self, file: StoredFile) -> str | None:
        """What became of the file since its end was read, in words; none if it is the same, though touched or moved."""
        try:
            if file.storage.status(file.path) == self.status or read_footer(file).digest == self.digest:
                return None
        except (FileNotFoundError, NotADirectoryError, DataError):
            return f"{file}: the file is gone, or was cut off, since the run began; bring it back"
        except UNREADABLE as error:
            return f"{file}: cannot be read any more: {reason(error)}"
        return f"{file}: the file was replaced since the run began; bring the old one back, or begin anew"


def read_footer(file: StoredFile) -> Footer:
    """Reads a file's end.

    Raises:
        DataError: it is no Parquet file, or a damaged one; the text names the file.
    """
    try:
        status, end = _read_end(file)
    except DataError:
        raise
    except UNREADABLE as error:
        raise DataError(f"{file}: cannot be read: {reason(error)}") from error
    try:
        # The bytes before the end are not asked for: a file that consists of its end alone gives the same metadata.
        metadata = pq.read_metadata(pa.BufferReader(_MAGIC + end))
    except UNREADABLE as error:
        raise DamagedFileError(f"{file}: cannot be read as Parquet: {reason(error)}") from error
    return Footer(metadata, hashlib.sha256(end).hexdigest(), status)


def _read_end(file: StoredFile) -> tuple[FileStatus, bytes]:
    """What the storage says of a file, and its end with length and magic number."""
    with file.storage.end(file.path) as (status, last):
        end = last(min(status.size, _GUESS_BYTES))
        if end[-len(_MAGIC) :] != _MAGIC:
            raise DamagedFileError(f"{file}: cannot be read as Parquet: it does not end as a Parquet file does")
        length = int.from_bytes(end[-_TAIL_BYTES : -len(_MAGIC)], "little") + _TAIL_BYTES
        if length + len(_MAGIC) > status.size:
            raise DamagedFileError(f"{file}: cannot be read as Parquet: it is shorter than its last bytes say")
        return status, end[-length:] if length <= len(end) else last(length)
