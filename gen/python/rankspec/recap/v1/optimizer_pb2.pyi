from buf.validate import validate_pb2 as _validate_pb2
from rankspec.optim.v1 import learning_rate_pb2 as _learning_rate_pb2
from rankspec.options.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class RecapAdamConfig(_message.Message):
    __slots__ = ("beta_1", "beta_2", "epsilon", "weight_decay")
    BETA_1_FIELD_NUMBER: _ClassVar[int]
    BETA_2_FIELD_NUMBER: _ClassVar[int]
    EPSILON_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_DECAY_FIELD_NUMBER: _ClassVar[int]
    beta_1: float
    beta_2: float
    epsilon: float
    weight_decay: float
    def __init__(self, beta_1: _Optional[float] = ..., beta_2: _Optional[float] = ..., epsilon: _Optional[float] = ..., weight_decay: _Optional[float] = ...) -> None: ...

class RecapSgdConfig(_message.Message):
    __slots__ = ("momentum", "weight_decay")
    MOMENTUM_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_DECAY_FIELD_NUMBER: _ClassVar[int]
    momentum: float
    weight_decay: float
    def __init__(self, momentum: _Optional[float] = ..., weight_decay: _Optional[float] = ...) -> None: ...

class MultiTaskLearningRates(_message.Message):
    __slots__ = ("tower_learning_rates", "backbone_learning_rate")
    class TowerLearningRatesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: _learning_rate_pb2.LearningRate
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[_learning_rate_pb2.LearningRate, _Mapping]] = ...) -> None: ...
    TOWER_LEARNING_RATES_FIELD_NUMBER: _ClassVar[int]
    BACKBONE_LEARNING_RATE_FIELD_NUMBER: _ClassVar[int]
    tower_learning_rates: _containers.MessageMap[str, _learning_rate_pb2.LearningRate]
    backbone_learning_rate: _learning_rate_pb2.LearningRate
    def __init__(self, tower_learning_rates: _Optional[_Mapping[str, _learning_rate_pb2.LearningRate]] = ..., backbone_learning_rate: _Optional[_Union[_learning_rate_pb2.LearningRate, _Mapping]] = ...) -> None: ...

class RecapOptimizerConfig(_message.Message):
    __slots__ = ("multi_task_learning_rates", "single_task_learning_rate", "adam", "sgd")
    MULTI_TASK_LEARNING_RATES_FIELD_NUMBER: _ClassVar[int]
    SINGLE_TASK_LEARNING_RATE_FIELD_NUMBER: _ClassVar[int]
    ADAM_FIELD_NUMBER: _ClassVar[int]
    SGD_FIELD_NUMBER: _ClassVar[int]
    multi_task_learning_rates: MultiTaskLearningRates
    single_task_learning_rate: _learning_rate_pb2.LearningRate
    adam: RecapAdamConfig
    sgd: RecapSgdConfig
    def __init__(self, multi_task_learning_rates: _Optional[_Union[MultiTaskLearningRates, _Mapping]] = ..., single_task_learning_rate: _Optional[_Union[_learning_rate_pb2.LearningRate, _Mapping]] = ..., adam: _Optional[_Union[RecapAdamConfig, _Mapping]] = ..., sgd: _Optional[_Union[RecapSgdConfig, _Mapping]] = ...) -> None: ...
