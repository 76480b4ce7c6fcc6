"""What a data service and its clients know each other by: a token, and the certificates behind TLS.

A config says none of it: configs are passed on, and the files lie elsewhere on every machine.
"""

from __future__ import annotations

import os
import re
import ssl
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


def read_certificate(chain: Path, key: Path) -> tuple[bytes, bytes]:
    """A server's certificate chain and its key, in PEM.

    Raises:
        DataError: a file cannot be read, is no PEM of its kind, or the key is not that of the certificate.
    """
    content = read_file(chain), read_file(key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        # Without a password the library would ask for one at the terminal.
        context.load_cert_chain(chain, key, password="")
    except (ssl.SSLError, ValueError) as error:
        raise DataError(_unusable(chain, key, content, error)) from error
    return content


def _unusable(chain: Path, key: Path, content: tuple[bytes, bytes], error: Exception) -> str:
    """Why a certificate and its key are of no use, and what to give; not a word of what the files hold."""
    if b"-----BEGIN CERTIFICATE-----" not in content[0]:
        return f"{chain} holds no certificate in PEM; give the server's, with those that it follows from behind it"
    if b"PRIVATE KEY-----" not in content[1]:
        return f"{key} holds no private key in PEM; give that of the certificate in {chain}"
    if b"ENCRYPTED" in content[1]:
        return f"the key in {key} is encrypted; give it without a password, in a file that you alone can read"
    if isinstance(error, ssl.SSLError) and error.reason == "KEY_VALUES_MISMATCH":
        return f"the key in {key} is not that of the certificate in {chain}; give the two that belong together"
    return f"the certificate in {chain} and the key in {key} cannot be used; one of them is damaged or of an odd kind"


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
