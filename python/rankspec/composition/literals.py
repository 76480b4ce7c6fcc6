"""Values of Python's as the text format writes them."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

from google.protobuf.message import Message

from rankspec.diagnostics.mistake import MistakeError
from rankspec.schema.descriptors import is_map, key_field, map_value, message_of

if TYPE_CHECKING:
    from google.protobuf.descriptor import FieldDescriptor

_NO_VALUE = "set.no_value"


def literal(value: object, field: FieldDescriptor, *, one: bool = False) -> str:
    """Writes a value as it may stand behind a field's name and colon.

    Args:
        value: The value; text for a field that is no string stands for itself.
        field: The field.
        one: Whether the value is one item of a list.

    Raises:
        MistakeError: It is of a type that no field has.
    """
    if isinstance(value, Message):
        return _message(value)
    if isinstance(value, Mapping):
        return _entries(value, field) if is_map(field) and not one else _fields(value, field)
    if isinstance(value, str | os.PathLike):
        return _text(os.fspath(value), field)
    if isinstance(value, Sequence) and not isinstance(value, bytes) and not one:
        return f"[{', '.join(literal(item, field, one=True) for item in value)}]"
    return _number(value, field)


def quoted(text: str) -> str:
    """Writes a string as a literal of the text format."""
    from google.protobuf.text_encoding import CEscape

    return f'"{CEscape(text.encode(), as_utf8=True)}"'


def _text(value: str | bytes, field: FieldDescriptor) -> str:
    try:
        text = value.encode().decode() if isinstance(value, str) else value.decode()
    except UnicodeError as error:
        raise MistakeError(
            _NO_VALUE, f"the value of `{field.name}` is no text: {value!r}", "give text in UTF-8"
        ) from error
    return quoted(text) if field.type == field.TYPE_STRING else text


def _number(value: object, field: FieldDescriptor) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Integral):
        return str(int(value))
    if isinstance(value, Real):
        return repr(float(value))
    raise MistakeError(
        _NO_VALUE,
        f"a {type(value).__name__} is no value of `{field.name}`",
        "give a number, text, a list, a dictionary or a message",
    )


def _message(value: Message) -> str:
    from google.protobuf.text_format import MessageToString

    return f"{{ {MessageToString(value, as_one_line=True)} }}"


def _entries(value: Mapping[Any, object], field: FieldDescriptor) -> str:
    """Writes the entries of a map."""
    key, item = key_field(field), map_value(field)
    entries = (f"{{ key: {literal(k, key)} value: {literal(v, item)} }}" for k, v in value.items())
    return f"[{', '.join(entries)}]"


def _fields(value: Mapping[Any, object], field: FieldDescriptor) -> str:
    """Writes the fields of a message; that there is none of a name, the reader says."""
    inner = message_of(field)
    if inner is None:
        raise MistakeError(_NO_VALUE, f"`{field.name}` is no message, and a dictionary is given", "give one value")
    known = inner.fields_by_name
    if odd := next((k for k in value if not (isinstance(k, str) and k.isidentifier())), None):
        raise MistakeError(
            _NO_VALUE, f"{odd!r} is no field of {inner.name}", "the keys of a dictionary are names of fields"
        )
    texts = (f"{k}: {literal(v, known[k]) if k in known else v}" for k, v in value.items())
    return f"{{ {' '.join(texts)} }}"
