from buf.validate import validate_pb2 as _validate_pb2
from rankspec.options.v1 import options_pb2 as _options_pb2
from rankspec.recap.v1 import preprocess_pb2 as _preprocess_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class DdsCompressionOption(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DDS_COMPRESSION_OPTION_UNSPECIFIED: _ClassVar[DdsCompressionOption]
    DDS_COMPRESSION_OPTION_AUTO: _ClassVar[DdsCompressionOption]
DDS_COMPRESSION_OPTION_UNSPECIFIED: DdsCompressionOption
DDS_COMPRESSION_OPTION_AUTO: DdsCompressionOption

class ExplicitDateInputs(_message.Message):
    __slots__ = ("data_root", "end_date", "days", "num_missing_days_tol")
    DATA_ROOT_FIELD_NUMBER: _ClassVar[int]
    END_DATE_FIELD_NUMBER: _ClassVar[int]
    DAYS_FIELD_NUMBER: _ClassVar[int]
    NUM_MISSING_DAYS_TOL_FIELD_NUMBER: _ClassVar[int]
    data_root: str
    end_date: str
    days: int
    num_missing_days_tol: int
    def __init__(self, data_root: _Optional[str] = ..., end_date: _Optional[str] = ..., days: _Optional[int] = ..., num_missing_days_tol: _Optional[int] = ...) -> None: ...

class ExplicitDatetimeInputs(_message.Message):
    __slots__ = ("data_root", "end_datetime", "hours", "num_missing_hours_tol")
    DATA_ROOT_FIELD_NUMBER: _ClassVar[int]
    END_DATETIME_FIELD_NUMBER: _ClassVar[int]
    HOURS_FIELD_NUMBER: _ClassVar[int]
    NUM_MISSING_HOURS_TOL_FIELD_NUMBER: _ClassVar[int]
    data_root: str
    end_datetime: str
    hours: int
    num_missing_hours_tol: int
    def __init__(self, data_root: _Optional[str] = ..., end_datetime: _Optional[str] = ..., hours: _Optional[int] = ..., num_missing_hours_tol: _Optional[int] = ...) -> None: ...

class TaskData(_message.Message):
    __slots__ = ("pos_downsampling_rate", "neg_downsampling_rate")
    POS_DOWNSAMPLING_RATE_FIELD_NUMBER: _ClassVar[int]
    NEG_DOWNSAMPLING_RATE_FIELD_NUMBER: _ClassVar[int]
    pos_downsampling_rate: float
    neg_downsampling_rate: float
    def __init__(self, pos_downsampling_rate: _Optional[float] = ..., neg_downsampling_rate: _Optional[float] = ...) -> None: ...

class SegDenseSchema(_message.Message):
    __slots__ = ("schema_path", "features", "renamed_features", "mask_mantissa_features")
    class RenamedFeaturesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    class MaskMantissaFeaturesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: int
        def __init__(self, key: _Optional[str] = ..., value: _Optional[int] = ...) -> None: ...
    SCHEMA_PATH_FIELD_NUMBER: _ClassVar[int]
    FEATURES_FIELD_NUMBER: _ClassVar[int]
    RENAMED_FEATURES_FIELD_NUMBER: _ClassVar[int]
    MASK_MANTISSA_FEATURES_FIELD_NUMBER: _ClassVar[int]
    schema_path: str
    features: _containers.RepeatedScalarFieldContainer[str]
    renamed_features: _containers.ScalarMap[str, str]
    mask_mantissa_features: _containers.ScalarMap[str, int]
    def __init__(self, schema_path: _Optional[str] = ..., features: _Optional[_Iterable[str]] = ..., renamed_features: _Optional[_Mapping[str, str]] = ..., mask_mantissa_features: _Optional[_Mapping[str, int]] = ...) -> None: ...

class Sampler(_message.Message):
    __slots__ = ("name", "kwargs")
    class KwargsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    NAME_FIELD_NUMBER: _ClassVar[int]
    KWARGS_FIELD_NUMBER: _ClassVar[int]
    name: str
    kwargs: _containers.ScalarMap[str, str]
    def __init__(self, name: _Optional[str] = ..., kwargs: _Optional[_Mapping[str, str]] = ...) -> None: ...

class RecapDataConfig(_message.Message):
    __slots__ = ("inputs", "explicit_datetime_inputs", "explicit_date_inputs", "global_batch_size", "num_files_to_keep", "repeat_files", "file_batch_size", "cache", "data_service_dispatcher", "ignore_data_errors", "dataset_service_compression", "examples_shuffle_buffer_size", "map_num_parallel_calls", "interleave_num_parallel_calls", "seg_dense_schema", "tasks", "evaluation_tasks", "preprocess", "sampler", "inherit_train_data")
    class TasksEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: TaskData
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[TaskData, _Mapping]] = ...) -> None: ...
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    EXPLICIT_DATETIME_INPUTS_FIELD_NUMBER: _ClassVar[int]
    EXPLICIT_DATE_INPUTS_FIELD_NUMBER: _ClassVar[int]
    GLOBAL_BATCH_SIZE_FIELD_NUMBER: _ClassVar[int]
    NUM_FILES_TO_KEEP_FIELD_NUMBER: _ClassVar[int]
    REPEAT_FILES_FIELD_NUMBER: _ClassVar[int]
    FILE_BATCH_SIZE_FIELD_NUMBER: _ClassVar[int]
    CACHE_FIELD_NUMBER: _ClassVar[int]
    DATA_SERVICE_DISPATCHER_FIELD_NUMBER: _ClassVar[int]
    IGNORE_DATA_ERRORS_FIELD_NUMBER: _ClassVar[int]
    DATASET_SERVICE_COMPRESSION_FIELD_NUMBER: _ClassVar[int]
    EXAMPLES_SHUFFLE_BUFFER_SIZE_FIELD_NUMBER: _ClassVar[int]
    MAP_NUM_PARALLEL_CALLS_FIELD_NUMBER: _ClassVar[int]
    INTERLEAVE_NUM_PARALLEL_CALLS_FIELD_NUMBER: _ClassVar[int]
    SEG_DENSE_SCHEMA_FIELD_NUMBER: _ClassVar[int]
    TASKS_FIELD_NUMBER: _ClassVar[int]
    EVALUATION_TASKS_FIELD_NUMBER: _ClassVar[int]
    PREPROCESS_FIELD_NUMBER: _ClassVar[int]
    SAMPLER_FIELD_NUMBER: _ClassVar[int]
    INHERIT_TRAIN_DATA_FIELD_NUMBER: _ClassVar[int]
    inputs: str
    explicit_datetime_inputs: ExplicitDatetimeInputs
    explicit_date_inputs: ExplicitDateInputs
    global_batch_size: int
    num_files_to_keep: int
    repeat_files: bool
    file_batch_size: int
    cache: bool
    data_service_dispatcher: str
    ignore_data_errors: bool
    dataset_service_compression: DdsCompressionOption
    examples_shuffle_buffer_size: int
    map_num_parallel_calls: int
    interleave_num_parallel_calls: int
    seg_dense_schema: SegDenseSchema
    tasks: _containers.MessageMap[str, TaskData]
    evaluation_tasks: _containers.RepeatedScalarFieldContainer[str]
    preprocess: _preprocess_pb2.Preprocess
    sampler: Sampler
    inherit_train_data: bool
    def __init__(self, inputs: _Optional[str] = ..., explicit_datetime_inputs: _Optional[_Union[ExplicitDatetimeInputs, _Mapping]] = ..., explicit_date_inputs: _Optional[_Union[ExplicitDateInputs, _Mapping]] = ..., global_batch_size: _Optional[int] = ..., num_files_to_keep: _Optional[int] = ..., repeat_files: _Optional[bool] = ..., file_batch_size: _Optional[int] = ..., cache: _Optional[bool] = ..., data_service_dispatcher: _Optional[str] = ..., ignore_data_errors: _Optional[bool] = ..., dataset_service_compression: _Optional[_Union[DdsCompressionOption, str]] = ..., examples_shuffle_buffer_size: _Optional[int] = ..., map_num_parallel_calls: _Optional[int] = ..., interleave_num_parallel_calls: _Optional[int] = ..., seg_dense_schema: _Optional[_Union[SegDenseSchema, _Mapping]] = ..., tasks: _Optional[_Mapping[str, TaskData]] = ..., evaluation_tasks: _Optional[_Iterable[str]] = ..., preprocess: _Optional[_Union[_preprocess_pb2.Preprocess, _Mapping]] = ..., sampler: _Optional[_Union[Sampler, _Mapping]] = ..., inherit_train_data: _Optional[bool] = ...) -> None: ...
