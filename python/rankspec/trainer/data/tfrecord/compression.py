"""How a TFRecord file is compressed, and its bytes from any place on that was reached before."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from enum import Enum
from typing import Any

from isal import isal_zlib

from rankspec.datasets.tfrecord import HEAD, masked_crc
from rankspec.trainer.data.arrow_errors import UNREADABLE, reason
from rankspec.trainer.data_error import DataError

# What comes at once, and what is read for it of a compressed file: little, since zlib copies what it does not need yet.
_BLOCK_BYTES = 128 << 10
_COMPRESSED_BYTES = 32 << 10

# What tells how a file is compressed.
HEAD_BYTES = HEAD.size
_BAD_STREAM: tuple[type[Exception], Any] = (zlib.error, isal_zlib.error)


class Compression(Enum):
    """How a file is compressed; the value is what zlib calls its window bits."""

    NONE = 0
    ZLIB = 15
    GZIP = 31


def compression_of(head: bytes) -> Compression | None:
    """What the first twelve bytes of a TFRecord file say; none if they begin no such file.

    Those of a plain file hold a checksum, which is certain; what a length looks like is not.
    """
    if len(head) >= HEAD.size and masked_crc(head[:8]) == HEAD.unpack_from(head)[1]:
        return Compression.NONE
    if head[:3] == b"\x1f\x8b\x08":
        return Compression.GZIP
    # RFC 1950: method 8, a window of at most 32 KiB, a check of both bytes, no dictionary.
    is_zlib = len(head) > 1 and head[0] & 0x8F == 8 and int.from_bytes(head[:2]) % 31 == 0 and not head[1] & 0x20
    return Compression.ZLIB if is_zlib else None


@dataclass(frozen=True, slots=True)
class Position:
    """A place between two records.

    Attributes:
        offset: of the next byte to read of the file.
        inflater: what has inflated the bytes before; none in a plain file, and at the beginning.
        leftover: bytes behind the place that are inflated already.
    """

    offset: int = 0
    inflater: Any = None
    leftover: bytes = b""


START = Position()


def is_resumable(inflater: Any) -> bool:
    """Whether what inflates can be copied, so that two can go on from one place."""
    return hasattr(inflater, "copy")


class Blocks:
    """The bytes of an opened file, without its compression, from a position on.

    Args:
        opened: the file, as Arrow opens it.
        compression: how it is compressed.
        position: where to begin.
        resumable: whether the place that is reached can be gone back to later. zlib can do that; isal cannot, and takes
            half as long.
    """

    def __init__(self, opened: Any, compression: Compression, position: Position, *, resumable: bool) -> None:
        self._opened = opened
        self._compression = compression
        self._new = zlib.decompressobj if resumable else isal_zlib.decompressobj
        self._inflater = position.inflater
        self._pending = b""
        self._offset = position.offset
        opened.seek(position.offset)

    def read(self) -> bytes:
        """The next bytes, at most 128 KiB of them; none at the end.

        Raises:
            DataError: they cannot be read; the text says why, and not where.
        """
        try:
            return self._raw(_BLOCK_BYTES) if self._compression is Compression.NONE else self._inflated()
        except DataError:
            raise
        except _BAD_STREAM as error:
            raise DataError(f"cannot be inflated: {reason(error)}; the file is damaged") from error
        except UNREADABLE as error:
            raise DataError(f"cannot be read: {reason(error)}") from error

    def position(self, leftover: bytes) -> Position:
        """The place reached, `leftover` being what has been read of the bytes behind it.

        Where it cannot be gone back to, nothing may be read any more once it is handed out.
        """
        if self._compression is Compression.NONE:
            return Position(self._offset - len(leftover))
        inflater = self._inflater.copy() if is_resumable(self._inflater) else self._inflater
        return Position(self._offset - len(self._pending), inflater, leftover)

    def _raw(self, size: int) -> bytes:
        data: bytes = self._opened.read(size)
        self._offset += len(data)
        return data

    def _inflated(self) -> bytes:
        while self._has_more():
            compressed = self._pending or self._raw(_COMPRESSED_BYTES)
            data: bytes = self._inflater.decompress(compressed, _BLOCK_BYTES)
            self._pending = self._inflater.unused_data if self._inflater.eof else self._inflater.unconsumed_tail
            if data:
                return data
            if not compressed and not self._inflater.eof:
                raise DataError("ends within what is compressed; the file was cut off")
        return b""

    def _has_more(self) -> bool:
        """Whether the compressed stream at hand goes on, or another one follows, which only gzip allows."""
        if self._inflater is not None and not self._inflater.eof:
            return True
        rest = self._pending or self._raw(_COMPRESSED_BYTES)
        if self._inflater is not None and self._compression is Compression.ZLIB and rest:
            raise DataError("goes on behind the end of what is compressed; the file is damaged")
        # Zeros behind a member of gzip are padding, as gzip itself takes them.
        while self._inflater is not None and rest and not (unpadded := rest.lstrip(b"\0")):
            rest = self._raw(_COMPRESSED_BYTES)
        self._pending = rest if self._inflater is None or not rest else unpadded
        if rest:
            self._inflater = self._new(wbits=self._compression.value)
        return bool(rest)
