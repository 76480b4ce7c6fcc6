"""The hash that gives rows their places: steps of XXH64 over a word of 64 bits for each value, many rows at a time.

A word is a whole number, a time in microseconds, the bits of a double, 0 or 1 for a flag; of a text it is the hash of
its UTF-8, and of a list that of its values' words. It need only be well mixed and everywhere the same: one SHA-256 for
each row took half of an import's time.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from rankspec.encoding.columns import AnyColumn, Column, ListColumn, bits_of

Words = NDArray[np.uint64]

# XXH64's primes.
_PRIME_1, _PRIME_2, _PRIME_3, _PRIME_4, _PRIME_5 = (
    np.uint64(prime)
    for prime in (
        0x9E3779B185EBCA87,
        0xC2B2AE3D27D4EB4F,
        0x165667B19E3779F9,
        0x85EBCA77C2B2AE63,
        0x27D4EB2F165667C5,
    )
)
# The word of a missing value: "missing!" in ASCII.
_MISSING = np.uint64(0x6D697373696E6721)


def row_hashes(salt: str, columns: Sequence[AnyColumn]) -> Words:
    """The hash of each row's values, in the order of the columns; uint64 `[rows]`.

    Args:
        salt: what the hash begins with.
        columns: at least one.
    """
    words = [_words(column) for column in columns]
    (seed,) = _of_pieces(*_bytes_of(pa.array([salt])))
    with np.errstate(over="ignore"):
        state = np.full(len(words[0]), seed + _PRIME_5 + np.uint64(8 * len(words)))
        for word in words:
            state = _with_word(state, word)
        return _ended(state)


def _words(column: AnyColumn) -> Words:
    """A column's words, kept with it."""
    if column.words is None:
        column.words = _words_of_lists(column) if isinstance(column, ListColumn) else _words_of_values(column)
    return column.words


def _words_of_values(column: Column) -> Words:
    array = column.array
    if pa.types.is_dictionary(array.type):
        of_values = np.append(_words_of_values(Column(array.dictionary)), _MISSING)
        # A missing value's code, -1, is that of the word appended.
        return of_values[column.codes]
    is_missing = np.asarray(array.is_null()) if array.null_count else None
    if pa.types.is_string(array.type):
        words = _of_pieces(*_bytes_of(array))
    elif pa.types.is_floating(array.type):
        bits = bits_of(array)
        is_missing, words = np.asarray(bits.is_null()), np.asarray(bits.fill_null(0)).view(np.uint64)
    else:
        # Flags as numbers; times are some by now.
        words = np.asarray(array.cast(pa.int64()).fill_null(0)).view(np.uint64)
    return words if is_missing is None else np.where(is_missing, _MISSING, words)


def _words_of_lists(column: ListColumn) -> Words:
    words = _of_pieces(_words(column.items).astype("<u8").view(np.uint8), column.ends * 8)
    return np.where(column.is_missing, _MISSING, words)


def _bytes_of(texts: pa.Array) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """The bytes of texts, one behind the other, and where each begins and the last one ends; missing ones have none."""
    texts = texts.fill_null("")
    _, offsets, data = texts.buffers()
    ends = np.frombuffer(offsets, np.int32, len(texts) + 1, texts.offset * 4).astype(np.int64) if len(texts) else [0]
    return np.frombuffer(b"" if data is None else data, np.uint8), np.asarray(ends, np.int64)


def _of_pieces(data: NDArray[np.uint8], ends: NDArray[np.int64]) -> Words:
    """The hash of each piece of some bytes: its words, the last one filled up with zeros, and its length.

    Args:
        data: the bytes.
        ends: `[pieces + 1]`, where each piece begins, and the last one ends.
    """
    lengths = np.diff(ends)
    # The longest first, so that those that still have a word are a slice.
    longest_first = np.argsort(-lengths)
    begins, lengths = ends[:-1][longest_first], lengths[longest_first]
    # A word at each byte, whatever is behind the last one.
    word_at = np.ndarray(len(data) + 1, "<u8", np.concatenate([data, np.zeros(8, np.uint8)]), strides=(1,))
    with np.errstate(over="ignore"):
        state = lengths.astype(np.uint64) + _PRIME_5
        for place in range(0, int(lengths.max(initial=0)), 8):
            num_left = int(np.searchsorted(-lengths, -place))
            words = word_at[begins[:num_left] + place].astype(np.uint64)
            num_filled = np.maximum(place + 8 - lengths[:num_left], 0).astype(np.uint64) * np.uint64(8)
            words &= np.uint64(2**64 - 1) >> num_filled
            state[:num_left] = _with_word(state[:num_left], words)
        hashes = np.empty_like(state)
        hashes[longest_first] = _ended(state)
    return hashes


def _with_word(state: Words, words: Words) -> Words:
    return _rotated(state ^ (_rotated(words * _PRIME_2, 31) * _PRIME_1), 27) * _PRIME_1 + _PRIME_4


def _ended(state: Words) -> Words:
    state = (state ^ (state >> np.uint64(33))) * _PRIME_2
    state = (state ^ (state >> np.uint64(29))) * _PRIME_3
    return state ^ (state >> np.uint64(32))


def _rotated(values: Words, bits: int) -> Words:
    return (values << np.uint64(bits)) | (values >> np.uint64(64 - bits))
