"""Field paths such as `model.tasks["like"].mlp_config.layer_sizes[1]`: reading, writing and following them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple, Self

from rankspec.diagnostics.mistake import MistakeError
from rankspec.schema.descriptors import is_map, is_message, key_field, message_of

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor, FieldDescriptor

Key = str | int | bool

_UNKNOWN = "set.unknown_path"

_STEP = (
    r"(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r'(?:\[(?:"(?P<text>(?:[^"\\]|\\.)*)"|(?P<number>-?[0-9]+)|(?P<truth>true|false))\])?'
    r"(?:\.|\Z)"
)


class Step(NamedTuple):
    """A field on the way, and the list index or map key that is taken of it, if any."""

    name: str
    key: Key | None = None


class FieldPath(str):
    """Where a value is in a message: its text, and what it is made of, so that nobody has to take the text apart.

    Two paths are equal if their texts are. The empty path is the whole message, and `to`, `to_name` and `at` go on.

    Attributes:
        holder: The path of the message that has the last field; None of the whole message.
        name: The last field's name; empty for the whole message.
        key: The list index or map key that is taken of the last field, if any.
        field: The last field; None of the whole message, a oneof, and a name that no message has.
    """

    __slots__ = ("field", "holder", "key", "name")
    holder: FieldPath | None
    name: str
    key: Key | None
    field: FieldDescriptor | None

    def __new__(
        cls,
        text: str = "",
        holder: FieldPath | None = None,
        name: str = "",
        key: Key | None = None,
        field: FieldDescriptor | None = None,
    ) -> Self:
        """Takes all of them as they are."""
        path = str.__new__(cls, text)
        path.holder = holder
        path.name = name
        path.key = key
        path.field = field
        return path

    def __reduce__(self) -> tuple[type[str], tuple[str]]:
        # A field of a schema belongs to its process.
        return str, (str(self),)

    @property
    def steps(self) -> tuple[Step, ...]:
        """The path in pieces."""
        return () if self.holder is None else (*self.holder.steps, Step(self.name, self.key))

    @property
    def fields(self) -> tuple[FieldDescriptor, ...]:
        """The fields along it, as far as the schema has them."""
        above = () if self.holder is None else self.holder.fields
        return above if self.field is None else (*above, self.field)

    @property
    def around(self) -> FieldPath:
        """The next larger thing: of an item the list, of a map's value the map, else the message that has the field."""
        assert self.holder is not None, "nothing is around the whole message"
        return self.holder if self.key is None else self._below(self.holder, None)

    @property
    def whole_field(self) -> FieldPath:
        """The list or map that it is an item of; itself, if it is none."""
        return self if self.key is None else self.around

    def to(self, field: FieldDescriptor, key: Key | None = None) -> FieldPath:
        """The path of a field of the message that this path leads to, or of an item of it."""
        text = join(self, field.name)
        return FieldPath(text if key is None else text + key_segment(key), self, field.name, key, field)

    def to_name(self, name: str) -> FieldPath:
        """The path of a oneof of the message that this path leads to, or of a name that it does not have."""
        return FieldPath(join(self, name), self, name)

    def at(self, key: Key) -> FieldPath:
        """The path of an item of the list or map that this path leads to."""
        return FieldPath(self + key_segment(key), self.holder, self.name, key, self.field)

    def moved(self, source: FieldPath, to: FieldPath) -> FieldPath:
        """The path that this one has, which is at or below `source`, when what is at `source` is at `to`."""
        if self == source:
            return to
        if self.key is not None and self.around == source:
            return to.at(self.key)
        assert self.holder is not None, "below something else than the whole message"
        return self._below(self.holder.moved(source, to), self.key)

    def _below(self, holder: FieldPath, key: Key | None) -> FieldPath:
        path = holder.to(self.field) if self.field is not None else holder.to_name(self.name)
        return path if key is None else path.at(key)


# The whole message.
ROOT = FieldPath()


def path_of(text: str, descriptor: Descriptor) -> FieldPath:
    """Reads a path that a person or a rule wrote.

    Args:
        text: The path.
        descriptor: The message type that it begins at.

    Raises:
        MistakeError: It is not written like a path, or leads nowhere.
    """
    steps, path = steps_of(text), ROOT
    here: Descriptor | None = descriptor
    for step in steps:
        if here is None:
            raise MistakeError(_UNKNOWN, f"`{path}` is no message, so it has no field `{step.name}`")
        field: FieldDescriptor | None = here.fields_by_name.get(step.name)
        if field is None:
            raise MistakeError(_UNKNOWN, f"{here.name} has no field `{step.name}`", _nearest(step.name, here, path))
        _check_key(field, step)
        path = path.to(field, step.key)
        here = None if field.is_repeated and step.key is None else message_of(field)
        if here is None and is_message(field) and step is not steps[-1]:
            raise MistakeError(_UNKNOWN, f"`{path}` needs a key or an index", _with_key(field, path))
    return path


def as_path(text: str) -> FieldPath:
    """Takes a text as a path: by its steps, without fields, or as one step where it is not written like a path."""
    if isinstance(text, FieldPath):
        return text
    path = ROOT
    try:
        steps = steps_of(text)
    except MistakeError:
        return path.to_name(text)
    for step in steps:
        path = path.to_name(step.name) if step.key is None else path.to_name(step.name).at(step.key)
    return path


def steps_of(path: str) -> tuple[Step, ...]:
    """Splits a path into its steps.

    Raises:
        MistakeError: It is not written like a path.
    """
    # Compiled here, because most runs never read a path.
    pattern = re.compile(_STEP, re.DOTALL)
    steps = []
    position = 0
    while position < len(path):
        match = pattern.match(path, position)
        if match is None or (match.end() == len(path) and path.endswith(".")):
            raise MistakeError(
                _UNKNOWN,
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
    return path + "." + name if path else name


def at(path: str, key: Key) -> str:
    """Appends a list index or a map key to a path."""
    return path + key_segment(key)


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
        raise MistakeError(
            _UNKNOWN, f"`{step.name}` is neither a list nor a map, so it takes no key", f"write `{step.name}`"
        )
    if is_map(field):
        key_type = key_field(field).cpp_type
        expected = str if key_type == field.CPPTYPE_STRING else bool if key_type == field.CPPTYPE_BOOL else int
        if type(step.key) is not expected:
            raise MistakeError(
                _UNKNOWN, f"`{step.key}` is no key of `{step.name}`", f'write `{step.name}["{step.key}"]`'
            )
    elif type(step.key) is not int or step.key < 0:
        raise MistakeError(_UNKNOWN, f"`{step.key}` is no index of the list `{step.name}`", f"write `{step.name}[0]`")


def is_at_or_below(path: str, ancestor: str) -> bool:
    """Tells whether `path` is `ancestor` or names something inside of it."""
    return path == ancestor or is_below(path, ancestor)


def is_below(path: str, ancestor: str) -> bool:
    """Tells whether `path` names something inside of what `ancestor` names; the empty path is the whole message."""
    if not ancestor:
        return bool(path)
    return path.startswith((ancestor + ".", ancestor + "["))


def parents(path: str) -> Iterator[FieldPath]:
    """Yields the paths that contain `path`, innermost first, without the whole message."""
    here = as_path(path)
    while here and (here := here.around):
        yield here


def key_segment(key: str | int | bool) -> str:
    """Writes a map key as in a path: strings quoted, numbers and booleans bare."""
    if isinstance(key, bool):
        return "[true]" if key else "[false]"
    if isinstance(key, int):
        return f"[{key}]"
    escaped = key.replace("\\", "\\\\").replace('"', '\\"')
    return f'["{escaped}"]'
