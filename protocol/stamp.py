"""A moment on somebody's wall clock: how it is counted, and how a day file writes it."""

from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from typing import Final, NamedTuple

from protocol.errors import MalformedError
from protocol.identifiers import Day

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
_MINUTE: Final = timedelta(minutes=1)
_MINUTE_MILLISECONDS: Final = 60_000
_MINUTES: Final = 256
"""Remembered: entries of now are of one minute in few zones, and `datetime` costs 6 us a line."""


class Stamp(NamedTuple):
    """A moment on a writer's wall clock: ms since the epoch, and minutes east of UTC.

    Both within the bounds of `protocol.messages.writing.Put`, or they name no day of the calendar.
    """

    at: int
    off: int

    @property
    def wall(self) -> datetime:
        """The wall clock with its offset, to the millisecond."""
        return (_EPOCH + self.at * _MILLISECOND).astimezone(timezone(timedelta(minutes=self.off)))

    @property
    def day(self) -> Day:
        """The day the entry belongs to: the writer's, whatever the server's zone."""
        return _minute(self.at // _MINUTE_MILLISECONDS, self.off)[0]

    def __str__(self) -> str:
        """Give the time as a day file has it."""
        minute, rest = divmod(self.at, _MINUTE_MILLISECONDS)
        _, start, zone = _minute(minute, self.off)
        seconds, milliseconds = divmod(rest, 1000)
        return f"{start}{seconds:02}.{milliseconds:03}{zone}"


@lru_cache(_MINUTES)
def _minute(minute: int, off: int) -> tuple[Day, str, str]:
    """Give the day of a minute since the epoch, its time up to the seconds, and its zone."""
    wall = (_EPOCH + minute * _MINUTE).astimezone(timezone(timedelta(minutes=off)))
    text = wall.isoformat(timespec="seconds")
    return Day(text[:10]), text[:17], text[19:]


def parse_stamp(text: str) -> Stamp:
    """Read a time as a day file has it; raise MalformedError unless it is written exactly so."""
    try:
        wall = datetime.fromisoformat(text)
        offset = wall.utcoffset()
        if offset is None:
            raise MalformedError("a time has an offset")
        stamp = Stamp((wall - _EPOCH) // _MILLISECOND, offset // timedelta(minutes=1))
        if str(stamp) != text:
            raise MalformedError("a time is written with milliseconds and its offset")
    except (ValueError, OverflowError):
        raise MalformedError("there is no such time") from None
    return stamp
