from buf.validate import validate_pb2 as _validate_pb2
from rankspec.options.v1 import options_pb2 as _options_pb2
from rankspec.recap.v1 import embedding_pb2 as _embedding_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ValueType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    VALUE_TYPE_UNSPECIFIED: _ClassVar[ValueType]
    VALUE_TYPE_FLOAT32: _ClassVar[ValueType]
    VALUE_TYPE_INT64: _ClassVar[ValueType]

class OutputKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    OUTPUT_KIND_UNSPECIFIED: _ClassVar[OutputKind]
    OUTPUT_KIND_PROBABILITY: _ClassVar[OutputKind]
    OUTPUT_KIND_VALUE: _ClassVar[OutputKind]

class ErrorCode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ERROR_CODE_UNSPECIFIED: _ClassVar[ErrorCode]
    ERROR_CODE_NO_BUNDLE: _ClassVar[ErrorCode]
    ERROR_CODE_MANIFEST_INVALID: _ClassVar[ErrorCode]
    ERROR_CODE_VERSION_UNKNOWN: _ClassVar[ErrorCode]
    ERROR_CODE_DIGEST_MISMATCH: _ClassVar[ErrorCode]
    ERROR_CODE_NAME_UNSAFE: _ClassVar[ErrorCode]
    ERROR_CODE_FILE_UNSAFE: _ClassVar[ErrorCode]
    ERROR_CODE_FILE_UNLISTED: _ClassVar[ErrorCode]
    ERROR_CODE_FILE_MISSING: _ClassVar[ErrorCode]
    ERROR_CODE_FILE_TOO_LARGE: _ClassVar[ErrorCode]
    ERROR_CODE_FILE_SIZE: _ClassVar[ErrorCode]
    ERROR_CODE_FILE_HASH: _ClassVar[ErrorCode]
    ERROR_CODE_MODEL_INVALID: _ClassVar[ErrorCode]
    ERROR_CODE_EXTERNAL_DATA_INVALID: _ClassVar[ErrorCode]
    ERROR_CODE_GOLDEN_INVALID: _ClassVar[ErrorCode]
    ERROR_CODE_GOLDEN_MISMATCH: _ClassVar[ErrorCode]
    ERROR_CODE_RECIPE_INVALID: _ClassVar[ErrorCode]
    ERROR_CODE_RECIPE_UNFITTED: _ClassVar[ErrorCode]
    ERROR_CODE_RECIPE_UNKNOWN: _ClassVar[ErrorCode]
    ERROR_CODE_VOCABULARY_INVALID: _ClassVar[ErrorCode]
    ERROR_CODE_CLOSED: _ClassVar[ErrorCode]
    ERROR_CODE_INPUT_UNKNOWN: _ClassVar[ErrorCode]
    ERROR_CODE_INPUT_MISSING: _ClassVar[ErrorCode]
    ERROR_CODE_INPUT_TWICE: _ClassVar[ErrorCode]
    ERROR_CODE_TYPE_MISMATCH: _ClassVar[ErrorCode]
    ERROR_CODE_WIDTH_MISMATCH: _ClassVar[ErrorCode]
    ERROR_CODE_ROWS_MISMATCH: _ClassVar[ErrorCode]
    ERROR_CODE_SIGNATURE_REQUIRED: _ClassVar[ErrorCode]
    ERROR_CODE_SIGNATURE_MISMATCH: _ClassVar[ErrorCode]
    ERROR_CODE_ID_OUT_OF_RANGE: _ClassVar[ErrorCode]
    ERROR_CODE_VALUE_NOT_ALLOWED: _ClassVar[ErrorCode]
    ERROR_CODE_SCORING_FAILED: _ClassVar[ErrorCode]
    ERROR_CODE_RECIPE_MISSING: _ClassVar[ErrorCode]
    ERROR_CODE_COLUMN_MISSING: _ClassVar[ErrorCode]
    ERROR_CODE_COLUMN_TYPE: _ClassVar[ErrorCode]
    ERROR_CODE_VALUE_INVALID: _ClassVar[ErrorCode]
