"""Counts lists and maps before any other rule is asked.

Rules are written for configs that people write, and some would take minutes for a list of ten thousand. A config with
too long a list or map is told so, and nothing else, in every language.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from rankspec.schema.annotations import field_rules
from rankspec.schema.descriptors import is_map
from rankspec.schema.field_paths import FieldPath, parents
from rankspec.schema.leaves import messages

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
    path: FieldPath
    value: Any
    bound: int


def too_many(message: Message) -> list[TooLong]:
    """Finds every list and map of a message that has more items than its field allows, the outermost only."""
    found: dict[str, TooLong] = {}
    for place, inner in messages(message):
        if found and not found.keys().isdisjoint(parents(place.path)):
            continue
        for field, value in inner.ListFields():
            if field.is_repeated and len(value) > SMALLEST_BOUND and len(value) > (bound := _bound(field)):
                rule = "map.max_pairs" if is_map(field) else "repeated.max_items"
                path = place.path.to(field)
                found[path] = TooLong(rule, path, value, bound)
    return list(found.values())


def _bound(field: FieldDescriptor) -> int:
    rules = field_rules(field)
    bound: int = rules.map.max_pairs if is_map(field) else rules.repeated.max_items
    assert bound, f"the schema bounds every list and map: {field.full_name}"
    return bound
