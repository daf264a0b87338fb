"""Reads days: raw bytes of append-only files, piece by piece, and the entries in them.

Rules: a day is read up to the size that its row told, so what is appended meanwhile does not
matter; when the file was set aside meanwhile, the reading of that day starts again.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, TypeAlias

from diaryclient.asking.asker import Asker
from protocol.dayfile import Foreign, Record, Written, fold, parse_day_file
from protocol.errors import MalformedError, RefusedError, StaleError
from protocol.identifiers import FIRST_DAY, Day
from protocol.messages.diary import MAX_CHUNK, Chunk, DayList, DayRow, Days, Read
from protocol.messages.padding import padded

_MOST_RESTARTS: Final = 2
_STEPS: Final = 1000
"""In which the progress of one day is told: it may be the only one, and have 16 MiB."""

_BACKWARD_SPANS: Final = (32, 128, 512, 2048)
"""Days; whoever wants the last few entries of a daily diary finds them in the first."""


Came: TypeAlias = Callable[[int], None]
"""Is told how many bytes have come."""


def _came_unseen(size: int) -> None:
    """Tell nobody how much has come."""


@dataclass(frozen=True, slots=True)
class DayEntries:
    """A day's entries as they stand now, by time, and the lines of its file that are none."""

    day: Day
    entries: list[Written]
    foreign: list[Foreign]


@dataclass(frozen=True, slots=True)
class DayRecords:
    """All that stands in a day's file, in its order."""

    day: Day
    records: list[Record | Foreign]

    def entries(self) -> DayEntries:
        """Give the day as it stands now."""
        foreign = [record for record in self.records if isinstance(record, Foreign)]
        return DayEntries(self.day, fold(self.records), foreign)


def list_days(asker: Asker, first: Day, last: Day) -> Iterator[tuple[DayRow, ...]]:
    """Give the rows of the days that have a file, both ends included, an answer at a time."""
    while True:
        answer = asker.ask(padded(Days(first, last)), DayList)
        days = [row.day for row in answer.rows]
        if days != sorted(set(days)) or any(not first <= day <= last for day in days):
            raise MalformedError("the server lists days out of order")
        yield answer.rows
        if not answer.more or (days and days[-1] == last):
            return
        if not days:
            raise MalformedError("the server promises more days and lists none")
        first = _day_after(days[-1])


def list_newest_days(
    asker: Asker, first: Day, last: Day, today: Day
) -> Iterator[tuple[DayRow, ...]]:
    """Give the same rows, the newest day first; `today` is where an end without a date begins.

    The server lists forwards only, so ever wider spans are asked for, until `first` is reached.
    """
    end, before = date.fromisoformat(last), date.fromisoformat(min(last, today))
    for span in _BACKWARD_SPANS:
        begin = max(date.fromisoformat(first).toordinal(), before.toordinal() - span)
        start = Day(date.fromordinal(begin).isoformat())
        pages = list(list_days(asker, start, Day(end.isoformat())))
        for page in reversed(pages):
            yield page[::-1]
        if start == first:
            return
        end = before = date.fromordinal(begin - 1)
    for page in reversed(list(list_days(asker, first, Day(end.isoformat())))):
        yield page[::-1]


def list_anniversaries(asker: Asker, day: Day) -> Iterator[DayRow]:
    """Give the rows of a day of the year, in every year until that of `day`.

    The years are asked for together, from that of the diary's first day on.
    """
    oldest = next(list_days(asker, FIRST_DAY, day))
    if not oldest:
        return
    years = range(int(oldest[0].day[:4]), int(day[:4]) + 1)
    days = [each for year in years if (each := _same_day(day, year))]
    requests = [padded(Days(each, each)) for each in days]
    found: dict[Day, tuple[DayRow, ...]] = {}
    for request, answer in asker.ask_many(requests, DayList):
        if isinstance(answer, RefusedError):
            raise answer
        if any(row.day != request.first for row in answer.rows):
            raise MalformedError("the server lists days that nobody asked for")
        found[request.first] = answer.rows
    for each in days:
        yield from found[each]


def read_day(asker: Asker, row: DayRow) -> bytes:
    """Give a day file's bytes; empty if it was set aside and nothing written since.

    Raise StaleError if that happens again and again.
    """
    for _ in range(_MOST_RESTARTS):
        try:
            return _read_pieces(asker, row)
        except StaleError:
            rows = [again for page in list_days(asker, row.day, row.day) for again in page]
            if not rows:
                return b""
            row = rows[0]
    return _read_pieces(asker, row)


def read_rest(asker: Asker, row: DayRow, offset: int) -> bytes:
    """Give a day file's bytes from `offset` on; raise StaleError if it was set aside since."""
    return _read_pieces(asker, row, offset)


def read_span(asker: Asker, first: Day, last: Day, today: Day) -> Iterator[DayEntries]:
    """Give the entries of the days from `first` to `last` as they stand now; tell how far it is."""
    way = _Way(asker, min(last, today))
    for page in list_days(asker, first, last):
        way.begin(page)
        yield from read_entries(asker, page, way.came)
        way.end()