VALUE_TYPE_UNSPECIFIED: ValueType
VALUE_TYPE_FLOAT32: ValueType
VALUE_TYPE_INT64: ValueType
OUTPUT_KIND_UNSPECIFIED: OutputKind
OUTPUT_KIND_PROBABILITY: OutputKind
OUTPUT_KIND_VALUE: OutputKind
ERROR_CODE_UNSPECIFIED: ErrorCode
ERROR_CODE_NO_BUNDLE: ErrorCode
ERROR_CODE_MANIFEST_INVALID: ErrorCode
ERROR_CODE_VERSION_UNKNOWN: ErrorCode
ERROR_CODE_DIGEST_MISMATCH: ErrorCode
ERROR_CODE_NAME_UNSAFE: ErrorCode
ERROR_CODE_FILE_UNSAFE: ErrorCode
ERROR_CODE_FILE_UNLISTED: ErrorCode
ERROR_CODE_FILE_MISSING: ErrorCode
ERROR_CODE_FILE_TOO_LARGE: ErrorCode
ERROR_CODE_FILE_SIZE: ErrorCode
ERROR_CODE_FILE_HASH: ErrorCode
ERROR_CODE_MODEL_INVALID: ErrorCode
ERROR_CODE_EXTERNAL_DATA_INVALID: ErrorCode
ERROR_CODE_GOLDEN_INVALID: ErrorCode
ERROR_CODE_GOLDEN_MISMATCH: ErrorCode
ERROR_CODE_RECIPE_INVALID: ErrorCode
ERROR_CODE_RECIPE_UNFITTED: ErrorCode
ERROR_CODE_RECIPE_UNKNOWN: ErrorCode
ERROR_CODE_VOCABULARY_INVALID: ErrorCode
ERROR_CODE_CLOSED: ErrorCode
ERROR_CODE_INPUT_UNKNOWN: ErrorCode
ERROR_CODE_INPUT_MISSING: ErrorCode
ERROR_CODE_INPUT_TWICE: ErrorCode
ERROR_CODE_TYPE_MISMATCH: ErrorCode
ERROR_CODE_WIDTH_MISMATCH: ErrorCode
ERROR_CODE_ROWS_MISMATCH: ErrorCode
ERROR_CODE_SIGNATURE_REQUIRED: ErrorCode
ERROR_CODE_SIGNATURE_MISMATCH: ErrorCode
ERROR_CODE_ID_OUT_OF_RANGE: ErrorCode
ERROR_CODE_VALUE_NOT_ALLOWED: ErrorCode
ERROR_CODE_SCORING_FAILED: ErrorCode
ERROR_CODE_RECIPE_MISSING: ErrorCode
ERROR_CODE_COLUMN_MISSING: ErrorCode
ERROR_CODE_COLUMN_TYPE: ErrorCode
ERROR_CODE_VALUE_INVALID: ErrorCode

class BundleFile(_message.Message):
    __slots__ = ("name", "sha256", "size")
    NAME_FIELD_NUMBER: _ClassVar[int]
    SHA256_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    name: str
    sha256: str
    size: int
    def __init__(self, name: _Optional[str] = ..., sha256: _Optional[str] = ..., size: _Optional[int] = ...) -> None: ...

class AllowedValues(_message.Message):
    __slots__ = ("least", "most", "whole")
    LEAST_FIELD_NUMBER: _ClassVar[int]
    MOST_FIELD_NUMBER: _ClassVar[int]
    WHOLE_FIELD_NUMBER: _ClassVar[int]
    least: float
    most: float
    whole: bool
    def __init__(self, least: _Optional[float] = ..., most: _Optional[float] = ..., whole: _Optional[bool] = ...) -> None: ...

class ServedInput(_message.Message):
    __slots__ = ("name", "type", "width", "feature_names", "unread_positions", "non_finite_value", "allowed_values", "list")
    NAME_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    FEATURE_NAMES_FIELD_NUMBER: _ClassVar[int]
    UNREAD_POSITIONS_FIELD_NUMBER: _ClassVar[int]
    NON_FINITE_VALUE_FIELD_NUMBER: _ClassVar[int]
    ALLOWED_VALUES_FIELD_NUMBER: _ClassVar[int]
    LIST_FIELD_NUMBER: _ClassVar[int]
    name: str
    type: ValueType
    width: int
    feature_names: _containers.RepeatedScalarFieldContainer[str]
    unread_positions: _containers.RepeatedScalarFieldContainer[int]
    non_finite_value: float
    allowed_values: AllowedValues
    list: bool
    def __init__(self, name: _Optional[str] = ..., type: _Optional[_Union[ValueType, str]] = ..., width: _Optional[int] = ..., feature_names: _Optional[_Iterable[str]] = ..., unread_positions: _Optional[_Iterable[int]] = ..., non_finite_value: _Optional[float] = ..., allowed_values: _Optional[_Union[AllowedValues, _Mapping]] = ..., list: _Optional[bool] = ...) -> None: ...

