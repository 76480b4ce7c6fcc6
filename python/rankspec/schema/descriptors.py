"""What a field or message type is made of, read from its descriptor."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor
    from google.protobuf.message import Message


@cache
def is_map(field: FieldDescriptor) -> bool:
    """Tells whether a field is a map."""
    return field.message_type is not None and bool(field.message_type.GetOptions().map_entry)


def single(field: FieldDescriptor) -> FieldDescriptor:
    """Returns the field that says what the single values of a field are: of a map that of its values, else itself."""
    return map_value(field) if is_map(field) else field


def map_value(field: FieldDescriptor) -> FieldDescriptor:
    """Returns the field that holds a map's values."""
    return _entry_field(field, "value")


def key_field(field: FieldDescriptor) -> FieldDescriptor:
    """Returns the field that holds a map's keys."""
    return _entry_field(field, "key")


def _entry_field(field: FieldDescriptor, name: str) -> FieldDescriptor:
    return cast("FieldDescriptor", cast("Any", field.message_type).fields_by_name[name])


def descriptor_of(message: Message | type[Message]) -> Descriptor:
    """Returns the descriptor of a message's type."""
    # protobuf's stubs give it one of two types, of which only one can be imported.
    return cast("Descriptor", message.DESCRIPTOR)


def fields_of(descriptor: Descriptor) -> list[FieldDescriptor]:
    """Lists the fields of a message type in the order of the schema."""
    return list(cast("Any", descriptor).fields)


def enum_of(field: FieldDescriptor) -> EnumDescriptor:
    """Returns the enum that a field's single values are of."""
    return cast("EnumDescriptor", single(field).enum_type)


@cache
def is_message(field: FieldDescriptor) -> bool:
    """Tells whether what one step of this field leads to is a message."""
    return single(field).message_type is not None


def message_of(field: FieldDescriptor) -> Descriptor | None:
    """Returns the message type that one step of this field leads to; None for scalars."""
    return single(field).message_type


def other_member(message: Message, field: FieldDescriptor) -> str | None:
    """Returns the member of a field's oneof that a message has in the field's place; None if it has none."""
    if field.containing_oneof is None:
        return None
    current = message.WhichOneof(field.containing_oneof.name)
    return None if current == field.name else current
