"""Time zones as tables of offsets, so that every language reads times alike whatever it knows of zones."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from rankspec.data.v1.recipe_pb2 import TimeZone, ZoneOffset
from rankspec.datasets.importing.errors import TableError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_END = datetime(2100, 1, 1, tzinfo=UTC)


def time_zone(name: str) -> TimeZone:
    """A zone's offsets from 1970 to 2100.

    Raises:
        TableError: there is no such zone.
    """
    if name == "UTC":
        return TimeZone(name=name, offsets=[ZoneOffset(local_micros=0, offset_seconds=0)])
    try:
        zone = ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise TableError(f'no time zone is called "{name}"; give one such as Europe/Berlin') from error
    offsets = [_zone_offset(_EPOCH, _offset(zone, _EPOCH), _offset(zone, _EPOCH))]
    moment = _EPOCH
    while moment < _END:
        after = moment + timedelta(days=7)
        if _offset(zone, after) != _offset(zone, moment):
            change = _change(zone, moment, after)
            offsets.append(_zone_offset(change, _offset(zone, moment), _offset(zone, after)))
        moment = after
    return TimeZone(name=name, offsets=offsets)


def _offset(zone: ZoneInfo, moment: datetime) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta()


def _change(zone: ZoneInfo, low: datetime, high: datetime) -> datetime:
    """The second at which the offset becomes that of the later moment."""
    later = _offset(zone, high)
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=(high - low) // timedelta(seconds=2))
        low, high = (low, middle) if _offset(zone, middle) == later else (middle, high)
    return high


def _zone_offset(change: datetime, before: timedelta, after: timedelta) -> ZoneOffset:
    """The offset from a change on. A time that the clocks tell twice is the earlier one, of the offset before."""
    local = change - _EPOCH + max(before, after)
    return ZoneOffset(local_micros=local // timedelta(microseconds=1), offset_seconds=int(after.total_seconds()))
