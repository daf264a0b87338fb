"""The days and times that people name, in words, and the days that tokens end.

Rules: our own small grammar (`diaryclient.typed.date_words`) first; what it does not know is asked
of dateparser, in `LANGUAGES`, which takes a tenth of a second to load.
"""

import re
from datetime import date, datetime, time
from typing import Final

from diaryclient.clock import Clock
from diaryclient.screen.display import format_minute
from protocol.errors import MalformedError, UsageError
from protocol.identifiers import Day
from protocol.stamp import Stamp

LANGUAGES: Final = ("en", "zh", "es", "fr", "de", "it", "ja", "nl", "pt", "ru")
"""Whose words for days and times are known. dateparser knows two hundred; but to refuse a mistyped
word it loads every one that it may look in, which for all of them takes seconds."""

_ISO_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_LONGEST: Final = 200
"""Characters; dateparser's time grows with them, and no date is nearly as long."""

_NEAR_MILLISECONDS: Final = 2 * 86_400_000
"""Of an end that is nearer than that, people want to know the hour."""


def parse_day(text: str, option: str, today: Day) -> Day:
    """Read `YYYY-MM-DD` or words for a day; raise UsageError, which names `option`."""
    try:
        if _ISO_DAY.fullmatch(text):
            return Day(text)
        day = _day_of_words(text, date.fromisoformat(today))
        if day is None:
            raise UsageError(
                f"{option}: a day is written YYYY-MM-DD, or in words: today, yesterday, last "
                "friday, 3 days ago; what was typed is none that is known"
            )
        return Day(day.isoformat())
    except MalformedError as error:
        raise UsageError(f"{option}: {error}") from None


def parse_moment(text: str, option: str, now: datetime) -> datetime | None:
    """Read words for a moment said at `now`, a naive wall clock; None means just now.

    Aware only if the words name a zone. Raise UsageError, which names `option`.
    """
    from diaryclient.typed.date_words import parse_when  # noqa: PLC0415 - a write has seldom such words

    when = parse_when(text)
    if when:
        return when.wall(now)
    moment = _ask_dateparser(text, now)
    if moment is None:
        raise UsageError(
            f"{option}: these words name no time that is known; write it as YYYY-MM-DD HH:MM"
        )
    return moment


def _day_of_words(text: str, today: date) -> date | None:
    from diaryclient.typed.date_words import parse_when  # noqa: PLC0415 - as above

    when = parse_when(text)
    day = when.day(today) if when else None
    if day:
        return day
    moment = _ask_dateparser(text, datetime.combine(today, time(12)))
    return moment.date() if moment else None


def _ask_dateparser(text: str, now: datetime) -> datetime | None:
    if len(text) > _LONGEST:
        return None
    import dateparser  # noqa: PLC0415 - takes 130 ms

    settings = {"RELATIVE_BASE": now, "PREFER_DATES_FROM": "past"}
    try:
        moment: datetime | None = dateparser.parse(text, languages=LANGUAGES, settings=settings)
    except (ValueError, OverflowError):  # such as a year that no calendar has
        return None
    return moment


def format_expiry(expires: int, clock: Clock) -> str:
    """Give `until 2027-02-21`, by this machine's zone, with the time if that is within two days.

    `expires` is ms, 0 meaning never.
    """
    if expires == 0:
        return "without an end"
    end = Stamp(expires, clock.local_offset(expires))
    is_near = expires - clock.instant().wall < _NEAR_MILLISECONDS
    return f"until {format_minute(end) if is_near else end.day}"
