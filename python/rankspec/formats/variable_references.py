"""The string values of a config that hold `${`: those that reading puts variables into, and writing escapes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from rankspec.schema.descriptors import is_map, map_value
from rankspec.schema.field_paths import at, join

if TYPE_CHECKING:
    from google.protobuf.descriptor import FieldDescriptor
    from google.protobuf.message import Message


def escape_values(message: Message) -> None:
    """Changes the string values of a message, in place, so that reading them replaces nothing."""
    replace_in_values(message, "", lambda _path, text: text.replace("${", "$${"))


def replace_in_values(message: Message, prefix: str, expand: Callable[[str, str], str]) -> None:
    """Replaces every string value with `${` in it, in place.

    Args:
        message: What to change.
        prefix: Path of the message.
        expand: Gives what to put in place of a value, from its path and text.
    """
    for field, value in message.ListFields():
        path = join(prefix, field.name)
        if is_map(field):
            _walk_map(field, value, path, expand)
        elif field.message_type is not None:
            elements = [(at(path, i), v) for i, v in enumerate(value)] if field.is_repeated else [(path, value)]
            for place, element in elements:
                replace_in_values(element, place, expand)
        elif field.type == field.TYPE_STRING:
            _walk_strings(message, field, value, path, expand)


def _walk_map(field: FieldDescriptor, value: Any, path: str, expand: Callable[[str, str], str]) -> None:
    item = map_value(field)
    for key in sorted(value):
        if item.message_type is not None:
            replace_in_values(value[key], at(path, key), expand)
        elif item.type == item.TYPE_STRING and "${" in value[key]:
            value[key] = expand(at(path, key), value[key])


def _walk_strings(
    message: Message, field: FieldDescriptor, value: Any, path: str, expand: Callable[[str, str], str]
) -> None:
    if field.is_repeated:
        for index, text in enumerate(value):
            if "${" in text:
                value[index] = expand(at(path, index), text)
    elif "${" in value:
        setattr(message, field.name, expand(path, value))
