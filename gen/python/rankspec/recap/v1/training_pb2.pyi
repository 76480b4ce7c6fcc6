from buf.validate import validate_pb2 as _validate_pb2
from rankspec.options.v1 import options_pb2 as _options_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class BestCheckpointConfig(_message.Message):
    __slots__ = ("validation_data", "metric", "patience")
    VALIDATION_DATA_FIELD_NUMBER: _ClassVar[int]
    METRIC_FIELD_NUMBER: _ClassVar[int]
    PATIENCE_FIELD_NUMBER: _ClassVar[int]
    validation_data: str
    metric: str
    patience: int
    def __init__(self, validation_data: _Optional[str] = ..., metric: _Optional[str] = ..., patience: _Optional[int] = ...) -> None: ...

class TrainingConfig(_message.Message):
    __slots__ = ("save_dir", "num_train_steps", "initial_checkpoint_dir", "checkpoint_every_n", "checkpoint_max_to_keep", "train_log_every_n", "num_eval_steps", "eval_log_every_n", "eval_timeout_in_s", "gradient_accumulation", "gradient_clip_norm", "best_checkpoint")
    SAVE_DIR_FIELD_NUMBER: _ClassVar[int]
    NUM_TRAIN_STEPS_FIELD_NUMBER: _ClassVar[int]
    INITIAL_CHECKPOINT_DIR_FIELD_NUMBER: _ClassVar[int]
    CHECKPOINT_EVERY_N_FIELD_NUMBER: _ClassVar[int]
    CHECKPOINT_MAX_TO_KEEP_FIELD_NUMBER: _ClassVar[int]
    TRAIN_LOG_EVERY_N_FIELD_NUMBER: _ClassVar[int]
    NUM_EVAL_STEPS_FIELD_NUMBER: _ClassVar[int]
    EVAL_LOG_EVERY_N_FIELD_NUMBER: _ClassVar[int]
    EVAL_TIMEOUT_IN_S_FIELD_NUMBER: _ClassVar[int]
    GRADIENT_ACCUMULATION_FIELD_NUMBER: _ClassVar[int]
    GRADIENT_CLIP_NORM_FIELD_NUMBER: _ClassVar[int]
    BEST_CHECKPOINT_FIELD_NUMBER: _ClassVar[int]
    save_dir: str
    num_train_steps: int
    initial_checkpoint_dir: str
    checkpoint_every_n: int
    checkpoint_max_to_keep: int
    train_log_every_n: int
    num_eval_steps: int
    eval_log_every_n: int
    eval_timeout_in_s: float
    gradient_accumulation: int
    gradient_clip_norm: float
    best_checkpoint: BestCheckpointConfig
    def __init__(self, save_dir: _Optional[str] = ..., num_train_steps: _Optional[int] = ..., initial_checkpoint_dir: _Optional[str] = ..., checkpoint_every_n: _Optional[int] = ..., checkpoint_max_to_keep: _Optional[int] = ..., train_log_every_n: _Optional[int] = ..., num_eval_steps: _Optional[int] = ..., eval_log_every_n: _Optional[int] = ..., eval_timeout_in_s: _Optional[float] = ..., gradient_accumulation: _Optional[int] = ..., gradient_clip_norm: _Optional[float] = ..., best_checkpoint: _Optional[_Union[BestCheckpointConfig, _Mapping]] = ...) -> None: ...
