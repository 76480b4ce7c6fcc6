"""Lays one config over another: base first, overlays after it.

Later wins for scalars, messages merge field by field, map entries merge by key, a list is replaced as a
whole, and setting another member of a oneof switches it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from rankspec.formats.document import Document
from rankspec.schema.descriptors import is_map, is_message, other_member
from rankspec.schema.field_paths import ROOT, FieldPath
from rankspec.schema.leaves import value_at

if TYPE_CHECKING:
    from google.protobuf.descriptor import FieldDescriptor
    from google.protobuf.message import Message

M = TypeVar("M", bound="Message")


def merge_documents(base: Document[M], overlay: Document[M]) -> Document[M]:
    """Lays a document over another one.

    A list that the overlay gives as empty (`layer_sizes: []`) empties the list below it.

    Args:
        base: The document below; its message is changed.
        overlay: The document above.

    Returns:
        A document with the message of `base`, and what was said about both.
    """
    replaced = _emptied_lists(base.message, overlay)
    merge(base.message, overlay.message, replaced)
    return Document(
        base.message,
        base.origins.merge(overlay.origins, replaced),
        [*base.diagnostics, *overlay.diagnostics],
        base.damaged | overlay.damaged,
        # None if either has no text, so that nobody takes the text for all there is.
        base.text if overlay.text is not None else None,
    )


def merge(below: Message, above: Message, replaced: list[str], prefix: FieldPath = ROOT) -> None:
    """Merges one message into another of the same type.

    Args:
        below: What is changed.
        above: What wins.
        replaced: Takes the paths of what `above` replaced as a whole.
        prefix: Path of the two messages.
    """
    for field, value in above.ListFields():
        path = prefix.to(field)
        note_switch(below, field, prefix, replaced)
        if is_map(field):
            _merge_map(getattr(below, field.name), field, value, replaced, path)
        elif field.is_repeated:
            below.ClearField(field.name)
            getattr(below, field.name).extend(value)
            replaced.append(path)
        elif is_message(field):
            inner = getattr(below, field.name)
            inner.SetInParent()
            merge(inner, value, replaced, path)
        else:
            setattr(below, field.name, value)


def _merge_map(below: Any, field: FieldDescriptor, above: Any, replaced: list[str], path: FieldPath) -> None:
    for key in sorted(above):
        if is_message(field):
            # A map makes the message of a key that it lacks.
            merge(below[key], above[key], replaced, path.at(key))
        else:
            below[key] = above[key]


def note_switch(below: Message, field: FieldDescriptor, prefix: FieldPath, replaced: list[str]) -> None:
    """Notes the member of a oneof that setting `field` unsets."""
    if current := other_member(below, field):
        replaced.append(prefix.to_name(current))


def _emptied_lists(below: Message, overlay: Document[M]) -> list[str]:
    """Empties the lists that the overlay names without giving them an element."""
    emptied: list[str] = []
    named = overlay.origins.marks.values() if overlay.text is not None else ()
    for mark in named:
        field = mark.path.field
        if field is None or not field.is_repeated or is_map(field) or mark.path.key is not None:
            continue
        holder, above = (value_at(whole, mark.path.around) for whole in (below, overlay.message))
        if holder is not None and above is not None and getattr(holder, field.name) and not getattr(above, field.name):
            holder.ClearField(field.name)
            emptied.append(mark.path)
    return emptied
