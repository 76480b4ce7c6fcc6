"""Encodes raw rows again, a row at a time, by Python's whole numbers and fractions: what conformance cases expect.

Nothing here is shared with `rankspec.encoding`, which works on columns with Arrow and NumPy.
"""

import math
import re
import struct
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from hashlib import sha256
from typing import Any

from conformance.v1 import conformance_pb2 as pb
from conformance.v1 import raw_rows_pb2
from rankspec.data.v1 import recipe_pb2 as spec

# Half a unit above the largest float32: from here on, rounding gives infinity.
_END = Fraction(2**128 - 2**103)
_LARGEST = 2**128 - 2**104
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Value = None | str | int | Fraction | bool | list[Any]


class Refused(Exception):  # noqa: N818 — an answer, not a mistake
    """A value or a column that is refused: code, column, row."""


def expected(task: pb.Encode) -> pb.Expectation:
    """What has to come of a request."""
    try:
        return pb.Expectation(encoded=_encoded(task))
    except Refused as refused:
        code, column, row = refused.args
        return pb.Expectation(encoding_refusal=pb.EncodingRefusal(code=code, column=column, row=row))


def _encoded(task: pb.Encode) -> pb.Encoded:
    result = pb.Encoded()
    _check(task.recipe)
    columns = {column.name: column for column in task.recipe.columns}
    for number, row in enumerate(task.rows):
        raw = dict(zip(task.columns, row.values, strict=True))
        for feature in task.recipe.features:
            kind = str(feature.WhichOneof("kind"))
            detail = getattr(feature, kind)
            if detail.column not in raw:
                raise Refused("column.absent", detail.column, None)
            try:
                value = parsed(raw[detail.column], columns[detail.column], task.recipe.text)
            except ValueError:
                raise Refused("row.value", detail.column, number) from None
            except TypeError:
                raise Refused("column.type", detail.column, None) from None
            if kind in ("category", "hashed") and detail.HasField("list") and not detail.list.HasField("width"):
                ids = pb.Encoded()
                _FEATURES[kind](detail, value, task.vocabularies, ids)
                lists = next((one for one in result.lists if one.name == feature.name), None)
                lists = result.lists.add(name=feature.name) if lists is None else lists
                lists.lengths.append(len(ids.discrete))
                lists.values.extend(ids.discrete)
            else:
                _FEATURES[kind](detail, value, task.vocabularies, result)
    return result


def _check(recipe: spec.Recipe) -> None:
    if recipe.semantics not in (1, 2):
        raise Refused("recipe.semantics", "", None)
    details = [getattr(feature, str(feature.WhichOneof("kind"))) for feature in recipe.features]
    is_fitted = all(d.HasField("fitted") for d in details if "fitted" in d.DESCRIPTOR.fields_by_name)
    if not (is_fitted and recipe.HasField("fitted")):
        raise Refused("recipe.unfitted", "", None)


def parsed(raw: raw_rows_pb2.RawValue, column: spec.RawColumn, text: spec.TextFormat) -> Value:
    """A raw value as one of its column's kind.

    Raises:
        ValueError: it is none.
        TypeError: its type is none that the kind is read from.
    """
    given = raw.WhichOneof("value")
    if given is None:
        return None
    if column.list:
        if given == "list":
            return [_single(item, column, text) for item in raw.list.values]
        if given != "text" or not column.HasField("separator"):
            raise TypeError
        pieces = raw.text.split(column.separator) if raw.text else []
        return [None if p in text.missing else _single(raw_rows_pb2.RawValue(text=p), column, text) for p in pieces]
    if given == "list":
        raise TypeError
    return _single(raw, column, text)


def _single(raw: raw_rows_pb2.RawValue, column: spec.RawColumn, text: spec.TextFormat) -> Value:
    given = raw.WhichOneof("value")
    if given is None:
        return None
    value = getattr(raw, given)
    if column.kind == spec.RAW_KIND_TEXT:
        if given != "text":
            raise TypeError
        return str(value)
    if given == "text" and value in text.missing:
        return None
    return _KINDS[column.kind](given, value, column, text)


