from buf.validate import validate_pb2 as _validate_pb2
from rankspec.options.v1 import options_pb2 as _options_pb2
from rankspec.recap.v1 import layers_pb2 as _layers_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class DoubleNormLogConfig(_message.Message):
    __slots__ = ("batch_norm_config", "clip_magnitude", "layer_norm_config")
    BATCH_NORM_CONFIG_FIELD_NUMBER: _ClassVar[int]
    CLIP_MAGNITUDE_FIELD_NUMBER: _ClassVar[int]
    LAYER_NORM_CONFIG_FIELD_NUMBER: _ClassVar[int]
    batch_norm_config: _layers_pb2.BatchNormConfig
    clip_magnitude: float
    layer_norm_config: _layers_pb2.LayerNormConfig
    def __init__(self, batch_norm_config: _Optional[_Union[_layers_pb2.BatchNormConfig, _Mapping]] = ..., clip_magnitude: _Optional[float] = ..., layer_norm_config: _Optional[_Union[_layers_pb2.LayerNormConfig, _Mapping]] = ...) -> None: ...

class Log1pAbsConfig(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ClipLog1pAbsConfig(_message.Message):
    __slots__ = ("clip_magnitude",)
    CLIP_MAGNITUDE_FIELD_NUMBER: _ClassVar[int]
    clip_magnitude: float
    def __init__(self, clip_magnitude: _Optional[float] = ...) -> None: ...

class ZScoreLogConfig(_message.Message):
    __slots__ = ("analysis_path", "schema_path", "clip_magnitude", "use_batch_norm", "use_renorm", "use_bq_stats")
    ANALYSIS_PATH_FIELD_NUMBER: _ClassVar[int]
    SCHEMA_PATH_FIELD_NUMBER: _ClassVar[int]
    CLIP_MAGNITUDE_FIELD_NUMBER: _ClassVar[int]
    USE_BATCH_NORM_FIELD_NUMBER: _ClassVar[int]
    USE_RENORM_FIELD_NUMBER: _ClassVar[int]
    USE_BQ_STATS_FIELD_NUMBER: _ClassVar[int]
    analysis_path: str
    schema_path: str
    clip_magnitude: float
    use_batch_norm: bool
    use_renorm: bool
    use_bq_stats: bool
    def __init__(self, analysis_path: _Optional[str] = ..., schema_path: _Optional[str] = ..., clip_magnitude: _Optional[float] = ..., use_batch_norm: _Optional[bool] = ..., use_renorm: _Optional[bool] = ..., use_bq_stats: _Optional[bool] = ...) -> None: ...

class FeaturizationConfig(_message.Message):
    __slots__ = ("log1p_abs_config", "clip_log1p_abs_config", "z_score_log_config", "double_norm_log_config", "feature_names_to_concat")
    LOG1P_ABS_CONFIG_FIELD_NUMBER: _ClassVar[int]
    CLIP_LOG1P_ABS_CONFIG_FIELD_NUMBER: _ClassVar[int]
    Z_SCORE_LOG_CONFIG_FIELD_NUMBER: _ClassVar[int]
    DOUBLE_NORM_LOG_CONFIG_FIELD_NUMBER: _ClassVar[int]
    FEATURE_NAMES_TO_CONCAT_FIELD_NUMBER: _ClassVar[int]
    log1p_abs_config: Log1pAbsConfig
    clip_log1p_abs_config: ClipLog1pAbsConfig
    z_score_log_config: ZScoreLogConfig
    double_norm_log_config: DoubleNormLogConfig
    feature_names_to_concat: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, log1p_abs_config: _Optional[_Union[Log1pAbsConfig, _Mapping]] = ..., clip_log1p_abs_config: _Optional[_Union[ClipLog1pAbsConfig, _Mapping]] = ..., z_score_log_config: _Optional[_Union[ZScoreLogConfig, _Mapping]] = ..., double_norm_log_config: _Optional[_Union[DoubleNormLogConfig, _Mapping]] = ..., feature_names_to_concat: _Optional[_Iterable[str]] = ...) -> None: ...
