"""String literals of the text format."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rankspec.diagnostics.mistake import MistakeError
from rankspec.formats.literals import shortened, wrong_type

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rankspec.formats.field_plans import FieldPlan
    from rankspec.formats.textproto.tokens import Token

_SIMPLE_ESCAPES = {
    "a": b"\a", "b": b"\b", "f": b"\f", "n": b"\n", "r": b"\r", "t": b"\t", "v": b"\v",
    "\\": b"\\", "'": b"'", '"': b'"',
}  # fmt: skip
_ESCAPE = re.compile(r"\\(?:([abfnrtv\\'\"])|([0-7]{1,3})|x([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|)")


def read_text(field: FieldPlan, tokens: Sequence[Token]) -> str | bytes:
    """Reads a string or bytes from one or more adjacent literals.

    Raises:
        MistakeError: There is something else, an escape that not all languages read, or no UTF-8.
    """
    first = tokens[0]
    if first.kind != "string":
        bare = first.text.strip("\"'")
        raise wrong_type(field, first.text, f'in quotes: `"{shortened(bare)}"`')
    parts = []
    for token in tokens:
        try:
            parts.append(_unescaped(token.text[1:-1]))
        except MistakeError as error:
            error.at += token.start + 1 - first.start
            raise
    data = b"".join(parts)
    if field.kind == "bytes":
        return data
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise MistakeError(
            "parse.not_portable.utf8",
            f"the bytes of `{field.name}` are not UTF-8, which a string has to be",
            "write the characters themselves",
        ) from None


def _unescaped(text: str) -> bytes:
    """Reads the inside of a string literal.

    Raises:
        MistakeError: It has an escape that not all languages read, or a raw NUL.
    """
    nul = text.find("\0")
    if nul >= 0:
        message = "a raw U+0000 in a string is not read alike by all languages"
        raise MistakeError("parse.not_portable.control_character", message, "write `\\000`", nul)
    data = bytearray()
    done = 0
    for escape in _ESCAPE.finditer(text):
        data += text[done : escape.start()].encode()
        data += _escaped_bytes(escape, text)
        done = escape.end()
    data += text[done:].encode()
    return bytes(data)


def _escaped_bytes(escape: re.Match[str], text: str) -> bytes:
    simple, octal, hexadecimal, short, long = escape.groups()
    if simple:
        return _SIMPLE_ESCAPES[simple]
    if octal and int(octal, 8) < 256:
        return bytes([int(octal, 8)])
    if hexadecimal:
        return bytes([int(hexadecimal, 16)])
    if short or long:
        code = int(short or long, 16)
        if code <= 0x10FFFF and not 0xD800 <= code <= 0xDFFF:
            return chr(code).encode()
        suggestion = "write the character itself"
    else:
        following = text[escape.end() : escape.end() + 1]
        suggestion = f"write `{following}`" if following == "?" else "for a backslash itself write `\\\\`"
        if octal:
            suggestion = "an octal escape goes up to `\\377`"
    written = text[escape.start() : max(escape.end(), escape.start() + 2)]
    message = f"the escape `{written}` is not read alike by all languages"
    raise MistakeError("parse.not_portable.escape", message, suggestion, escape.start())
