"""Reads from a diary what is to be counted.

Rules: the days of the period and no more; only a streak that goes on at its beginning is followed
further back, in ever longer steps. The rows that list days count removed entries too, so entries
are read.
"""

from collections.abc import Iterator
from datetime import date
from typing import Final

from diaryclient.browsing.browsing import Query, browse
from diaryclient.diary.open_diary import OpenDiary
from diaryclient.entries.entry import DiaryEntry
from diaryclient.entries.selection import Selection
from diaryclient.lookback.figures import Figures, count
from diaryclient.lookback.periods import Period
from diaryclient.lookback.streaks import Streak, current_streak, find_streaks, ordinal
from protocol.identifiers import FIRST_DAY, Day

_STEP: Final = 32
"""Days of the first step back: about an answer's rows. Each further one is twice as long."""


def gather(diary: OpenDiary, period: Period, selection: Selection) -> Figures:
    """Count the selected entries of a period; raise as `OpenDiary.entries`."""
    return count(_entries(diary, period.first, period.last, selection))


def follow_streak(
    diary: OpenDiary, period: Period, selection: Selection, figures: Figures
) -> Streak | None:
    """Give the streak that goes on today, whole, though it may begin before the period.

    `period` has today in it, and `figures` are what `gather` gave of it.
    """
    days, begin, step = set(figures.days), period.first, _STEP
    today = diary.today()
    while True:
        streak = current_streak(find_streaks(days), today)
        may_go_on = streak.first <= begin if streak else begin >= today
        if begin == FIRST_DAY or not may_go_on:
            return streak
        end = ordinal(begin) - 1
        begin, last = _day(max(1, end - step + 1)), _day(end)
        days |= {entry.stamp.day for entry in _entries(diary, begin, last, selection)}
        step *= 2


def _entries(diary: OpenDiary, first: Day, last: Day, selection: Selection) -> Iterator[DiaryEntry]:
    pages = browse(diary, Query(first, last, selection))
    return (entry for page in pages for entry in page.entries)


def _day(number: int) -> Day:
    return Day(date.fromordinal(number).isoformat())
