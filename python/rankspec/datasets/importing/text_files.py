"""Text files as bytes: compressed or not, in any encoding, and where in them a mistake stands."""

from __future__ import annotations

import codecs
import io
from pathlib import Path
from typing import IO, cast

import pyarrow as pa

from rankspec.datasets.importing.errors import TableError

# What compressed files begin with, and what pyarrow calls it.
_COMPRESSIONS = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd", b"BZh": "bz2"}
_BYTE_ORDER_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
UTF_8 = ("utf-8", "utf-8-sig")


def open_bytes(path: Path) -> pa.NativeFile:
    """Opens a file to read, unpacked where it is compressed.

    Raises:
        TableError: it cannot be opened.
    """
    try:
        with path.open("rb") as file:
            start = file.read(4)
        for magic, compression in _COMPRESSIONS.items():
            if start.startswith(magic):
                return pa.CompressedInputStream(pa.OSFile(str(path)), compression)
        return pa.OSFile(str(path))
    except OSError as error:
        raise TableError(f"cannot read {path}: {error.strerror or error}") from error


def encoding_of(path: Path, given: str | None) -> str:
    """The encoding of a text file: as given, or by its byte order mark, or UTF-8.

    Raises:
        TableError: there is no such encoding, or the file cannot be read.
    """
    if given is not None:
        try:
            return codecs.lookup(given).name
        except LookupError as error:
            raise TableError(f'no encoding is called "{given}"; give one such as latin-1 or cp1252') from error
    start = first_bytes(path, 4)
    for mark, encoding in _BYTE_ORDER_MARKS.items():
        if start.startswith(mark):
            return encoding
    return "utf-8"


def first_bytes(path: Path, size: int) -> bytes:
    """The first bytes of a file, unpacked.

    Raises:
        TableError: it cannot be read.
    """
    with open_bytes(path) as stream:
        try:
            return cast("bytes", stream.read(size))
        except OSError as error:
            raise damaged(path, error) from error


def open_text(path: Path, encoding: str) -> IO[str]:
    """Opens a file as text, line ends as they are."""
    buffered = io.BufferedReader(cast("io.RawIOBase", open_bytes(path)))
    return io.TextIOWrapper(buffered, encoding=encoding, newline="")


def damaged(path: Path, error: Exception) -> TableError:
    """What to say of a file whose bytes cannot be had."""
    return TableError(f"{path} is damaged: {error}; fetch or write it again")


def first_undecodable_line(path: Path, encoding: str) -> int | None:
    """The first line, from 1, that is not of an encoding; none if all are."""
    decoder = codecs.getincrementaldecoder(encoding)()
    line = 1
    with open_bytes(path) as stream:
        while block := cast("bytes", stream.read(1 << 20)):
            for piece in block.splitlines(keepends=True):
                try:
                    decoder.decode(piece)
                except UnicodeDecodeError:
                    return line
                line += piece.endswith(b"\n")
    return None


def not_of_encoding(path: Path, encoding: str) -> TableError:
    """What to say of a file that is not of the encoding that it was read in."""
    line = first_undecodable_line(path, encoding)
    place = f"{path}:{line}" if line else str(path)
    return TableError(f"{place}: not {encoding}; name the file's encoding, such as --encoding latin-1 or cp1252")
