from buf.validate import validate_pb2 as _validate_pb2
from rankspec.options.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class DropoutConfig(_message.Message):
    __slots__ = ("rate",)
    RATE_FIELD_NUMBER: _ClassVar[int]
    rate: float
    def __init__(self, rate: _Optional[float] = ...) -> None: ...

class LayerNormConfig(_message.Message):
    __slots__ = ("epsilon", "axis", "center", "scale")
    EPSILON_FIELD_NUMBER: _ClassVar[int]
    AXIS_FIELD_NUMBER: _ClassVar[int]
    CENTER_FIELD_NUMBER: _ClassVar[int]
    SCALE_FIELD_NUMBER: _ClassVar[int]
    epsilon: float
    axis: int
    center: bool
    scale: bool
    def __init__(self, epsilon: _Optional[float] = ..., axis: _Optional[int] = ..., center: _Optional[bool] = ..., scale: _Optional[bool] = ...) -> None: ...

class BatchNormConfig(_message.Message):
    __slots__ = ("affine", "momentum")
    AFFINE_FIELD_NUMBER: _ClassVar[int]
    MOMENTUM_FIELD_NUMBER: _ClassVar[int]
    affine: bool
    momentum: float
    def __init__(self, affine: _Optional[bool] = ..., momentum: _Optional[float] = ...) -> None: ...

class DenseLayerConfig(_message.Message):
    __slots__ = ("layer_size", "dropout")
    LAYER_SIZE_FIELD_NUMBER: _ClassVar[int]
    DROPOUT_FIELD_NUMBER: _ClassVar[int]
    layer_size: int
    dropout: DropoutConfig
    def __init__(self, layer_size: _Optional[int] = ..., dropout: _Optional[_Union[DropoutConfig, _Mapping]] = ...) -> None: ...

class MlpConfig(_message.Message):
    __slots__ = ("layer_sizes", "batch_norm", "dropout", "final_layer_activation", "layers")
    LAYER_SIZES_FIELD_NUMBER: _ClassVar[int]
    BATCH_NORM_FIELD_NUMBER: _ClassVar[int]
    DROPOUT_FIELD_NUMBER: _ClassVar[int]
    FINAL_LAYER_ACTIVATION_FIELD_NUMBER: _ClassVar[int]
    LAYERS_FIELD_NUMBER: _ClassVar[int]
    layer_sizes: _containers.RepeatedScalarFieldContainer[int]
    batch_norm: BatchNormConfig
    dropout: DropoutConfig
    final_layer_activation: bool
    layers: _containers.RepeatedCompositeFieldContainer[DenseLayerConfig]
    def __init__(self, layer_sizes: _Optional[_Iterable[int]] = ..., batch_norm: _Optional[_Union[BatchNormConfig, _Mapping]] = ..., dropout: _Optional[_Union[DropoutConfig, _Mapping]] = ..., final_layer_activation: _Optional[bool] = ..., layers: _Optional[_Iterable[_Union[DenseLayerConfig, _Mapping]]] = ...) -> None: ...
