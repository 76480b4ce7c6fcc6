"""What the values of a column are like, over all rows: what inference goes by.

Profiles are sums, extremes and sets, so they do not depend on the order of rows, nor on how they are cut into batches.
Sets are bounded: of a column with more distinct values than `MOST_DISTINCT` it is known that it has more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc

from rankspec.encoding.door import plain
from rankspec.encoding.errors import EncodingError, ValueAtError

MOST_DISTINCT = 100_000
_PENDING_VALUES = 1 << 16
_WHOLE = r"^[+-]?[0-9]+$"
_NUMBER = r"^[+-]?([0-9]+([.][0-9]*)?|[.][0-9]+)([eE][+-]?[0-9]+)?$"
_POINT_NUMBER = r"^[+-]?([0-9]+[.][0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?$"
_ZERO_FIRST = r"^[+-]?0[0-9]"
# As recipes read them.
_ZONE = r"(Z|[+-]([01][0-9]|2[0-3]):?[0-5][0-9])"
_CLOCK = r"([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]{1,9})?)?"
_TIME = rf"^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}([T ]{_CLOCK}{_ZONE}?)?$"
_ZONED = rf"{_ZONE}$"
_OTHER_DATE = r"^[0-9]{1,2}[./-][0-9]{1,2}[./-]([0-9]{4}|[0-9]{2})( .*)?$"
_BOOLS = ("true", "false", "True", "False", "TRUE", "FALSE", "yes", "no", "Yes", "No", "YES", "NO")
_DATE_BYTES = 10
# What holds of a column only if it holds of each of its parts, and what if it holds of any.
_WHETHER_ALL = ("all_whole", "all_numbers", "all_times", "all_other_dates", "all_bools")
_WHETHER_SOME = (
    "is_list",
    "some_zoned",
    "some_naive",
    "some_zero_first",
    "some_inexact",
    "some_points",
    "some_too_large",
)
_SAMPLE = 1000
LARGEST_EXACT = 1 << 53
END_OF_WHOLE = 1 << 63

Stored = Literal["text", "whole", "number", "flag", "time", "other"]


@dataclass
class Profile:
    """What is known of a column.

    Attributes:
        name: the column's name.
        stored: what its values are stored as; text may be numbers or times that are written.
        is_list: a row has a list of values.
        num_rows: rows.
        num_missing: rows without a value.
        distinct: the distinct values, as they are stored; none if there are more than `MOST_DISTINCT`.
        all_whole: every value is a whole number.
        all_numbers: every value is a number.
        all_times: every value is an ISO 8601 date or time; `some_zoned` and `some_naive` whether with a zone.
        all_other_dates: every value looks like a date that is written in another way.
        all_bools: every value is a word such as true or no.
        some_zero_first: a number begins with a zero, as codes do.
        some_inexact: a whole number is beyond 2^53, which float64 does not hold.
        some_points: a text is a number with a decimal point; looked for where the table's mark is a comma.
        some_too_large: a number by its type is beyond 64 bits, or is a double beyond 2^53, which may stand for others.
        smallest: the smallest number; none without numbers.
        largest: the largest number.
        sample: the distinct values of a column of text; of more than `MOST_DISTINCT`, the first 1000 by their bytes.
        odd: the first value by bytes that is no number, where others are; none where there are too many to tell.
        longest_list: values of the longest list.
    """

    name: str
    stored: Stored = "text"
    is_list: bool = False
    num_rows: int = 0
    num_missing: int = 0
    distinct: pa.Array | None = None
    all_whole: bool = True
    all_numbers: bool = True
    all_times: bool = True
    all_other_dates: bool = True
    all_bools: bool = True
    some_zoned: bool = False
    some_naive: bool = False
    some_zero_first: bool = False
    some_inexact: bool = False
    some_points: bool = False
    some_too_large: bool = False
    smallest: float | None = None
    largest: float | None = None
    sample: pa.Array | None = None
    odd: str | None = None
    longest_list: int = 0

    @property
    def num_present(self) -> int:
        """Rows with a value."""
        return self.num_rows - self.num_missing

    @property
    def num_distinct(self) -> int:
        """Distinct values; one more than `MOST_DISTINCT` if there are more."""
        return MOST_DISTINCT + 1 if self.distinct is None else len(self.distinct)


class Profiler:
    """Makes a column's profile, batch by batch."""

    def __init__(self, name: str, *, table_decimal: str = ".") -> None:
        """Begins with no row.

        Args:
            name: the column's.
            table_decimal: the mark that the numbers of all parts of the table are read with in the end.
        """
        self._looks_for_points = table_decimal == ","
        self.profile = Profile(name, distinct=pa.array([], pa.string()))
        self._pending: list[pa.Array] = []
        self._num_pending = 0

    def add(self, column: pa.Array, *, decimal: str = ".") -> None:
        """Takes the next rows of the column."""
        profile = self.profile
        profile.num_rows += len(column)
        profile.num_missing += column.null_count
        column = self._plain(column)
        if pa.types.is_list(column.type) or pa.types.is_large_list(column.type):
            profile.is_list = True
            profile.longest_list = max(profile.longest_list, pc.max(pc.list_value_length(column)).as_py() or 0)
            column = self._plain(column.flatten())
        profile.stored = _stored(column.type)
        if profile.stored == "time":
            profile.some_naive |= pa.types.is_date(column.type) or column.type.tz is None
        if pa.types.is_floating(column.type):
            finite = column.filter(pc.is_finite(column))
            profile.num_missing += 0 if profile.is_list else len(column) - column.null_count - len(finite)
            column = finite
        if profile.stored == "other":
            return
        # Of a column with too many distinct values most come once.
        values = (pc.unique(column) if profile.distinct is not None else column).drop_null()
        if self._looks_for_points and profile.stored == "text" and not profile.some_points:
            profile.some_points = bool(pc.any(pc.match_substring_regex(values, _POINT_NUMBER)).as_py())
        if decimal == "," and profile.stored == "text":
            values = pc.replace_substring(values, ",", ".", max_replacements=1)
        self._pending.append(values)
        self._num_pending += len(values)
        # Values that are known are looked at again with those that wait.
        if self._num_pending > max(_PENDING_VALUES, 0 if profile.distinct is None else len(profile.distinct)):
            self._flush()

    def _plain(self, column: pa.Array) -> pa.Array:
        """The values as they are, and not as indices.

        Raises:
            EncodingError: a text is not UTF-8.
        """
        try:
            column = plain(column)
        except ValueAtError as error:
            # Of a list it is not told which: its row is that of another array.
            row = None if self.profile.is_list else self.profile.num_rows - len(column) + error.index
            raise EncodingError("row.value", f"a value is to be {error.expected}", self.profile.name, row) from None
        return column.dictionary_decode() if pa.types.is_dictionary(column.type) else column

    def merge(self, other: Profile) -> None:
        """Adds what another one has found of other rows."""
        if not other.num_rows:
            return
        self._flush()
        profile = self.profile
        profile.stored = other.stored
        profile.num_rows += other.num_rows
        profile.num_missing += other.num_missing
        profile.longest_list = max(profile.longest_list, other.longest_list)
        for name in _WHETHER_ALL:
            setattr(profile, name, getattr(profile, name) and getattr(other, name))
        for name in _WHETHER_SOME:
            setattr(profile, name, getattr(profile, name) or getattr(other, name))
        if other.smallest is not None and other.largest is not None:
            _stretch(profile, pa.array([other.smallest, other.largest]))
        self._merge_values(other)

    def _merge_values(self, other: Profile) -> None:
        profile = self.profile
        if profile.distinct is not None and other.distinct is not None:
            before = profile.distinct if profile.distinct.type == other.distinct.type else other.distinct.slice(0, 0)
            profile.distinct = pc.unique(pa.concat_arrays([before, other.distinct]))
            if len(profile.distinct) <= MOST_DISTINCT:
                return
        if profile.stored == "text":
            for values in (profile.distinct, other.distinct, other.sample):
                if values is not None and len(values):
                    profile.sample = _first_values(values, profile.sample)
        profile.distinct = None

    def finish(self) -> Profile:
        """The profile of all rows that were added."""
        self._flush()
        profile = self.profile
        if profile.stored == "text" and profile.distinct is not None:
            profile.sample = profile.distinct
            if not profile.all_numbers:
                profile.odd = _odd_among_numbers(profile.distinct)
        return profile

    def _flush(self) -> None:
        """Looks at the values that came since the last time."""
        profile = self.profile
        if not self._pending:
            return
        values = pa.concat_arrays(self._pending)
        self._pending, self._num_pending = [], 0
        if profile.distinct is not None:
            before = profile.distinct if profile.distinct.type == values.type else values.slice(0, 0)
            profile.distinct = pc.unique(pa.concat_arrays([before, values]))
            # Those that were known were looked at.
            values = profile.distinct.slice(len(before))
            if len(profile.distinct) > MOST_DISTINCT:
                values, profile.distinct = profile.distinct, None
        if len(values) == 0:
            return
        if profile.stored == "text":
            _look_at_text(profile, values)
        elif profile.stored in ("whole", "number"):
            _look_at_numbers(profile, values)


