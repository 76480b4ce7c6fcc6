"""A schema for the readers' tests with every kind of field, made by protoc from the text below."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from grpc_tools import protoc

_PROTO = """
edition = "2023";
package reader_test;

enum Color { COLOR_UNSPECIFIED = 0; COLOR_RED = 1; COLOR_BLUE = 2; }
enum Shape { option features.enum_type = CLOSED; SHAPE_ROUND = 1; SHAPE_SQUARE = 2; }

message Leaf {
  double rate = 1 [default = 0.5];
  int32 size = 2;
  repeated int32 sizes = 3;
  string label = 4;
}

message Root {
  double real = 1;
  float single = 2;
  int32 small = 3;
  int64 big = 4;
  uint32 natural = 5;
  uint64 large = 6;
  bool flag = 7;
  string text = 8;
  bytes raw = 9;
  Color color = 10;
  Shape shape = 11;
  Leaf leaf = 12;
  Root nested = 13;
  repeated double reals = 14;
  repeated int32 smalls = 15;
  repeated uint64 larges = 16;
  repeated string texts = 17;
  repeated Color colors = 18;
  repeated Leaf leaves = 19;
  repeated bool flags = 20;
  repeated bytes raws = 21;
  map<string, Leaf> by_name = 22;
  map<int32, string> by_number = 23;
  map<string, double> weights = 24;
  map<bool, int64> by_flag = 25;
  oneof choice {
    Leaf left = 26;
    int32 right = 27;
    Root other = 28;
  }
  sint32 zigzag = 29;
  fixed64 fixed = 30;
}
"""


def _message_class() -> type[Any]:
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "reader_test.proto"
        compiled = Path(folder) / "reader_test.binpb"
        source.write_text(_PROTO)
        status = protoc.main(["protoc", f"-I{folder}", f"--descriptor_set_out={compiled}", str(source)])
        assert status == 0
        files = FileDescriptorSet.FromString(compiled.read_bytes())
    pool = DescriptorPool()
    for file in files.file:
        pool.Add(file)
    return GetMessageClass(pool.FindMessageTypeByName("reader_test.Root"))


Root = _message_class()


def fill(message: Any, depth: int = 0) -> None:
    """Sets every field of a message, and of the messages in it, to some value; of a oneof, the first member."""
    chosen = set()
    for field in message.DESCRIPTOR.fields:
        oneof = field.containing_oneof
        if oneof is not None and oneof.name in chosen:
            continue
        chosen.add(oneof.name if oneof is not None else field.name)
        if field.message_type is None:
            if field.is_repeated:
                getattr(message, field.name).extend([_sample(field), _sample(field)])
            else:
                setattr(message, field.name, _sample(field))
        elif depth < 12:
            _fill_message(message, field, depth)


def _fill_message(message: Any, field: FieldDescriptor, depth: int) -> None:
    value = getattr(message, field.name)
    assert field.message_type is not None
    if field.message_type.GetOptions().map_entry:
        item = field.message_type.fields_by_name["value"]
        for key in ("a.b", 'with "quotes"'):
            if item.message_type is None:
                value[key] = _sample(item)
            else:
                fill(value[key], depth + 1)
    elif field.is_repeated:
        fill(value.add(), depth + 1)
        fill(value.add(), depth + 1)
    else:
        value.SetInParent()
        fill(value, depth + 1)


def _sample(field: FieldDescriptor) -> object:
    if field.enum_type is not None:
        return field.enum_type.values[-1].number
    return {
        FieldDescriptor.CPPTYPE_STRING: "some/path",
        FieldDescriptor.CPPTYPE_BOOL: True,
        FieldDescriptor.CPPTYPE_DOUBLE: 0.125,
        FieldDescriptor.CPPTYPE_FLOAT: 0.125,
    }.get(field.cpp_type, 3)
