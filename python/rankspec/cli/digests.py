"""Digests on the command line."""

from __future__ import annotations

import re
from argparse import ArgumentTypeError


def digest(text: str) -> str:
    """A SHA-256 in hexadecimal, in lower case."""
    if not re.fullmatch("[0-9a-fA-F]{64}", text):
        raise ArgumentTypeError(
            f"{text!r} is no SHA-256; give its 64 hexadecimal digits, as `rankspec bundle show` prints"
        )
    return text.lower()
