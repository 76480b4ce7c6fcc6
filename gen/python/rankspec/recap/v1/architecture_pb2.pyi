from buf.validate import validate_pb2 as _validate_pb2
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

class TaskKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TASK_KIND_UNSPECIFIED: _ClassVar[TaskKind]
    TASK_KIND_BINARY_CLASSIFICATION: _ClassVar[TaskKind]
    TASK_KIND_REGRESSION: _ClassVar[TaskKind]
TASK_KIND_UNSPECIFIED: TaskKind
TASK_KIND_BINARY_CLASSIFICATION: TaskKind
TASK_KIND_REGRESSION: TaskKind

class DcnConfig(_message.Message):
    __slots__ = ("poly_degree", "projection_dim", "parallel_mlp", "use_parallel", "output_mlp")
    POLY_DEGREE_FIELD_NUMBER: _ClassVar[int]
    PROJECTION_DIM_FIELD_NUMBER: _ClassVar[int]
    PARALLEL_MLP_FIELD_NUMBER: _ClassVar[int]
    USE_PARALLEL_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_MLP_FIELD_NUMBER: _ClassVar[int]
    poly_degree: int
    projection_dim: int
    parallel_mlp: _layers_pb2.MlpConfig
    use_parallel: bool
    output_mlp: _layers_pb2.MlpConfig
    def __init__(self, poly_degree: _Optional[int] = ..., projection_dim: _Optional[int] = ..., parallel_mlp: _Optional[_Union[_layers_pb2.MlpConfig, _Mapping]] = ..., use_parallel: _Optional[bool] = ..., output_mlp: _Optional[_Union[_layers_pb2.MlpConfig, _Mapping]] = ...) -> None: ...

class MaskBlockConfig(_message.Message):
    __slots__ = ("output_size", "reduction_factor", "aggregation_size", "input_layer_norm")
    OUTPUT_SIZE_FIELD_NUMBER: _ClassVar[int]
    REDUCTION_FACTOR_FIELD_NUMBER: _ClassVar[int]
    AGGREGATION_SIZE_FIELD_NUMBER: _ClassVar[int]
    INPUT_LAYER_NORM_FIELD_NUMBER: _ClassVar[int]
    output_size: int
    reduction_factor: float
    aggregation_size: int
    input_layer_norm: bool
    def __init__(self, output_size: _Optional[int] = ..., reduction_factor: _Optional[float] = ..., aggregation_size: _Optional[int] = ..., input_layer_norm: _Optional[bool] = ...) -> None: ...

class MaskNetConfig(_message.Message):
    __slots__ = ("mask_blocks", "mlp", "use_parallel")
    MASK_BLOCKS_FIELD_NUMBER: _ClassVar[int]
    MLP_FIELD_NUMBER: _ClassVar[int]
    USE_PARALLEL_FIELD_NUMBER: _ClassVar[int]
    mask_blocks: _containers.RepeatedCompositeFieldContainer[MaskBlockConfig]
    mlp: _layers_pb2.MlpConfig
    use_parallel: bool
    def __init__(self, mask_blocks: _Optional[_Iterable[_Union[MaskBlockConfig, _Mapping]]] = ..., mlp: _Optional[_Union[_layers_pb2.MlpConfig, _Mapping]] = ..., use_parallel: _Optional[bool] = ...) -> None: ...

class DLRMConfig(_message.Message):
    __slots__ = ("bottom_mlp", "top_mlp")
    BOTTOM_MLP_FIELD_NUMBER: _ClassVar[int]
    TOP_MLP_FIELD_NUMBER: _ClassVar[int]
    bottom_mlp: _layers_pb2.MlpConfig
    top_mlp: _layers_pb2.MlpConfig
    def __init__(self, bottom_mlp: _Optional[_Union[_layers_pb2.MlpConfig, _Mapping]] = ..., top_mlp: _Optional[_Union[_layers_pb2.MlpConfig, _Mapping]] = ...) -> None: ...

class AffineMap(_message.Message):
    __slots__ = ("scale", "bias")
    SCALE_FIELD_NUMBER: _ClassVar[int]
    BIAS_FIELD_NUMBER: _ClassVar[int]
    scale: float
    bias: float
    def __init__(self, scale: _Optional[float] = ..., bias: _Optional[float] = ...) -> None: ...

class PositionDebiasConfig(_message.Message):
    __slots__ = ("max_position", "num_dims", "drop_probability", "position_feature_index", "position_feature")
    MAX_POSITION_FIELD_NUMBER: _ClassVar[int]
    NUM_DIMS_FIELD_NUMBER: _ClassVar[int]
    DROP_PROBABILITY_FIELD_NUMBER: _ClassVar[int]
    POSITION_FEATURE_INDEX_FIELD_NUMBER: _ClassVar[int]
    POSITION_FEATURE_FIELD_NUMBER: _ClassVar[int]
    max_position: int
    num_dims: int
    drop_probability: float
    position_feature_index: int
    position_feature: _feature_pb2.FeatureRef
    def __init__(self, max_position: _Optional[int] = ..., num_dims: _Optional[int] = ..., drop_probability: _Optional[float] = ..., position_feature_index: _Optional[int] = ..., position_feature: _Optional[_Union[_feature_pb2.FeatureRef, _Mapping]] = ...) -> None: ...

class TaskModel(_message.Message):
    __slots__ = ("mlp_config", "dcn_config", "dlrm_config", "mask_net_config", "affine_map", "pos_weight", "kind", "loss_weight")
    MLP_CONFIG_FIELD_NUMBER: _ClassVar[int]
    DCN_CONFIG_FIELD_NUMBER: _ClassVar[int]
    DLRM_CONFIG_FIELD_NUMBER: _ClassVar[int]
    MASK_NET_CONFIG_FIELD_NUMBER: _ClassVar[int]
    AFFINE_MAP_FIELD_NUMBER: _ClassVar[int]
    POS_WEIGHT_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    LOSS_WEIGHT_FIELD_NUMBER: _ClassVar[int]
    mlp_config: _layers_pb2.MlpConfig
    dcn_config: DcnConfig
    dlrm_config: DLRMConfig
    mask_net_config: MaskNetConfig
    affine_map: AffineMap
    pos_weight: float
    kind: TaskKind
    loss_weight: float
    def __init__(self, mlp_config: _Optional[_Union[_layers_pb2.MlpConfig, _Mapping]] = ..., dcn_config: _Optional[_Union[DcnConfig, _Mapping]] = ..., dlrm_config: _Optional[_Union[DLRMConfig, _Mapping]] = ..., mask_net_config: _Optional[_Union[MaskNetConfig, _Mapping]] = ..., affine_map: _Optional[_Union[AffineMap, _Mapping]] = ..., pos_weight: _Optional[float] = ..., kind: _Optional[_Union[TaskKind, str]] = ..., loss_weight: _Optional[float] = ...) -> None: ...
