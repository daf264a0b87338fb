"""Streaks: days in a row that have an entry each.

Rules: pure calendar; a 29th of February is a day as any other. A streak is still going on while
yesterday belongs to it, since today is not over.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from protocol.identifiers import Day


@dataclass(frozen=True, slots=True)
class Streak:
    """Days in a row, both ends included."""

    first: Day
    last: Day

    @property
    def days(self) -> int:
        """How many days it has, one at least."""
        return ordinal(self.last) - ordinal(self.first) + 1


def ordinal(day: Day) -> int:
    """Give a day's number; the next day has the next one."""
    return date.fromisoformat(day).toordinal()


def find_streaks(days: Iterable[Day]) -> list[Streak]:
    """Give the streaks of days in any order, the oldest first; none of them touch."""
    streaks: list[Streak] = []
    for day in sorted(set(days)):
        if streaks and ordinal(streaks[-1].last) + 1 == ordinal(day):
            streaks[-1] = Streak(streaks[-1].first, day)
        else:
            streaks.append(Streak(day, day))
    return streaks


def longest_streak(streaks: Iterable[Streak]) -> Streak | None:
    """Give the longest, of several the newest; None if there is none."""
    return max(streaks, key=lambda each: (each.days, each.last), default=None)


def current_streak(streaks: Sequence[Streak], today: Day) -> Streak | None:
    """Give the streak that goes on `today`, of `find_streaks`; None if the last one is over.

    It may end after `today`, for whoever wrote further east.
    """
    if not streaks or ordinal(streaks[-1].last) < ordinal(today) - 1:
        return None
    return streaks[-1]
