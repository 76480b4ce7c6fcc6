"""The config that a bundle carries: what was trained, without what is only of the place where it was."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from rankspec.schema.annotations import is_semantic
from rankspec.schema.descriptors import is_map, map_value

if TYPE_CHECKING:
    from google.protobuf.descriptor import FieldDescriptor
    from google.protobuf.message import Message

MessageT = TypeVar("MessageT", bound="Message")

# Accounts and addresses of a tracker.
_TRACKERS = {"rankspec.train.v1.WandbConfig"}


def without_places(config: MessageT) -> MessageT:
    """A copy without text that trains nothing: folders, addresses, accounts, and whatever `${VAR}` brought into them.

    Such text is what an operational field holds, or one below it. So the semantic fingerprint stays what it was.
    """
    copy = type(config)()
    copy.CopyFrom(config)
    _clear_places(copy, below_operational=False)
    return copy


def _clear_places(message: Any, *, below_operational: bool) -> None:
    for field, value in message.ListFields():
        is_operational = below_operational or not is_semantic(field)
        inner = _inner_type(field)
        if inner is None:
            if is_operational and _is_text(field):
                message.ClearField(field.name)
        elif inner.full_name in _TRACKERS:
            message.ClearField(field.name)
        else:
            for item in value.values() if is_map(field) else value if field.is_repeated else (value,):
                _clear_places(item, below_operational=is_operational)


def _inner_type(field: FieldDescriptor) -> Any:
    """The message type that a field leads to, or None for scalars."""
    return map_value(field).message_type if is_map(field) else field.message_type


def _is_text(field: FieldDescriptor) -> bool:
    holder: Any = map_value(field) if is_map(field) else field
    return bool(holder.type == holder.TYPE_STRING)