def _whole(given: str, value: Any, _column: spec.RawColumn, _text: spec.TextFormat) -> Value:
    if given == "whole":
        return int(value)
    if given == "number":
        if value != value or value in {float("inf"), float("-inf")}:  # noqa: PLR0124 — NaN
            return None
        if Fraction(value).denominator != 1 or abs(value) > 2**53:
            raise ValueError
        return int(value)
    if given != "text":
        raise TypeError
    match = re.fullmatch(r"([+-]?)0*([0-9]{1,19})(\.0*)?", value, re.ASCII)
    if match is None or not -(2**63) <= int(match[1] + match[2]) < 2**63:
        raise ValueError
    return int(match[1] + match[2])


def _number(given: str, value: Any, _column: spec.RawColumn, text: spec.TextFormat) -> Value:
    if given == "flag":
        raise TypeError
    if given == "whole":
        # To the nearest double, as Python rounds.
        return Fraction(float(value))
    if given == "number":
        finite = value == value and abs(value) != float("inf")  # noqa: PLR0124 — NaN
        return Fraction(value) if finite else None
    if text.decimal_comma:
        if "." in value:
            raise ValueError
        value = value.replace(",", ".")
    if re.fullmatch(r"[+-]?(nan|inf|infinity)", value.lower(), re.ASCII) and value.isascii():
        return None
    match = re.fullmatch(r"([+-]?)([0-9]*)(?:\.([0-9]*))?(?:[eE]([+-]?[0-9]+))?", value, re.ASCII)
    if match is None or not (match[2] or match[3]):
        raise ValueError
    exact = Fraction(int((match[2] or "") + (match[3] or "")))
    exponent = max(min(int(match[4] or 0), 5000), -5000) - len(match[3] or "")
    exact *= Fraction(10) ** exponent
    return (-1 if match[1] == "-" else 1) * _double(exact)


def _double(exact: Fraction) -> Fraction:
    """The double nearest to a fraction that is not negative; beyond all of them, a number beyond float32."""
    try:
        return Fraction(exact.numerator / exact.denominator)
    except OverflowError:
        return _END


def _flag(given: str, value: Any, _column: spec.RawColumn, text: spec.TextFormat) -> Value:
    if given == "flag":
        return bool(value)
    if given == "number" and not math.isfinite(value):
        return None
    if given in {"whole", "number"} and value in {0, 1}:
        return bool(value)
    if given == "list":
        raise TypeError
    if given == "text" and value in text.true_values:
        return True
    if given == "text" and value in text.false_values:
        return False
    raise ValueError


def _time(given: str, value: Any, column: spec.RawColumn, text: spec.TextFormat) -> Value:
    is_count = given in {"whole", "number"}
    if given == "flag" or (is_count and not column.HasField("time_unit_micros")):
        raise TypeError
    if given == "number":
        given, value = "whole", _whole(given, value, column, text)
        if value is None:
            return None
    if given == "whole" or re.fullmatch(r"[+-]?[0-9]{1,19}", value, re.ASCII):
        micros = int(value) * (column.time_unit_micros if column.HasField("time_unit_micros") else 0)
        if not column.HasField("time_unit_micros") or not -(2**63) <= micros < 2**63:
            raise ValueError
        return micros
    match = re.fullmatch(
        r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(Z|[+-]\d\d:?\d\d)?)?", value, re.ASCII
    )
    if match is None:
        raise ValueError
    at = datetime.fromisoformat(f"{match[1]}T{match[2] or '00:00'}:{match[3] or '00'}+00:00")
    micros = (at - _EPOCH) // timedelta(microseconds=1) + int((match[4] or "0").ljust(6, "0")[:6])
    if match[5] is not None:
        digits = match[5].replace(":", "")
        if match[5] != "Z" and (int(digits[1:3]) > 23 or int(digits[3:]) > 59):
            raise ValueError
        sign = {"Z": 0, "+": 1, "-": -1}[match[5][0]]
        return micros if not sign else micros - sign * (int(digits[1:3]) * 60 + int(digits[3:])) * 60_000_000
    if not column.HasField("time_zone"):
        raise ValueError
    offset = column.time_zone.offsets[0]
    for later in column.time_zone.offsets:
        if later.local_micros <= micros:
            offset = later
    return micros - offset.offset_seconds * 1_000_000


