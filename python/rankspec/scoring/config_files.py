"""The config that a bundle carries: what was trained, with variables for what is only of the place where it was."""

from __future__ import annotations

import re
from typing import TypeVar

from google.protobuf.message import Message

from rankspec.schema.annotations import is_semantic
from rankspec.schema.descriptors import message_of
from rankspec.schema.field_paths import FieldPath
from rankspec.schema.leaves import messages
from rankspec.schema.string_values import escaped, replace_strings

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
    for _, message in messages(copy):
        for field, _ in message.ListFields():
            if (inner := message_of(field)) is not None and inner.full_name in _TRACKERS:
                message.ClearField(field.name)
    names: set[str] = set()

    def replaced(path: FieldPath, text: str) -> str:
        return escaped(text) if all(map(is_semantic, path.fields)) else _variable(path, names)

    replace_strings(copy, replaced)
    return copy


def _variable(path: str, names: set[str]) -> str:
    """A variable that is no other place's; `names` takes its name."""
    base = name = _NO_PART_OF_A_NAME.sub("_", path.upper()).strip("_")
    number = 2
    while name in names:
        name = f"{base}_{number}"
        number += 1
    names.add(name)
    return f"${{{name}}}"
