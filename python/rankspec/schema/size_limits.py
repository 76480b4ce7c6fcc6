"""Counts lists and maps before any other rule is asked.

Rules are written for configs that people write, and some would take minutes for a list of ten thousand. A config with
too long a list or map is told so, and nothing else, in every language.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from rankspec.schema.annotations import field_rules
from rankspec.schema.descriptors import is_map, map_value
from rankspec.schema.field_paths import at, join

if TYPE_CHECKING:
    from google.protobuf.descriptor import FieldDescriptor
    from google.protobuf.message import Message

# No bound of the schema is smaller, so that shorter ones need not be looked up.
SMALLEST_BOUND = 16


class TooLong(NamedTuple):
    """A list or map with more items than its field allows.

    Attributes:
        rule: The rule's id.
        path: Where it is.
        value: The list or map.
        bound: How many items it may have.
    """

    rule: str
    path: str
    value: Any
    bound: int


def too_many(message: Message, path: str = "") -> list[TooLong]:
    """Finds every list and map of a message that has more items than its field allows.

    Args:
        message: What to look into.
        path: Where it is.
    """
    found: list[TooLong] = []
    for field, value in message.ListFields():
        here = join(path, field.name)
        if is_map(field):
            items = value.items() if map_value(field).message_type is not None else ()
        elif field.message_type is not None:
            items = enumerate(value) if field.is_repeated else ((None, value),)
        else:
            items = ()
        if field.is_repeated and len(value) > SMALLEST_BOUND and len(value) > (limit := _bound(field)):
            found.append(TooLong("map.max_pairs" if is_map(field) else "repeated.max_items", here, value, limit))
            continue
        for key, item in items:
            found += too_many(item, here if key is None else at(here, key))
    return found


def _bound(field: FieldDescriptor) -> int:
    rules = field_rules(field)
    bound: int = rules.map.max_pairs if is_map(field) else rules.repeated.max_items
    assert bound, f"the schema bounds every list and map: {field.full_name}"
    return bound
