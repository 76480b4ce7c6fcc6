from buf.validate import validate_pb2 as _validate_pb2
from rankspec.options.v1 import options_pb2 as _options_pb2
from rankspec.recap.v1 import architecture_pb2 as _architecture_pb2
from rankspec.recap.v1 import embedding_pb2 as _embedding_pb2
from rankspec.recap.v1 import featurization_pb2 as _featurization_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class MultiTaskType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    MULTI_TASK_TYPE_UNSPECIFIED: _ClassVar[MultiTaskType]
    MULTI_TASK_TYPE_SHARE_NONE: _ClassVar[MultiTaskType]
    MULTI_TASK_TYPE_SHARE_ALL: _ClassVar[MultiTaskType]
    MULTI_TASK_TYPE_SHARE_PARTIAL: _ClassVar[MultiTaskType]
MULTI_TASK_TYPE_UNSPECIFIED: MultiTaskType
MULTI_TASK_TYPE_SHARE_NONE: MultiTaskType
MULTI_TASK_TYPE_SHARE_ALL: MultiTaskType
MULTI_TASK_TYPE_SHARE_PARTIAL: MultiTaskType

class ModelConfig(_message.Message):
    __slots__ = ("tasks", "large_embeddings", "small_embeddings", "position_debias_config", "featurization_config", "multi_task_type", "backbone", "stratifiers", "members")
    class TasksEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: _architecture_pb2.TaskModel
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[_architecture_pb2.TaskModel, _Mapping]] = ...) -> None: ...
    TASKS_FIELD_NUMBER: _ClassVar[int]
    LARGE_EMBEDDINGS_FIELD_NUMBER: _ClassVar[int]
    SMALL_EMBEDDINGS_FIELD_NUMBER: _ClassVar[int]
    POSITION_DEBIAS_CONFIG_FIELD_NUMBER: _ClassVar[int]
    FEATURIZATION_CONFIG_FIELD_NUMBER: _ClassVar[int]
    MULTI_TASK_TYPE_FIELD_NUMBER: _ClassVar[int]
    BACKBONE_FIELD_NUMBER: _ClassVar[int]
    STRATIFIERS_FIELD_NUMBER: _ClassVar[int]
    MEMBERS_FIELD_NUMBER: _ClassVar[int]
    tasks: _containers.MessageMap[str, _architecture_pb2.TaskModel]
    large_embeddings: _embedding_pb2.LargeEmbeddingsConfig
    small_embeddings: _embedding_pb2.SmallEmbeddingsConfig
    position_debias_config: _architecture_pb2.PositionDebiasConfig
    featurization_config: _featurization_pb2.FeaturizationConfig
    multi_task_type: MultiTaskType
    backbone: _architecture_pb2.TaskModel
    stratifiers: _containers.RepeatedCompositeFieldContainer[_embedding_pb2.StratifierConfig]
    members: int
    def __init__(self, tasks: _Optional[_Mapping[str, _architecture_pb2.TaskModel]] = ..., large_embeddings: _Optional[_Union[_embedding_pb2.LargeEmbeddingsConfig, _Mapping]] = ..., small_embeddings: _Optional[_Union[_embedding_pb2.SmallEmbeddingsConfig, _Mapping]] = ..., position_debias_config: _Optional[_Union[_architecture_pb2.PositionDebiasConfig, _Mapping]] = ..., featurization_config: _Optional[_Union[_featurization_pb2.FeaturizationConfig, _Mapping]] = ..., multi_task_type: _Optional[_Union[MultiTaskType, str]] = ..., backbone: _Optional[_Union[_architecture_pb2.TaskModel, _Mapping]] = ..., stratifiers: _Optional[_Iterable[_Union[_embedding_pb2.StratifierConfig, _Mapping]]] = ..., members: _Optional[int] = ...) -> None: ...
