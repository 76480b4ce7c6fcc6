from buf.validate import validate_pb2 as _validate_pb2
from rankspec.optim.v1 import learning_rate_pb2 as _learning_rate_pb2
from rankspec.options.v1 import options_pb2 as _options_pb2
from rankspec.recap.v1 import feature_pb2 as _feature_pb2
from rankspec.recap.v1 import layers_pb2 as _layers_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class OutOfRangeIds(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    OUT_OF_RANGE_IDS_UNSPECIFIED: _ClassVar[OutOfRangeIds]
    OUT_OF_RANGE_IDS_ERROR: _ClassVar[OutOfRangeIds]
    OUT_OF_RANGE_IDS_BUCKET: _ClassVar[OutOfRangeIds]

class Pooling(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    POOLING_UNSPECIFIED: _ClassVar[Pooling]
    POOLING_SUM: _ClassVar[Pooling]
    POOLING_MEAN: _ClassVar[Pooling]
OUT_OF_RANGE_IDS_UNSPECIFIED: OutOfRangeIds
OUT_OF_RANGE_IDS_ERROR: OutOfRangeIds
OUT_OF_RANGE_IDS_BUCKET: OutOfRangeIds
POOLING_UNSPECIFIED: Pooling
POOLING_SUM: Pooling
POOLING_MEAN: Pooling

class EmbeddingSnapshot(_message.Message):
    __slots__ = ("emb_name", "embedding_snapshot_uri")
    EMB_NAME_FIELD_NUMBER: _ClassVar[int]
    EMBEDDING_SNAPSHOT_URI_FIELD_NUMBER: _ClassVar[int]
    emb_name: str
    embedding_snapshot_uri: str
    def __init__(self, emb_name: _Optional[str] = ..., embedding_snapshot_uri: _Optional[str] = ...) -> None: ...

class EmbeddingBagConfig(_message.Message):
    __slots__ = ("name", "num_embeddings", "embedding_dim", "pretrained", "vocab")
    NAME_FIELD_NUMBER: _ClassVar[int]
    NUM_EMBEDDINGS_FIELD_NUMBER: _ClassVar[int]
    EMBEDDING_DIM_FIELD_NUMBER: _ClassVar[int]
    PRETRAINED_FIELD_NUMBER: _ClassVar[int]
    VOCAB_FIELD_NUMBER: _ClassVar[int]
    name: str
    num_embeddings: int
    embedding_dim: int
    pretrained: EmbeddingSnapshot
    vocab: str
    def __init__(self, name: _Optional[str] = ..., num_embeddings: _Optional[int] = ..., embedding_dim: _Optional[int] = ..., pretrained: _Optional[_Union[EmbeddingSnapshot, _Mapping]] = ..., vocab: _Optional[str] = ...) -> None: ...

class EmbeddingOptimizerConfig(_message.Message):
    __slots__ = ("learning_rate", "init_learning_rate")
    LEARNING_RATE_FIELD_NUMBER: _ClassVar[int]
    INIT_LEARNING_RATE_FIELD_NUMBER: _ClassVar[int]
    learning_rate: _learning_rate_pb2.LearningRate
    init_learning_rate: float
    def __init__(self, learning_rate: _Optional[_Union[_learning_rate_pb2.LearningRate, _Mapping]] = ..., init_learning_rate: _Optional[float] = ...) -> None: ...

class LargeEmbeddingsConfig(_message.Message):
    __slots__ = ("tables", "optimizer", "tables_to_log")
    TABLES_FIELD_NUMBER: _ClassVar[int]
    OPTIMIZER_FIELD_NUMBER: _ClassVar[int]
    TABLES_TO_LOG_FIELD_NUMBER: _ClassVar[int]
    tables: _containers.RepeatedCompositeFieldContainer[EmbeddingBagConfig]
    optimizer: EmbeddingOptimizerConfig
    tables_to_log: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, tables: _Optional[_Iterable[_Union[EmbeddingBagConfig, _Mapping]]] = ..., optimizer: _Optional[_Union[EmbeddingOptimizerConfig, _Mapping]] = ..., tables_to_log: _Optional[_Iterable[str]] = ...) -> None: ...

class StratifierConfig(_message.Message):
    __slots__ = ("name", "index", "value", "feature")
    NAME_FIELD_NUMBER: _ClassVar[int]
    INDEX_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    FEATURE_FIELD_NUMBER: _ClassVar[int]
    name: str
    index: int
    value: int
    feature: _feature_pb2.FeatureRef
    def __init__(self, name: _Optional[str] = ..., index: _Optional[int] = ..., value: _Optional[int] = ..., feature: _Optional[_Union[_feature_pb2.FeatureRef, _Mapping]] = ...) -> None: ...

class IdListConfig(_message.Message):
    __slots__ = ("input", "pooling")
    INPUT_FIELD_NUMBER: _ClassVar[int]
    POOLING_FIELD_NUMBER: _ClassVar[int]
    input: str
    pooling: Pooling
    def __init__(self, input: _Optional[str] = ..., pooling: _Optional[_Union[Pooling, str]] = ...) -> None: ...

class SmallEmbeddingBagConfig(_message.Message):
    __slots__ = ("name", "num_embeddings", "embedding_dim", "index", "out_of_range_ids", "weight_decay", "init_std", "l2", "feature", "list")
    NAME_FIELD_NUMBER: _ClassVar[int]
    NUM_EMBEDDINGS_FIELD_NUMBER: _ClassVar[int]
    EMBEDDING_DIM_FIELD_NUMBER: _ClassVar[int]
    INDEX_FIELD_NUMBER: _ClassVar[int]
    OUT_OF_RANGE_IDS_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_DECAY_FIELD_NUMBER: _ClassVar[int]
    INIT_STD_FIELD_NUMBER: _ClassVar[int]
    L2_FIELD_NUMBER: _ClassVar[int]
    FEATURE_FIELD_NUMBER: _ClassVar[int]
    LIST_FIELD_NUMBER: _ClassVar[int]
    name: str
    num_embeddings: int
    embedding_dim: int
    index: int
    out_of_range_ids: OutOfRangeIds
    weight_decay: float
    init_std: float
    l2: float
    feature: _feature_pb2.FeatureRef
    list: IdListConfig
    def __init__(self, name: _Optional[str] = ..., num_embeddings: _Optional[int] = ..., embedding_dim: _Optional[int] = ..., index: _Optional[int] = ..., out_of_range_ids: _Optional[_Union[OutOfRangeIds, str]] = ..., weight_decay: _Optional[float] = ..., init_std: _Optional[float] = ..., l2: _Optional[float] = ..., feature: _Optional[_Union[_feature_pb2.FeatureRef, _Mapping]] = ..., list: _Optional[_Union[IdListConfig, _Mapping]] = ...) -> None: ...

class SmallEmbeddingsConfig(_message.Message):
    __slots__ = ("tables", "dropout")
    TABLES_FIELD_NUMBER: _ClassVar[int]
    DROPOUT_FIELD_NUMBER: _ClassVar[int]
    tables: _containers.RepeatedCompositeFieldContainer[SmallEmbeddingBagConfig]
    dropout: _layers_pb2.DropoutConfig
    def __init__(self, tables: _Optional[_Iterable[_Union[SmallEmbeddingBagConfig, _Mapping]]] = ..., dropout: _Optional[_Union[_layers_pb2.DropoutConfig, _Mapping]] = ...) -> None: ...
