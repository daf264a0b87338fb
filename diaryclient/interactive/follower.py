"""Follows today's file on the server as `tail -f` does: only what was added is read.

Rules: what is known is a generation and an offset of one day; another day, another generation or a
shorter file is read from its start. A generation tells only whether a file goes on: it is compared,
and nothing is computed from it. Only whole lines count as read.
"""

from typing import Final, NamedTuple

from diaryclient.browsing.news import DayView, News, Told, replaced
from diaryclient.diary.open_diary import OpenDiary
from diaryclient.diary.reading import DayEntries
from protocol.dayfile import parse_day_file
from protocol.errors import StaleError
from protocol.identifiers import Day, EntryId
from protocol.messages.diary import DayRow

_MOST_RESTARTS: Final = 2


class _Position(NamedTuple):
    """How far a day is known, and as what; `generation` is None while it has no file."""

    day: Day
    generation: int | None
    offset: int
    view: DayView


class TodayFollower:
    """Knows how far today's file was read, and what of it was told."""

    def __init__(self) -> None:
        """Begin with nothing read."""
        self._position: _Position | None = None
        self._told = Told()

    @property
    def day(self) -> Day | None:
        """The day that was read last; None before the first."""
        return self._position.day if self._position else None

    def read_all(self, diary: OpenDiary) -> DayEntries:
        """Read today from its start, and give it as it stands; raise as `read_news`."""
        news, view = self._read_again(diary, None)
        entries = view.entries()
        self._told.add(each.id for each in entries)
        return DayEntries(news.written.day, entries, news.written.foreign)

    def read_news(self, diary: OpenDiary) -> News:
        """Read what is new; raise StaleError if the day is cleared again and again meanwhile."""
        news, _ = self._read_again(diary, self._position)
        return news

    def composed(self, entry_id: EntryId) -> None:
        """Be told of an entry that was typed here: only what becomes of it is news."""
        self._told.add([entry_id])

    def cleared(self, row: DayRow) -> None:
        """Be told that this program has cleared the day."""
        if self._position:
            self._told.forget(each.id for each in self._position.view.entries())
        self._position = _Position(row.day, None, 0, DayView())

    def _read_again(self, diary: OpenDiary, position: _Position | None) -> tuple[News, DayView]:
        for _ in range(_MOST_RESTARTS):
            try:
                return self._read(diary, position)
            except StaleError:
                continue
        return self._read(diary, position)

    def _read(self, diary: OpenDiary, position: _Position | None) -> tuple[News, DayView]:
        day = diary.today()
        row = next(iter(diary.days(day, day)), None)
        known = position if position and position.day == day else None
        goes_on = known is not None and row is not None and _continues(known, row)
        start = known.offset if known and goes_on else 0
        data = diary.read_rest(row, start) if row and row.size > start else b""
        whole = data.rfind(b"\n") + 1
        view = known.view if known and goes_on else DayView()
        news = view.take(day, parse_day_file(data[:whole]), self._told)
        self._position = _Position(day, row.generation if row else None, start + whole, view)
        if known and not goes_on:
            news = replaced(known.view, view, news, self._told)
        return news, view


def _continues(known: _Position, row: DayRow) -> bool:
    return known.generation == row.generation and known.offset <= row.size
