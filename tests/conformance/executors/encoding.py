"""Encodes raw rows for conformance cases."""

from typing import Any

import numpy as np
import pyarrow as pa
from conformance.v1 import conformance_pb2 as pb
from conformance.v1 import raw_rows_pb2

from rankspec.encoding.encoder import Encoder
from rankspec.encoding.errors import EncodingError


def encode(task: pb.Encode) -> pb.Response:
    """Encodes the rows of a request, all at once."""
    try:
        encoder = Encoder(task.recipe, task.vocabularies)
        encoded = encoder.encode(encoder.reader.read(batch_of(task)), labels=False)
    except EncodingError as error:
        return pb.Response(encoding_refusal=pb.EncodingRefusal(code=error.code, column=error.column, row=error.row))
    return pb.Response(
        encoded=pb.Encoded(
            continuous=encoded.continuous.view(np.uint32).ravel().tolist(),
            binary=encoded.binary.ravel().tolist(),
            discrete=encoded.discrete.ravel().tolist(),
            lists=[
                pb.EncodedLists(name=name, lengths=lists.lengths.tolist(), values=lists.values.tolist())
                for name, lists in sorted(encoded.lists.items())
            ],
        )
    )


def batch_of(task: pb.Encode) -> pa.RecordBatch:
    """The rows as a batch, each column of the type that its values have."""
    columns = [pa.array([value_of(row.values[place]) for row in task.rows]) for place in range(len(task.columns))]
    # Not from a table of names, as two columns may have the same.
    return pa.RecordBatch.from_arrays(columns, names=list(task.columns))


def value_of(value: raw_rows_pb2.RawValue) -> Any:
    """A raw value in its Python type."""
    kind = value.WhichOneof("value")
    if kind is None:
        return None
    return [value_of(item) for item in value.list.values] if kind == "list" else getattr(value, kind)
