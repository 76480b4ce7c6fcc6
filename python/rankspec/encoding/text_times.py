"""Text becomes instants: ISO 8601, or a whole number of a unit, in microseconds since 1970 UTC."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable
from datetime import date
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from rankspec.data.v1.recipe_pb2 import RawColumn
from rankspec.encoding.text_numbers import slowly, without

SECOND = 1_000_000
_EPOCH = date(1970, 1, 1).toordinal()
_INT64 = range(-(2**63), 2**63)
_WHOLE = re.compile(r"[+-]?[0-9]{1,19}")
_ISO = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})"
    r"(?:[T ]([01][0-9]|2[0-3]):([0-5][0-9])(?::([0-5][0-9])(?:\.([0-9]{1,9}))?)?"
    r"(Z|[+-](?:[01][0-9]|2[0-3]):?[0-5][0-9])?)?"
)


class Zone(NamedTuple):
    """A table of offsets.

    Attributes:
        starts: local times from which on each holds, microseconds, ascending.
        offsets: what each adds to UTC, microseconds.
    """

    starts: list[int]
    offsets: list[int]

    def to_utc(self, local: int) -> int:
        """The instant at which clocks show a local time; the earlier one of two."""
        return local - self.offsets[max(bisect_right(self.starts, local) - 1, 0)]

    def all_to_utc(self, local: NDArray[np.int64]) -> NDArray[np.int64]:
        """As `to_utc`, of each."""
        places = np.searchsorted(np.asarray(self.starts, np.int64), local, side="right") - 1
        return local - np.asarray(self.offsets, np.int64)[np.maximum(places, 0)]


def zone_of(column: RawColumn) -> Zone | None:
    """The zone of a column's times that come without one."""
    if not column.HasField("time_zone"):
        return None
    offsets = column.time_zone.offsets
    return Zone([o.local_micros for o in offsets], [o.offset_seconds * SECOND for o in offsets])


def parse_times(texts: pa.Array, missing: list[str], column: RawColumn) -> pa.Array:
    """Parses instants.

    Args:
        texts: strings.
        missing: those that stand for a missing value.
        column: says which zone and unit hold where a text has none.

    Returns:
        int64 microseconds, null where missing.

    Raises:
        ValueAtError: at the first that is none.
    """
    texts = without(texts, missing)
    zone = zone_of(column)
    usual = _usual_form(texts, zone)
    return usual if usual is not None else slowly(texts, _parser(column, zone), pa.int64(), expectation(column))


def expectation(column: RawColumn) -> str:
    """What a time of the column has to be."""
    zone = "" if column.HasField("time_zone") else ", with its zone (or the recipe's time_zone names one)"
    whole = ", or a whole number" if column.HasField("time_unit_micros") else ""
    return f"a time such as 2024-05-31T18:30:00Z{zone}{whole}"


def _parser(column: RawColumn, zone: Zone | None) -> Callable[[str], int]:
    unit = column.time_unit_micros if column.HasField("time_unit_micros") else None

    def parse(text: str) -> int:
        if _WHOLE.fullmatch(text):
            if unit is None or int(text) * unit not in _INT64:
                raise ValueError(text)
            return int(text) * unit
        return _iso(text, zone)

    return parse


def _iso(text: str, zone: Zone | None) -> int:
    match = _ISO.fullmatch(text)
    if match is None:
        raise ValueError(text)
    year, month, day, hour, minute, second, fraction, offset = match.groups()
    # Raises ValueError for a day that the month has not.
    days = date(int(year), int(month), int(day)).toordinal() - _EPOCH
    seconds = ((days * 24 + int(hour or 0)) * 60 + int(minute or 0)) * 60 + int(second or 0)
    local = seconds * SECOND + int((fraction or "").ljust(6, "0")[:6])
    if offset is None:
        if zone is None:
            raise ValueError(text)
        return zone.to_utc(local)
    if offset == "Z":
        return local
    minutes = int(offset[1:3]) * 60 + int(offset[-2:])
    return local - (minutes if offset[0] == "+" else -minutes) * 60 * SECOND


def _usual_form(texts: pa.Array, zone: Zone | None) -> pa.Array | None:
    """Parses texts that are all of the form 2024-05-31[T ]18:30:00, with Z or without; None if any is another."""
    there = texts.drop_null()
    if len(there) == 0:
        return pa.nulls(len(texts), pa.int64())
    offsets = np.frombuffer(there.buffers()[1], np.int32, count=len(there) + 1, offset=4 * there.offset)
    length = int(offsets[1] - offsets[0])
    if length not in {19, 20} or (length == 19 and zone is None) or (np.diff(offsets) != length).any():
        return None
    characters = np.frombuffer(there.buffers()[2], np.uint8)[offsets[0] : offsets[-1]].reshape(-1, length)
    local = _local_micros(characters)
    if local is None or (length == 20 and (characters[:, 19] != ord("Z")).any()):
        return None
    instants = local if zone is None or length == 20 else zone.all_to_utc(local)
    result = np.zeros(len(texts), np.int64)
    is_there = np.asarray(texts.is_valid())
    result[is_there] = instants
    return pa.array(result, mask=~is_there)


def _local_micros(characters: NDArray[np.uint8]) -> NDArray[np.int64] | None:
    """The microseconds that `[rows, 19 or more]` characters tell; None if one of them is in another form or no time."""
    digits = characters - np.uint8(ord("0"))
    places = [0, 1, 2, 3, 5, 6, 8, 9, 11, 12, 14, 15, 17, 18]
    marks = [(4, "-"), (7, "-"), (13, ":"), (16, ":")]
    between = characters[:, 10]
    if (digits[:, places] > 9).any() or any((characters[:, at] != ord(mark)).any() for at, mark in marks):
        return None
    if ((between != ord("T")) & (between != ord(" "))).any():
        return None

    def number(*at: int) -> NDArray[np.int64]:
        return np.sum(
            [digits[:, place].astype(np.int64) * 10**power for power, place in enumerate(reversed(at))], axis=0
        )

    year, month, day = number(0, 1, 2, 3), number(5, 6), number(8, 9)
    hour, minute, second = number(11, 12), number(14, 15), number(17, 18)
    if (year < 1).any() or (month < 1).any() or (month > 12).any() or (hour > 23).any():
        return None
    if (minute > 59).any() or (second > 59).any() or (day < 1).any():
        return None
    months = (year - 1970) * 12 + month - 1
    first = months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    following = (months + 1).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    if (day > following - first).any():
        return None
    return (((first + day - 1) * 24 + hour) * 60 + minute) * (60 * SECOND) + second * SECOND
