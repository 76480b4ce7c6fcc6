from buf.validate import validate_pb2 as _validate_pb2
from rankspec.options.v1 import options_pb2 as _options_pb2
from rankspec.train.v1 import wandb_pb2 as _wandb_pb2
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class AmpDtype(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    AMP_DTYPE_UNSPECIFIED: _ClassVar[AmpDtype]
    AMP_DTYPE_BFLOAT16: _ClassVar[AmpDtype]
    AMP_DTYPE_FLOAT16: _ClassVar[AmpDtype]

class Device(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DEVICE_UNSPECIFIED: _ClassVar[Device]
    DEVICE_AUTO: _ClassVar[Device]
    DEVICE_CPU: _ClassVar[Device]
    DEVICE_CUDA: _ClassVar[Device]
AMP_DTYPE_UNSPECIFIED: AmpDtype
AMP_DTYPE_BFLOAT16: AmpDtype
AMP_DTYPE_FLOAT16: AmpDtype
DEVICE_UNSPECIFIED: Device
DEVICE_AUTO: Device
DEVICE_CPU: Device
DEVICE_CUDA: Device

class RuntimeConfig(_message.Message):
    __slots__ = ("wandb", "enable_tensorfloat32", "enable_amp", "amp_dtype", "seed", "deterministic", "device")
    WANDB_FIELD_NUMBER: _ClassVar[int]
    ENABLE_TENSORFLOAT32_FIELD_NUMBER: _ClassVar[int]
    ENABLE_AMP_FIELD_NUMBER: _ClassVar[int]
    AMP_DTYPE_FIELD_NUMBER: _ClassVar[int]
    SEED_FIELD_NUMBER: _ClassVar[int]
    DETERMINISTIC_FIELD_NUMBER: _ClassVar[int]
    DEVICE_FIELD_NUMBER: _ClassVar[int]
    wandb: _wandb_pb2.WandbConfig
    enable_tensorfloat32: bool
    enable_amp: bool
    amp_dtype: AmpDtype
    seed: int
    deterministic: bool
    device: Device
    def __init__(self, wandb: _Optional[_Union[_wandb_pb2.WandbConfig, _Mapping]] = ..., enable_tensorfloat32: _Optional[bool] = ..., enable_amp: _Optional[bool] = ..., amp_dtype: _Optional[_Union[AmpDtype, str]] = ..., seed: _Optional[int] = ..., deterministic: _Optional[bool] = ..., device: _Optional[_Union[Device, str]] = ...) -> None: ...
