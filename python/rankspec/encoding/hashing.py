"""The hash that makes ids, and divides rows by one column: the first 8 bytes of SHA-256, most significant first."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from rankspec.encoding.columns import Column, as_text


def hashes(salt: str, texts: Iterable[bytes]) -> NDArray[np.uint64]:
    """The hash of the salt, a slash and each text; uint64 `[texts]`."""
    prefix = salt.encode() + b"/"
    # One call for each: copying a state that has taken in the salt is slower.
    return _firsts([sha256(prefix + text).digest() for text in texts])


def _firsts(digests: list[bytes]) -> NDArray[np.uint64]:
    """The first 8 of the 32 bytes of each, as a number."""
    return np.frombuffer(b"".join(digests), ">u8")[::4].astype(np.uint64)


class KeyHashes:
    """Hashes of a column's values, of one salt, as keys of rows.

    They are kept, as many as memory allows, for the same values in rows to come.
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

    def of(self, column: Column) -> NDArray[np.uint64]:
        """The hash of each value's text, and of "" if it is missing; uint64 `[rows]`.

        Each distinct text is hashed once.
        """
        array, of_missing = column.array, hashes(self._salt, [b""])
        if pa.types.is_int64(array.type):
            # Sorting numbers is faster than a dictionary of them.
            numbers, places = np.unique(np.asarray(array.fill_null(0)), return_inverse=True)
            return np.where(np.asarray(array.is_valid()), self._of_numbers(numbers)[places], of_missing)
        # A missing value's code, -1, is that of the text appended.
        return np.append(self._of_texts(column.texts), of_missing)[column.codes]

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
        """The hashes of rising numbers."""
        places = np.searchsorted(self._numbers, numbers)
        # One more stands behind the last, so that each place has a number.
        is_known = np.append(self._numbers, 0)[places] == numbers
        is_known &= places < len(self._numbers)
        result = np.append(self._of_number, np.uint64(0))[places]
        new = np.flatnonzero(~is_known)
        texts = as_text(pa.array(numbers[new])).cast(pa.binary()).to_pylist()
        result[new] = hashes(self._salt, texts)
        new = new[: max(self._most_kept - len(self._numbers), 0)]
        self._numbers = np.insert(self._numbers, places[new], numbers[new])
        self._of_number = np.insert(self._of_number, places[new], result[new])
        return result
