"""Fills every default of the schema into a config, so that nothing of what will run is left unsaid.

What is filled in, in every message that is present:

- a singular scalar that the schema gives a default and that is not set, unless it is a member of a oneof;
- an empty list whose field has `default_items`;
- in the config itself, the blocks that stand for their defaults when they are absent.

Fields without a default stay unset: that they are unset is what they say. Resolving twice changes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from rankspec.annotations import default_item_literals
from rankspec.paths import descriptor_of, enum_of, fields_of, is_map, map_value

if TYPE_CHECKING:
    from google.protobuf.descriptor import FieldDescriptor
    from google.protobuf.message import Message

M = TypeVar("M", bound="Message")

# Every other absent message switches its feature off.
BLOCKS_OF_DEFAULTS = ("training", "runtime")


def resolve(config: M) -> M:
    """Returns a copy of a config with every default filled in.

    Args:
        config: A valid config; it is left as it is.
    """
    resolved = type(config)()
    resolved.CopyFrom(config)
    for name in BLOCKS_OF_DEFAULTS:
        if name in config.DESCRIPTOR.fields_by_name:
            getattr(resolved, name).SetInParent()
    _fill(resolved)
    return resolved


def _fill(message: Message) -> None:
    for field in fields_of(descriptor_of(message)):
        if field.is_repeated:
            _fill_repeated(message, field)
        elif field.message_type is not None:
            if message.HasField(field.name):
                _fill(getattr(message, field.name))
        elif field.has_default_value and field.containing_oneof is None and not message.HasField(field.name):
            setattr(message, field.name, field.default_value)


def _fill_repeated(message: Message, field: FieldDescriptor) -> None:
    values = getattr(message, field.name)
    if is_map(field):
        if map_value(field).message_type is not None:
            for key in values:
                _fill(values[key])
    elif field.message_type is not None:
        for item in values:
            _fill(item)
    elif not values:
        values.extend(default_items(field))


def default_items(field: FieldDescriptor) -> list[Any]:
    """Returns the items that an empty list stands for."""
    return [_item(field, literal) for literal in default_item_literals(field)]


def items_or_default(message: Message, name: str) -> list[Any]:
    """Returns the items of a list of scalars, or those that it stands for where it is empty."""
    field: Any = message.DESCRIPTOR.fields_by_name[name]
    return list(getattr(message, name)) or default_items(field)


def _item(field: FieldDescriptor, literal: str) -> Any:
    if field.type == field.TYPE_STRING:
        return literal
    if field.enum_type is not None:
        return enum_of(field).values_by_name[literal].number
    if field.type == field.TYPE_BOOL:
        return literal == "true"
    is_real = field.type in {field.TYPE_DOUBLE, field.TYPE_FLOAT}
    return float(literal) if is_real else int(literal)
