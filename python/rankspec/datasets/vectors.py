"""Vectors of numbers as columns of Parquet files: bytes of a fixed length, which are read fastest, or lists.

Bytes say nothing of the numbers in them: that they are float32 or int64, little-endian, is said by the schema file.
Programs that do not know it read lists.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from rankspec.encoding.lists import Lists

Vectors = Literal["bytes", "lists"]


def vector_type(item: pa.DataType, length: int, vectors: Vectors) -> pa.DataType:
    """The type of a column of vectors; lists have no nulls."""
    if vectors == "bytes":
        return pa.binary(length * item.bit_width // 8)
    return pa.list_(pa.field("element", item, nullable=False), length)


def vector_column(values: NDArray[np.float32] | NDArray[np.int64], vectors: Vectors) -> pa.Array:
    """A column of the rows of `[rows, length]`."""
    num_rows, length = values.shape
    stored = vector_type(pa.from_numpy_dtype(values.dtype), length, vectors)
    if vectors == "bytes":
        little_endian = np.ascontiguousarray(values, values.dtype.newbyteorder("<"))
        return pa.Array.from_buffers(stored, num_rows, [None, pa.py_buffer(little_endian)])
    return pa.FixedSizeListArray.from_arrays(pa.array(values.reshape(-1)), type=stored)


def list_type() -> pa.DataType:
    """The type of a column of lists of ids; none is null, nor an id of one."""
    return pa.list_(pa.field("element", pa.int64(), nullable=False))


def list_column(lists: Lists) -> pa.Array:
    """A column of lists of ids."""
    return pa.ListArray.from_arrays(pa.array(lists.offsets.astype(np.int32)), pa.array(lists.values), type=list_type())


def matrix_of(column: pa.ChunkedArray, dtype: type[np.float32 | np.int64]) -> NDArray[Any]:
    """The values of such a column of either form, `[rows, length]`."""
    if not pa.types.is_fixed_size_binary(column.type):
        return column.combine_chunks().flatten().to_numpy().reshape(len(column), -1)
    if not len(column):
        return np.empty((0, column.type.byte_width // np.dtype(dtype).itemsize), dtype)
    whole = column.combine_chunks()
    array = whole.chunk(0) if isinstance(whole, pa.ChunkedArray) else whole
    width = array.type.byte_width
    stored = array.buffers()[1].slice(array.offset * width, len(array) * width)
    return np.frombuffer(stored, np.dtype(dtype).newbyteorder("<")).astype(dtype, copy=False).reshape(len(array), -1)
