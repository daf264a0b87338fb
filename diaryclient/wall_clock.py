"""From the wall clock to a moment: which one it was that a clock on the wall showed.

Rules: pure; the zone is a function that is told. An hour that the wall showed twice means the
first time, an hour that it skipped the time that the clock showed before it was changed.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from protocol.errors import UsageError
from protocol.messages import LAST_MILLISECONDS, MAX_SKEW_MILLISECONDS, MIN_MILLISECONDS
from protocol.stamp import Stamp

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
_MINUTE: Final = 60_000
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


def check_not_ahead(stamp: Stamp, now: int) -> Stamp:
    """Give the moment again; raise UsageError if it is further ahead of `now` than servers allow.

    `now` is ms since the epoch.
    """
    if stamp.at > now + MAX_SKEW_MILLISECONDS:
        wall = stamp.wall.isoformat(" ", "minutes")
        raise UsageError(f"{wall} is in the future, and a diary takes none of that")
    return stamp
