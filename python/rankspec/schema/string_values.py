"""Changes the strings that a message holds, wherever they are in it: those with variables too."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from rankspec.schema.descriptors import single
from rankspec.schema.leaves import in_schema_order, items, messages

if TYPE_CHECKING:
    from google.protobuf.message import Message

    from rankspec.schema.field_paths import FieldPath


def replace_strings(message: Message, replaced: Callable[[FieldPath, str], str]) -> None:
    """Puts other strings in the place of those that a message holds, singular ones and those of lists and maps.

    Args:
        message: What to change.
        replaced: Gives what to put in the place of a string, from its path and text.
    """
    for place, inner in messages(message):
        for field, value in in_schema_order(inner):
            if single(field).type != field.TYPE_STRING:
                continue
            for leaf in items(place.path, field, value):
                text = replaced(leaf.path, leaf.value)
                if text is leaf.value:
                    continue
                if field.is_repeated:
                    value[leaf.path.key] = text
                else:
                    setattr(inner, field.name, text)


def replace_in_values(message: Message, expand: Callable[[FieldPath, str], str]) -> None:
    """Replaces every string with `${` in it, which reading puts variables into, in place.

    Args:
        message: What to change.
        expand: Gives what to put in place of a value, from its path and text.
    """
    replace_strings(message, lambda path, text: expand(path, text) if "${" in text else text)


def escaped(text: str) -> str:
    """Writes a string so that reading it puts no variable into it."""
    return text.replace("${", "$${")
