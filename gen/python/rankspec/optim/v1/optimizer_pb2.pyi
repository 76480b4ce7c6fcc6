from buf.validate import validate_pb2 as _validate_pb2
from rankspec.optim.v1 import learning_rate_pb2 as _learning_rate_pb2
from rankspec.options.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class AdamConfig(_message.Message):
    __slots__ = ("lr", "betas", "eps", "weight_decay")
    LR_FIELD_NUMBER: _ClassVar[int]
    BETAS_FIELD_NUMBER: _ClassVar[int]
    EPS_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_DECAY_FIELD_NUMBER: _ClassVar[int]
    lr: float
    betas: _containers.RepeatedScalarFieldContainer[float]
    eps: float
    weight_decay: float
    def __init__(self, lr: _Optional[float] = ..., betas: _Optional[_Iterable[float]] = ..., eps: _Optional[float] = ..., weight_decay: _Optional[float] = ...) -> None: ...

class SgdConfig(_message.Message):
    __slots__ = ("lr", "momentum", "weight_decay")
    LR_FIELD_NUMBER: _ClassVar[int]
    MOMENTUM_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_DECAY_FIELD_NUMBER: _ClassVar[int]
    lr: float
    momentum: float
    weight_decay: float
    def __init__(self, lr: _Optional[float] = ..., momentum: _Optional[float] = ..., weight_decay: _Optional[float] = ...) -> None: ...

class AdagradConfig(_message.Message):
    __slots__ = ("lr", "eps", "weight_decay")
    LR_FIELD_NUMBER: _ClassVar[int]
    EPS_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_DECAY_FIELD_NUMBER: _ClassVar[int]
    lr: float
    eps: float
    weight_decay: float
    def __init__(self, lr: _Optional[float] = ..., eps: _Optional[float] = ..., weight_decay: _Optional[float] = ...) -> None: ...

class OptimizerConfig(_message.Message):
    __slots__ = ("learning_rate", "adam", "sgd", "adagrad")
    LEARNING_RATE_FIELD_NUMBER: _ClassVar[int]
    ADAM_FIELD_NUMBER: _ClassVar[int]
    SGD_FIELD_NUMBER: _ClassVar[int]
    ADAGRAD_FIELD_NUMBER: _ClassVar[int]
    learning_rate: _learning_rate_pb2.LearningRate
    adam: AdamConfig
    sgd: SgdConfig
    adagrad: AdagradConfig
    def __init__(self, learning_rate: _Optional[_Union[_learning_rate_pb2.LearningRate, _Mapping]] = ..., adam: _Optional[_Union[AdamConfig, _Mapping]] = ..., sgd: _Optional[_Union[SgdConfig, _Mapping]] = ..., adagrad: _Optional[_Union[AdagradConfig, _Mapping]] = ...) -> None: ...
