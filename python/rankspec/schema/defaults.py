"""Fills every default of the schema into a config, so that nothing of what will run is left unsaid.

What is filled in, in every message that is present:

- a singular scalar that the schema gives a default and that is not set, unless it is a member of a oneof;
- an empty list whose field has `default_items`;
- in the config itself, the blocks that stand for their defaults when they are absent.

Fields without a default stay unset: that they are unset is what they say. Resolving twice changes nothing.
`condense` is the way back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from rankspec.schema.annotations import default_item_literals
from rankspec.schema.descriptors import descriptor_of, enum_of, fields_of, is_message
from rankspec.schema.leaves import messages

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
    resolved = _with_blocks(config)
    for _, message in messages(resolved):
        for field in fields_of(descriptor_of(message)):
            if field.is_repeated:
                if (found := default_items(field)) and not getattr(message, field.name):
                    getattr(message, field.name).extend(found)
            elif _has_default(field) and not message.HasField(field.name):
                setattr(message, field.name, field.default_value)
    return resolved


def _with_blocks(config: M) -> M:
    """Returns a copy in which the blocks are present that stand for their defaults when they are absent."""
    copy = type(config)()
    copy.CopyFrom(config)
    for name in BLOCKS_OF_DEFAULTS:
        if name in config.DESCRIPTOR.fields_by_name:
            getattr(copy, name).SetInParent()
    return copy


def condense(config: M) -> M:
    """Returns a copy of a config in which no scalar is set that holds anyway.

    The blocks that stand for their defaults are present, as in a resolved config.

    Args:
        config: A valid config, resolved or not; it is left as it is.
    """
    condensed = _with_blocks(config)
    for _, message in messages(condensed):
        for field, value in message.ListFields():
            if not is_message(field) and _holds_anyway(field, value):
                message.ClearField(field.name)
    return condensed


def _holds_anyway(field: FieldDescriptor, value: Any) -> bool:
    if field.is_repeated:
        return list(value) == default_items(field)
    return _has_default(field) and value == field.default_value


def _has_default(field: FieldDescriptor) -> bool:
    return field.has_default_value and field.containing_oneof is None


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
