"""The values of a category that have an id, as a file, and looking values up in them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256

from rankspec.data.v1.recipe_pb2 import CategoryFitting
from rankspec.encoding.errors import EncodingError

MISSING = 0
UNSEEN = 1
FIRST = 2

# Up to so many values stand in the recipe itself.
MOST_INLINE = 256


def ids_by_value(fitted: CategoryFitting, files: Mapping[str, bytes], column: str) -> dict[bytes, int]:
    """The id of each value, by its text as UTF-8.

    Args:
        fitted: what the recipe says of the vocabulary.
        files: vocabulary files by name.
        column: the raw column, for errors.

    Raises:
        EncodingError: the file is not there, is another one, or is damaged.
    """
    return {value.encode(): place + FIRST for place, value in enumerate(values_of(fitted, files, column))}


def values_of(fitted: CategoryFitting, files: Mapping[str, bytes], column: str) -> Sequence[str]:
    """The values that have an id, in the order of their ids.

    Args:
        fitted: what the recipe says of the vocabulary.
        files: vocabulary files by name.
        column: the raw column, for errors.

    Raises:
        EncodingError: the file is not there, is another one, or is damaged.
    """
    if not fitted.HasField("file"):
        values: Sequence[str] = fitted.values
    else:
        data = files.get(fitted.file)
        if data is None:
            raise EncodingError("vocabulary.absent", f"the vocabulary {fitted.file} is not beside the recipe", column)
        if sha256(data).hexdigest() != fitted.sha256:
            raise EncodingError(
                "vocabulary.digest",
                f"the vocabulary {fitted.file} is not the one that the recipe was fitted with",
                column,
            )
        try:
            values = unpacked(data)
        except (IndexError, UnicodeDecodeError):
            raise EncodingError("recipe.damaged", f"{fitted.file} is no vocabulary", column) from None
    if len(values) != fitted.num_values:
        raise EncodingError(
            "recipe.damaged", f"the vocabulary has {len(values)} values, not {fitted.num_values}", column
        )
    return values


def packed(values: Iterable[str]) -> bytes:
    """Values as the bytes of a vocabulary file: of each its length in bytes, as a base-128 varint, and its UTF-8."""
    data = bytearray()
    for value in values:
        encoded = value.encode()
        data += varint(len(encoded))
        data += encoded
    return bytes(data)


def varint(number: int) -> bytes:
    """A number from 0 on as Protobuf transmits it."""
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*encoded, number])


def unpacked(data: bytes) -> list[str]:
    """The values of a vocabulary file.

    Raises:
        IndexError: it ends within a value.
        UnicodeDecodeError: a value is not UTF-8.
    """
    values = []
    at = 0
    while at < len(data):
        length = shift = 0
        while True:
            byte = data[at]
            at += 1
            length |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        if at + length > len(data):
            raise IndexError(at)
        values.append(data[at : at + length].decode())
        at += length
    return values
