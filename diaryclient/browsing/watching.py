"""Follows a whole diary live: what is written or changed from now on, once, on whatever day.

The way that docs/PROTOCOL.md describes under `tail`: of each day is known how far it was read, and
a cursor says which days were changed since.

Rules: what was taken is never given again and nothing is left out, whatever gets lost on the way,
is restarted or cleared meanwhile. The cursor goes on only when all that it stands for was taken.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from diaryclient.asking.polling import pause_after
from diaryclient.browsing.news import DayView, News, Told
from diaryclient.diary.open_diary import OpenDiary
from diaryclient.diary.reading import DayEntries
from diaryclient.errors import UnknownHostError, UnreachableError
from diaryclient.login.care import LoginCare
from protocol.dayfile import Change, Foreign, Record, Written, parse_day_file
from protocol.errors import NOT_YET, DiaryError, NotFoundError, RefusedError, StaleError
from protocol.identifiers import FIRST_DAY, LAST_DAY, Day
from protocol.messages.diary import DayRow
from protocol.messages.following import Tail, Tailed
from protocol.messages.padding import padded

_MOST_PAGES: Final = 1000
"""Answers to one poll; what is left comes with the next one."""


class _Viewed(NamedTuple):
    """The one day whose entries are known, up to its row's size."""

    row: DayRow
    view: DayView


class Watcher:
    """Knows what of a diary was given; the diary may be opened anew between two calls."""

    def __init__(self) -> None:
        """Call `begin` before the first `poll`."""
        self._cursor = b""
        self._known: dict[Day, tuple[int, int]] = {}
        self._told = Told()
        self._viewed: _Viewed | None = None

    def begin(self, diary: OpenDiary, newest: int = 0) -> list[DayEntries]:
        """Start now, and give the `newest` entries of what there is; raise as `Asker.ask`."""
        cursor = diary.asker.ask(Tail(), Tailed).cursor
        rows = list(diary.days(FIRST_DAY, LAST_DAY))
        pages = self._newest(diary, rows, newest)
        self._known = {row.day: (row.generation, row.size) for row in rows}
        self._cursor = cursor
        return pages

    def poll(self, diary: OpenDiary) -> Iterator[News]:
        """Give what was written and changed since, day by day; raise as `Asker.ask`.

        What was given before an error is taken; the next poll goes on behind it.
        """
        answer = diary.asker.ask(Tail(self._cursor), Tailed)
        for _ in range(_MOST_PAGES):
            yield from self._taken(diary, self._listed(diary) if answer.lost else answer.rows)
            self._cursor = answer.cursor
            if not answer.more:
                return
            answer = diary.asker.ask(padded(Tail(self._cursor)), Tailed)

    def _newest(self, diary: OpenDiary, rows: list[DayRow], newest: int) -> list[DayEntries]:
        pages: list[DayEntries] = []
        left = newest
        for day in diary.read_days(reversed(rows)) if newest else ():
            kept = day.entries[-left:]
            pages.insert(0, DayEntries(day.day, kept, []))
            self._told.add(each.id for each in kept)
            left -= len(kept)
            if not left:
                break
        return pages

    def _listed(self, diary: OpenDiary) -> list[DayRow]:
        rows = list(diary.days(FIRST_DAY, LAST_DAY))
        present = {row.day for row in rows}
        self._known = {day: known for day, known in self._known.items() if day in present}
        return rows

    def _taken(self, diary: OpenDiary, rows: Iterable[DayRow]) -> Iterator[News]:
        for row in rows:
            generation, known = self._known.get(row.day, (row.generation, 0))
            start = known if generation == row.generation and known <= row.size else 0
            try:
                data = diary.read_rest(row, start) if row.size > start else b""
                records = parse_day_file(data)
                view = self._view(diary, row, start, records)
            except (StaleError, NotFoundError):
                continue  # cleared just now: the next answer has it
            self._known[row.day] = (row.generation, row.size)
            news = view.take(row.day, records, self._told)
            if not news.is_empty:
                yield news

    def _view(
        self, diary: OpenDiary, row: DayRow, start: int, records: Sequence[Record | Foreign]
    ) -> DayView:
        """Give the day up to `start`, as far as the records behind it need it."""
        begun = replace(row, size=start)
        if self._viewed and _is_same(self._viewed.row, begun):
            view = self._viewed.view
        elif start and _names_earlier(records):
            view = DayView(parse_day_file(diary.read_rest(begun, 0)))
        else:
            view = DayView()
            if start:
                return view  # what is not all of the day is of no use to the next look
        self._viewed = _Viewed(row, view)
        return view


def _is_same(one: DayRow, other: DayRow) -> bool:
    return (one.day, one.generation, one.size) == (other.day, other.generation, other.size)


def _names_earlier(records: Sequence[Record | Foreign]) -> bool:
    """Tell whether an entry is changed that was written before these records."""
    written = {each.id for each in records if isinstance(each, Written)}
    return any(isinstance(each, Change) and each.original not in written for each in records)


def watch(
    open_diary: Callable[[], OpenDiary],
    newest: int,
    tell: Callable[[str], None],
    sleep: Callable[[float], None],
) -> Iterator[News]:
    """Give the newest entries, then, for ever, every one that is written, and every change.

    A server that goes away is told once, and when it is back; each attempt begins with a new
    look-up, since a laptop may have moved. Raise what is said at the beginning, and what no
    patience mends, such as a login that has ended.
    """
    diary = open_diary()
    try:
        watcher, care = Watcher(), LoginCare()
        yield from (News(day) for day in watcher.begin(diary, newest))
        failures = 0
        while True:
            sleep(pause_after(failures))
            try:
                diary.asker.take_newer()
                yield from watcher.poll(diary)
            except DiaryError as error:
                if not _is_passing(error):
                    raise
                failures += 1
                if failures == 1:
                    tell(f"{error}; trying again until it answers")
                diary.close()
                diary = open_diary()
                continue
            if failures:
                tell(f"{diary.login.address} answers again")
            failures = 0
            for words in care.look_after(diary):
                tell(words)
    finally:
        diary.close()


def _is_passing(error: DiaryError) -> bool:
    is_not_yet = isinstance(error, RefusedError) and error.code in NOT_YET
    return is_not_yet or isinstance(error, UnreachableError | UnknownHostError)
