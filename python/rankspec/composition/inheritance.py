"""Settings that one part of a config takes from another: a validation set from the training data.

A bool with the option `inherits_from`, true in a message that the config holds by name, fills in what is unset there
from the config's field that the option names: blocks field by field, map entries by key, a list if it is empty, a oneof
if no member of it is set. The bool is dropped, so that the config then says everything itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from rankspec.claims.registry import obeys
from rankspec.recap.v1.data_pb2 import RecapDataConfig
from rankspec.schema.annotations import inherits_from
from rankspec.schema.descriptors import descriptor_of, fields_of, is_map, is_message, message_of, other_member
from rankspec.schema.field_paths import ROOT, FieldPath, as_path, is_at_or_below, path_of
from rankspec.schema.leaves import Leaf, items
from rankspec.schema.size_limits import too_many

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor, FieldDescriptor
    from google.protobuf.message import Message

    from rankspec.formats.document import Document


class Copy(NamedTuple):
    """A value that was filled in.

    Attributes:
        path: Where.
        source: The path it came from.
        base: What is inherited from; it contains the source.
    """

    path: FieldPath
    source: FieldPath
    base: FieldPath


class _Heir(NamedTuple):
    """A field of the config that may inherit.

    Attributes:
        field: The field.
        switch: Name of the bool that says whether it does.
        base: The path of the field it inherits from.
    """

    field: FieldDescriptor
    switch: str
    base: FieldPath


def inherit(document: Document[Any]) -> list[Copy]:
    """Fills in what a document's message inherits, in place.

    The places of what was filled in are those it came from, and what could not be read there counts as damaged here.

    Returns:
        What was filled in. Where there is nothing to inherit from, what should have inherited stands for all of it.
        Nothing, where a list or map is too long: each heir gets a copy, and the rules refuse the config anyway.
    """
    message = document.message
    copies: list[Copy] = []
    if too_many(message):
        return copies
    for heir in _heirs(descriptor_of(message)):
        for path, value in _values(message, heir.field):
            inherits = _inherits(value, heir.switch)
            value.ClearField(heir.switch)
            if not inherits:
                continue
            if message.HasField(heir.base):
                copies += _fill(value, getattr(message, heir.base), path, heir.base, heir.base)
            else:
                copies.append(Copy(path, heir.base, heir.base))
            document.damaged |= {
                as_path(damaged).moved(heir.base, path)
                for damaged in document.damaged
                if is_at_or_below(damaged, heir.base)
            }
    if copies:
        document.origins = document.origins.with_copies([(copy.path, copy.source) for copy in copies])
    return copies


@obeys(RecapDataConfig, "inherit_train_data")
def _inherits(value: Any, switch: str) -> bool:
    """Tells whether a message inherits. Loading is what obeys these fields; what runs a config never sees them."""
    return bool(getattr(value, switch))


@cache
def _heirs(config: Descriptor) -> tuple[_Heir, ...]:
    """Lists the fields of a config that may inherit."""
    heirs = []
    for field in fields_of(config):
        inner = message_of(field)
        for switch in fields_of(inner) if inner is not None else ():
            base = inherits_from(switch) if switch.type == switch.TYPE_BOOL else ""
            if base not in {"", field.name}:
                heirs.append(_Heir(field, switch.name, path_of(base, config)))
    return tuple(heirs)


def _values(message: Message, field: FieldDescriptor) -> Iterator[Leaf]:
    """Yields what may inherit."""
    if field.is_repeated or message.HasField(field.name):
        yield from items(ROOT, field, getattr(message, field.name))


def _fill(message: Message, base: Message, path: FieldPath, source: FieldPath, root: FieldPath) -> Iterator[Copy]:
    """Copies what is set in `base` and unset in `message`."""
    for field, value in base.ListFields():
        copy = Copy(path.to(field), source.to(field), root)
        if other_member(message, field):
            continue
        if not (getattr(message, field.name) if field.is_repeated else message.HasField(field.name)):
            message.MergeFrom(type(message)(**{field.name: value}))
            yield copy
        elif is_map(field):
            yield from _fill_map(getattr(message, field.name), field, value, copy)
        elif is_message(field) and not field.is_repeated:
            yield from _fill(getattr(message, field.name), value, copy.path, copy.source, root)


def _fill_map(entries: Any, field: FieldDescriptor, base: Any, whole: Copy) -> Iterator[Copy]:
    for key in sorted(base):
        copy = Copy(whole.path.at(key), whole.source.at(key), whole.base)
        if key in entries:
            if is_message(field):
                yield from _fill(entries[key], base[key], copy.path, copy.source, whole.base)
            continue
        if is_message(field):
            entries[key].CopyFrom(base[key])
        else:
            entries[key] = base[key]
        yield copy
