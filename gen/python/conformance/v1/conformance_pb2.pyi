from conformance.v1 import raw_rows_pb2 as _raw_rows_pb2
from rankspec.data.v1 import recipe_pb2 as _recipe_pb2
from rankspec.optim.v1 import learning_rate_pb2 as _learning_rate_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Suite(_message.Message):
    __slots__ = ("cases",)
    CASES_FIELD_NUMBER: _ClassVar[int]
    cases: _containers.RepeatedCompositeFieldContainer[Case]
    def __init__(self, cases: _Optional[_Iterable[_Union[Case, _Mapping]]] = ...) -> None: ...

class Case(_message.Message):
    __slots__ = ("id", "request", "expected")
    ID_FIELD_NUMBER: _ClassVar[int]
    REQUEST_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_FIELD_NUMBER: _ClassVar[int]
    id: str
    request: Request
    expected: Expectation
    def __init__(self, id: _Optional[str] = ..., request: _Optional[_Union[Request, _Mapping]] = ..., expected: _Optional[_Union[Expectation, _Mapping]] = ...) -> None: ...

class Request(_message.Message):
    __slots__ = ("load", "learning_rate_at", "encode")
    LOAD_FIELD_NUMBER: _ClassVar[int]
    LEARNING_RATE_AT_FIELD_NUMBER: _ClassVar[int]
    ENCODE_FIELD_NUMBER: _ClassVar[int]
    load: Load
    learning_rate_at: LearningRateAt
    encode: Encode
    def __init__(self, load: _Optional[_Union[Load, _Mapping]] = ..., learning_rate_at: _Optional[_Union[LearningRateAt, _Mapping]] = ..., encode: _Optional[_Union[Encode, _Mapping]] = ...) -> None: ...

class Encode(_message.Message):
    __slots__ = ("recipe", "vocabularies", "columns", "rows")
    class VocabulariesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: bytes
        def __init__(self, key: _Optional[str] = ..., value: _Optional[bytes] = ...) -> None: ...
    RECIPE_FIELD_NUMBER: _ClassVar[int]
    VOCABULARIES_FIELD_NUMBER: _ClassVar[int]
    COLUMNS_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    recipe: _recipe_pb2.Recipe
    vocabularies: _containers.ScalarMap[str, bytes]
    columns: _containers.RepeatedScalarFieldContainer[str]
    rows: _containers.RepeatedCompositeFieldContainer[_raw_rows_pb2.RawRow]
    def __init__(self, recipe: _Optional[_Union[_recipe_pb2.Recipe, _Mapping]] = ..., vocabularies: _Optional[_Mapping[str, bytes]] = ..., columns: _Optional[_Iterable[str]] = ..., rows: _Optional[_Iterable[_Union[_raw_rows_pb2.RawRow, _Mapping]]] = ...) -> None: ...

class Load(_message.Message):
    __slots__ = ("message", "text", "json", "binary", "variables")
    class VariablesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: bytes
        def __init__(self, key: _Optional[str] = ..., value: _Optional[bytes] = ...) -> None: ...
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    JSON_FIELD_NUMBER: _ClassVar[int]
    BINARY_FIELD_NUMBER: _ClassVar[int]
    VARIABLES_FIELD_NUMBER: _ClassVar[int]
    message: str
    text: bytes
    json: bytes
    binary: bytes
    variables: _containers.ScalarMap[str, bytes]
    def __init__(self, message: _Optional[str] = ..., text: _Optional[bytes] = ..., json: _Optional[bytes] = ..., binary: _Optional[bytes] = ..., variables: _Optional[_Mapping[str, bytes]] = ...) -> None: ...

class LearningRateAt(_message.Message):
    __slots__ = ("schedule", "step")
    SCHEDULE_FIELD_NUMBER: _ClassVar[int]
    STEP_FIELD_NUMBER: _ClassVar[int]
    schedule: _learning_rate_pb2.LearningRate
    step: int
    def __init__(self, schedule: _Optional[_Union[_learning_rate_pb2.LearningRate, _Mapping]] = ..., step: _Optional[int] = ...) -> None: ...

class Response(_message.Message):
    __slots__ = ("config", "refusal", "learning_rate", "unsupported", "failure", "encoded", "encoding_refusal")
    CONFIG_FIELD_NUMBER: _ClassVar[int]
    REFUSAL_FIELD_NUMBER: _ClassVar[int]
    LEARNING_RATE_FIELD_NUMBER: _ClassVar[int]
    UNSUPPORTED_FIELD_NUMBER: _ClassVar[int]
    FAILURE_FIELD_NUMBER: _ClassVar[int]
    ENCODED_FIELD_NUMBER: _ClassVar[int]
    ENCODING_REFUSAL_FIELD_NUMBER: _ClassVar[int]
    config: Config
    refusal: Refusal
    learning_rate: float
    unsupported: str
    failure: str
    encoded: Encoded
    encoding_refusal: EncodingRefusal
    def __init__(self, config: _Optional[_Union[Config, _Mapping]] = ..., refusal: _Optional[_Union[Refusal, _Mapping]] = ..., learning_rate: _Optional[float] = ..., unsupported: _Optional[str] = ..., failure: _Optional[str] = ..., encoded: _Optional[_Union[Encoded, _Mapping]] = ..., encoding_refusal: _Optional[_Union[EncodingRefusal, _Mapping]] = ...) -> None: ...

