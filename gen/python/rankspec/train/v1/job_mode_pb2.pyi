from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from typing import ClassVar as _ClassVar

DESCRIPTOR: _descriptor.FileDescriptor

class JobMode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    JOB_MODE_UNSPECIFIED: _ClassVar[JobMode]
    JOB_MODE_TRAIN: _ClassVar[JobMode]
    JOB_MODE_EVALUATE: _ClassVar[JobMode]
    JOB_MODE_INFERENCE: _ClassVar[JobMode]
JOB_MODE_UNSPECIFIED: JobMode
JOB_MODE_TRAIN: JobMode
JOB_MODE_EVALUATE: JobMode
JOB_MODE_INFERENCE: JobMode
