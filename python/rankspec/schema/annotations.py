"""What the schema says of a field, message or oneof beside its type: our options and the rules of `buf.validate`.

The modules that declare the options are imported when one is asked for, because a valid config never needs
them. Types of other people's generated messages are `Any`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

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
    from rankspec.options.v1 import options_pb2

    return bool(_options(field)[options_pb2.effect] == options_pb2.EFFECT_SEMANTIC)


def resume_option(field: FieldDescriptor) -> int:
    """Returns the field's `Resume`, whose numbers grow with strictness."""
    from rankspec.options.v1 import options_pb2

    option: int = _options(field)[options_pb2.resume]
    return option


def default_item_literals(field: FieldDescriptor) -> list[str]:
    """Returns the texts of the items that an empty list stands for."""
    from rankspec.options.v1 import options_pb2

    return list(_options(field)[options_pb2.default_items])


def inherits_from(field: FieldDescriptor) -> str:
    """Returns the name of the config's field that the field switches inheritance from on; empty for others."""
    from rankspec.options.v1 import options_pb2

    name: str = _options(field)[options_pb2.inherits_from]
    return name


def deprecation_of(field: FieldDescriptor) -> Deprecation | None:
    """Returns why a field does nothing, and what to set instead; None for a field that does something."""
    if not field.GetOptions().deprecated:
        return None
    from rankspec.options.v1 import options_pb2

    options = _options(field)
    return Deprecation(options[options_pb2.deprecation_reason], options[options_pb2.deprecation_replacement])


def field_rules(field: FieldDescriptor) -> Any:
    """Returns the `buf.validate.FieldRules` of a field."""
    from buf.validate import validate_pb2

    return _options(field)[validate_pb2.field]


def message_rules(descriptor: Descriptor) -> Any:
    """Returns the `buf.validate.MessageRules` of a message type."""
    from buf.validate import validate_pb2

    return _options(descriptor)[validate_pb2.message]


def is_required(oneof: OneofDescriptor) -> bool:
    """Tells whether a member of the oneof has to be set."""
    from buf.validate import validate_pb2

    return bool(_options(oneof)[validate_pb2.oneof].required)


def _options(of: Any) -> Any:
    return of.GetOptions().Extensions