class Encoded(_message.Message):
    __slots__ = ("continuous", "binary", "discrete", "lists")
    CONTINUOUS_FIELD_NUMBER: _ClassVar[int]
    BINARY_FIELD_NUMBER: _ClassVar[int]
    DISCRETE_FIELD_NUMBER: _ClassVar[int]
    LISTS_FIELD_NUMBER: _ClassVar[int]
    continuous: _containers.RepeatedScalarFieldContainer[int]
    binary: _containers.RepeatedScalarFieldContainer[int]
    discrete: _containers.RepeatedScalarFieldContainer[int]
    lists: _containers.RepeatedCompositeFieldContainer[EncodedLists]
    def __init__(self, continuous: _Optional[_Iterable[int]] = ..., binary: _Optional[_Iterable[int]] = ..., discrete: _Optional[_Iterable[int]] = ..., lists: _Optional[_Iterable[_Union[EncodedLists, _Mapping]]] = ...) -> None: ...

class EncodedLists(_message.Message):
    __slots__ = ("name", "lengths", "values")
    NAME_FIELD_NUMBER: _ClassVar[int]
    LENGTHS_FIELD_NUMBER: _ClassVar[int]
    VALUES_FIELD_NUMBER: _ClassVar[int]
    name: str
    lengths: _containers.RepeatedScalarFieldContainer[int]
    values: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, name: _Optional[str] = ..., lengths: _Optional[_Iterable[int]] = ..., values: _Optional[_Iterable[int]] = ...) -> None: ...

class EncodingRefusal(_message.Message):
    __slots__ = ("code", "column", "row")
    CODE_FIELD_NUMBER: _ClassVar[int]
    COLUMN_FIELD_NUMBER: _ClassVar[int]
    ROW_FIELD_NUMBER: _ClassVar[int]
    code: str
    column: str
    row: int
    def __init__(self, code: _Optional[str] = ..., column: _Optional[str] = ..., row: _Optional[int] = ...) -> None: ...

class Config(_message.Message):
    __slots__ = ("form", "semantic", "full")
    FORM_FIELD_NUMBER: _ClassVar[int]
    SEMANTIC_FIELD_NUMBER: _ClassVar[int]
    FULL_FIELD_NUMBER: _ClassVar[int]
    form: str
    semantic: str
    full: str
    def __init__(self, form: _Optional[str] = ..., semantic: _Optional[str] = ..., full: _Optional[str] = ...) -> None: ...

class Refusal(_message.Message):
    __slots__ = ("violations",)
    VIOLATIONS_FIELD_NUMBER: _ClassVar[int]
    violations: _containers.RepeatedCompositeFieldContainer[Violation]
    def __init__(self, violations: _Optional[_Iterable[_Union[Violation, _Mapping]]] = ...) -> None: ...

class Violation(_message.Message):
    __slots__ = ("path", "code", "line", "column")
    PATH_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    LINE_FIELD_NUMBER: _ClassVar[int]
    COLUMN_FIELD_NUMBER: _ClassVar[int]
    path: str
    code: str
    line: int
    column: int
    def __init__(self, path: _Optional[str] = ..., code: _Optional[str] = ..., line: _Optional[int] = ..., column: _Optional[int] = ...) -> None: ...

class Expectation(_message.Message):
    __slots__ = ("config", "refusal", "unreadable", "learning_rate", "encoded", "encoding_refusal")
    CONFIG_FIELD_NUMBER: _ClassVar[int]
    REFUSAL_FIELD_NUMBER: _ClassVar[int]
    UNREADABLE_FIELD_NUMBER: _ClassVar[int]
    LEARNING_RATE_FIELD_NUMBER: _ClassVar[int]
    ENCODED_FIELD_NUMBER: _ClassVar[int]
    ENCODING_REFUSAL_FIELD_NUMBER: _ClassVar[int]
    config: Config
    refusal: Refusal
    unreadable: str
    learning_rate: Rate
    encoded: Encoded
    encoding_refusal: EncodingRefusal
    def __init__(self, config: _Optional[_Union[Config, _Mapping]] = ..., refusal: _Optional[_Union[Refusal, _Mapping]] = ..., unreadable: _Optional[str] = ..., learning_rate: _Optional[_Union[Rate, _Mapping]] = ..., encoded: _Optional[_Union[Encoded, _Mapping]] = ..., encoding_refusal: _Optional[_Union[EncodingRefusal, _Mapping]] = ...) -> None: ...

class Rate(_message.Message):
    __slots__ = ("value", "tolerance")
    VALUE_FIELD_NUMBER: _ClassVar[int]
    TOLERANCE_FIELD_NUMBER: _ClassVar[int]
    value: float
    tolerance: float
    def __init__(self, value: _Optional[float] = ..., tolerance: _Optional[float] = ...) -> None: ...
