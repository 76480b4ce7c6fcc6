"""The string values of a config that hold `${`: those that reading puts variables into, and writing escapes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from rankspec.schema.string_values import escaped, replace_strings

if TYPE_CHECKING:
    from google.protobuf.message import Message

    from rankspec.schema.field_paths import FieldPath


def escape_values(message: Message) -> None:
    """Changes the string values of a message, in place, so that reading them replaces nothing."""
    replace_strings(message, lambda _path, text: escaped(text))


def replace_in_values(message: Message, expand: Callable[[FieldPath, str], str]) -> None:
    """Replaces every string value with `${` in it, in place.

    Args:
        message: What to change.
        expand: Gives what to put in place of a value, from its path and text.
    """
    replace_strings(message, lambda path, text: expand(path, text) if "${" in text else text)
