"""Addresses to listen on, and what listening asks for where other machines can reach it."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple

from rankspec.cli import statuses
from rankspec.cli.stopping import VerbError

_LARGEST_PORT = 65535


class Address(NamedTuple):
    """Where to listen; the host without brackets."""

    host: str
    port: int

    @property
    def is_of_this_machine(self) -> bool:
        """Whether only this machine can reach it."""
        if self.host == "localhost":
            return True
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return False

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def address(text: str) -> Address:
    """Reads HOST:PORT.

    Raises:
        ArgumentTypeError: it is none.
    """
    host, separator, port = text.rpartition(":")
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    if not separator or not bare or (":" in bare) != (bare != host) or not port.isascii() or not port.isdecimal():
        raise ArgumentTypeError(f"{text!r} is no HOST:PORT, such as 127.0.0.1:8815 or [::1]:8815")
    if int(port) > _LARGEST_PORT:
        raise ArgumentTypeError(f"there is no port {port}")
    return Address(bare, int(port))


def add_access_arguments(parser: ArgumentParser) -> None:
    """Describes the arguments for who may ask."""
    parser.add_argument("--tls-cert", type=Path, metavar="FILE", help="certificate chain, in PEM")
    parser.add_argument("--tls-key", type=Path, metavar="FILE", help="its key, in PEM")
    parser.add_argument("--token-file", type=Path, metavar="FILE", help="file of the token that clients have to show")


def require_access(verb: str, arguments: Namespace, listening: Mapping[str, Address]) -> None:
    """Makes sure that off this machine there are TLS and a token.

    Args:
        verb: What is run.
        arguments: As `add_access_arguments` describes them.
        listening: The addresses, by what their messages begin with.

    Raises:
        VerbError: Something is missing.
    """
    if (arguments.tls_cert is None) != (arguments.tls_key is None):
        text = "--tls-cert and --tls-key go together; give both or neither"
        raise VerbError(f"rankspec {verb}: error: {text}", statuses.USAGE)
    for of, where in listening.items():
        if not where.is_of_this_machine and not (arguments.tls_cert and arguments.token_file):
            raise VerbError(
                f"rankspec {verb}: error: {of}{where.host} can be reached from other machines, which takes --tls-cert, "
                "--tls-key and --token-file; give them, or listen on 127.0.0.1",
                statuses.USAGE,
            )
