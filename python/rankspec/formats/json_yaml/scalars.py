"""Scalars of Protobuf's JSON form, as JSON and YAML write them."""

from __future__ import annotations

import re
from math import isfinite, isnan
from typing import TYPE_CHECKING

from rankspec.diagnostics.mistake import MistakeError
from rankspec.formats.field_plans import INTEGER_RANGES, FieldPlan
from rankspec.formats.field_suggestions import field_words
from rankspec.formats.literals import shortened, wrong_type
from rankspec.formats.textproto.scalars import (
    in_range,
    known_enum_number,
    out_of_range,
    read_integer,
    read_real,
    unknown_enum_value,
)

if TYPE_CHECKING:
    from rankspec.formats.json_yaml.tree import Node

_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]*)\Z")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?\Z")
_NOT_FINITE = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}
_YAML_NOT_FINITE = re.compile(r"([+-]?)\.(?:(nan)|inf)\Z", re.IGNORECASE)
# Further away, a number with a point or an exponent may stand for several whole ones.
_LARGEST_EXACT = 2**53
_LARGEST_FLOAT = 3.4028234663852886e38
_TRUE_WORDS = frozenset({"true", "yes", "on", "y", "t", "1"})
_FALSE_WORDS = frozenset({"false", "no", "off", "n", "f", "0"})


def read_json_scalar(field: FieldPlan, node: Node) -> object:
    """Reads a scalar field's value.

    Returns:
        The value as Python's protobuf takes it.

    Raises:
        MistakeError: The field cannot take it, or not in this spelling.
    """
    if node.kind in {"object", "array"}:
        what = "an object" if node.kind == "object" else "a list"
        raise MistakeError("parse.wrong_type", f"`{field.name}` takes {field_words(field)}, not {what}")
    if node.kind == "null":
        raise MistakeError("parse.wrong_type", f"null is no element of `{field.name}`", "remove it")
    if field.kind in INTEGER_RANGES:
        return _read_integer(field, node)
    if field.kind in {"float", "double"}:
        return _read_real(field, node)
    match field.kind:
        case "bool":
            return _read_bool(field, node)
        case "enum":
            return _read_enum(field, node)
        case "bytes":
            return _read_bytes(field, node)
        case _:
            return _read_string(field, node)


def _read_integer(field: FieldPlan, node: Node) -> int:
    text = node.text
    if _INTEGER.match(text):
        return read_integer(field, text)
    if node.kind == "bool" or not _looks_like_number(text):
        raise wrong_type(field, text)
    number = float(text) if node.kind == "number" and _NUMBER.match(text) else 0.5
    if number.is_integer() and abs(number) < _LARGEST_EXACT:
        return in_range(field, int(number), text)
    # The text format has hexadecimal numbers, JSON has not.
    raise _not_portable(text, str(read_integer(field, text)))


def _read_real(field: FieldPlan, node: Node) -> float:
    text = node.text
    if node.kind == "string" and text in _NOT_FINITE:
        return _NOT_FINITE[text]
    special = _YAML_NOT_FINITE.match(text) if node.kind == "number" else None
    if special is not None:
        return float("nan") if special[2] else float(f"{special[1]}inf")
    if node.kind == "bool" or (node.kind == "string" and not _looks_like_number(text)):
        raise wrong_type(field, text)
    if not _NUMBER.match(text):
        return _refuse_real(field, text)
    number = float(text)
    if abs(number) > (_LARGEST_FLOAT if field.kind == "float" else 1.7976931348623157e308):
        message = f"{shortened(text)} is too large for `{field.name}` ({field.kind})"
        raise MistakeError("parse.out_of_range", message)
    if number == 0 and text.startswith("-"):
        # Python's parser of this form drops the sign of `-0` and keeps that of `-0.0`.
        raise _not_portable(text, "0")
    return number


def _refuse_real(field: FieldPlan, text: str) -> float:
    """Refuses a number that the text format may have, but JSON has not, with the spelling that both have."""
    number = read_real(field, text)
    if not isfinite(number):
        name = "NaN" if isnan(number) else ("Infinity" if number > 0 else "-Infinity")
        raise _not_portable(text, f'"{name}"')
    raise _not_portable(text, repr(number))


def _looks_like_number(text: str) -> bool:
    return text[:1].isdigit() or text[:1] in {"+", "-", "."} or text.lower() in {"nan", "inf", "infinity"}


def _not_portable(text: str, plain: str) -> MistakeError:
    message = f"`{shortened(text)}` is not read alike by all languages"
    return MistakeError("parse.not_portable.number", message, f"write `{plain}`")


def _read_bool(field: FieldPlan, node: Node) -> bool:
    text = node.text
    if node.kind == "bool" and text in {"true", "false"}:
        return text == "true"
    lowered = text.lower()
    plain = "true" if lowered in _TRUE_WORDS else "false" if lowered in _FALSE_WORDS else None
    suggestion = f"write `{plain}`" if plain else None
    if node.kind == "bool":
        message = f"`{text}` is not read as {plain} by all parsers"
        raise MistakeError("parse.not_portable.bool", message, suggestion)
    raise wrong_type(field, text, suggestion)


def _read_enum(field: FieldPlan, node: Node) -> int:
    text = node.text
    if node.kind == "string" and text in field.enum_numbers:
        return field.enum_numbers[text]
    if node.kind == "number" and _INTEGER.match(text):
        if len(text) > 20:
            raise out_of_range(field, text, negative=text.startswith("-"))
        return known_enum_number(field, in_range(field, int(text), text))
    if node.kind == "string" and not text[:1].isdigit():
        raise unknown_enum_value(field, text)
    raise wrong_type(field, text, "write the value's name in quotes")


def _read_string(field: FieldPlan, node: Node) -> str:
    if node.kind != "string":
        raise wrong_type(field, node.text, f'in quotes: `"{shortened(node.text)}"`')
    return node.text


def _read_bytes(field: FieldPlan, node: Node) -> bytes:
    from base64 import b64decode

    text = _read_string(field, node)
    try:
        return b64decode(text.encode("ascii"), validate=True)
    except ValueError:
        message = f"`{field.name}` takes bytes in base64, padded with `=`"
        raise MistakeError("parse.wrong_type", message) from None


def read_map_key(key: FieldPlan, name: str) -> object:
    """Reads a map's key from a member's name.

    Raises:
        MistakeError: The map has keys of another type.
    """
    if key.kind == "string":
        return name
    if key.kind == "bool":
        if name in {"true", "false"}:
            return name == "true"
        raise MistakeError("parse.wrong_type", f"`{shortened(name)}` is no key of this map", "keys are true and false")
    if not _INTEGER.match(name):
        message = f"`{shortened(name)}` is no key of this map"
        raise MistakeError("parse.wrong_type", message, "keys are whole numbers in decimal")
    return read_integer(key, name)
