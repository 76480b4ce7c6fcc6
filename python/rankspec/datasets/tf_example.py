"""The messages of tf.Example, which are built here because TensorFlow is not at hand.

`Feature` is the message as TensorFlow defines it (tensorflow/core/example/feature.proto): one of `bytes_list`,
`float_list` and `int64_list`. `OpaqueExample` is an Example whose features are left as the bytes that they are
transmitted as: of many features only those that are read are then decoded.
"""

from __future__ import annotations

from typing import Any

from google.protobuf import text_format
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass

from rankspec.encoding.vocabulary import varint

_FILE = """
name: "rankspec/tf_example.proto" package: "rankspec.tf_example" syntax: "proto3"
message_type {
  name: "BytesList" field { name: "value" number: 1 label: LABEL_REPEATED type: TYPE_BYTES }
}
message_type {
  name: "FloatList" field { name: "value" number: 1 label: LABEL_REPEATED type: TYPE_FLOAT }
}
message_type {
  name: "Int64List" field { name: "value" number: 1 label: LABEL_REPEATED type: TYPE_INT64 }
}
message_type {
  name: "Feature"
  field { name: "bytes_list" number: 1 oneof_index: 0 label: LABEL_OPTIONAL type_name: "BytesList" }
  field { name: "float_list" number: 2 oneof_index: 0 label: LABEL_OPTIONAL type_name: "FloatList" }
  field { name: "int64_list" number: 3 oneof_index: 0 label: LABEL_OPTIONAL type_name: "Int64List" }
  oneof_decl { name: "kind" }
}
message_type {
  name: "OpaqueFeatures"
  field { name: "feature" number: 1 label: LABEL_REPEATED type_name: "FeatureEntry" }
  nested_type {
    name: "FeatureEntry"
    field { name: "key" number: 1 label: LABEL_OPTIONAL type: TYPE_STRING }
    field { name: "value" number: 2 label: LABEL_OPTIONAL type: TYPE_BYTES }
    options { map_entry: true }
  }
}
message_type {
  name: "OpaqueExample"
  field { name: "features" number: 1 label: LABEL_OPTIONAL type_name: "OpaqueFeatures" }
}
"""
_POOL = DescriptorPool()
_POOL.Add(text_format.Parse(_FILE, FileDescriptorProto()))


def _message(name: str) -> Any:
    return GetMessageClass(_POOL.FindMessageTypeByName(f"rankspec.tf_example.{name}"))


Int64List: Any = _message("Int64List")
Feature: Any = _message("Feature")
OpaqueExample: Any = _message("OpaqueExample")


def float_header(length: int) -> bytes:
    """What stands before the numbers of a feature of so many floats: float_list, its size, value, its size."""
    values = b"\x0a" + varint(4 * length)
    return b"\x12" + varint(len(values) + 4 * length) + values
