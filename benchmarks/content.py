"""The shipped production config, and what it says written out in other forms."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rankspec.checking.check import load
from rankspec.formats.writing import to_textproto
from rankspec.schema.descriptors import enum_of, is_map, map_value
from rankspec.schema.leaves import in_schema_order

if TYPE_CHECKING:
    from google.protobuf.descriptor import FieldDescriptor
    from google.protobuf.message import Message

CONFIG = Path(__file__).parents[1] / "configs" / "recap" / "local_prod.textproto"


@cache
def expanded() -> Message:
    """Loads the config: variables are replaced and shorthands spelled out, defaults are not filled in."""
    message: Message = load(CONFIG).message
    return message


@cache
def expanded_text() -> str:
    """Writes what is loaded in the text format: what a parser without variables and shorthands would be given."""
    return to_textproto(expanded())


def plain(message: Message) -> dict[str, Any]:
    """Returns a message as dicts, lists and scalars, numbers being numbers whatever their size."""
    return {field.name: _plain_field(field, value) for field, value in in_schema_order(message)}


def _plain_field(field: FieldDescriptor, value: Any) -> Any:
    if is_map(field):
        return {key: _plain_value(map_value(field), value[key]) for key in sorted(value)}
    if field.is_repeated:
        return [_plain_value(field, item) for item in value]
    return _plain_value(field, value)


def _plain_value(field: FieldDescriptor, value: Any) -> Any:
    if field.message_type is not None:
        return plain(value)
    return enum_of(field).values_by_number[value].name if field.enum_type is not None else value
