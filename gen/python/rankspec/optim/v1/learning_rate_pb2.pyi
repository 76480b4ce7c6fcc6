from buf.validate import validate_pb2 as _validate_pb2
from rankspec.options.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class PiecewiseConstant(_message.Message):
    __slots__ = ("learning_rate_boundaries", "learning_rate_values")
    LEARNING_RATE_BOUNDARIES_FIELD_NUMBER: _ClassVar[int]
    LEARNING_RATE_VALUES_FIELD_NUMBER: _ClassVar[int]
    learning_rate_boundaries: _containers.RepeatedScalarFieldContainer[int]
    learning_rate_values: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, learning_rate_boundaries: _Optional[_Iterable[int]] = ..., learning_rate_values: _Optional[_Iterable[float]] = ...) -> None: ...

class LinearRampToConstant(_message.Message):
    __slots__ = ("learning_rate", "num_ramp_steps")
    LEARNING_RATE_FIELD_NUMBER: _ClassVar[int]
    NUM_RAMP_STEPS_FIELD_NUMBER: _ClassVar[int]
    learning_rate: float
    num_ramp_steps: int
    def __init__(self, learning_rate: _Optional[float] = ..., num_ramp_steps: _Optional[int] = ...) -> None: ...

class LinearRampToCosine(_message.Message):
    __slots__ = ("learning_rate", "final_learning_rate", "num_ramp_steps", "final_num_steps")
    LEARNING_RATE_FIELD_NUMBER: _ClassVar[int]
    FINAL_LEARNING_RATE_FIELD_NUMBER: _ClassVar[int]
    NUM_RAMP_STEPS_FIELD_NUMBER: _ClassVar[int]
    FINAL_NUM_STEPS_FIELD_NUMBER: _ClassVar[int]
    learning_rate: float
    final_learning_rate: float
    num_ramp_steps: int
    final_num_steps: int
    def __init__(self, learning_rate: _Optional[float] = ..., final_learning_rate: _Optional[float] = ..., num_ramp_steps: _Optional[int] = ..., final_num_steps: _Optional[int] = ...) -> None: ...

class LearningRate(_message.Message):
    __slots__ = ("constant", "linear_ramp_to_cosine", "linear_ramp_to_constant", "piecewise_constant")
    CONSTANT_FIELD_NUMBER: _ClassVar[int]
    LINEAR_RAMP_TO_COSINE_FIELD_NUMBER: _ClassVar[int]
    LINEAR_RAMP_TO_CONSTANT_FIELD_NUMBER: _ClassVar[int]
    PIECEWISE_CONSTANT_FIELD_NUMBER: _ClassVar[int]
    constant: float
    linear_ramp_to_cosine: LinearRampToCosine
    linear_ramp_to_constant: LinearRampToConstant
    piecewise_constant: PiecewiseConstant
    def __init__(self, constant: _Optional[float] = ..., linear_ramp_to_cosine: _Optional[_Union[LinearRampToCosine, _Mapping]] = ..., linear_ramp_to_constant: _Optional[_Union[LinearRampToConstant, _Mapping]] = ..., piecewise_constant: _Optional[_Union[PiecewiseConstant, _Mapping]] = ...) -> None: ...