_KINDS = {
    spec.RAW_KIND_INT64: _whole,
    spec.RAW_KIND_FLOAT64: _number,
    spec.RAW_KIND_BOOL: _flag,
    spec.RAW_KIND_TIME: _time,
}


def _finite(value: Value) -> Fraction | None:
    """A number whose float32 is finite, as the double nearest to it."""
    if value is None:
        return None
    assert isinstance(value, int | Fraction)
    number = Fraction(float(value))
    return number if abs(number) < _END else None


def encode_number(feature: Any, value: Value, _files: Mapping[str, bytes], result: pb.Encoded) -> None:
    number = _finite(value)
    if feature.missing_flag:
        result.binary.append(int(number is None))
    fitted = feature.fitted
    exact = Fraction(fitted.fill) if number is None else number
    if fitted.low > float("-inf"):
        exact = max(exact, Fraction(fitted.low))
    if fitted.high < float("inf"):
        exact = min(exact, Fraction(fitted.high))
    negative_zero = False
    if feature.standardize:
        # Each step rounded to a double: Python divides whole numbers rightly rounded.
        distance = _rounded(exact - Fraction(fitted.mean))
        exact = _rounded(distance * Fraction(fitted.inverse_deviation))
        negative_zero = distance < 0 and exact == 0
    exact = max(min(exact, Fraction(_LARGEST)), Fraction(-_LARGEST))
    bits = struct.unpack("<I", struct.pack("<f", float(exact)))[0]
    result.continuous.append(bits | 1 << 31 if negative_zero else bits)


def _rounded(exact: Fraction) -> Fraction:
    try:
        return Fraction(exact.numerator / exact.denominator)
    except OverflowError:
        return Fraction(2**1100 * (1 if exact > 0 else -1))


def encode_binned(feature: Any, value: Value, _files: Mapping[str, bytes], result: pb.Encoded) -> None:
    number = _finite(value)
    result.discrete.append(0 if number is None else 1 + sum(Fraction(edge) < number for edge in feature.fitted.edges))


def encode_category(feature: Any, value: Value, files: Mapping[str, bytes], result: pb.Encoded) -> None:
    fitted = feature.fitted
    if fitted.HasField("file"):
        if fitted.file not in files:
            raise Refused("vocabulary.absent", feature.column, None)
        if sha256(files[fitted.file]).hexdigest() != fitted.sha256:
            raise Refused("vocabulary.digest", feature.column, None)
        values = _vocabulary(files[fitted.file])
    else:
        values = list(fitted.values)
    result.discrete.extend(
        0 if text is None else values.index(text) + 2 if text in values else 1 for text in _texts(feature, value)
    )


def _vocabulary(file: bytes) -> list[str]:
    """The values of a file in which all are short."""
    values = []
    while file:
        values.append(file[1 : 1 + file[0]].decode())
        file = file[1 + file[0] :]
    return values


def encode_hashed(feature: Any, value: Value, _files: Mapping[str, bytes], result: pb.Encoded) -> None:
    for text in _texts(feature, value):
        digest = sha256(f"{feature.salt}/{text}".encode()).hexdigest()
        result.discrete.append(0 if text is None else 1 + int(digest[:16], 16) % feature.num_buckets)


def encode_flag(feature: Any, value: Value, _files: Mapping[str, bytes], result: pb.Encoded) -> None:
    result.binary.append(int(value is True))
    if feature.missing_flag:
        result.binary.append(int(value is None))


def _texts(feature: Any, value: Value) -> list[str | None]:
    """The texts of a category's value, or of the places of its list."""
    if not feature.HasField("list"):
        return [text_of(value)]
    assert value is None or isinstance(value, list)
    width = feature.list.width if feature.list.HasField("width") else len(value or [])
    return [text_of(item) for item in [*(value or []), *[None] * width][:width]]


def text_of(value: Value) -> str | None:
    """A value's text."""
    if value is None or isinstance(value, str):
        return value
    return str(value).lower() if isinstance(value, bool) else str(int(value))  # type: ignore[arg-type]


_FEATURES = {
    "number": encode_number,
    "binned": encode_binned,
    "category": encode_category,
    "hashed": encode_hashed,
    "flag": encode_flag,
}
