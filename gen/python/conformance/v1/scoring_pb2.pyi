from conformance.v1 import raw_rows_pb2 as _raw_rows_pb2
from rankspec.serving.v1 import bundle_pb2 as _bundle_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ScoringCorpus(_message.Message):
    __slots__ = ("cases",)
    CASES_FIELD_NUMBER: _ClassVar[int]
    cases: _containers.RepeatedCompositeFieldContainer[ScoringCase]
    def __init__(self, cases: _Optional[_Iterable[_Union[ScoringCase, _Mapping]]] = ...) -> None: ...

class ScoringCase(_message.Message):
    __slots__ = ("id", "bundle", "expect_digest", "opening", "requests")
    ID_FIELD_NUMBER: _ClassVar[int]
    BUNDLE_FIELD_NUMBER: _ClassVar[int]
    EXPECT_DIGEST_FIELD_NUMBER: _ClassVar[int]
    OPENING_FIELD_NUMBER: _ClassVar[int]
    REQUESTS_FIELD_NUMBER: _ClassVar[int]
    id: str
    bundle: str
    expect_digest: str
    opening: ScoringVerdict
    requests: _containers.RepeatedCompositeFieldContainer[ScoringRequest]
    def __init__(self, id: _Optional[str] = ..., bundle: _Optional[str] = ..., expect_digest: _Optional[str] = ..., opening: _Optional[_Union[ScoringVerdict, _Mapping]] = ..., requests: _Optional[_Iterable[_Union[ScoringRequest, _Mapping]]] = ...) -> None: ...

class ScoringRequest(_message.Message):
    __slots__ = ("id", "columns", "signature_hash", "expected", "raw_rows")
    ID_FIELD_NUMBER: _ClassVar[int]
    COLUMNS_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_HASH_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_FIELD_NUMBER: _ClassVar[int]
    RAW_ROWS_FIELD_NUMBER: _ClassVar[int]
    id: str
    columns: _containers.RepeatedCompositeFieldContainer[ScoringColumn]
    signature_hash: str
    expected: ScoringVerdict
    raw_rows: _raw_rows_pb2.RawRows
    def __init__(self, id: _Optional[str] = ..., columns: _Optional[_Iterable[_Union[ScoringColumn, _Mapping]]] = ..., signature_hash: _Optional[str] = ..., expected: _Optional[_Union[ScoringVerdict, _Mapping]] = ..., raw_rows: _Optional[_Union[_raw_rows_pb2.RawRows, _Mapping]] = ...) -> None: ...

class ScoringColumn(_message.Message):
    __slots__ = ("name", "type", "width", "floats", "integers", "lists")
    NAME_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    FLOATS_FIELD_NUMBER: _ClassVar[int]
    INTEGERS_FIELD_NUMBER: _ClassVar[int]
    LISTS_FIELD_NUMBER: _ClassVar[int]
    name: str
    type: _bundle_pb2.ValueType
    width: int
    floats: _containers.RepeatedScalarFieldContainer[float]
    integers: _containers.RepeatedScalarFieldContainer[int]
    lists: ScoringLists
    def __init__(self, name: _Optional[str] = ..., type: _Optional[_Union[_bundle_pb2.ValueType, str]] = ..., width: _Optional[int] = ..., floats: _Optional[_Iterable[float]] = ..., integers: _Optional[_Iterable[int]] = ..., lists: _Optional[_Union[ScoringLists, _Mapping]] = ...) -> None: ...

class ScoringLists(_message.Message):
    __slots__ = ("lengths",)
    LENGTHS_FIELD_NUMBER: _ClassVar[int]
    lengths: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, lengths: _Optional[_Iterable[int]] = ...) -> None: ...

class ScoringVerdict(_message.Message):
    __slots__ = ("code", "input", "row", "digest", "columns")
    CODE_FIELD_NUMBER: _ClassVar[int]
    INPUT_FIELD_NUMBER: _ClassVar[int]
    ROW_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    COLUMNS_FIELD_NUMBER: _ClassVar[int]
    code: _bundle_pb2.ErrorCode
    input: str
    row: int
    digest: str
    columns: _containers.RepeatedCompositeFieldContainer[ScoredColumn]
    def __init__(self, code: _Optional[_Union[_bundle_pb2.ErrorCode, str]] = ..., input: _Optional[str] = ..., row: _Optional[int] = ..., digest: _Optional[str] = ..., columns: _Optional[_Iterable[_Union[ScoredColumn, _Mapping]]] = ...) -> None: ...

class ScoredColumn(_message.Message):
    __slots__ = ("name", "scores")
    NAME_FIELD_NUMBER: _ClassVar[int]
    SCORES_FIELD_NUMBER: _ClassVar[int]
    name: str
    scores: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, name: _Optional[str] = ..., scores: _Optional[_Iterable[float]] = ...) -> None: ...

class ScoringAnswers(_message.Message):
    __slots__ = ("answers",)
    ANSWERS_FIELD_NUMBER: _ClassVar[int]
    answers: _containers.RepeatedCompositeFieldContainer[ScoringAnswer]
    def __init__(self, answers: _Optional[_Iterable[_Union[ScoringAnswer, _Mapping]]] = ...) -> None: ...

class ScoringAnswer(_message.Message):
    __slots__ = ("opening", "requests")
    OPENING_FIELD_NUMBER: _ClassVar[int]
    REQUESTS_FIELD_NUMBER: _ClassVar[int]
    opening: ScoringVerdict
    requests: _containers.RepeatedCompositeFieldContainer[ScoringVerdict]
    def __init__(self, opening: _Optional[_Union[ScoringVerdict, _Mapping]] = ..., requests: _Optional[_Iterable[_Union[ScoringVerdict, _Mapping]]] = ...) -> None: ...
