"""Chooses an entry by chance, each with the same chance.

Rules: without conditions one day is read, not the diary. The rows of the days count entries that
are removed by now, too; so if the place that was drawn is empty, the day counts for what it has and
another place is drawn. That favours no entry: with any weights, as long as no day has less than its
entries, the chance of each entry is one by the sum.
"""

from bisect import bisect_right
from collections.abc import Callable
from itertools import accumulate
from typing import TypeAlias

from diaryclient.browsing.browsing import Query, browse
from diaryclient.diary.open_diary import OpenDiary
from diaryclient.entries.entry import DiaryEntry
from diaryclient.entries.selection import Selection
from protocol.identifiers import FIRST_DAY, LAST_DAY, Day

Below: TypeAlias = Callable[[int], int]
"""Gives a whole number from 0 to below the one that it is told, all as likely."""


def choose_entry(diary: OpenDiary, selection: Selection, below: Below) -> DiaryEntry | None:
    """Give one of the selected entries, None if there is none; raise as `OpenDiary.entries`."""
    if selection.is_everything:
        return _choose_by_day(diary, below)
    chosen, seen = None, 0
    for page in browse(diary, Query(selection=selection)):
        for entry in page.entries:
            seen += 1
            if below(seen) == 0:
                chosen = entry
    return chosen


def _choose_by_day(diary: OpenDiary, below: Below) -> DiaryEntry | None:
    weights = {row.day: row.entries for row in diary.days(FIRST_DAY, LAST_DAY)}
    while total := sum(weights.values()):
        day, place = _find(weights, below(total))
        entries = [each for read in diary.entries(day, day) for each in read.entries]
        if place < len(entries):
            return DiaryEntry(entries[place], diary.login.user)
        weights[day] = len(entries)
    return None


def _find(weights: dict[Day, int], place: int) -> tuple[Day, int]:
    """Give the day in which a place of the whole diary lies, and its place there."""
    ends = list(accumulate(weights.values()))
    index = bisect_right(ends, place)
    day = list(weights)[index]
    return day, place - ends[index] + weights[day]
