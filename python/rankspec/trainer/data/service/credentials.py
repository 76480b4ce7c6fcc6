"""What a data service and its clients know each other by: a token, and the certificates behind TLS.

A config says none of it: configs are passed on, and the files lie elsewhere on every machine.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from rankspec.trainer.data_error import DataError

TOKEN_FILE, CA_FILE = "RANKSPEC_DATA_TOKEN_FILE", "RANKSPEC_DATA_CA_FILE"

_TOKEN = re.compile(rb"[!-~]{16,512}")
_MOST_BYTES = 1 << 20

_Read = TypeVar("_Read", str, bytes)


@dataclass(frozen=True)
class Credentials:
    """What a client has to show, and to check servers by.

    Attributes:
        token: what it shows; none if it has none.
        authorities: certificates in PEM that a server's has to follow from; none takes the system's.
    """

    token: str | None = field(default=None, repr=False)
    authorities: bytes | None = field(default=None, repr=False)


def credentials(path: str, environment: Mapping[str, str] = os.environ) -> Credentials:
    """What the environment names.

    Args:
        path: the field of the spec that asks for a data service, for errors.
        environment: its variables.

    Raises:
        DataError: a file that it names cannot be read, or holds no token.
    """
    return Credentials(
        _named_by(TOKEN_FILE, environment, read_token, path), _named_by(CA_FILE, environment, read_file, path)
    )


def _named_by(variable: str, environment: Mapping[str, str], read: Callable[[Path], _Read], path: str) -> _Read | None:
    """What the file holds that a variable names, if it names one."""
    if not (file := environment.get(variable)):
        return None
    try:
        return read(Path(file))
    except DataError as error:
        raise DataError(f"{variable}: {error.message}", path) from error


def read_token(file: Path) -> str:
    """The token in the first line of a file.

    Raises:
        DataError: the file cannot be read, or its first line is no token.
    """
    line = read_file(file).split(b"\n", 1)[0].strip()
    if not _TOKEN.fullmatch(line):
        # Not a word of it: it may be anything.
        raise DataError(
            f"the first line of {file} is no token; write 16 to 512 letters, digits or signs there, without blanks"
        )
    return line.decode()


def read_file(file: Path) -> bytes:
    """What a small file holds.

    Raises:
        DataError: it cannot be read, or is larger than such files are.
    """
    try:
        if file.exists() and not file.is_file():
            raise DataError(f"{file} cannot be read: it is no plain file")
        with file.open("rb") as opened:
            content = opened.read(_MOST_BYTES + 1)
    except OSError as error:
        raise DataError(f"{file} cannot be read: {error.strerror or error}") from error
    if len(content) > _MOST_BYTES:
        raise DataError(f"{file} is larger than {_MOST_BYTES} bytes, so it is none of such files")
    return content
