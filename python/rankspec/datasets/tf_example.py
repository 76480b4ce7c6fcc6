"""The messages of tf.Example, which are built here because TensorFlow is not at hand.

`Feature` is the message as TensorFlow defines it (tensorflow/core/example/feature.proto): one of `bytes_list`,
`float_list` and `int64_list`. `OpaqueExample` is an Example whose features are left as the bytes that they are
transmitted as: of many features only those that are read are then decoded.
"""

from __future__ import annotations

from typing import Any

from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass

_PACKAGE = "rankspec.tf_example"
_REPEATED, _OPTIONAL = FieldDescriptorProto.LABEL_REPEATED, FieldDescriptorProto.LABEL_OPTIONAL
_LISTS = {
    "bytes_list": ("BytesList", FieldDescriptorProto.TYPE_BYTES),
    "float_list": ("FloatList", FieldDescriptorProto.TYPE_FLOAT),
    "int64_list": ("Int64List", FieldDescriptorProto.TYPE_INT64),
}


def _field(name: str, number: int, **of: Any) -> FieldDescriptorProto:
    return FieldDescriptorProto(name=name, number=number, **{"label": _OPTIONAL, **of})


def _of_message(name: str) -> dict[str, Any]:
    return {"type": FieldDescriptorProto.TYPE_MESSAGE, "type_name": f".{_PACKAGE}.{name}"}


def _feature() -> DescriptorProto:
    fields = [
        _field(kind, number, oneof_index=0, **_of_message(message))
        for number, (kind, (message, _)) in enumerate(_LISTS.items(), 1)
    ]
    feature = DescriptorProto(name="Feature", field=fields)
    feature.oneof_decl.add(name="kind")
    return feature


def _opaque_features() -> DescriptorProto:
    entry = DescriptorProto(
        name="FeatureEntry",
        field=[
            _field("key", 1, type=FieldDescriptorProto.TYPE_STRING),
            _field("value", 2, type=FieldDescriptorProto.TYPE_BYTES),
        ],
    )
    entry.options.map_entry = True
    entries = _field("feature", 1, **{**_of_message("OpaqueFeatures.FeatureEntry"), "label": _REPEATED})
    return DescriptorProto(name="OpaqueFeatures", field=[entries], nested_type=[entry])


def _messages() -> Any:
    lists = [
        DescriptorProto(name=name, field=[_field("value", 1, type=kind, label=_REPEATED)])
        for name, kind in _LISTS.values()
    ]
    example = DescriptorProto(name="OpaqueExample", field=[_field("features", 1, **_of_message("OpaqueFeatures"))])
    pool = DescriptorPool()
    pool.Add(
        FileDescriptorProto(
            name="rankspec/tf_example.proto",
            package=_PACKAGE,
            syntax="proto3",
            message_type=[*lists, _feature(), _opaque_features(), example],
        )
    )
    return lambda name: GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.{name}"))


_message = _messages()
Int64List: Any = _message("Int64List")
Feature: Any = _message("Feature")
OpaqueExample: Any = _message("OpaqueExample")


def varint(number: int) -> bytes:
    """A number from 0 on as Protobuf transmits it."""
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*encoded, number])


def float_header(length: int) -> bytes:
    """What stands before the numbers of a feature of so many floats: float_list, its size, value, its size."""
    values = b"\x0a" + varint(4 * length)
    return b"\x12" + varint(len(values) + 4 * length) + values
