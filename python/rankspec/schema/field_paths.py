"""Field paths such as `model.tasks["like"].mlp_config.layer_sizes[1]`: reading, writing and following them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from rankspec.schema.descriptors import is_map, is_message, key_field, message_of

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor, FieldDescriptor

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
    from rankspec.diagnostics.closest_name import closest, suggest_name

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


def is_at_or_below(path: str, ancestor: str) -> bool:
    """Tells whether `path` is `ancestor` or names something inside of it."""
    return path == ancestor or is_below(path, ancestor)


def is_below(path: str, ancestor: str) -> bool:
    """Tells whether `path` names something inside of what `ancestor` names; the empty path is the whole message."""
    if not ancestor:
        return bool(path)
    return path.startswith((ancestor + ".", ancestor + "["))


def parents(path: str) -> list[str]:
    """Lists the paths that contain `path`, innermost first, without the whole message (the empty path)."""
    found = []
    in_quotes = False
    skip = False
    for index, character in enumerate(path):
        if skip:
            skip = False
        elif in_quotes:
            skip = character == "\\"
            in_quotes = character != '"'
        elif character == '"':
            in_quotes = True
        elif character in ".[":
            found.append(path[:index])
    return found[::-1]


def key_segment(key: str | int | bool) -> str:
    """Writes a map key as in a path: strings quoted, numbers and booleans bare."""
    if isinstance(key, bool):
        return "[true]" if key else "[false]"
    if isinstance(key, int):
        return f"[{key}]"
    escaped = key.replace("\\", "\\\\").replace('"', '\\"')
    return f'["{escaped}"]'
