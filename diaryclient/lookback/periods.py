"""The periods that people look back on: a week, a month, a year, all.

Rules: pure. A period is one of the calendar, and a week begins on Monday (ISO 8601).
"""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import MAXYEAR, date
from typing import Final

from protocol.errors import UsageError
from protocol.identifiers import FIRST_DAY, LAST_DAY, Day

_YEAR: Final = re.compile(r"\d{4}", re.ASCII)
_MONTH: Final = re.compile(r"(\d{4})-(\d\d)", re.ASCII)
_MONTHS: Final = 12


@dataclass(frozen=True, slots=True)
class Period:
    """The days from `first` to `last`, both included, and what people call it."""

    name: str
    first: Day
    last: Day

    def has(self, day: Day) -> bool:
        """Tell whether a day lies in it."""
        return self.first <= day <= self.last


def parse_period(text: str, today: Day) -> Period:
    """Read week, month or year, which are those of `today`, all, YYYY or YYYY-MM.

    Raise UsageError.
    """
    word = text.lower()
    if word == "all":
        return Period(word, FIRST_DAY, LAST_DAY)
    if word == "week":
        monday = date.fromisoformat(today).toordinal() - date.fromisoformat(today).weekday()
        sunday = min(monday + 6, date.max.toordinal())
        return Period(word, *(Day(date.fromordinal(end).isoformat()) for end in (monday, sunday)))
    if word == "month":
        return _month(word, int(today[:4]), int(today[5:7]))
    if word == "year":
        return _year(word, int(today[:4]))
    month = _MONTH.fullmatch(word)
    if month and int(month[1]) and 1 <= int(month[2]) <= _MONTHS:
        return _month(word, int(month[1]), int(month[2]))
    if _YEAR.fullmatch(word) and int(word):
        return _year(word, int(word))
    raise UsageError(f"{text}: a period is week, month, year, all, YYYY or YYYY-MM")


def parse_year(text: str) -> int:
    """Read a year of the calendar; raise UsageError."""
    if not _YEAR.fullmatch(text) or not int(text):
        raise UsageError(f"{text}: a year is written YYYY, 0001 to {MAXYEAR}")
    return int(text)


def latest_anniversary(day: Day, today: Day) -> Day:
    """Give the same day of the year in the year of `today`, or in the last year that has it."""
    years = range(max(int(today[:4]), int(day[:4])), 0, -1)
    return next(Day(f"{year:04}{day[4:]}") for year in years if _has(year, day))


def _has(year: int, day: Day) -> bool:
    return int(day[8:]) <= monthrange(year, int(day[5:7]))[1]


def _month(name: str, year: int, month: int) -> Period:
    last = monthrange(year, month)[1]
    return Period(name, Day(f"{year:04}-{month:02}-01"), Day(f"{year:04}-{month:02}-{last:02}"))


def _year(name: str, year: int) -> Period:
    return Period(name, Day(f"{year:04}-01-01"), Day(f"{year:04}-12-31"))
