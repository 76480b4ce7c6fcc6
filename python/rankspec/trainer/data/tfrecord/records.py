"""The records of a TFRecord file, one after the other, with their checksums checked."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator
from typing import Any, Protocol

from rankspec.datasets.tfrecord import HEAD, masked_crc
from rankspec.trainer.data_error import DataError

# No example is larger; a length beyond this is one that something went wrong with, though its checksum may be right.
_MOST_BYTES = 256 << 20
_CRC_BYTES = 4
_CRC = struct.Struct("<I")


class ByteSource(Protocol):
    """Where bytes come from, some at a time."""

    def read(self) -> bytes:
        """The next bytes; none at the end."""


class Records:
    """The records of a source of bytes.

    Args:
        source: the bytes.
        leftover: those that come before the source's.
        number: number of the first record in its file, for errors.

    Attributes:
        number: number of the next record.
        digest: SHA-256 of the lengths and checksums of all records taken so far.
    """

    def __init__(self, source: ByteSource, leftover: bytes = b"", number: int = 0) -> None:
        self._source = source
        self._data, self._at = leftover, 0
        # Of most files, records have few lengths: the checksum of each is checked once.
        self._lengths: dict[bytes, int] = {}
        self.number = number
        self.digest: Any = hashlib.sha256()

    @property
    def leftover(self) -> bytes:
        """Bytes that were read of the source and belong to no record taken so far."""
        return self._data[self._at :]

    def take(self, most: int) -> Iterator[memoryview]:
        """The contents of the next records, `most` of them or as many as there are.

        Raises:
            DataError: a record is cut off, or does not match its checksums; the text names it, and not the file.
        """
        for _ in range(most):
            if not self._reach(HEAD.size) and not self.leftover:
                return
            yield self._content()
            self.number += 1

    def _content(self) -> memoryview:
        head = self._data[self._at : self._at + HEAD.size]
        length = self._lengths.get(head) or self._length(head)
        if not self._reach(HEAD.size + length + _CRC_BYTES):
            raise DataError(f"record {self.number}: the file ends within it; it was cut off")
        start = self._at + HEAD.size
        end = start + length
        content = memoryview(self._data)[start:end]
        crc = self._data[end : end + _CRC_BYTES]
        if masked_crc(content) != _CRC.unpack(crc)[0]:
            raise DataError(f"record {self.number}: its content does not match its checksum; the file is damaged")
        self.digest.update(head + crc)
        self._at = end + _CRC_BYTES
        return content

    def _length(self, head: bytes) -> int:
        if len(head) < HEAD.size:
            raise DataError(f"record {self.number}: the file ends within it; it was cut off")
        length, crc = HEAD.unpack(head)
        if masked_crc(head[:-_CRC_BYTES]) != crc:
            raise DataError(f"record {self.number}: its length does not match its checksum; the file is damaged")
        if length > _MOST_BYTES:
            raise DataError(f"record {self.number}: says that it has {length} bytes; {_MOST_BYTES} are the most")
        if len(self._lengths) < 4096:
            self._lengths[head] = length
        return int(length)

    def _reach(self, size: int) -> bool:
        """Reads until there are so many bytes of the next record, and says whether there are."""
        there = len(self._data) - self._at
        if there >= size:
            return True
        # Joined once, however many readings a record takes.
        parts = [self.leftover]
        while there < size and (more := self._next()):
            parts.append(more)
            there += len(more)
        self._data, self._at = b"".join(parts), 0
        return there >= size

    def _next(self) -> bytes:
        try:
            return self._source.read()
        except DataError as error:
            raise DataError(f"record {self.number}: {error.message}") from error
