"""Addresses to listen on."""

from __future__ import annotations

from argparse import ArgumentTypeError
from ipaddress import ip_address
from typing import NamedTuple

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
