"""tf.Example messages as Protobuf itself writes and reads them, and TFRecord files, for tests."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory

from rankspec.datasets.tfrecord import framed

_FILE = {
    "name": "example.proto",
    "package": "tensorflow",
    "syntax": "proto3",
    "messageType": [
        *(
            {"name": name, "field": [{"name": "value", "number": 1, "label": "LABEL_REPEATED", "type": kind}]}
            for name, kind in (("BytesList", "TYPE_BYTES"), ("FloatList", "TYPE_FLOAT"), ("Int64List", "TYPE_INT64"))
        ),
        {
            "name": "Feature",
            "oneofDecl": [{"name": "kind"}],
            "field": [
                {"name": field, "number": number, "oneofIndex": 0, "typeName": f".tensorflow.{message}"}
                for number, field, message in (
                    (1, "bytes_list", "BytesList"),
                    (2, "float_list", "FloatList"),
                    (3, "int64_list", "Int64List"),
                )
            ],
        },
        {
            "name": "Features",
            "field": [
                {
                    "name": "feature",
                    "number": 1,
                    "label": "LABEL_REPEATED",
                    "typeName": ".tensorflow.Features.FeatureEntry",
                }
            ],
            "nestedType": [
                {
                    "name": "FeatureEntry",
                    "options": {"mapEntry": True},
                    "field": [
                        {"name": "key", "number": 1, "type": "TYPE_STRING"},
                        {"name": "value", "number": 2, "typeName": ".tensorflow.Feature"},
                    ],
                }
            ],
        },
        {"name": "Example", "field": [{"name": "features", "number": 1, "typeName": ".tensorflow.Features"}]},
    ],
}


def _example_class() -> Any:
    pool = descriptor_pool.DescriptorPool()
    file = json_format.ParseDict(_FILE, descriptor_pb2.FileDescriptorProto())
    for message in file.message_type:
        for field in [*message.field, *(field for nested in message.nested_type for field in nested.field)]:
            field.label = field.label or field.LABEL_OPTIONAL
            field.type = field.type if field.HasField("type") else field.TYPE_MESSAGE
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("tensorflow.Example"))


Example: Any = _example_class()


def example(**features: list[float] | list[int] | list[bytes]) -> bytes:
    """A message; the kind of a feature is that of its first value."""
    message = Example()
    for name, values in features.items():
        kinds = {float: "float_list", int: "int64_list", bytes: "bytes_list"}
        getattr(message.features.feature[name], kinds[type(values[0])]).value.extend(values)
    encoded: bytes = message.SerializeToString()
    return encoded


def examples_of(columns: dict[str, Any]) -> list[bytes]:
    """A message for each row of columns, `[rows]` or `[rows, length]`."""
    rows = range(len(next(iter(columns.values()))))
    return [example(**{name: np.atleast_1d(values[row]).tolist() for name, values in columns.items()}) for row in rows]


FORMS: dict[str, Callable[[bytes], bytes]] = {"tfrecord": bytes, "tfrecord.gz": gzip.compress, "zlib": zlib.compress}


def write_records(file: Path, contents: Iterable[bytes]) -> Path:
    """Writes a file in the form that its name ends with."""
    compress = next(compress for ending, compress in FORMS.items() if file.name.endswith(f".{ending}"))
    file.write_bytes(compress(b"".join(map(framed, contents))))
    return file
