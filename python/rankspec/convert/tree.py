"""Rewrites a tree of the reference's YAML into the one that our own YAML would give, field by field.

The reference reads loosely: `null` is the same as leaving a field out, the last of several equal names counts, a number
may be written as a string, an enum value in lower case. What is left unchanged here, our own reader judges.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import yaml

from rankspec.convert.inert import INERT, Effect
from rankspec.convert.variables import has_variable, with_our_variables, without_escapes
from rankspec.formats.json_yaml.tree import Member, Node
from rankspec.formats.json_yaml.tree_reader import TooManyValuesError
from rankspec.schema.descriptors import enum_of, is_map, map_value
from rankspec.schema.field_paths import at, join
from rankspec.schema.rules import value_rules

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from google.protobuf.descriptor import Descriptor, FieldDescriptor

_SCHEMA = "rankspec."
_LARGEST_EXACT = 2**53
_TRUE = frozenset({"true", "yes", "on", "y", "t", "1"})
_FALSE = frozenset({"false", "no", "off", "n", "f", "0"})


class Note(NamedTuple):
    """A field of the file that did not do what it says.

    Attributes:
        path: The field.
        offset: Where it stands.
        effect: How far it missed.
        text: What happened instead.
    """

    path: str
    offset: int
    effect: Effect
    text: str


class Rewriter:
    """Rewrites one tree.

    Attributes:
        notes: The fields that did not do what they say, in the order of the file.
    """

    def __init__(self, max_values: int) -> None:
        self.notes: list[Note] = []
        self._values_left = max_values
        self._has_variables = True

    def message(self, node: Node, descriptor: Descriptor) -> Node:
        """Rewrites the object that stands for a whole config.

        Raises:
            TooManyValuesError: Aliases stand for more values than any config has.
        """
        # The reference replaces variables in a ranker's file only.
        self._has_variables = descriptor.name != "TwhinConfig"
        return self._message(node, descriptor, "", None)

    def _message(self, node: Node, descriptor: Descriptor, path: str, holder: str | None) -> Node:
        """Rewrites an object; `holder` names the field that it is the value of, None if that did nothing."""
        if node.kind != "object":
            return node
        members = []
        for member in self._last_of_each(node, path):
            field = descriptor.fields_by_name.get(member.name)
            value = member.value
            if field is not None:
                here = join(path, field.name)
                names = (field.full_name, f"{holder}.{field.name}") if path and holder else (field.full_name,)
                is_inert = holder is None and path != ""
                told = is_inert or self._note(names, here, member)
                value = self._field(value, field, here, None if told else field.full_name)
            members.append(Member(member.name, member.offset, value))
        return Node("object", node.offset, members=members, incomplete=node.incomplete)

    def _last_of_each(self, node: Node, path: str) -> list[Member]:
        """Returns the members that count: not null, and of equal names the last."""
        last = self._last(node.members, "it", lambda name: join(path, name))
        return [member for member in last.values() if member.value.kind != "null"]

    def _last(self, members: Sequence[Member], what: str, path_of: Callable[[str], str]) -> dict[str, Member]:
        """The last of each name, by name; notes of the others that they did not count."""
        last = {member.name: member for member in members}
        for member in members:
            if member is not last[member.name]:
                text = f"{what} is given again further down, and the last counted"
                self.notes.append(Note(path_of(member.name), member.offset, "none", text))
        return last

    def _note(self, names: tuple[str, ...], path: str, member: Member) -> bool:
        """Notes what became of a field; True if nothing below it needs to be said."""
        found = next((INERT[key] for name in names if (key := name.removeprefix(_SCHEMA)) in INERT), None)
        if found is None or (found.except_for is not None and member.value.text == found.except_for):
            return False
        self.notes.append(Note(path, member.offset, found.effect, found.text))
        return True

    def _field(self, node: Node, field: FieldDescriptor, path: str, name: str | None) -> Node:
        if is_map(field):
            if node.kind != "object":
                return node
            item = map_value(field)
            members = [
                Member(m.name, m.offset, self._single(_or_empty(m.value, item), item, at(path, m.name), name))
                for m in self._entries(node, field, path)
            ]
            return Node("object", node.offset, members=members, incomplete=node.incomplete)
        if field.is_repeated:
            if node.kind != "array":
                return node
            items = [
                self._single(_or_empty(i, field), field, at(path, index), name) for index, i in enumerate(node.items)
            ]
            return Node("array", node.offset, items=items)
        return self._single(node, field, path, name)

    def _entries(self, node: Node, field: FieldDescriptor, path: str) -> list[Member]:
        """Returns a map's entries, of equal keys the last; an entry without a value is one of defaults."""
        members = [member._replace(name=self._key(member, path)) for member in node.members]
        last = self._last(members, "the key", lambda name: at(path, name))
        return [self._unreserved(member, field, last.keys(), path) for member in last.values()]

    def _unreserved(self, member: Member, field: FieldDescriptor, taken: Collection[str], path: str) -> Member:
        """Renames an entry whose key the reference took and our schema reserves."""
        if member.name not in value_rules(field, of_key=True).string.not_in:
            return member
        name = f"{member.name}_data"
        while name in taken:
            name += "_"
        text = f"the name is reserved here, and the entry is called {name}"
        self.notes.append(Note(at(path, member.name), member.offset, "other", text))
        return member._replace(name=name)

    def _key(self, member: Member, path: str) -> str:
        """Returns the key of a map's entry; keys of ours have no variables."""
        if not self._has_variables:
            return member.name
        if has_variable(member.name):
            text = "the variable in its key was replaced; here keys are taken as they are"
            self.notes.append(Note(at(path, member.name), member.offset, "other", text))
            return member.name
        return without_escapes(member.name)

    def _single(self, node: Node, field: FieldDescriptor, path: str, name: str | None) -> Node:
        self._values_left -= 1
        if self._values_left < 0:
            raise TooManyValuesError
        if field.message_type is not None:
            return self._message(node, field.message_type, path, name)
        if not self._has_variables and has_variable(node.text) and field.type == field.TYPE_STRING:
            text = "files of graph embeddings were read without replacing variables; here they are replaced"
            self.notes.append(Note(path, node.offset, "other", text))
        return scalar(node, field)


