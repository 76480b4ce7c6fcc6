from buf.validate import validate_pb2 as _validate_pb2
from rankspec.options.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class OnnxOperatorSet(_message.Message):
    __slots__ = ("domain", "version")
    DOMAIN_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    domain: str
    version: int
    def __init__(self, domain: _Optional[str] = ..., version: _Optional[int] = ...) -> None: ...

class OnnxEntry(_message.Message):
    __slots__ = ("key", "value")
    KEY_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    key: str
    value: str
    def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...

class OnnxTensor(_message.Message):
    __slots__ = ("dims", "data_type", "name", "external_data", "data_location")
    DIMS_FIELD_NUMBER: _ClassVar[int]
    DATA_TYPE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    EXTERNAL_DATA_FIELD_NUMBER: _ClassVar[int]
    DATA_LOCATION_FIELD_NUMBER: _ClassVar[int]
    dims: _containers.RepeatedScalarFieldContainer[int]
    data_type: int
    name: str
    external_data: _containers.RepeatedCompositeFieldContainer[OnnxEntry]
    data_location: int
    def __init__(self, dims: _Optional[_Iterable[int]] = ..., data_type: _Optional[int] = ..., name: _Optional[str] = ..., external_data: _Optional[_Iterable[_Union[OnnxEntry, _Mapping]]] = ..., data_location: _Optional[int] = ...) -> None: ...

class OnnxAttribute(_message.Message):
    __slots__ = ("t", "g", "tensors", "graphs")
    T_FIELD_NUMBER: _ClassVar[int]
    G_FIELD_NUMBER: _ClassVar[int]
    TENSORS_FIELD_NUMBER: _ClassVar[int]
    GRAPHS_FIELD_NUMBER: _ClassVar[int]
    t: OnnxTensor
    g: OnnxGraph
    tensors: _containers.RepeatedCompositeFieldContainer[OnnxTensor]
    graphs: _containers.RepeatedCompositeFieldContainer[OnnxGraph]
    def __init__(self, t: _Optional[_Union[OnnxTensor, _Mapping]] = ..., g: _Optional[_Union[OnnxGraph, _Mapping]] = ..., tensors: _Optional[_Iterable[_Union[OnnxTensor, _Mapping]]] = ..., graphs: _Optional[_Iterable[_Union[OnnxGraph, _Mapping]]] = ...) -> None: ...

class OnnxNode(_message.Message):
    __slots__ = ("op_type", "attribute", "domain")
    OP_TYPE_FIELD_NUMBER: _ClassVar[int]
    ATTRIBUTE_FIELD_NUMBER: _ClassVar[int]
    DOMAIN_FIELD_NUMBER: _ClassVar[int]
    op_type: str
    attribute: _containers.RepeatedCompositeFieldContainer[OnnxAttribute]
    domain: str
    def __init__(self, op_type: _Optional[str] = ..., attribute: _Optional[_Iterable[_Union[OnnxAttribute, _Mapping]]] = ..., domain: _Optional[str] = ...) -> None: ...

class OnnxGraph(_message.Message):
    __slots__ = ("node", "initializer", "sparse_initializer")
    NODE_FIELD_NUMBER: _ClassVar[int]
    INITIALIZER_FIELD_NUMBER: _ClassVar[int]
    SPARSE_INITIALIZER_FIELD_NUMBER: _ClassVar[int]
    node: _containers.RepeatedCompositeFieldContainer[OnnxNode]
    initializer: _containers.RepeatedCompositeFieldContainer[OnnxTensor]
    sparse_initializer: _containers.RepeatedCompositeFieldContainer[OnnxEmpty]
    def __init__(self, node: _Optional[_Iterable[_Union[OnnxNode, _Mapping]]] = ..., initializer: _Optional[_Iterable[_Union[OnnxTensor, _Mapping]]] = ..., sparse_initializer: _Optional[_Iterable[_Union[OnnxEmpty, _Mapping]]] = ...) -> None: ...

class OnnxEmpty(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class OnnxModel(_message.Message):
    __slots__ = ("graph", "opset_import", "functions")
    GRAPH_FIELD_NUMBER: _ClassVar[int]
    OPSET_IMPORT_FIELD_NUMBER: _ClassVar[int]
    FUNCTIONS_FIELD_NUMBER: _ClassVar[int]
    graph: OnnxGraph
    opset_import: _containers.RepeatedCompositeFieldContainer[OnnxOperatorSet]
    functions: _containers.RepeatedCompositeFieldContainer[OnnxEmpty]
    def __init__(self, graph: _Optional[_Union[OnnxGraph, _Mapping]] = ..., opset_import: _Optional[_Iterable[_Union[OnnxOperatorSet, _Mapping]]] = ..., functions: _Optional[_Iterable[_Union[OnnxEmpty, _Mapping]]] = ...) -> None: ...