class IdTable(_message.Message):
    __slots__ = ("name", "input", "position", "num_ids", "out_of_range_ids", "vocabulary_file")
    NAME_FIELD_NUMBER: _ClassVar[int]
    INPUT_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    NUM_IDS_FIELD_NUMBER: _ClassVar[int]
    OUT_OF_RANGE_IDS_FIELD_NUMBER: _ClassVar[int]
    VOCABULARY_FILE_FIELD_NUMBER: _ClassVar[int]
    name: str
    input: str
    position: int
    num_ids: int
    out_of_range_ids: _embedding_pb2.OutOfRangeIds
    vocabulary_file: str
    def __init__(self, name: _Optional[str] = ..., input: _Optional[str] = ..., position: _Optional[int] = ..., num_ids: _Optional[int] = ..., out_of_range_ids: _Optional[_Union[_embedding_pb2.OutOfRangeIds, str]] = ..., vocabulary_file: _Optional[str] = ...) -> None: ...

class FeatureSignature(_message.Message):
    __slots__ = ("inputs", "id_tables", "hash")
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    ID_TABLES_FIELD_NUMBER: _ClassVar[int]
    HASH_FIELD_NUMBER: _ClassVar[int]
    inputs: _containers.RepeatedCompositeFieldContainer[ServedInput]
    id_tables: _containers.RepeatedCompositeFieldContainer[IdTable]
    hash: str
    def __init__(self, inputs: _Optional[_Iterable[_Union[ServedInput, _Mapping]]] = ..., id_tables: _Optional[_Iterable[_Union[IdTable, _Mapping]]] = ..., hash: _Optional[str] = ...) -> None: ...

class ServedOutput(_message.Message):
    __slots__ = ("name", "kind")
    NAME_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    name: str
    kind: OutputKind
    def __init__(self, name: _Optional[str] = ..., kind: _Optional[_Union[OutputKind, str]] = ...) -> None: ...

class Tolerance(_message.Message):
    __slots__ = ("at_export", "at_opening", "found_at_export")
    AT_EXPORT_FIELD_NUMBER: _ClassVar[int]
    AT_OPENING_FIELD_NUMBER: _ClassVar[int]
    FOUND_AT_EXPORT_FIELD_NUMBER: _ClassVar[int]
    at_export: float
    at_opening: float
    found_at_export: float
    def __init__(self, at_export: _Optional[float] = ..., at_opening: _Optional[float] = ..., found_at_export: _Optional[float] = ...) -> None: ...

class Precision(_message.Message):
    __slots__ = ("evaluated_in", "difference")
    EVALUATED_IN_FIELD_NUMBER: _ClassVar[int]
    DIFFERENCE_FIELD_NUMBER: _ClassVar[int]
    evaluated_in: str
    difference: float
    def __init__(self, evaluated_in: _Optional[str] = ..., difference: _Optional[float] = ...) -> None: ...

class InputBaseline(_message.Message):
    __slots__ = ("input", "means", "missing_shares")
    INPUT_FIELD_NUMBER: _ClassVar[int]
    MEANS_FIELD_NUMBER: _ClassVar[int]
    MISSING_SHARES_FIELD_NUMBER: _ClassVar[int]
    input: str
    means: _containers.RepeatedScalarFieldContainer[float]
    missing_shares: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, input: _Optional[str] = ..., means: _Optional[_Iterable[float]] = ..., missing_shares: _Optional[_Iterable[float]] = ...) -> None: ...

class DriftBaseline(_message.Message):
    __slots__ = ("validation_data", "num_rows", "inputs", "out_of_range_shares", "mean_outputs")
    VALIDATION_DATA_FIELD_NUMBER: _ClassVar[int]
    NUM_ROWS_FIELD_NUMBER: _ClassVar[int]
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    OUT_OF_RANGE_SHARES_FIELD_NUMBER: _ClassVar[int]
    MEAN_OUTPUTS_FIELD_NUMBER: _ClassVar[int]
    validation_data: str
    num_rows: int
    inputs: _containers.RepeatedCompositeFieldContainer[InputBaseline]
    out_of_range_shares: _containers.RepeatedScalarFieldContainer[float]
    mean_outputs: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, validation_data: _Optional[str] = ..., num_rows: _Optional[int] = ..., inputs: _Optional[_Iterable[_Union[InputBaseline, _Mapping]]] = ..., out_of_range_shares: _Optional[_Iterable[float]] = ..., mean_outputs: _Optional[_Iterable[float]] = ...) -> None: ...

class ExternalTensor(_message.Message):
    __slots__ = ("name", "file", "offset", "shape")
    NAME_FIELD_NUMBER: _ClassVar[int]
    FILE_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    SHAPE_FIELD_NUMBER: _ClassVar[int]
    name: str
    file: str
    offset: int
    shape: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, name: _Optional[str] = ..., file: _Optional[str] = ..., offset: _Optional[int] = ..., shape: _Optional[_Iterable[int]] = ...) -> None: ...