def _or_empty(node: Node, field: FieldDescriptor) -> Node:
    is_blank = node.kind == "null" and field.message_type is not None
    return Node("object", node.offset) if is_blank else node


def scalar(node: Node, field: FieldDescriptor) -> Node:
    """Rewrites a scalar into the spelling that the field takes; what it cannot take stays as it is."""
    if node.kind not in {"string", "number", "bool"}:
        return node
    if field.enum_type is not None:
        return _enum(node, field)
    if field.type == field.TYPE_STRING:
        return _string(node)
    if field.type == field.TYPE_BOOL:
        return _bool(node)
    return _number(node)


def _enum(node: Node, field: FieldDescriptor) -> Node:
    """Finds `MULTI_TASK_TYPE_SHARE_ALL` for `share_all`, and for its number."""
    enum = enum_of(field)
    prefix = enum.values[0].name.removesuffix("UNSPECIFIED")
    known = {value.name: value.name for value in enum.values} | {
        name: value.name for value in enum.values for name in (value.name.removeprefix(prefix), str(value.number))
    }
    found = known.get(node.text.upper())
    return node if found is None else Node("string", node.offset, found)


def _string(node: Node) -> Node:
    if node.kind == "string":
        return Node("string", node.offset, with_our_variables(node.text))
    return Node("string", node.offset, node.text) if node.kind == "number" else node


def _bool(node: Node) -> Node:
    lowered = node.text.lower()
    if lowered in _TRUE | _FALSE:
        return Node("bool", node.offset, "true" if lowered in _TRUE else "false")
    return node


def _number(node: Node) -> Node:
    """Writes a number of YAML 1.1 (`424_241`, `0x10`, `1e-7`, which is a string there) as JSON does."""
    if node.kind == "bool":
        return node
    value = _parsed(node.text, yaml.safe_load) if node.kind == "number" else _parsed(node.text, int, float)
    if isinstance(value, int):
        # Some parsers read longer numbers as floating point unless they are quoted.
        return Node("number" if abs(value) <= _LARGEST_EXACT else "string", node.offset, str(value))
    if isinstance(value, float) and value - value == 0:
        return Node("number", node.offset, repr(value or 0.0))
    return node


def _parsed(text: str, *kinds: Callable[[str], int | float]) -> int | float | None:
    """Reads a number by the first kind that takes it; none takes thousands of digits."""
    for kind in kinds:
        try:
            return kind(text)
        except ValueError:
            continue
    return None
