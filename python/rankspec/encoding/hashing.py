"""The hash that divides rows and makes ids: the first 8 bytes of SHA-256, most significant first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from rankspec.encoding.columns import AnyColumn, Column, ListColumn, as_text, bits_of

# Texts of lengths with the colon behind them: nearly all lengths are below.
_LENGTHS = pa.array([f"{length}:" for length in range(1024)])
# Values that tell whether those of a column repeat.
_SAMPLE = 512


def hashes(salt: str, texts: Iterable[bytes]) -> NDArray[np.uint64]:
    """The hash of the salt, a slash and each text; uint64 `[texts]`."""
    prefix = salt.encode() + b"/"
    # One call for each: copying a state that has taken in the salt is slower.
    return _firsts([sha256(prefix + text).digest() for text in texts])


def _firsts(digests: list[bytes]) -> NDArray[np.uint64]:
    """The first 8 of the 32 bytes of each, as a number."""
    return np.frombuffer(b"".join(digests), ">u8")[::4].astype(np.uint64)


class KeyHashes:
    """Hashes of rows' keys, of one salt.

    Hashes of keys of one column are kept, as many as memory allows, for the same keys in rows to come.
    """

    def __init__(self, salt: str, most_kept: int = 500_000) -> None:
        """Keeps nothing yet.

        Args:
            salt: what is hashed before each key.
            most_kept: keys whose hashes are kept.
        """
        self._salt = salt
        self._most_kept = most_kept
        self._of_text: dict[bytes | None, int] = {}
        # Whole numbers, rising, and their hashes.
        self._numbers = np.empty(0, np.int64)
        self._of_number = np.empty(0, np.uint64)

    def of(self, columns: Sequence[AnyColumn]) -> NDArray[np.uint64]:
        """The hash of each row's key; uint64 `[rows]`.

        The key of one column of single values is its text, and "" if it is missing: each distinct text is hashed once.
        That of several, or of lists, is what `framed` makes of each, joined.
        """
        if len(columns) == 1 and isinstance(columns[0], Column):
            of_values = np.append(self._of_values(columns[0]), hashes(self._salt, [b""]))
            # A missing value's code, -1, is that of the text appended.
            return of_values[columns[0].codes]
        texts = [text for column in columns for text in _frames(column)]
        keys = pc.binary_join_element_wise(pa.scalar(f"{self._salt}/"), *texts, "")
        return _firsts([sha256(key).digest() for key in keys.cast(pa.binary()).to_pylist()])

    def _of_values(self, column: Column) -> NDArray[np.uint64]:
        """The hash of each of the column's distinct values."""
        values = column.encoded.dictionary
        if pa.types.is_int64(values.type) and values.null_count == 0:
            return self._of_numbers(np.asarray(values))
        return self._of_texts(column.texts)

    def _of_texts(self, texts: list[bytes | None]) -> NDArray[np.uint64]:
        found = list(map(self._of_text.get, texts))
        places = [place for place, value in enumerate(found) if value is None]
        new = hashes(self._salt, [texts[place] or b"" for place in places]).tolist()
        for place, value in zip(places, new, strict=True):
            found[place] = value
            if len(self._of_text) < self._most_kept:
                self._of_text[texts[place]] = value
        return np.asarray(found, np.uint64)

    def _of_numbers(self, numbers: NDArray[np.int64]) -> NDArray[np.uint64]:
        places = np.searchsorted(self._numbers, numbers)
        # One more stands behind the last, so that each place has a number.
        is_known = np.append(self._numbers, 0)[places] == numbers
        is_known &= places < len(self._numbers)
        result = np.append(self._of_number, np.uint64(0))[places]
        new = np.flatnonzero(~is_known)
        texts = as_text(pa.array(numbers[new])).cast(pa.binary()).to_pylist()
        result[new] = hashes(self._salt, texts)
        new = new[np.argsort(numbers[new])][: max(self._most_kept - len(self._numbers), 0)]
        self._numbers = np.insert(self._numbers, places[new], numbers[new])
        self._of_number = np.insert(self._of_number, places[new], result[new])
        return result


def framed(column: AnyColumn) -> pa.Array:
    """A text of each row that no other text can be part of: its length in bytes, a colon, and itself; - if missing.

    The text of a list is what this makes of its values, joined.
    """
    return _joined(_frames(column))


def _frames(column: AnyColumn) -> list[pa.Array]:
    """What `framed` makes of a column, in pieces of each row that are still to be joined; kept with the column."""
    if column.frames is None:
        column.frames = _new_frames(column)
    return column.frames


def _new_frames(column: AnyColumn) -> list[pa.Array]:
    if isinstance(column, ListColumn):
        items = pa.ListArray.from_arrays(pa.array(column.ends.astype(np.int32)), framed(column.items))
        texts = pc.binary_join(items, "")
        return _framed(pc.if_else(pa.array(column.is_missing), pa.scalar(None, pa.string()), texts))
    array = column.array
    if pa.types.is_floating(array.type):
        array = bits_of(array)
    if pa.types.is_dictionary(array.type) and len(array.dictionary) > len(array) // 2:
        array = array.dictionary_decode()
    elif pa.types.is_dictionary(array.type) or _repeats(array):
        encoded = array if pa.types.is_dictionary(array.type) else array.dictionary_encode()
        of_values = pa.concat_arrays([_joined(_framed(as_text(encoded.dictionary))), pa.array(["-"])])
        return [of_values.take(encoded.indices.cast(pa.int64()).fill_null(len(encoded.dictionary)))]
    return _framed(as_text(array))


def _repeats(array: pa.Array) -> bool:
    """Whether the values seem to be so few that each is best looked at once."""
    first = array.slice(0, _SAMPLE)
    return len(first) >= _SAMPLE and len(first.unique()) <= _SAMPLE // 2


def _joined(texts: list[pa.Array]) -> pa.Array:
    return texts[0] if len(texts) == 1 else pc.binary_join_element_wise(*texts, "")


def _framed(texts: pa.Array) -> list[pa.Array]:
    lengths = pc.binary_length(texts)
    if (pc.max(lengths).as_py() or 0) < len(_LENGTHS):
        heads = _LENGTHS.take(lengths)
    else:
        heads = pc.binary_join_element_wise(pc.cast(lengths, pa.string()), "", ":")
    if texts.null_count == 0:
        return [heads, texts]
    return [pc.binary_join_element_wise(heads, texts, "").fill_null("-")]