class GoldenBatch(_message.Message):
    __slots__ = ("name", "num_rows")
    NAME_FIELD_NUMBER: _ClassVar[int]
    NUM_ROWS_FIELD_NUMBER: _ClassVar[int]
    name: str
    num_rows: int
    def __init__(self, name: _Optional[str] = ..., num_rows: _Optional[int] = ...) -> None: ...

class BundleManifest(_message.Message):
    __slots__ = ("format_version", "least_reader_version", "generator", "files", "fingerprint", "semantic_fingerprint", "run_fingerprint", "step", "config_message", "config_file", "config_text_file", "model_file", "external_tensors", "golden_file", "recipe_file", "signature", "outputs", "score_weights", "precision", "tolerance", "baseline", "golden_batches")
    class ScoreWeightsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: float
        def __init__(self, key: _Optional[str] = ..., value: _Optional[float] = ...) -> None: ...
    FORMAT_VERSION_FIELD_NUMBER: _ClassVar[int]
    LEAST_READER_VERSION_FIELD_NUMBER: _ClassVar[int]
    GENERATOR_FIELD_NUMBER: _ClassVar[int]
    FILES_FIELD_NUMBER: _ClassVar[int]
    FINGERPRINT_FIELD_NUMBER: _ClassVar[int]
    SEMANTIC_FINGERPRINT_FIELD_NUMBER: _ClassVar[int]
    RUN_FINGERPRINT_FIELD_NUMBER: _ClassVar[int]
    STEP_FIELD_NUMBER: _ClassVar[int]
    CONFIG_MESSAGE_FIELD_NUMBER: _ClassVar[int]
    CONFIG_FILE_FIELD_NUMBER: _ClassVar[int]
    CONFIG_TEXT_FILE_FIELD_NUMBER: _ClassVar[int]
    MODEL_FILE_FIELD_NUMBER: _ClassVar[int]
    EXTERNAL_TENSORS_FIELD_NUMBER: _ClassVar[int]
    GOLDEN_FILE_FIELD_NUMBER: _ClassVar[int]
    RECIPE_FILE_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    OUTPUTS_FIELD_NUMBER: _ClassVar[int]
    SCORE_WEIGHTS_FIELD_NUMBER: _ClassVar[int]
    PRECISION_FIELD_NUMBER: _ClassVar[int]
    TOLERANCE_FIELD_NUMBER: _ClassVar[int]
    BASELINE_FIELD_NUMBER: _ClassVar[int]
    GOLDEN_BATCHES_FIELD_NUMBER: _ClassVar[int]
    format_version: int
    least_reader_version: int
    generator: str
    files: _containers.RepeatedCompositeFieldContainer[BundleFile]
    fingerprint: str
    semantic_fingerprint: str
    run_fingerprint: str
    step: int
    config_message: str
    config_file: str
    config_text_file: str
    model_file: str
    external_tensors: _containers.RepeatedCompositeFieldContainer[ExternalTensor]
    golden_file: str
    recipe_file: str
    signature: FeatureSignature
    outputs: _containers.RepeatedCompositeFieldContainer[ServedOutput]
    score_weights: _containers.ScalarMap[str, float]
    precision: Precision
    tolerance: Tolerance
    baseline: DriftBaseline
    golden_batches: _containers.RepeatedCompositeFieldContainer[GoldenBatch]
    def __init__(self, format_version: _Optional[int] = ..., least_reader_version: _Optional[int] = ..., generator: _Optional[str] = ..., files: _Optional[_Iterable[_Union[BundleFile, _Mapping]]] = ..., fingerprint: _Optional[str] = ..., semantic_fingerprint: _Optional[str] = ..., run_fingerprint: _Optional[str] = ..., step: _Optional[int] = ..., config_message: _Optional[str] = ..., config_file: _Optional[str] = ..., config_text_file: _Optional[str] = ..., model_file: _Optional[str] = ..., external_tensors: _Optional[_Iterable[_Union[ExternalTensor, _Mapping]]] = ..., golden_file: _Optional[str] = ..., recipe_file: _Optional[str] = ..., signature: _Optional[_Union[FeatureSignature, _Mapping]] = ..., outputs: _Optional[_Iterable[_Union[ServedOutput, _Mapping]]] = ..., score_weights: _Optional[_Mapping[str, float]] = ..., precision: _Optional[_Union[Precision, _Mapping]] = ..., tolerance: _Optional[_Union[Tolerance, _Mapping]] = ..., baseline: _Optional[_Union[DriftBaseline, _Mapping]] = ..., golden_batches: _Optional[_Iterable[_Union[GoldenBatch, _Mapping]]] = ...) -> None: ...
