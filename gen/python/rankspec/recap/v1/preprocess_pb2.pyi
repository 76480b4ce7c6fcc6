from buf.validate import validate_pb2 as _validate_pb2
from rankspec.options.v1 import options_pb2 as _options_pb2
from rankspec.recap.v1 import feature_pb2 as _feature_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class DataType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DATA_TYPE_UNSPECIFIED: _ClassVar[DataType]
    DATA_TYPE_BFLOAT16: _ClassVar[DataType]
    DATA_TYPE_BOOL: _ClassVar[DataType]
    DATA_TYPE_FLOAT32: _ClassVar[DataType]
    DATA_TYPE_FLOAT16: _ClassVar[DataType]
    DATA_TYPE_UINT8: _ClassVar[DataType]
DATA_TYPE_UNSPECIFIED: DataType
DATA_TYPE_BFLOAT16: DataType
DATA_TYPE_BOOL: DataType
DATA_TYPE_FLOAT32: DataType
DATA_TYPE_FLOAT16: DataType
DATA_TYPE_UINT8: DataType

class TruncateAndSlice(_message.Message):
    __slots__ = ("continuous_feature_truncation", "binary_feature_truncation", "continuous_feature_mask_path", "binary_feature_mask_path")
    CONTINUOUS_FEATURE_TRUNCATION_FIELD_NUMBER: _ClassVar[int]
    BINARY_FEATURE_TRUNCATION_FIELD_NUMBER: _ClassVar[int]
    CONTINUOUS_FEATURE_MASK_PATH_FIELD_NUMBER: _ClassVar[int]
    BINARY_FEATURE_MASK_PATH_FIELD_NUMBER: _ClassVar[int]
    continuous_feature_truncation: int
    binary_feature_truncation: int
    continuous_feature_mask_path: str
    binary_feature_mask_path: str
    def __init__(self, continuous_feature_truncation: _Optional[int] = ..., binary_feature_truncation: _Optional[int] = ..., continuous_feature_mask_path: _Optional[str] = ..., binary_feature_mask_path: _Optional[str] = ...) -> None: ...

class DownCast(_message.Message):
    __slots__ = ("features",)
    class FeaturesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: DataType
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[DataType, str]] = ...) -> None: ...
    FEATURES_FIELD_NUMBER: _ClassVar[int]
    features: _containers.ScalarMap[str, DataType]
    def __init__(self, features: _Optional[_Mapping[str, DataType]] = ...) -> None: ...

class RectifyLabels(_message.Message):
    __slots__ = ("label_rectification_window_in_hours", "served_timestamp_field", "impressed_timestamp_field", "label_to_engaged_timestamp_field")
    class LabelToEngagedTimestampFieldEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    LABEL_RECTIFICATION_WINDOW_IN_HOURS_FIELD_NUMBER: _ClassVar[int]
    SERVED_TIMESTAMP_FIELD_FIELD_NUMBER: _ClassVar[int]
    IMPRESSED_TIMESTAMP_FIELD_FIELD_NUMBER: _ClassVar[int]
    LABEL_TO_ENGAGED_TIMESTAMP_FIELD_FIELD_NUMBER: _ClassVar[int]
    label_rectification_window_in_hours: float
    served_timestamp_field: str
    impressed_timestamp_field: str
    label_to_engaged_timestamp_field: _containers.ScalarMap[str, str]
    def __init__(self, label_rectification_window_in_hours: _Optional[float] = ..., served_timestamp_field: _Optional[str] = ..., impressed_timestamp_field: _Optional[str] = ..., label_to_engaged_timestamp_field: _Optional[_Mapping[str, str]] = ...) -> None: ...

class ExtractFeaturesRow(_message.Message):
    __slots__ = ("name", "source_tensor", "index", "feature")
    NAME_FIELD_NUMBER: _ClassVar[int]
    SOURCE_TENSOR_FIELD_NUMBER: _ClassVar[int]
    INDEX_FIELD_NUMBER: _ClassVar[int]
    FEATURE_FIELD_NUMBER: _ClassVar[int]
    name: str
    source_tensor: str
    index: int
    feature: _feature_pb2.FeatureRef
    def __init__(self, name: _Optional[str] = ..., source_tensor: _Optional[str] = ..., index: _Optional[int] = ..., feature: _Optional[_Union[_feature_pb2.FeatureRef, _Mapping]] = ...) -> None: ...

class ExtractFeatures(_message.Message):
    __slots__ = ("extract_feature_table",)
    EXTRACT_FEATURE_TABLE_FIELD_NUMBER: _ClassVar[int]
    extract_feature_table: _containers.RepeatedCompositeFieldContainer[ExtractFeaturesRow]
    def __init__(self, extract_feature_table: _Optional[_Iterable[_Union[ExtractFeaturesRow, _Mapping]]] = ...) -> None: ...

class DownsampleNegatives(_message.Message):
    __slots__ = ("batch_multiplier", "engagements_list", "num_engagements")
    BATCH_MULTIPLIER_FIELD_NUMBER: _ClassVar[int]
    ENGAGEMENTS_LIST_FIELD_NUMBER: _ClassVar[int]
    NUM_ENGAGEMENTS_FIELD_NUMBER: _ClassVar[int]
    batch_multiplier: int
    engagements_list: _containers.RepeatedScalarFieldContainer[str]
    num_engagements: int
    def __init__(self, batch_multiplier: _Optional[int] = ..., engagements_list: _Optional[_Iterable[str]] = ..., num_engagements: _Optional[int] = ...) -> None: ...

class Preprocess(_message.Message):
    __slots__ = ("truncate_and_slice", "downcast", "rectify_labels", "extract_features", "downsample_negatives")
    TRUNCATE_AND_SLICE_FIELD_NUMBER: _ClassVar[int]
    DOWNCAST_FIELD_NUMBER: _ClassVar[int]
    RECTIFY_LABELS_FIELD_NUMBER: _ClassVar[int]
    EXTRACT_FEATURES_FIELD_NUMBER: _ClassVar[int]
    DOWNSAMPLE_NEGATIVES_FIELD_NUMBER: _ClassVar[int]
    truncate_and_slice: TruncateAndSlice
    downcast: DownCast
    rectify_labels: RectifyLabels
    extract_features: ExtractFeatures
    downsample_negatives: DownsampleNegatives
    def __init__(self, truncate_and_slice: _Optional[_Union[TruncateAndSlice, _Mapping]] = ..., downcast: _Optional[_Union[DownCast, _Mapping]] = ..., rectify_labels: _Optional[_Union[RectifyLabels, _Mapping]] = ..., extract_features: _Optional[_Union[ExtractFeatures, _Mapping]] = ..., downsample_negatives: _Optional[_Union[DownsampleNegatives, _Mapping]] = ...) -> None: ...
