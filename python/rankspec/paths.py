"""Field paths such as `model.tasks["like"].mlp_config.layer_sizes[1]`: reading, writing and following them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from rankspec.source.origins import key_segment

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor
    from google.protobuf.message import Message

Key = str | int | bool

_STEP = (
    r"(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r'(?:\[(?:"(?P<text>(?:[^"\\]|\\.)*)"|(?P<number>-?[0-9]+)|(?P<truth>true|false))\])?'
    r"(?:\.|\Z)"
)


class PathError(ValueError):
    """A path that names nothing in a message type.

    Attributes:
        message: What is wrong with it.
        suggestion: The nearest path that exists, if there is one.
    """

    def __init__(self, message: str, suggestion: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.suggestion = suggestion


class Step(NamedTuple):
    """A field on the way, and the list index or map key that is taken of it, if any."""

    name: str
    key: Key | None = None


def parse(path: str) -> tuple[Step, ...]:
    """Splits a path into its steps.

    Raises:
        PathError: It is not written like a path.
    """
    # Compiled here, because most runs never read a path.
    pattern = re.compile(_STEP, re.DOTALL)
    steps = []
    position = 0
    while position < len(path):
        match = pattern.match(path, position)
        if match is None or (match.end() == len(path) and path.endswith(".")):
            raise PathError(
                f"`{path}` is no field path",
                'a path reads like `training.num_train_steps` or `model.tasks["like"].pos_weight`',
            )
        steps.append(Step(match["name"], _key(match)))
        position = match.end()
    return tuple(steps)


def _key(match: re.Match[str]) -> Key | None:
    if match["text"] is not None:
        return re.sub(r"\\(.)", r"\1", match["text"], flags=re.DOTALL)
    if match["number"] is not None:
        return int(match["number"])
    return match["truth"] == "true" if match["truth"] else None


def join(path: str, name: str) -> str:
    """Appends a field's name to a path."""
    return f"{path}.{name}" if path else name


def at(path: str, key: Key) -> str:
    """Appends a list index or a map key to a path."""
    return path + key_segment(key)


def is_map(field: FieldDescriptor) -> bool:
    """Tells whether a field is a map."""
    return field.message_type is not None and bool(field.message_type.GetOptions().map_entry)


def map_value(field: FieldDescriptor) -> FieldDescriptor:
    """Returns the field that holds a map's values."""
    return _entry_field(field, "value")


def key_field(field: FieldDescriptor) -> FieldDescriptor:
    """Returns the field that holds a map's keys."""
    return _entry_field(field, "key")


def _entry_field(field: FieldDescriptor, name: str) -> FieldDescriptor:
    entry: Any = field.message_type
    found: FieldDescriptor = entry.fields_by_name[name]
    return found


def descriptor_of(message: Message | type[Message]) -> Descriptor:
    """Returns the descriptor of a message's type."""
    # protobuf's stubs give it one of two types, of which only one can be imported.
    descriptor: Any = message.DESCRIPTOR
    found: Descriptor = descriptor
    return found


def fields_of(descriptor: Descriptor) -> list[FieldDescriptor]:
    """Lists the fields of a message type in the order of the schema."""
    fields: Any = descriptor.fields
    return list(fields)


def enum_of(field: FieldDescriptor) -> EnumDescriptor:
    """Returns the enum that a field's single values are of."""
    holder: Any = map_value(field) if is_map(field) else field
    found: EnumDescriptor = holder.enum_type
    return found


def is_message(field: FieldDescriptor) -> bool:
    """Tells whether what one step of this field leads to is a message."""
    return (map_value(field) if is_map(field) else field).message_type is not None


def message_of(field: FieldDescriptor) -> Descriptor | None:
    """Returns the message type that one step of this field leads to; None for scalars."""
    descriptor: Descriptor | None = (map_value(field) if is_map(field) else field).message_type
    return descriptor


def fields_along(descriptor: Descriptor, steps: tuple[Step, ...]) -> tuple[FieldDescriptor, ...]:
    """Follows a path through message types.

    Returns:
        The field of each step.

    Raises:
        PathError: A step names no field, or takes a key of what is neither a list nor a map.
    """
    fields: list[FieldDescriptor] = []
    here: Descriptor | None = descriptor
    walked = ""
    for step in steps:
        if here is None:
            raise PathError(f"`{walked}` is no message, so it has no field `{step.name}`")
        field: FieldDescriptor | None = here.fields_by_name.get(step.name)
        if field is None:
            raise PathError(f"{here.name} has no field `{step.name}`", _nearest(step.name, here, walked))
        _check_key(field, step)
        walked = join(walked, step.name)
        if step.key is not None:
            walked = at(walked, step.key)
        fields.append(field)
        here = None if field.is_repeated and step.key is None else message_of(field)
        if here is None and is_message(field) and step is not steps[-1]:
            raise PathError(f"`{walked}` needs a key or an index", _with_key(field, walked))
    return tuple(fields)


def _nearest(name: str, descriptor: Descriptor, walked: str) -> str | None:
    from rankspec.source.suggest import closest, suggest_name

    known = list(descriptor.fields_by_name)
    match = closest(name, known)
    if match is not None:
        return f"did you mean `{join(walked, match)}`?"
    return suggest_name(name, known, "the fields are")


def _with_key(field: FieldDescriptor, walked: str) -> str:
    return f'write `{walked}["name"]`' if is_map(field) else f"write `{walked}[0]` for the first"


def _check_key(field: FieldDescriptor, step: Step) -> None:
    if step.key is None:
        return
    if not field.is_repeated:
        raise PathError(f"`{step.name}` is neither a list nor a map, so it takes no key", f"write `{step.name}`")
    if is_map(field):
        key_type = key_field(field).cpp_type
        expected = str if key_type == field.CPPTYPE_STRING else bool if key_type == field.CPPTYPE_BOOL else int
        if type(step.key) is not expected:
            raise PathError(f"`{step.key}` is no key of `{step.name}`", f'write `{step.name}["{step.key}"]`')
    elif type(step.key) is not int or step.key < 0:
        raise PathError(f"`{step.key}` is no index of the list `{step.name}`", f"write `{step.name}[0]`")
