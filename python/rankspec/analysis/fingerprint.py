"""Identifies what a config says, however it is written: by hashes over a canonical form.

The form is defined in `docs/fingerprint.md`, so that other languages can compute it. It does not depend on
the order of map entries, comments, the spelling of numbers, or on whether a default is written out.
"""

from __future__ import annotations

import hashlib
import math
import struct
from typing import TYPE_CHECKING, Any, NamedTuple

from rankspec.schema.annotations import is_semantic
from rankspec.schema.defaults import condense
from rankspec.schema.descriptors import single
from rankspec.schema.leaves import Leaf, leaves

if TYPE_CHECKING:
    from google.protobuf.descriptor import FieldDescriptor
    from google.protobuf.message import Message

FORM = "rankspec-fingerprint-2"
_PLAIN = frozenset(range(0x20, 0x7F)) - {ord('"'), ord("\\")}


class Fingerprint(NamedTuple):
    """The identity of a config, as hexadecimal SHA-256.

    Attributes:
        semantic: Of everything that takes part in what the trained model computes.
        full: Of everything.
    """

    semantic: str
    full: str


def fingerprint(config: Message) -> Fingerprint:
    """Computes the fingerprint of a config.

    Args:
        config: A valid config; defaults need not be filled in.
    """
    return Fingerprint(
        *(hashlib.sha256(canonical_form(config, semantic=semantic)).hexdigest() for semantic in (True, False))
    )


def canonical_form(config: Message, *, semantic: bool) -> bytes:
    """Writes a config in the form that is hashed.

    Args:
        config: A valid config; whether defaults are filled in makes no difference.
        semantic: Leaves out what does not take part in what the trained model computes.
    """
    condensed = condense(config)
    lines = sorted(
        f"{_path(leaf)}={_value(leaf)}"
        for leaf in leaves(condensed)
        if not semantic or is_semantic_path(leaf.path.fields)
    )
    return "".join(f"{line}\n" for line in [FORM, config.DESCRIPTOR.full_name, *lines]).encode("ascii")


def is_semantic_path(fields: tuple[FieldDescriptor, ...]) -> bool:
    """Tells whether a path takes part in what the trained model computes: every field along it has to."""
    return all(is_semantic(field) for field in fields)


def _path(leaf: Leaf) -> str:
    """The path with every key in the form's own spelling of strings."""
    return ".".join(step.name if step.key is None else f"{step.name}[{_key(step.key)}]" for step in leaf.path.steps)


def _key(key: str | int | bool) -> str:
    if isinstance(key, bool):
        return "true" if key else "false"
    return str(key) if isinstance(key, int) else _text(key.encode())


def _value(leaf: Leaf) -> str:
    if leaf.is_message:
        return "{}"
    field, value = single(leaf.field), leaf.value
    if field.type in {field.TYPE_DOUBLE, field.TYPE_FLOAT}:
        return _real(value)
    if field.type == field.TYPE_BOOL:
        return "true" if value else "false"
    if field.type == field.TYPE_STRING:
        return _text(value.encode())
    return _text(value) if field.type == field.TYPE_BYTES else str(value)


def _real(value: float) -> str:
    """The bits of a number, big end first; both zeros are one, and so are all NaNs."""
    if math.isnan(value):
        return "7ff8000000000000"
    return struct.pack(">d", value or 0.0).hex()


def _text(data: Any) -> str:
    return '"' + "".join(chr(byte) if byte in _PLAIN else f"\\x{byte:02x}" for byte in data) + '"'
