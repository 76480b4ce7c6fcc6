"""The one walk over a message: everything that is set in it, in an order that every language can have."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from rankspec.schema.descriptors import descriptor_of, fields_of, is_map, is_message, message_of
from rankspec.schema.field_paths import ROOT, FieldPath, Key

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor, FieldDescriptor
    from google.protobuf.message import Message


class Leaf(NamedTuple):
    """A value of a message, or a message that is present.

    Attributes:
        path: Where it is.
        value: The scalar, or the message.
    """

    path: FieldPath
    value: Any

    @property
    def field(self) -> FieldDescriptor:
        """The field that holds it."""
        assert self.path.field is not None, "a leaf is of a field"
        return self.path.field

    @property
    def is_message(self) -> bool:
        """Whether it is a message rather than a scalar."""
        return is_message(self.field)


def leaves(message: Message) -> Iterator[Leaf]:
    """Yields everything that is set in a message, outer before inner.

    Fields come in the order of the schema, map entries in that of their keys' UTF-8 bytes. Every present
    message has a leaf of its own, before those of its fields.
    """
    return _leaves(message, ROOT)


def _leaves(message: Message, above: FieldPath) -> Iterator[Leaf]:
    for field, value in in_schema_order(message):
        holds_messages = is_message(field)
        for leaf in items(above, field, value):
            yield leaf
            if holds_messages:
                yield from _leaves(leaf.value, leaf.path)


class Place(NamedTuple):
    """Where a message is, before anybody asks for its path: few of all that are looked at are ever told of.

    Attributes:
        around: The place of the message that has it; None of the whole message.
        field: The field that holds it; None of the whole message.
        key: Its index or key, where the field is a list or map.
    """

    around: Place | None = None
    field: FieldDescriptor | None = None
    key: Key | None = None

    @property
    def path(self) -> FieldPath:
        """The path of the message."""
        return ROOT if self.around is None or self.field is None else self.around.path.to(self.field, self.key)


_WHOLE = Place()


def messages(
    message: Message, wanted: Callable[[Descriptor], object] | None = None, place: Place | None = None
) -> Iterator[tuple[Place, Any]]:
    """Yields a message and every message in it with its place, in the order of `leaves`.

    Whoever takes them may change the scalars of what was yielded last.

    Args:
        message: The message.
        wanted: Tells whether messages of a type are looked for, always the same of a type: what can hold none of them
            is passed over. None asks for every message.
        place: Where the message is; None for a whole one.
    """
    place = place or _WHOLE
    yield place, message
    passed = _without(descriptor_of(message), wanted) if wanted is not None else ()
    for field, value in in_schema_order(message):
        if is_message(field) and field.name not in passed:
            for key, item in _by_key(field, value):
                yield from messages(item, wanted, Place(place, field, key))


@cache
def _without(descriptor: Descriptor, wanted: Callable[[Descriptor], object]) -> frozenset[str]:
    """The fields of a message type that lead to nothing that is wanted."""
    return frozenset(field.name for field in fields_of(descriptor) if not _leads_to(message_of(field), wanted, ()))


def _leads_to(
    descriptor: Descriptor | None, wanted: Callable[[Descriptor], object], around: tuple[Descriptor, ...]
) -> bool:
    if descriptor is None or descriptor in around:
        return False
    inner = (_leads_to(message_of(field), wanted, (*around, descriptor)) for field in fields_of(descriptor))
    return bool(wanted(descriptor)) or any(inner)


def in_schema_order(message: Message) -> list[tuple[FieldDescriptor, Any]]:
    """Lists the set fields in the order in which the schema declares them."""
    return sorted(message.ListFields(), key=lambda pair: pair[0].index)


def items(path: FieldPath, field: FieldDescriptor, value: Any) -> Iterator[Leaf]:
    """Yields the single values of a set field: itself, or the items of a list or map.

    Args:
        path: That of the message that has the field.
        field: The field.
        value: What it holds.
    """
    return (Leaf(path.to(field, key), item) for key, item in _by_key(field, value))


def _by_key(field: FieldDescriptor, value: Any) -> Iterable[tuple[Key | None, Any]]:
    if is_map(field):
        # Strings compare by code points, which is the order of their UTF-8 bytes.
        return ((key, value[key]) for key in sorted(value))
    return enumerate(value) if field.is_repeated else ((None, value),)


def value_at(message: Message, path: FieldPath) -> Any:
    """Returns what a message has at a path; None where it, or something on the way, is unset."""
    here: Any = message
    for step in path.steps:
        field = here.DESCRIPTOR.fields_by_name.get(step.name)
        if field is None or not (field.is_repeated or here.HasField(step.name)):
            return None
        here = getattr(here, step.name)
        if step.key is None:
            continue
        # Asking a map of messages for a key that it lacks would add it.
        if step.key not in (here if is_map(field) else range(len(here))):
            return None
        here = here[step.key]
    return here
