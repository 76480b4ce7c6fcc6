"""Text becomes numbers, by the one grammar that all languages have.

Arrow's own parser is tried first, as it is fast and right for what it takes; what it takes beyond the grammar, and what
it refuses within it, is decided here.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from rankspec.encoding.errors import ValueAtError

_WHOLE = re.compile(r"([+-]?)([0-9]+)(?:\.0*)?")
_DECIMAL = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[+-]?(?:nan|inf|infinity)", re.IGNORECASE | re.ASCII)
_INT64 = range(-(2**63), 2**63)
_MOST_DIGITS = 19

WHOLE = "a whole number of 64 bits, such as 42 or -7"
DECIMAL = "a number, such as 1.5, -2 or 3e-4"
DECIMAL_COMMA = "a number with a comma before its fraction, such as 1,5"


def whole_number(text: str) -> int:
    """The whole number that a text is.

    Raises:
        ValueError: it is none, or takes more than 64 bits.
    """
    match = _WHOLE.fullmatch(text)
    if match is None:
        raise ValueError(text)
    # Python refuses to read thousands of digits, zeros too.
    digits = match[2].lstrip("0") or "0"
    number = int(match[1] + digits) if len(digits) <= _MOST_DIGITS else None
    if number is None or number not in _INT64:
        raise ValueError(text)
    return number


def whole_decimal(text: str) -> int:
    """The whole number that a decimal is, by its text, which may be 0E-18 or 2E+2.

    Raises:
        ValueError: it has a fraction, or takes more than 64 bits.
    """
    number = Decimal(text)
    if number != number.to_integral_value() or int(number) not in _INT64:
        raise ValueError(text)
    return int(number)


def decimal(text: str) -> float:
    """The number of double precision nearest to a text.

    Raises:
        ValueError: it is no number.
    """
    if not (_DECIMAL.fullmatch(text) or _NOT_FINITE.fullmatch(text)):
        raise ValueError(text)
    return float(text)


def decimal_with_comma(text: str) -> float:
    """As `decimal`, of a text whose fraction begins with a comma.

    Raises:
        ValueError: it is no number, or has a point.
    """
    if "." in text:
        raise ValueError(text)
    return decimal(text.replace(",", "."))


def parse_whole(texts: pa.Array, missing: list[str]) -> pa.Array:
    """Parses whole numbers.

    Args:
        texts: strings.
        missing: those that stand for a missing value.

    Returns:
        int64, null where missing.

    Raises:
        ValueAtError: at the first that is none.
    """
    return _parse(texts, missing, pa.int64(), whole_number, _is_hexadecimal, WHOLE)


def parse_decimal(texts: pa.Array, missing: list[str], *, comma: bool) -> pa.Array:
    """Parses numbers of double precision.

    Args:
        texts: strings.
        missing: those that stand for a missing value.
        comma: whether fractions begin with a comma.

    Returns:
        float64, null where missing.

    Raises:
        ValueAtError: at the first that is none.
    """
    if not comma:
        return _parse(texts, missing, pa.float64(), decimal, _is_not_finite, DECIMAL)
    texts = without(texts, missing)
    return slowly(texts, decimal_with_comma, pa.float64(), DECIMAL_COMMA)


def without(texts: pa.Array, missing: list[str]) -> pa.Array:
    """The texts with null in place of those that stand for a missing value."""
    if not missing:
        return texts
    is_missing = pc.is_in(texts, value_set=pa.array(missing, texts.type))
    return pc.if_else(is_missing, pa.scalar(None, texts.type), texts)


def slowly(texts: pa.Array, parse: Callable[[str], Any], into: pa.DataType, expected: str) -> pa.Array:
    """Parses each distinct text in Python.

    Raises:
        ValueAtError: at the first text that `parse` refuses with ValueError.
    """
    encoded = texts.dictionary_encode()
    values = []
    for code, text in enumerate(encoded.dictionary.to_pylist()):
        try:
            values.append(parse(text))
        except ValueError:
            index = int(np.argmax(np.asarray(encoded.indices.fill_null(-1)) == code))
            raise ValueAtError(index, expected, text) from None
    return pc.take(pa.array(values, into), encoded.indices)


def _parse(
    texts: pa.Array,
    missing: list[str],
    into: pa.DataType,
    parse: Callable[[str], Any],
    is_doubtful: Callable[[pa.Array, pa.Array], bool],
    expected: str,
) -> pa.Array:
    # A word that is read as no finite number is doubtful below.
    if any(_reads_finite(parse, word) for word in missing):
        texts, missing = without(texts, missing), []
    try:
        parsed = pc.cast(texts, into)
        if not is_doubtful(texts, parsed):
            return parsed
    except pa.ArrowInvalid:
        pass
    if missing:
        return _parse(without(texts, missing), [], into, parse, is_doubtful, expected)
    return slowly(texts, parse, into, expected)


def _reads_finite(parse: Callable[[str], Any], text: str) -> bool:
    try:
        return bool(np.isfinite(float(parse(text))))
    except ValueError:
        return False


def _is_hexadecimal(texts: pa.Array, _parsed: pa.Array) -> bool:
    """Whether an x is among the texts' characters, as in 0x1F, which Arrow takes."""
    offsets = np.frombuffer(texts.buffers()[1], np.int32, count=len(texts) + 1, offset=4 * texts.offset)
    data = texts.buffers()[2]
    if data is None:
        return False
    characters = np.frombuffer(data, np.uint8)[offsets[0] : offsets[-1]]
    return bool(((characters | 0x20) == ord("x")).any())


def _is_not_finite(_texts: pa.Array, parsed: pa.Array) -> bool:
    """Whether a word such as nan(ind) may have been read, or a number beyond all doubles."""
    return not bool(np.isfinite(parsed.fill_null(0.0).to_numpy()).all())
