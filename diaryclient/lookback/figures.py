"""What is counted of a diary.

Rules: pure; entries pass by once and are not held, so a diary of decades costs no memory for its
texts.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from diaryclient.entries.entry import DiaryEntry, TagCounts
from diaryclient.lookback.words import count_words
from protocol.identifiers import Day


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts of entries: in all, a day, a tag (the most frequent first), an hour of the day.

    `days` has no day without an entry; `hours` has 24 numbers, by the writer's wall clock.
    """

    entries: int
    words: int
    days: Mapping[Day, int]
    tags: Mapping[str, int]
    hours: Sequence[int]


def count(entries: Iterable[DiaryEntry]) -> Figures:
    """Count entries, in any order."""
    words = 0
    days, tags, hours = Counter[Day](), TagCounts(), Counter[int]()
    for entry in entries:
        words += count_words(entry.text)
        days[entry.stamp.day] += 1
        tags.add(entry)
        hours[entry.stamp.wall.hour] += 1
    by_hour = [hours[hour] for hour in range(24)]
    return Figures(days.total(), words, days, tags.ranked(), by_hour)
