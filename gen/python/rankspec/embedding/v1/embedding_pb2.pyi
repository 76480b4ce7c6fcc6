from buf.validate import validate_pb2 as _validate_pb2
from rankspec.optim.v1 import optimizer_pb2 as _optimizer_pb2
from rankspec.options.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class DataType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DATA_TYPE_UNSPECIFIED: _ClassVar[DataType]
    DATA_TYPE_FP32: _ClassVar[DataType]
    DATA_TYPE_FP16: _ClassVar[DataType]
DATA_TYPE_UNSPECIFIED: DataType
DATA_TYPE_FP32: DataType
DATA_TYPE_FP16: DataType

class EmbeddingSnapshot(_message.Message):
    __slots__ = ("emb_name", "embedding_snapshot_uri")
    EMB_NAME_FIELD_NUMBER: _ClassVar[int]
    EMBEDDING_SNAPSHOT_URI_FIELD_NUMBER: _ClassVar[int]
    emb_name: str
    embedding_snapshot_uri: str
    def __init__(self, emb_name: _Optional[str] = ..., embedding_snapshot_uri: _Optional[str] = ...) -> None: ...

class EmbeddingBagConfig(_message.Message):
    __slots__ = ("name", "num_embeddings", "embedding_dim", "pretrained", "vocab", "optimizer", "data_type")
    NAME_FIELD_NUMBER: _ClassVar[int]
    NUM_EMBEDDINGS_FIELD_NUMBER: _ClassVar[int]
    EMBEDDING_DIM_FIELD_NUMBER: _ClassVar[int]
    PRETRAINED_FIELD_NUMBER: _ClassVar[int]
    VOCAB_FIELD_NUMBER: _ClassVar[int]
    OPTIMIZER_FIELD_NUMBER: _ClassVar[int]
    DATA_TYPE_FIELD_NUMBER: _ClassVar[int]
    name: str
    num_embeddings: int
    embedding_dim: int
    pretrained: EmbeddingSnapshot
    vocab: str
    optimizer: _optimizer_pb2.OptimizerConfig
    data_type: DataType
    def __init__(self, name: _Optional[str] = ..., num_embeddings: _Optional[int] = ..., embedding_dim: _Optional[int] = ..., pretrained: _Optional[_Union[EmbeddingSnapshot, _Mapping]] = ..., vocab: _Optional[str] = ..., optimizer: _Optional[_Union[_optimizer_pb2.OptimizerConfig, _Mapping]] = ..., data_type: _Optional[_Union[DataType, str]] = ...) -> None: ...
