"""The hash that divides rows and makes ids: the first 8 bytes of SHA-256, most significant first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from rankspec.encoding.columns import AnyColumn, Column, as_text


def hashes(salt: str, texts: Iterable[bytes]) -> NDArray[np.uint64]:
    """The hash of the salt, a slash and each text; uint64 `[texts]`."""
    prefix = salt.encode() + b"/"
    # One call for each: copying a state that has taken in the salt is slower.
    data = b"".join([sha256(prefix + text).digest() for text in texts])
    # Of 32 bytes, the first 8.
    return np.frombuffer(data, ">u8")[::4].astype(np.uint64)


def key_hashes(salt: str, columns: Sequence[AnyColumn]) -> NDArray[np.uint64]:
    """The hash of each row's key; uint64 `[rows]`.

    The key of one column of single values is its text, and "" if it is missing: each distinct text is hashed once. That
    of several, or of lists, is what `framed` makes of each, joined.
    """
    if len(columns) == 1 and isinstance(columns[0], Column):
        column = columns[0]
        of_values = hashes(salt, [text or b"" for text in column.texts])
        # A missing value's code, -1, is that of the text appended.
        return np.append(of_values, hashes(salt, [b""]))[column.codes]
    joined = pc.binary_join_element_wise(*[framed(column) for column in columns], "")
    return hashes(salt, joined.cast(pa.binary()).to_pylist())


def framed(column: AnyColumn) -> pa.Array:
    """A text of each row that no other text can be part of: its length in bytes, a colon, and itself; - if missing.

    The text of a list is what this makes of its values, joined.
    """
    if isinstance(column, Column):
        array = column.array
        return _framed(as_text(array.dictionary_decode() if pa.types.is_dictionary(array.type) else array))
    items = pa.ListArray.from_arrays(pa.array(column.ends.astype(np.int32)), framed(column.items))
    texts = pc.binary_join(items, "")
    return _framed(pc.if_else(pa.array(column.is_missing), pa.scalar(None, pa.string()), texts))


def _framed(texts: pa.Array) -> pa.Array:
    lengths = pc.cast(pc.binary_length(texts), pa.string())
    return pc.binary_join_element_wise(lengths, texts, ":").fill_null("-")
