"""Everything that is set in a message, one value after the other, in an order that every language can have."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from rankspec.paths import at, is_map, is_message, join

if TYPE_CHECKING:
    from google.protobuf.descriptor import FieldDescriptor
    from google.protobuf.message import Message


class Leaf(NamedTuple):
    """A value of a message, or a message that is present.

    Attributes:
        path: Where it is.
        fields: The fields along the path.
        value: The scalar, or the message.
    """

    path: str
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
    return _leaves(message, "", ())


def _leaves(message: Message, prefix: str, above: tuple[FieldDescriptor, ...]) -> Iterator[Leaf]:
    for field, value in in_schema_order(message):
        along = (*above, field)
        for path, item in items(field, value, join(prefix, field.name)):
            yield Leaf(path, along, item)
            if is_message(field):
                yield from _leaves(item, path, along)


def in_schema_order(message: Message) -> list[tuple[FieldDescriptor, Any]]:
    """Lists the set fields in the order in which the schema declares them."""
    return sorted(message.ListFields(), key=lambda pair: pair[0].index)


def items(field: FieldDescriptor, value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Yields the single values of a set field, each with its path."""
    if is_map(field):
        # Strings compare by code points, which is the order of their UTF-8 bytes.
        for key in sorted(value):
            yield at(path, key), value[key]
    elif field.is_repeated:
        for index, item in enumerate(value):
            yield at(path, index), item
    else:
        yield path, value
