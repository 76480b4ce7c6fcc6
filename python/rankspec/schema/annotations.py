"""What the schema says of a field, message or oneof beside its type: our options and the rules of `buf.validate`.

Types of other people's generated messages are `Any`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from buf.validate import validate_pb2

from rankspec.options.v1 import options_pb2

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor, FieldDescriptor, OneofDescriptor


class Deprecation(NamedTuple):
    """What the schema says of a field that does nothing.

    Attributes:
        reason: Why, as a sentence without its end.
        replacement: The field to set instead, as a path from the message that has this one.
    """

    reason: str
    replacement: str


def is_semantic(field: FieldDescriptor) -> bool:
    """Tells whether another value of the field trains another function."""
    return bool(_options(field)[options_pb2.effect] == options_pb2.EFFECT_SEMANTIC)


def resume_option(field: FieldDescriptor) -> int:
    """Returns the field's `Resume`, whose numbers grow with strictness."""
    return int(_options(field)[options_pb2.resume])


def default_item_literals(field: FieldDescriptor) -> list[str]:
    """Returns the texts of the items that an empty list stands for."""
    return list(_options(field)[options_pb2.default_items])


def inherits_from(field: FieldDescriptor) -> str:
    """Returns the name of the config's field that the field switches inheritance from on; empty for others."""
    return str(_options(field)[options_pb2.inherits_from])


def deprecation_of(field: FieldDescriptor) -> Deprecation | None:
    """Returns why a field does nothing, and what to set instead; None for a field that does something."""
    if not field.GetOptions().deprecated:
        return None
    options = _options(field)
    return Deprecation(options[options_pb2.deprecation_reason], options[options_pb2.deprecation_replacement])


def field_rules(field: FieldDescriptor) -> Any:
    """Returns the `buf.validate.FieldRules` of a field."""
    return _options(field)[validate_pb2.field]


def message_rules(descriptor: Descriptor) -> Any:
    """Returns the `buf.validate.MessageRules` of a message type."""
    return _options(descriptor)[validate_pb2.message]


def is_required(oneof: OneofDescriptor) -> bool:
    """Tells whether a member of the oneof has to be set."""
    return bool(_options(oneof)[validate_pb2.oneof].required)


def _options(of: Any) -> Any:
    return of.GetOptions().Extensions