def _stored(kind: pa.DataType) -> Stored:
    if pa.types.is_string(kind) or pa.types.is_null(kind):
        return "text"
    if pa.types.is_integer(kind) or (pa.types.is_decimal(kind) and kind.scale <= 0):
        return "whole"
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return "number"
    if pa.types.is_boolean(kind):
        return "flag"
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return "time"
    return "other"


def _look_at_text(profile: Profile, values: pa.Array) -> None:
    """Looks at what the values are written like; what is not so any more is not looked for again."""
    if pa.types.is_null(values.type):
        return
    numbers = _written_numbers(values) if profile.all_numbers else None
    profile.all_numbers = numbers is not None
    profile.all_whole &= numbers is not None and _are_whole(values, numbers)
    if numbers is not None:
        _stretch(profile, numbers)
        profile.some_zero_first |= _any_zero_first(values)
        profile.some_inexact |= _any_inexact(values, numbers)
    if profile.all_times:
        profile.all_times = _all(pc.match_substring_regex(values, _TIME))
    if profile.all_times:
        # The end of a date looks like a zone.
        zoned = pc.and_(pc.match_substring_regex(values, _ZONED), pc.greater(pc.binary_length(values), _DATE_BYTES))
        profile.some_zoned |= _any(zoned)
        profile.some_naive |= not _all(zoned)
    if profile.all_other_dates:
        profile.all_other_dates = _all(pc.match_substring_regex(values, _OTHER_DATE))
    if profile.all_bools:
        profile.all_bools = _all(pc.is_in(values, pa.array(_BOOLS)))
    if profile.distinct is None:
        profile.sample = _first_values(values, profile.sample)


