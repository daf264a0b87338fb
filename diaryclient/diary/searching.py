"""Searches a diary on the server, cursor by cursor; the entries come as they stand now.

Rules: the server looks through a bounded piece at a time and says where to go on, so an answer may
be empty before the end. What it finds comes in the order of the days. A server that stands still is
not listened to for ever.
"""

from collections.abc import Iterator
from itertools import groupby
from typing import TYPE_CHECKING, Final

from diaryclient.asking.asker import Asker
from diaryclient.diary.reading import DayEntries, list_days, read_entries
from protocol.dayfile import Written, parse_day_file
from protocol.errors import MalformedError, UsageError
from protocol.identifiers import Day
from protocol.messages.finding import MAX_WORDS_BYTES, Found, LongRow, Search
from protocol.messages.padding import padded

if TYPE_CHECKING:
    from protocol.messages.diary import DayRow

_MOST_EMPTY: Final = 1_000_000
"""Answers in a row without an entry; a server looks through 64 files at least for each."""


def search(asker: Asker, words: str, first: Day, last: Day) -> Iterator[DayEntries]:
    """Give the entries that have all the words, each day's by time, when all of the day is found.

    Words are parted by white space; upper and lower case count as the same. Raise UsageError for
    words that nothing can be searched for, else as `Asker.ask`.
    """
    if not words.strip():
        raise UsageError("no word to search for")
    try:
        size = len(words.encode())
    except UnicodeEncodeError:
        raise UsageError("the words are not valid UTF-8") from None
    if size > MAX_WORDS_BYTES:
        raise UsageError(f"what is searched for has at most {MAX_WORDS_BYTES} bytes")
    return _by_day(_found(asker, Search(words, first, last)))


def _by_day(found: Iterator[tuple[Day, Written]]) -> Iterator[DayEntries]:
    for day, group in groupby(found, key=lambda each: each[0]):
        yield DayEntries(day, sorted((each for _, each in group), key=_moment), [])


def _moment(entry: Written) -> int:
    return entry.stamp.at


def _found(asker: Asker, request: Search) -> Iterator[tuple[Day, Written]]:
    empty = 0
    days = _LongDays(asker)
    while True:
        answer = asker.ask(padded(request), Found)
        empty = 0 if answer.entries or answer.long else empty + 1
        yield from _entries(days, answer)
        if not answer.cursor:
            return
        if answer.cursor == request.cursor or empty > _MOST_EMPTY:
            raise MalformedError("the server searches without an end")
        request = Search(request.words, request.first, request.last, answer.cursor)


def _entries(days: "_LongDays", answer: Found) -> Iterator[tuple[Day, Written]]:
    for record in parse_day_file(answer.entries):
        if not isinstance(record, Written):
            raise MalformedError("the server finds what is no entry")
        yield record.stamp.day, record
    for row in answer.long:
        yield from ((row.day, entry) for entry in days.find(row))


class _LongDays:
    """Finds long entries in their days; a day that did not change is read once for all of its."""

    def __init__(self, asker: Asker) -> None:
        self._asker = asker
        self._rows: tuple[DayRow, ...] = ()
        self._entries: list[Written] = []

    def find(self, row: LongRow) -> list[Written]:
        """Give the entry from its day's file; none if it was removed meanwhile."""
        rows = tuple(each for page in list_days(self._asker, row.day, row.day) for each in page)
        if rows != self._rows:
            days = read_entries(self._asker, rows)
            self._rows, self._entries = rows, [entry for day in days for entry in day.entries]
        return [entry for entry in self._entries if entry.id == row.id]
