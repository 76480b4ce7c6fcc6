"""Everything that is set in a message, one value after the other, in an order that every language can have."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from rankspec.schema.descriptors import is_map, is_message
from rankspec.schema.field_paths import Step, at, join

if TYPE_CHECKING:
    from google.protobuf.descriptor import FieldDescriptor
    from google.protobuf.message import Message


class Leaf(NamedTuple):
    """A value of a message, or a message that is present.

    Attributes:
        path: Where it is.
        steps: The same, in pieces.
        fields: The field of each step.
        value: The scalar, or the message.
    """

    path: str
    steps: tuple[Step, ...]
    fields: tuple[FieldDescriptor, ...]
    value: Any


def is_leaf_message(leaf: Leaf) -> bool:
    """Tells whether the leaf stands for a message rather than a scalar."""
    return is_message(leaf.fields[-1])


def leaves(message: Message) -> Iterator[Leaf]:
    """Yields everything that is set in a message, outer before inner.

    Fields come in the order of the schema, map entries in that of their keys' UTF-8 bytes. Every present
    message has a leaf of its own, before those of its fields.
    """
    return _leaves(message, Leaf("", (), (), message))


def _leaves(message: Message, above: Leaf) -> Iterator[Leaf]:
    for field, value in in_schema_order(message):
        fields = (*above.fields, field)
        for step, item in _items(field, value):
            path = join(above.path, step.name)
            leaf = Leaf(path if step.key is None else at(path, step.key), (*above.steps, step), fields, item)
            yield leaf
            if is_message(field):
                yield from _leaves(item, leaf)


def in_schema_order(message: Message) -> list[tuple[FieldDescriptor, Any]]:
    """Lists the set fields in the order in which the schema declares them."""
    return sorted(message.ListFields(), key=lambda pair: pair[0].index)


def _items(field: FieldDescriptor, value: Any) -> Iterator[tuple[Step, Any]]:
    """Yields the single values of a set field."""
    if is_map(field):
        # Strings compare by code points, which is the order of their UTF-8 bytes.
        for key in sorted(value):
            yield Step(field.name, key), value[key]
    elif field.is_repeated:
        for index, item in enumerate(value):
            yield Step(field.name, index), item
    else:
        yield Step(field.name), value
