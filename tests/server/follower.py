"""A client that follows a diary by the protocol's rules, one request at a time.

It stops before each request, so that a test decides what happens meanwhile, and may be left there
for good, as when the network goes away.
"""

from collections.abc import Iterator

from diaryserver.service.ports.entries import EntryStore
from protocol.dayfile import Foreign, Record, parse_day_file
from protocol.errors import NotFoundError, StaleError
from protocol.identifiers import Day, EntryId, Username
from protocol.messages.diary import DayRow
from tests.server.store_contract import FIRST, LAST, Diaries


class Follower:
    """What it has of a diary, and what it was told by and by.

    `rows`, `piece`: how many rows and bytes an answer has at most.
    """

    def __init__(self, diaries: Diaries, user: Username, rows: int = 2, piece: int = 100) -> None:
        self._diaries = diaries
        self._user = user
        self._rows = rows
        self._piece = piece
        self._cursor = b""
        self._known: dict[Day, tuple[int, bytes]] = {}
        self.met: set[tuple[Day, EntryId]] = set()
        self.listings = 0

    @property
    def _store(self) -> EntryStore:
        return self._diaries.store

    def finish(self) -> None:
        """Poll once, undisturbed."""
        for _ in self.poll():
            pass

    def records(self) -> dict[Day, list[Record | Foreign]]:
        """Give what it has, day by day."""
        return {day: list(parse_day_file(data)) for day, (_, data) in self._known.items() if data}

    def poll(self) -> Iterator[bool]:
        """Ask what is new, and get it; give, before each request, True."""
        yield True
        answer = self._store.tail(self._user, self._cursor, self._rows)
        if answer.lost or not self._cursor:
            yield from self._compare_all()
        else:
            for row in answer.rows:
                yield from self._take(row)
        # Only now: whoever is interrupted before asks again with the old one.
        self._cursor = answer.cursor
        if answer.more:
            yield from self.poll()

    def _compare_all(self) -> Iterator[bool]:
        self.listings += 1
        seen: set[Day] = set()
        first, more = FIRST, True
        while more:
            yield True
            listed = self._store.list_days(self._user, first, LAST, self._rows + 1)
            rows = [row for row in listed.rows if row.day not in seen]
            more = listed.more
            for row in rows:
                seen.add(row.day)
                first = row.day
                yield from self._take(row)
        for day in self._known.keys() - seen:
            del self._known[day]

    def _take(self, row: DayRow) -> Iterator[bool]:
        generation, data = self._known.get(row.day, (row.generation, b""))
        if generation != row.generation or len(data) > row.size:
            data = b""
        new = b""
        while len(data) + len(new) < row.size:
            yield True
            at = len(data) + len(new)
            try:
                chunk = self._store.read(self._user, row.day, row.generation, at, self._piece)
            except (StaleError, NotFoundError):
                return
            new += chunk.data[: row.size - at]
        for record in parse_day_file(new):
            assert not isinstance(record, Foreign)
            assert (row.day, record.id) not in self.met
            self.met.add((row.day, record.id))
        self._known[row.day] = row.generation, data + new
