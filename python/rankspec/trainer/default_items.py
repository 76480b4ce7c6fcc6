"""What an empty repeated field stands for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rankspec.options.v1 import options_pb2

if TYPE_CHECKING:
    from google.protobuf.message import Message


def items_or_default(message: Message, field_name: str) -> list[str]:
    """The items of a repeated field, or where it is empty those that the schema's `default_items` names.

    Args:
        message: the message that holds the field.
        field_name: name of a repeated scalar field.

    Returns:
        The items in their text form; the caller knows what they are.
    """
    items = getattr(message, field_name)
    if not items:
        options = message.DESCRIPTOR.fields_by_name[field_name].GetOptions()
        extension: Any = options_pb2.default_items
        items = options.Extensions[extension]
    return [str(item) for item in items]
