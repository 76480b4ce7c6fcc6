"""Turns a configuration in the form of the public reference trainer into a RankSpec message.

The reference writes YAML: the same field names as ours, `null` for what is not set, and lower-case enum values. So the
message's descriptor is all the knowledge there is here; no field is listed by hand.
"""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from google.protobuf import json_format
from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor
from google.protobuf.message import Message

MessageT = TypeVar("MessageT", bound=Message)


class ConversionError(ValueError):
    """The configuration has a field or value that the message has no place for; the text names its path."""


def message_from_reference(config: Mapping[str, object], message_class: type[MessageT]) -> MessageT:
    """Reads a configuration in the reference's form.

    Args:
        config: the parsed YAML: nested mappings, lists and scalars; `None` means not set.
        message_class: the message that `config` stands for, such as `RecapConfig`.

    Returns:
        The message, not yet validated.

    Raises:
        ConversionError: for an unknown field, or a value of another type than the field's.
    """
    message = message_class()
    descriptor: Any = message.DESCRIPTOR
    document = _fields(config, descriptor, "")
    try:
        json_format.ParseDict(document, message)
    except json_format.ParseError as error:
        raise ConversionError(str(error)) from error
    return message


def _fields(config: object, descriptor: Descriptor, path: str) -> dict[str, object]:
    if not isinstance(config, Mapping):
        raise ConversionError(f"{path or 'the configuration'}: expected fields of {descriptor.name}, got {config!r}")
    document = {}
    for name, value in config.items():
        here = f"{path}.{name}" if path else str(name)
        field = descriptor.fields_by_name.get(str(name))
        if field is None:
            raise ConversionError(f"{here}: {descriptor.name} has no field {name!r}")
        if value is not None:
            document[field.name] = _value(value, field, here)
    return document


def _value(value: object, field: FieldDescriptor, path: str) -> object:
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        if not isinstance(value, Mapping):
            raise ConversionError(f"{path}: expected a mapping, got {value!r}")
        of_entry = field.message_type.fields_by_name["value"]
        return {str(key): _single(item, of_entry, f'{path}["{key}"]') for key, item in value.items()}
    if field.is_repeated:
        if not isinstance(value, Sequence) or isinstance(value, str):
            raise ConversionError(f"{path}: expected a list, got {value!r}")
        return [_single(item, field, f"{path}[{index}]") for index, item in enumerate(value)]
    return _single(value, field, path)


def _single(value: object, field: FieldDescriptor, path: str) -> object:
    if field.message_type is not None:
        # An entry without fields is written as an empty mapping or left blank.
        return _fields({} if value is None else value, field.message_type, path)
    if field.enum_type is not None:
        return _enum_name(value, field.enum_type, path)
    return value


def _enum_name(value: object, enum: EnumDescriptor, path: str) -> str:
    """The reference writes `share_all` for what the schema names `MULTI_TASK_TYPE_SHARE_ALL`."""
    prefix = enum.values[0].name.removesuffix("UNSPECIFIED")
    name = prefix + str(value).upper()
    if name not in enum.values_by_name:
        allowed = ", ".join(v.name.removeprefix(prefix).lower() for v in enum.values[1:])
        raise ConversionError(f"{path}: {value!r} is none of {allowed}")
    return name