def read_entries(
    asker: Asker, rows: Iterable[DayRow], came: Came = _came_unseen
) -> Iterator[DayEntries]:
    """Give the entries of several days as they stand now, in the order of the rows."""
    return (day.entries() for day in read_records(asker, rows, came))


def read_records(
    asker: Asker, rows: Iterable[DayRow], came: Came = _came_unseen
) -> Iterator[DayRecords]:
    """Give what stands in the files of several days, in the order of the rows.

    Pieces of different days are in flight together, else every day would cost a round trip. `came`
    is told the size of each piece.
    """
    begun: deque[_Pieces] = deque()
    by_day: dict[Day, _Pieces] = {}

    def requests() -> Iterator[Read]:
        for row in rows:
            begun.append(by_day.setdefault(row.day, _Pieces(row)))
            yield from begun[-1].requests()

    for request, answer in asker.ask_many(requests(), Chunk):
        by_day[request.day].take(request.offset, answer)
        if isinstance(answer, Chunk):
            came(len(answer.data))
        while begun and begun[0].is_whole():
            whole = begun.popleft()
            yield DayRecords(whole.row.day, parse_day_file(whole.joined()))
    for pieces in begun:
        # Changed meanwhile, or the server sends less at once than it may.
        data = pieces.joined() if pieces.is_whole() else read_day(asker, pieces.row)
        yield DayRecords(pieces.row.day, parse_day_file(data))


class _Way:
    """How far the reading of a span is: in days of the calendar, within a page in bytes.

    How much there is to read nobody knows before all days are listed.
    """

    def __init__(self, asker: Asker, last: Day) -> None:
        self._asker = asker
        self._last = _number(last)
        self._first = self._from = self._to = 0
        self._size = self._got = 0

    def begin(self, page: tuple[DayRow, ...]) -> None:
        if not page:
            return
        self._from, self._to = _number(page[0].day), _number(page[-1].day) + 1
        self._first = self._first or self._from
        self._last = max(self._last, self._to - 1)
        self._size, self._got = sum(row.size for row in page), 0
        self._tell()

    def came(self, size: int) -> None:
        self._got = min(self._got + size, self._size)
        self._tell()

    def end(self) -> None:
        self._got = self._size
        if self._first:
            self._tell()

    def _tell(self) -> None:
        share = self._got / self._size if self._size else 1.0
        days = self._from - self._first + share * (self._to - self._from)
        whole = self._last + 1 - self._first
        self._asker.told(round(days * _STEPS), whole * _STEPS)


class _Pieces:
    """A day's file on its way: pieces of 1040 bytes, in any order."""

    def __init__(self, row: DayRow) -> None:
        self.row = row
        self._got: dict[int, bytes] = {}

    def requests(self) -> Iterator[Read]:
        for offset in range(0, self.row.size, MAX_CHUNK):
            yield _padded_read(self.row, offset)

    def take(self, offset: int, answer: Chunk | RefusedError) -> None:
        if isinstance(answer, StaleError):
            return
        if isinstance(answer, RefusedError):
            raise answer
        if answer.size >= self.row.size:
            self._got[offset] = answer.data[: self.row.size - offset]

    def is_whole(self) -> bool:
        return sum(map(len, self._got.values())) == self.row.size

    def joined(self) -> bytes:
        return b"".join(self._got[offset] for offset in sorted(self._got))


def _read_pieces(asker: Asker, row: DayRow, start: int = 0) -> bytes:
    pieces: dict[int, bytes] = {}
    offsets: Iterable[int] = range(start, row.size, MAX_CHUNK)
    while True:
        rest: list[int] = []
        requests = (_padded_read(row, offset) for offset in offsets)
        for request, answer in asker.ask_many(requests, Chunk):
            offset = request.offset
            end = min(offset - (offset - start) % MAX_CHUNK + MAX_CHUNK, row.size)
            piece = pieces[offset] = _checked(answer, row)[: end - offset]
            if offset + len(piece) < end:
                rest.append(offset + len(piece))
        if not rest:
            return b"".join(pieces[offset] for offset in sorted(pieces))
        offsets = rest


def _padded_read(row: DayRow, offset: int) -> Read:
    return padded(Read(row.day, row.generation, offset))


def _checked(chunk: Chunk | RefusedError, row: DayRow) -> bytes:
    if isinstance(chunk, RefusedError):
        raise chunk
    if chunk.size < row.size:
        raise StaleError
    if not chunk.data:
        raise MalformedError("the server sends an empty piece of a day")
    return chunk.data


def _same_day(day: Day, year: int) -> Day | None:
    try:
        return Day(f"{year:04}{day[4:]}")
    except MalformedError:
        return None  # the 29th of February


def _number(day: Day) -> int:
    return date.fromisoformat(day).toordinal()


def _day_after(day: Day) -> Day:
    return Day((date.fromisoformat(day) + timedelta(days=1)).isoformat())
