"""The config that a bundle carries: what was trained, with variables for what is only of the place where it was."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeVar

from rankspec.schema.annotations import is_semantic
from rankspec.schema.descriptors import is_map, map_value
from rankspec.schema.field_paths import at, join

if TYPE_CHECKING:
    from google.protobuf.descriptor import FieldDescriptor
    from google.protobuf.message import Message

MessageT = TypeVar("MessageT", bound="Message")

# Accounts and addresses of a tracker.
_TRACKERS = {"rankspec.train.v1.WandbConfig"}
_NO_PART_OF_A_NAME = re.compile(r"[^A-Z0-9]+")


def without_places(config: MessageT) -> MessageT:
    """A copy without text that trains nothing: folders, addresses, accounts, and whatever `${VAR}` brought into them.

    Such text is what an operational field holds, or one below it. It becomes a variable called like the field, such as
    `${TRAINING_SAVE_DIR}`, so that the config is whole again where those are set. Other text is escaped, so that
    reading replaces nothing in it. Trackers are left out.
    """
    copy = type(config)()
    copy.CopyFrom(config)
    _Places().clear(copy, "", below_operational=False)
    return copy


class _Places:
    """Replaces the text of one config."""

    def __init__(self) -> None:
        self._names: set[str] = set()

    def clear(self, message: Any, path: str, *, below_operational: bool) -> None:
        """Replaces the text of a message in place.

        Args:
            message: the message.
            path: its own.
            below_operational: whether it is below an operational field.
        """
        for field, value in message.ListFields():
            here = join(path, field.name)
            is_operational = below_operational or not is_semantic(field)
            inner = _inner_type(field)
            if inner is None:
                if _is_text(field):
                    self._replace(message, field, value, here, is_operational=is_operational)
            elif inner.full_name in _TRACKERS:
                message.ClearField(field.name)
            else:
                for place, item in _elements(field, value, here):
                    self.clear(item, place, below_operational=is_operational)

    def _replace(self, message: Any, field: FieldDescriptor, value: Any, path: str, *, is_operational: bool) -> None:
        def replaced(place: str, text: str) -> str:
            return self._variable(place) if is_operational else text.replace("${", "$${")

        if is_map(field):
            for key in sorted(value):
                value[key] = replaced(at(path, key), value[key])
        elif field.is_repeated:
            value[:] = [replaced(at(path, index), text) for index, text in enumerate(value)]
        else:
            setattr(message, field.name, replaced(path, value))

    def _variable(self, path: str) -> str:
        """A variable that is no other place's."""
        base = name = _NO_PART_OF_A_NAME.sub("_", path.upper()).strip("_")
        number = 2
        while name in self._names:
            name = f"{base}_{number}"
            number += 1
        self._names.add(name)
        return f"${{{name}}}"


def _elements(field: FieldDescriptor, value: Any, path: str) -> list[tuple[str, Any]]:
    """The messages that a field holds, with their paths."""
    if is_map(field):
        return [(at(path, key), value[key]) for key in sorted(value)]
    return [(at(path, index), item) for index, item in enumerate(value)] if field.is_repeated else [(path, value)]


def _inner_type(field: FieldDescriptor) -> Any:
    """The message type that a field leads to, or None for scalars."""
    return map_value(field).message_type if is_map(field) else field.message_type


def _is_text(field: FieldDescriptor) -> bool:
    holder: Any = map_value(field) if is_map(field) else field
    return bool(holder.type == holder.TYPE_STRING)
