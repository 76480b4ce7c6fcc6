from buf.validate import validate_pb2 as _validate_pb2
from rankspec.options.v1 import options_pb2 as _options_pb2
from rankspec.recap.v1 import data_pb2 as _data_pb2
from rankspec.recap.v1 import metrics_pb2 as _metrics_pb2
from rankspec.recap.v1 import model_pb2 as _model_pb2
from rankspec.recap.v1 import optimizer_pb2 as _optimizer_pb2
from rankspec.recap.v1 import training_pb2 as _training_pb2
from rankspec.train.v1 import runtime_pb2 as _runtime_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class JobMode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    JOB_MODE_UNSPECIFIED: _ClassVar[JobMode]
    JOB_MODE_TRAIN: _ClassVar[JobMode]
    JOB_MODE_EVALUATE: _ClassVar[JobMode]
    JOB_MODE_INFERENCE: _ClassVar[JobMode]

class DownsamplingCorrection(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DOWNSAMPLING_CORRECTION_UNSPECIFIED: _ClassVar[DownsamplingCorrection]
    DOWNSAMPLING_CORRECTION_LOSS_WEIGHTS: _ClassVar[DownsamplingCorrection]
    DOWNSAMPLING_CORRECTION_CALIBRATION: _ClassVar[DownsamplingCorrection]
JOB_MODE_UNSPECIFIED: JobMode
JOB_MODE_TRAIN: JobMode
JOB_MODE_EVALUATE: JobMode
JOB_MODE_INFERENCE: JobMode
DOWNSAMPLING_CORRECTION_UNSPECIFIED: DownsamplingCorrection
DOWNSAMPLING_CORRECTION_LOSS_WEIGHTS: DownsamplingCorrection
DOWNSAMPLING_CORRECTION_CALIBRATION: DownsamplingCorrection

class RecapConfig(_message.Message):
    __slots__ = ("training", "model", "train_data", "validation_data", "optimizer", "which_metrics", "runtime", "downsampling_correction", "mode", "score_weights", "groups")
    class ValidationDataEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: _data_pb2.RecapDataConfig
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[_data_pb2.RecapDataConfig, _Mapping]] = ...) -> None: ...
    class ScoreWeightsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: float
        def __init__(self, key: _Optional[str] = ..., value: _Optional[float] = ...) -> None: ...
    TRAINING_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    TRAIN_DATA_FIELD_NUMBER: _ClassVar[int]
    VALIDATION_DATA_FIELD_NUMBER: _ClassVar[int]
    OPTIMIZER_FIELD_NUMBER: _ClassVar[int]
    WHICH_METRICS_FIELD_NUMBER: _ClassVar[int]
    RUNTIME_FIELD_NUMBER: _ClassVar[int]
    DOWNSAMPLING_CORRECTION_FIELD_NUMBER: _ClassVar[int]
    MODE_FIELD_NUMBER: _ClassVar[int]
    SCORE_WEIGHTS_FIELD_NUMBER: _ClassVar[int]
    GROUPS_FIELD_NUMBER: _ClassVar[int]
    training: _training_pb2.TrainingConfig
    model: _model_pb2.ModelConfig
    train_data: _data_pb2.RecapDataConfig
    validation_data: _containers.MessageMap[str, _data_pb2.RecapDataConfig]
    optimizer: _optimizer_pb2.RecapOptimizerConfig
    which_metrics: str
    runtime: _runtime_pb2.RuntimeConfig
    downsampling_correction: DownsamplingCorrection
    mode: JobMode
    score_weights: _containers.ScalarMap[str, float]
    groups: _containers.RepeatedCompositeFieldContainer[_metrics_pb2.MetricGroup]
    def __init__(self, training: _Optional[_Union[_training_pb2.TrainingConfig, _Mapping]] = ..., model: _Optional[_Union[_model_pb2.ModelConfig, _Mapping]] = ..., train_data: _Optional[_Union[_data_pb2.RecapDataConfig, _Mapping]] = ..., validation_data: _Optional[_Mapping[str, _data_pb2.RecapDataConfig]] = ..., optimizer: _Optional[_Union[_optimizer_pb2.RecapOptimizerConfig, _Mapping]] = ..., which_metrics: _Optional[str] = ..., runtime: _Optional[_Union[_runtime_pb2.RuntimeConfig, _Mapping]] = ..., downsampling_correction: _Optional[_Union[DownsamplingCorrection, str]] = ..., mode: _Optional[_Union[JobMode, str]] = ..., score_weights: _Optional[_Mapping[str, float]] = ..., groups: _Optional[_Iterable[_Union[_metrics_pb2.MetricGroup, _Mapping]]] = ...) -> None: ...
