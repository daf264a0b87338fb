"""The days and times that people type, wherever they are asked for.

Rules: one reader for all of them, told the moment, the zone and the order of dates with slashes.
What the words mean stands in `diaryclient.typed.times.time_reading`, and is imported when there are
some. A day without a time means nine o'clock, today just now.
"""

import re
import unicodedata
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from protocol.errors import MalformedError, UsageError
from protocol.identifiers import Day
from protocol.messages.base import MAX_SKEW_MILLISECONDS
from protocol.stamp import Stamp

if TYPE_CHECKING:
    from diaryclient.typed.times.time_reading import DateOrder, Reading

MORNING: Final = time(9)
"""For a day without a time; jrnl's choice too."""

_ISO_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)

_UNKNOWN_DAY: Final = (
    "a day is written YYYY-MM-DD, or in words: today, yesterday, last friday, 3 days ago; what was "
    "typed is none that is known"
)
_UNKNOWN_MOMENT: Final = "these words name no time that is known; write it as YYYY-MM-DD HH:MM"

_WEEKDAYS: Final = (
    *("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
)


DateOrderOf: TypeAlias = "Callable[[], DateOrder | None]"


def unknown_order() -> "DateOrder | None":
    """Say that nobody says what a date with slashes means."""
    return None


class TimeReader(NamedTuple):
    """Reads what was typed at `now`, in a zone, which is told as a Clock tells it.

    `order` gives `date_order` of the settings, and is asked only for a date with slashes. Every
    method raises UsageError, which names `option`.
    """

    now: Stamp
    offset_at: Callable[[int], int]
    order: DateOrderOf = unknown_order

    @property
    def wall(self) -> datetime:
        """The naive wall clock."""
        return self.now.wall.replace(tzinfo=None)

    def day(self, text: str, option: str, unknown: str = _UNKNOWN_DAY) -> Day:
        """Read `YYYY-MM-DD` or words for one day; `unknown` is said of words that are not known."""
        first, last = self.days(text, option, unknown)
        if first != last:
            raise UsageError(f"{option}: {text} is {first} to {last}; name one day")
        return first

    def days(self, text: str, option: str, unknown: str = _UNKNOWN_DAY) -> tuple[Day, Day]:
        """Read the same, or words for several days, and give the first and the last."""
        if _ISO_DAY.fullmatch(text):
            return (_parse_iso(text, option),) * 2
        from diaryclient.typed.times.time_reading import Moment, OneDay  # noqa: PLC0415 - seldom

        reading = self._read(text, option, unknown)
        if isinstance(reading, Moment):
            raise UsageError(f"{option}: {text} says a time, and a day is asked for")
        first, last = (reading.day, reading.day) if isinstance(reading, OneDay) else reading
        return Day(first.isoformat()), Day(last.isoformat())

    def stamp(self, text: str, option: str) -> Stamp:
        """Read words for a moment; a period is none, and what lies ahead neither."""
        reading = self._read(text, option, _UNKNOWN_MOMENT)
        try:
            return self.stamp_of(reading, text)
        except UsageError as error:
            raise UsageError(f"{option}: {error}") from None

    def leading(self, words: str) -> Stamp | None:
        """Read words before a text; None if they are words of the text. UsageError names them."""
        from diaryclient.typed.times.time_reading import read_leading_time  # noqa: PLC0415 - as above

        reading = read_leading_time(words, self.wall, self._order_of(words))
        return self.stamp_of(reading, words) if reading else None

    def stamp_of(self, reading: "Reading", text: str) -> Stamp:
        """Give the moment of what was read in `text`; raise UsageError, which names no option."""
        from diaryclient.typed.times.time_reading import OneDay, Span  # noqa: PLC0415 - as above
        from diaryclient.typed.wall_clock import check_not_ahead, stamp_of  # noqa: PLC0415 - as above

        if isinstance(reading, Span):
            raise UsageError(f"{text} is {reading}; name a day")
        if isinstance(reading, OneDay):
            if reading.day == self.wall.date():
                return self.now
            wall = datetime.combine(reading.day, MORNING)
            return check_not_ahead(stamp_of(wall, self.offset_at), self.now.at)
        if reading.ago is not None:
            at = self.now.at - reading.ago // timedelta(milliseconds=1)
            return Stamp(at, self.offset_at(at))
        stamp = stamp_of(reading.wall, self.offset_at)
        if not reading.names_day and stamp.at > self.now.at + MAX_SKEW_MILLISECONDS:
            before = reading.wall - timedelta(days=1)
            raise UsageError(
                f"{text} is still to come today; name the day, as in {before:%Y-%m-%d %H:%M}"
            )
        return check_not_ahead(stamp, self.now.at)

    def _read(self, text: str, option: str, unknown: str) -> "Reading":
        from diaryclient.typed.times.time_reading import UnknownWordsError, read_time  # noqa: PLC0415 - as above

        try:
            return read_time(text, self.wall, self._order_of(text))
        except UnknownWordsError:
            raise UsageError(f"{option}: {unknown}") from None
        except UsageError as error:
            raise UsageError(f"{option}: {error}") from None

    def _order_of(self, text: str) -> "DateOrder | None":
        return self.order() if "/" in unicodedata.normalize("NFKC", text) else None


def spoken_day(text: str, day: Day) -> str:
    """Say which day words mean: `yesterday is Saturday 2026-11-28`."""
    return f"{text} is {_WEEKDAYS[date.fromisoformat(day).weekday()]} {day}"


def _parse_iso(text: str, option: str) -> Day:
    try:
        return Day(text)
    except MalformedError as error:
        raise UsageError(f"{option}: {error}") from None
