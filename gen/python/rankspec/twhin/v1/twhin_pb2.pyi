from buf.validate import validate_pb2 as _validate_pb2
from rankspec.options.v1 import options_pb2 as _options_pb2
from rankspec.train.v1 import job_mode_pb2 as _job_mode_pb2
from rankspec.train.v1 import runtime_pb2 as _runtime_pb2
from rankspec.train.v1 import training_pb2 as _training_pb2
from rankspec.twhin.v1 import data_pb2 as _data_pb2
from rankspec.twhin.v1 import model_pb2 as _model_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class TwhinConfig(_message.Message):
    __slots__ = ("runtime", "training", "model", "train_data", "validation_data", "mode")
    RUNTIME_FIELD_NUMBER: _ClassVar[int]
    TRAINING_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    TRAIN_DATA_FIELD_NUMBER: _ClassVar[int]
    VALIDATION_DATA_FIELD_NUMBER: _ClassVar[int]
    MODE_FIELD_NUMBER: _ClassVar[int]
    runtime: _runtime_pb2.RuntimeConfig
    training: _training_pb2.TrainingConfig
    model: _model_pb2.TwhinModelConfig
    train_data: _data_pb2.TwhinDataConfig
    validation_data: _data_pb2.TwhinDataConfig
    mode: _job_mode_pb2.JobMode
    def __init__(self, runtime: _Optional[_Union[_runtime_pb2.RuntimeConfig, _Mapping]] = ..., training: _Optional[_Union[_training_pb2.TrainingConfig, _Mapping]] = ..., model: _Optional[_Union[_model_pb2.TwhinModelConfig, _Mapping]] = ..., train_data: _Optional[_Union[_data_pb2.TwhinDataConfig, _Mapping]] = ..., validation_data: _Optional[_Union[_data_pb2.TwhinDataConfig, _Mapping]] = ..., mode: _Optional[_Union[_job_mode_pb2.JobMode, str]] = ...) -> None: ...
