"""From the wall clock to a moment: which one it was that a clock on the wall showed.

Rules: pure; the zone is a function that is told. An hour that the wall showed twice means the
first time, an hour that it skipped the time that the clock showed before it was changed.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from protocol.errors import UsageError
from protocol.identifiers import Day
from protocol.messages.base import MAX_SKEW_MILLISECONDS
from protocol.messages.writing import LAST_MILLISECONDS, MIN_MILLISECONDS
from protocol.stamp import Stamp

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
_MINUTE: Final = 60_000
_DAY: Final = 86_400_000
_EARLIEST: Final = MIN_MILLISECONDS + 172_800_000
_LATEST: Final = LAST_MILLISECONDS - 172_800_000
_NEAR: Final = tuple(hours * 3_600_000 for hours in (-24, -12, 0, 12, 24))
"""Where a zone is asked for its offsets: on both sides of any change that may matter."""


def stamp_of(wall: datetime, offset_at: Callable[[int], int]) -> Stamp:
    """Give the moment at which the wall clock showed `wall`, an aware one by its own offset.

    `offset_at` gives the zone's minutes east of UTC at a moment, in ms since the epoch. Raise
    UsageError at the ends of the calendar, where not every zone has a day.
    """
    own = wall.utcoffset()
    shown = (wall.replace(tzinfo=UTC) - _EPOCH) // _MILLISECOND
    if not _EARLIEST <= shown <= _LATEST:
        raise UsageError("the years of a diary are 1 to 9999")
    if own is not None:
        off = own // timedelta(minutes=1)
        return Stamp(shown - off * _MINUTE, off)
    offsets = [offset_at(shown + near) for near in _NEAR]
    moments = sorted({shown - off * _MINUTE for off in offsets})
    for at in moments:
        if at + offset_at(at) * _MINUTE == shown:
            return Stamp(at, offset_at(at))
    at = shown - offsets[0] * _MINUTE
    return Stamp(at, offset_at(at))


def last_millisecond_of(day: Day, offset_at: Callable[[int], int]) -> int:
    """Give the last moment, in ms since the epoch, at which the wall clock showed a day.

    Where a clock that was set back showed the day twice, that is of the second time; where it never
    showed midnight, it is the moment before the clock was set on. `offset_at` is as above. Raise
    UsageError at the ends of the calendar.
    """
    shown = (datetime.combine(date.fromisoformat(day), time(), UTC) - _EPOCH) // _MILLISECOND + _DAY
    if not _EARLIEST <= shown <= _LATEST:
        raise UsageError("the years of a diary are 1 to 9999")

    def is_over(at: int) -> bool:
        return at + offset_at(at) * _MINUTE >= shown

    midnights = {shown - offset_at(shown + near) * _MINUTE for near in _NEAR}
    ends = [at for at in midnights if is_over(at) and not is_over(at - 1)]
    if ends:
        return max(ends) - 1
    before, after = shown - _DAY, shown + _DAY  # no zone is a whole day away from UTC
    while after - before > 1:
        middle = (before + after) // 2
        before, after = (before, middle) if is_over(middle) else (middle, after)
    return before


def check_not_ahead(stamp: Stamp, now: int) -> Stamp:
    """Give the moment again; raise UsageError if it is further ahead of `now` than servers allow.

    `now` is ms since the epoch.
    """
    if stamp.at > now + MAX_SKEW_MILLISECONDS:
        wall = stamp.wall.isoformat(" ", "minutes")
        raise UsageError(f"{wall} is in the future, and a diary takes none of that")
    return stamp
