"""Follows today's file on the server as `tail -f` does: only what was added is read.

Rules: what is known is a generation and an offset of one day; another day, another generation or a
shorter file is read from its start. Only whole lines count as read.
"""

from dataclasses import dataclass, field
from typing import Final

from diaryclient.diary import Diary
from diaryclient.reading import DayEntries
from protocol.dayfile import Foreign, Written, fold, parse_day_file
from protocol.errors import StaleError
from protocol.identifiers import Day
from protocol.messages import DayRow

_MOST_RESTARTS: Final = 2


@dataclass(frozen=True, slots=True)
class News:
    """What happened to today since it was last read.

    `is_new_day`: another day was read before. `was_cleared`: these are the first records since.
    """

    day: Day
    is_new_day: bool = False
    was_cleared: bool = False
    records: list[Written | Foreign] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Position:
    day: Day
    generation: int
    offset: int


class TodayFollower:
    """Knows how far today's file was read."""

    def __init__(self) -> None:
        """Begin with nothing read."""
        self._position: _Position | None = None

    @property
    def is_reading(self) -> bool:
        """Whether today was read before, so that there can be news."""
        return self._position is not None

    def read_all(self, diary: Diary) -> DayEntries:
        """Read today from its start."""
        news = self._read_again(diary, None)
        foreign = [record for record in news.records if isinstance(record, Foreign)]
        return DayEntries(news.day, fold(news.records), foreign)

    def read_news(self, diary: Diary) -> News:
        """Read what is new; raise StaleError if the day is cleared again and again meanwhile."""
        return self._read_again(diary, self._position)

    def cleared(self, row: DayRow) -> None:
        """Be told that this program has cleared the day."""
        self._position = _Position(row.day, row.generation + 1, 0)

    def _read_again(self, diary: Diary, position: _Position | None) -> News:
        for _ in range(_MOST_RESTARTS):
            try:
                return self._read(diary, position)
            except StaleError:
                continue
        return self._read(diary, position)

    def _read(self, diary: Diary, position: _Position | None) -> News:
        day = diary.today()
        row = next(iter(diary.days(day, day)), None)
        known = position if position and position.day == day else None
        start = known.offset if known and row and _continues(known, row) else 0
        data = diary.read_rest(row, start) if row and row.size > start else b""
        whole = data.rfind(b"\n") + 1
        if row:
            self._position = _Position(day, row.generation, start + whole)
        else:
            self._position = _Position(day, known.generation + 1 if known else 0, 0)
        records = parse_day_file(data[:whole])
        return News(
            day,
            is_new_day=position is not None and known is None,
            was_cleared=known is not None and known.offset > start,
            records=[record for record in records if isinstance(record, Written | Foreign)],
        )


def _continues(known: _Position, row: DayRow) -> bool:
    return known.generation == row.generation and known.offset <= row.size
