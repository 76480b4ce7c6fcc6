"""TFRecord files: framed records with checksums, plain or compressed.

A record is its length (8 bytes), the checksum of those bytes (4), the content, and the content's checksum (4), all of
them little-endian. Checksums are CRC-32C, rotated and shifted by a constant so that a checksum of data that hold
checksums is worth something (tensorflow/core/lib/io/record_writer.h, "masked").
"""

from __future__ import annotations

import struct
from crc32c import crc32c

# Rows that are read as a whole: a TFRecord file has no row groups of its own, so every so many records are one.
ROW_GROUP_ROWS = 1000
HEAD = struct.Struct("<QI")
_MASK = 0xA282EAD8


def masked_crc(data: bytes | memoryview) -> int:
    """The checksum of some bytes as records have it."""
    crc = crc32c(data)
    return ((crc >> 15 | crc << 17) + _MASK) & 0xFFFFFFFF


def framed(content: bytes) -> bytes:
    """A record."""
    length = struct.pack("<Q", len(content))
    return b"".join((length, struct.pack("<I", masked_crc(length)), content, struct.pack("<I", masked_crc(content))))
