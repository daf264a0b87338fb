"""The span of time that a program asks for: from one day or moment to another, both included.

Rules: pure. A day is the writer's. A moment with a zone is that moment, wherever it was written;
one without is what the writer's clock on the wall showed.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final, TypeAlias

from diaryclient.entries.entry import DiaryEntry
from diaryclient.typed.time_reader import TimeReader
from protocol.errors import UsageError
from protocol.identifiers import FIRST_DAY, LAST_DAY, Day

When: TypeAlias = date | datetime | str
"""A whole day, as a date or in the words that `diaryclient read --from` knows; or a moment.

Words may name several days: then their first one, or their last, is the bound.
"""

_ENDS: Final = date.min.toordinal(), date.max.toordinal()


@dataclass(frozen=True, slots=True)
class Span:
    """The days in which its entries can lie, and the moments between which they do."""

    first: Day
    last: Day
    since: datetime | None
    until: datetime | None

    @classmethod
    def of(cls, since: When | None, until: When | None, reader: TimeReader) -> "Span":
        """Read both ends, None leaving one open; raise UsageError, also if none can lie between."""
        first = FIRST_DAY if since is None else _day(since, "since", reader, -1)
        last = LAST_DAY if until is None else _day(until, "until", reader, 1)
        if first > last:
            raise UsageError(f"since {first} is after until {last}")
        return cls(first, last, _moment(since), _moment(until))

    def has(self, entry: DiaryEntry) -> bool:
        """Tell whether an entry of these days lies between the moments."""
        return (self.since is None or _shown(entry, self.since) >= self.since) and (
            self.until is None or _shown(entry, self.until) <= self.until
        )


def _moment(bound: When | None) -> datetime | None:
    return bound if isinstance(bound, datetime) else None


def _day(bound: When, name: str, reader: TimeReader, beyond: int) -> Day:
    """Give the day of a bound; for a moment with a zone the furthest that a writer's clock showed.

    No zone is a whole day away from UTC, so that is the next one, `beyond` being its direction.
    """
    if isinstance(bound, str):
        first, last = reader.days(bound, name)
        return first if beyond < 0 else last
    number = bound.toordinal()
    if isinstance(bound, datetime) and bound.tzinfo is not None:
        number = min(max(_utc_day(bound) + beyond, _ENDS[0]), _ENDS[1])
    return Day(date.fromordinal(number).isoformat())


def _utc_day(moment: datetime) -> int:
    try:
        return moment.astimezone(UTC).toordinal()
    except OverflowError:  # in the first or last hours of the calendar
        return moment.toordinal()


def _shown(entry: DiaryEntry, bound: datetime) -> datetime:
    """Give an entry's time so that it can be compared with `bound`."""
    shown = entry.stamp.wall
    return shown.replace(tzinfo=None) if bound.tzinfo is None else shown
