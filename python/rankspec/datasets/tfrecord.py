"""TFRecord files: framed records with checksums, plain or compressed.

A record is its length (8 bytes), the checksum of those bytes (4), the content, and the content's checksum (4), all of
them little-endian. Checksums are CRC-32C, rotated and shifted by a constant so that a checksum of data that hold
checksums is worth something (tensorflow/core/lib/io/record_writer.h, "masked").
"""

from __future__ import annotations

import gzip
import struct
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from crc32c import crc32c
from numpy.typing import NDArray

from rankspec.datasets.tf_example import Feature, Int64List, OpaqueExample, float_header

SUFFIX = ".tfrecord.gz"

# Rows that are read as a whole: a TFRecord file has no row groups of its own, so every so many records are one.
ROW_GROUP_ROWS = 1000
HEAD = struct.Struct("<QI")
_MASK = 0xA282EAD8
# Of gzip: what TensorFlow writes by default.
_LEVEL = 6


def masked_crc(data: bytes | memoryview) -> int:
    """The checksum of some bytes as records have it."""
    crc = crc32c(data)
    return ((crc >> 15 | crc << 17) + _MASK) & 0xFFFFFFFF


def framed(content: bytes) -> bytes:
    """A record."""
    length = struct.pack("<Q", len(content))
    return b"".join((length, struct.pack("<I", masked_crc(length)), content, struct.pack("<I", masked_crc(content))))


def examples(columns: Mapping[str, NDArray[Any]]) -> Iterator[bytes]:
    """Rows as tf.Example messages, with their features in the order of their names.

    Args:
        columns: float32 or int64, `[rows, length]` by name.
    """
    encoded = {name: _encoder(values) for name, values in columns.items()}
    for row in range(len(next(iter(columns.values())))):
        example = OpaqueExample()
        for name, encode in encoded.items():
            example.features.feature[name] = encode(row)
        yield example.SerializeToString(deterministic=True)


def _encoder(values: NDArray[Any]) -> Callable[[int], bytes]:
    if values.dtype == np.float32:
        header, floats = float_header(values.shape[1]), values.astype("<f4", copy=False)
        return lambda row: header + floats[row].tobytes()
    rows = values.tolist()
    return lambda row: Feature(int64_list=Int64List(value=rows[row])).SerializeToString()


@contextmanager
def tfrecord_writer(file: Path) -> Iterator[Callable[[Mapping[str, NDArray[Any]]], None]]:
    """Gives a function that writes columns, `[rows, length]` by name; `file` is gzip, and there once it is whole."""
    with (
        written_beside(file) as partial,
        partial.open("wb") as raw,
        # Without name and time: the same rows are the same bytes.
        gzip.GzipFile("", "wb", _LEVEL, raw, mtime=0) as compressed,
    ):
        yield lambda columns: compressed.writelines(framed(content) for content in examples(columns))


@contextmanager
def written_beside(file: Path) -> Iterator[Path]:
    """Gives a name beside a file's to write to; it becomes the file at the end, or is deleted after an error."""
    partial = file.with_name(f".{file.name}.partial")
    try:
        yield partial
        partial.replace(file)
    finally:
        partial.unlink(missing_ok=True)
