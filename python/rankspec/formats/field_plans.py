"""How to read each field of a message type, worked out once per type from its descriptor."""

from __future__ import annotations

from functools import cache, cached_property
from typing import TYPE_CHECKING, cast

from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor
from google.protobuf.message_factory import GetMessageClass

if TYPE_CHECKING:
    from google.protobuf.message import Message

_KINDS = {
    FieldDescriptor.TYPE_INT32: "int32",
    FieldDescriptor.TYPE_SINT32: "int32",
    FieldDescriptor.TYPE_SFIXED32: "int32",
    FieldDescriptor.TYPE_INT64: "int64",
    FieldDescriptor.TYPE_SINT64: "int64",
    FieldDescriptor.TYPE_SFIXED64: "int64",
    FieldDescriptor.TYPE_UINT32: "uint32",
    FieldDescriptor.TYPE_FIXED32: "uint32",
    FieldDescriptor.TYPE_UINT64: "uint64",
    FieldDescriptor.TYPE_FIXED64: "uint64",
    FieldDescriptor.TYPE_FLOAT: "float",
    FieldDescriptor.TYPE_DOUBLE: "double",
    FieldDescriptor.TYPE_BOOL: "bool",
    FieldDescriptor.TYPE_STRING: "string",
    FieldDescriptor.TYPE_BYTES: "bytes",
    FieldDescriptor.TYPE_ENUM: "enum",
    FieldDescriptor.TYPE_MESSAGE: "message",
    FieldDescriptor.TYPE_GROUP: "message",
}

INTEGER_RANGES = {
    "int32": (-(2**31), 2**31 - 1),
    "int64": (-(2**63), 2**63 - 1),
    "uint32": (0, 2**32 - 1),
    "uint64": (0, 2**64 - 1),
}


class FieldPlan:
    """One field, as the readers need it.

    Attributes:
        name: The field's name in the schema.
        kind: `int32`, `int64`, `uint32`, `uint64`, `float`, `double`, `bool`, `string`, `bytes`, `enum` or
            `message`; wire encodings that hold the same values share a kind.
        repeated: Whether it is a list. Maps are not.
        is_map: Whether it is a map.
        oneof: Name of the oneof it is a member of, if any.
        exclusive: What may be given once only: the oneof's name for a member, else the field's own.
    """

    def __init__(self, descriptor: FieldDescriptor) -> None:
        self.descriptor = descriptor
        self.name: str = descriptor.name
        self.kind = _KINDS[descriptor.type]
        self.is_map = self.kind == "message" and bool(self._message_type.GetOptions().map_entry)
        self.repeated = descriptor.is_repeated and not self.is_map
        self.oneof: str | None = descriptor.containing_oneof.name if descriptor.containing_oneof else None
        self.exclusive = self.oneof or self.name

    @cached_property
    def message_plan(self) -> MessagePlan:
        """How to read the field's message; for a map, its entry."""
        return plan_of(self._message_type)

    @property
    def _message_type(self) -> Descriptor:
        return cast("Descriptor", self.descriptor.message_type)

    @property
    def enum(self) -> EnumDescriptor:
        """The field's enum."""
        return cast("EnumDescriptor", self.descriptor.enum_type)

    @cached_property
    def enum_numbers(self) -> dict[str, int]:
        """The enum's values by name."""
        return {value.name: value.number for value in self.enum.values}

    @cached_property
    def key(self) -> FieldPlan:
        """How to read a map's keys."""
        return self.message_plan.fields["key"]

    @cached_property
    def item(self) -> FieldPlan:
        """How to read a map's values."""
        return self.message_plan.fields["value"]

    @property
    def placeholder(self) -> object:
        """Stands in a list for an element that could not be read, so that the others keep their indices."""
        if self.kind == "enum":
            return next(iter(self.enum_numbers.values()))
        return {"bool": False, "string": "", "bytes": b""}.get(self.kind, 0)

    def new_message(self) -> Message:
        """Creates a message of the field's type that belongs to no other message."""
        return GetMessageClass(self._message_type)()


class MessagePlan:
    """A message type, as the readers need it.

    Attributes:
        full_name: The type's name with its package.
        name: The type's own name.
        fields: The fields by name, in the order of the schema.
    """

    def __init__(self, descriptor: Descriptor) -> None:
        self.full_name: str = descriptor.full_name
        self.name: str = descriptor.name
        self.fields = {field.name: FieldPlan(field) for field in descriptor.fields}

    def members_of(self, oneof: str) -> list[str]:
        """Lists the fields of a oneof; none if the message has no oneof of this name."""
        return [field.name for field in self.fields.values() if field.oneof == oneof]

    @cached_property
    def by_json_name(self) -> dict[str, FieldPlan]:
        """The fields by both of the names that JSON takes."""
        return {field.descriptor.json_name: field for field in self.fields.values()} | self.fields


@cache
def plan_of(descriptor: Descriptor) -> MessagePlan:
    """Returns the plan of a message type; the same one every time."""
    return MessagePlan(descriptor)
