from buf.validate import validate_pb2 as _validate_pb2
from rankspec.embedding.v1 import embedding_pb2 as _embedding_pb2
from rankspec.optim.v1 import optimizer_pb2 as _optimizer_pb2
from rankspec.options.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Operator(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    OPERATOR_UNSPECIFIED: _ClassVar[Operator]
    OPERATOR_TRANSLATION: _ClassVar[Operator]
OPERATOR_UNSPECIFIED: Operator
OPERATOR_TRANSLATION: Operator

class TwhinEmbeddingsConfig(_message.Message):
    __slots__ = ("tables", "tables_to_log")
    TABLES_FIELD_NUMBER: _ClassVar[int]
    TABLES_TO_LOG_FIELD_NUMBER: _ClassVar[int]
    tables: _containers.RepeatedCompositeFieldContainer[_embedding_pb2.EmbeddingBagConfig]
    tables_to_log: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, tables: _Optional[_Iterable[_Union[_embedding_pb2.EmbeddingBagConfig, _Mapping]]] = ..., tables_to_log: _Optional[_Iterable[str]] = ...) -> None: ...

class Relation(_message.Message):
    __slots__ = ("name", "lhs", "rhs", "operator")
    NAME_FIELD_NUMBER: _ClassVar[int]
    LHS_FIELD_NUMBER: _ClassVar[int]
    RHS_FIELD_NUMBER: _ClassVar[int]
    OPERATOR_FIELD_NUMBER: _ClassVar[int]
    name: str
    lhs: str
    rhs: str
    operator: Operator
    def __init__(self, name: _Optional[str] = ..., lhs: _Optional[str] = ..., rhs: _Optional[str] = ..., operator: _Optional[_Union[Operator, str]] = ...) -> None: ...

class TwhinModelConfig(_message.Message):
    __slots__ = ("embeddings", "relations", "translation_optimizer")
    EMBEDDINGS_FIELD_NUMBER: _ClassVar[int]
    RELATIONS_FIELD_NUMBER: _ClassVar[int]
    TRANSLATION_OPTIMIZER_FIELD_NUMBER: _ClassVar[int]
    embeddings: TwhinEmbeddingsConfig
    relations: _containers.RepeatedCompositeFieldContainer[Relation]
    translation_optimizer: _optimizer_pb2.OptimizerConfig
    def __init__(self, embeddings: _Optional[_Union[TwhinEmbeddingsConfig, _Mapping]] = ..., relations: _Optional[_Iterable[_Union[Relation, _Mapping]]] = ..., translation_optimizer: _Optional[_Union[_optimizer_pb2.OptimizerConfig, _Mapping]] = ...) -> None: ...