def _first_values(values: pa.Array, known: pa.Array | None) -> pa.Array:
    """The first distinct values, by their bytes, of some and of those that are known in their order."""
    if known is not None:
        if len(known) == _SAMPLE:
            values = values.filter(pc.less(values, known[-1]))
        values = pa.concat_arrays([known, values])
    values = pc.unique(values)
    return values.take(pc.select_k_unstable(values, _SAMPLE, sort_keys=[("", "ascending")]))


def _odd_among_numbers(values: pa.Array) -> str | None:
    """The first value by bytes that is no number, if others are."""
    numbers = pc.match_substring_regex(values, _NUMBER)
    odd: str | None = pc.min(values.filter(pc.invert(numbers))).as_py() if _any(numbers) else None
    return odd


def _written_numbers(values: pa.Array) -> pa.Array | None:
    """The numbers that all the values are; None if one is none."""
    try:
        numbers = pc.cast(values, pa.float64())
        # What Arrow takes beyond our numbers are words for those that are not finite.
        if _all(pc.is_finite(numbers)):
            return numbers
    except pa.ArrowInvalid:
        pass
    if not _all(pc.match_substring_regex(values, _NUMBER)):
        return None
    return pc.cast(pc.replace_substring_regex(values, r"^\+", ""), pa.float64())


def _are_whole(values: pa.Array, numbers: pa.Array) -> bool:
    # Without a point too; a look at the numbers is faster.
    return _all(pc.equal(numbers, pc.floor(numbers))) and _all(pc.match_substring_regex(values, _WHOLE))


def _any_zero_first(values: pa.Array) -> bool:
    signed = pc.or_(pc.starts_with(values, "-"), pc.starts_with(values, "+"))
    candidates = values.filter(pc.or_(signed, pc.starts_with(values, "0")))
    return _any(pc.match_substring_regex(candidates, _ZERO_FIRST))


def _any_inexact(values: pa.Array, numbers: pa.Array) -> bool:
    large = pc.greater(pc.abs(numbers), LARGEST_EXACT - 1)
    return _any(large) and _any(pc.match_substring_regex(values.filter(large), _WHOLE))


def _look_at_numbers(profile: Profile, values: pa.Array) -> None:
    profile.all_times = profile.all_other_dates = profile.all_bools = False
    if pa.types.is_floating(values.type):
        values = values.cast(pa.float64())
        profile.all_whole &= _all(pc.equal(values, pc.floor(values)))
        profile.some_too_large |= _any(pc.greater(pc.abs(values), float(LARGEST_EXACT)))
        _stretch(profile, values)
        return
    if pa.types.is_decimal(values.type) and values.type.scale > 0:
        profile.all_whole &= _all(pc.equal(values, pc.floor(values)))
    low, high = pc.min(values).as_py(), pc.max(values).as_py()
    profile.some_inexact |= max(abs(low), abs(high)) >= LARGEST_EXACT
    profile.some_too_large |= not (low >= -END_OF_WHOLE and high < END_OF_WHOLE)
    _stretch(profile, pa.array([float(low), float(high)]))


def _stretch(profile: Profile, numbers: pa.Array) -> None:
    low, high = pc.min(numbers).as_py(), pc.max(numbers).as_py()
    profile.smallest = low if profile.smallest is None else min(profile.smallest, low)
    profile.largest = high if profile.largest is None else max(profile.largest, high)


def _all(flags: pa.Array) -> bool:
    return bool(pc.all(flags).as_py())


def _any(flags: pa.Array) -> bool:
    return bool(pc.any(flags).as_py())
