from google.protobuf import descriptor_pb2 as _descriptor_pb2
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from typing import ClassVar as _ClassVar

DESCRIPTOR: _descriptor.FileDescriptor

class Effect(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    EFFECT_UNSPECIFIED: _ClassVar[Effect]
    EFFECT_SEMANTIC: _ClassVar[Effect]
    EFFECT_OPERATIONAL: _ClassVar[Effect]

class Resume(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RESUME_UNSPECIFIED: _ClassVar[Resume]
    RESUME_FREE: _ClassVar[Resume]
    RESUME_WARN: _ClassVar[Resume]
    RESUME_FORBIDDEN: _ClassVar[Resume]
EFFECT_UNSPECIFIED: Effect
EFFECT_SEMANTIC: Effect
EFFECT_OPERATIONAL: Effect
RESUME_UNSPECIFIED: Resume
RESUME_FREE: Resume
RESUME_WARN: Resume
RESUME_FORBIDDEN: Resume
EFFECT_FIELD_NUMBER: _ClassVar[int]
effect: _descriptor.FieldDescriptor
RESUME_FIELD_NUMBER: _ClassVar[int]
resume: _descriptor.FieldDescriptor
DEFAULT_ITEMS_FIELD_NUMBER: _ClassVar[int]
default_items: _descriptor.FieldDescriptor
INHERITS_FROM_FIELD_NUMBER: _ClassVar[int]
inherits_from: _descriptor.FieldDescriptor
DEPRECATION_REASON_FIELD_NUMBER: _ClassVar[int]
deprecation_reason: _descriptor.FieldDescriptor
DEPRECATION_REPLACEMENT_FIELD_NUMBER: _ClassVar[int]
deprecation_replacement: _descriptor.FieldDescriptor
