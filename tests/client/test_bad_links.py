"""Entries over bad links: client and server as two pure cores, 30 % loss each way, no sleeping."""

import random
from pathlib import Path

import pytest

from diaryclient.asking.asker import Asker
from diaryclient.asking.session import Session
from diaryclient.diary.open_diary import OpenDiary
from diaryclient.home.logins import Logins
from diaryclient.home.outbox import Entry, Outbox
from diaryclient.home.settings import Choice
from protocol.dayfile import Written, parse_day_file
from protocol.errors import DiaryError, ErrorCode
from protocol.messages.writing import Put
from tests.client.fakes import ADDRESS, FakeClock, FakeServer, login_to, seeded
from tests.client.lossy_link import LossyTransport, Weather

ENTRIES = 6
ROUNDS = 60
"""Deliveries at most; each goes on where the last one met silence."""

HOUR = 3_600_000
AHEAD = (0, 0, HOUR, -HOUR, 125_000, -125_000)
"""The server's clock, in ms: right, or wrong by much, or by hardly more than is allowed."""


class Link:
    """A person's processes, one after the other, and their server behind a bad link."""

    def __init__(self, folder: Path, seed: int, ahead: int = 0) -> None:
        self.clock = FakeClock()
        self.server = FakeServer(self.clock, ahead=ahead)
        self.transport = LossyTransport(self.clock, self.server, random.Random(seed))
        self.logins = Logins(folder / "logins")
        self.outbox = Outbox(folder / "outbox")
        self.logins.save(login_to(self.server))
        self._chance = seeded(seed)

    def process(self) -> OpenDiary:
        """Open the diary as a new process does."""
        asker = Asker(
            self.logins.choose(Choice()),
            self.logins,
            lambda: Session(ADDRESS, self.transport, self.clock, self._chance),
            self.clock,
            self._chance,
        )
        return OpenDiary(asker, self.outbox, self.clock)

    def write(self, text: str) -> tuple[Entry, bool]:
        """Write in a process of its own; give the entry, and whether it was acknowledged."""
        with self.process() as diary:
            entry = diary.compose(text)
            try:
                stored = diary.put(entry)
            except DiaryError:
                return entry, False
            assert self.server.contents[entry.id] == stored.request
            return entry, True

    def flush(self) -> None:
        """Deliver until nothing waits, each time in a new process."""
        for _ in range(ROUNDS):
            with self.process() as diary:
                if diary.deliver(60.0).left == 0:
                    return
            self.clock.monotonic += 1
        raise AssertionError("some entries still wait")

    def on_disk(self) -> list[Written]:
        """Give the entries in the server's files."""
        records = [each for data in self.server.files.values() for each in parse_day_file(data)]
        return [each for each in records if isinstance(each, Written)]


@pytest.mark.parametrize("seed", range(40))
def test_every_entry_is_stored_once(tmp_path: Path, seed: int) -> None:
    """Acknowledged means stored, queued means stored later; never twice, even with a wrong clock.

    Loss, doubled and overtaken datagrams, 300 ms delay; a server whose clock is another.
    """
    link = Link(tmp_path, seed, AHEAD[seed % len(AHEAD)])
    written = [link.write(f"entry {number}") for number in range(ENTRIES)]
    stored = set(link.server.contents)
    assert {entry.id for entry, acknowledged in written if acknowledged} <= stored
    link.flush()
    assert list(link.outbox.entries()) == []
    found = [(each.id, each.text) for each in link.on_disk()]
    assert sorted(found) == sorted((entry.id, entry.text) for entry, _ in written)
    assert link.transport.lost > 0


@pytest.mark.parametrize("seed", range(5))
def test_a_busy_server_behind_a_bad_link(tmp_path: Path, seed: int) -> None:
    """BUSY and STORAGE in between change nothing about once."""
    link = Link(tmp_path, seed)
    link.server.refusals.extend([ErrorCode.BUSY, ErrorCode.STORAGE] * 3)
    written = [link.write(f"entry {number}")[0] for number in range(3)]
    link.flush()
    assert {each.id for each in link.on_disk()} == {entry.id for entry in written}
    assert len(link.on_disk()) == 3


@pytest.mark.parametrize("seed", range(6))
def test_a_clock_that_goes_wrong_later_moves_no_entry(tmp_path: Path, seed: int) -> None:
    """What was written by a right clock keeps its time, though the clock is wrong when it is sent.

    The server may have stored it already: another time would be a conflict or a second entry.
    """
    link = Link(tmp_path, seed)
    link.transport.weather = Weather(loss=0.6)
    written = [link.write(f"entry {number}")[0] for number in range(ENTRIES)]
    assert link.outbox.waiting()
    link.transport.weather = Weather()
    link.server.ahead = 48 * HOUR
    link.flush()
    times = {each.id: each.stamp.at for each in link.on_disk()}
    assert times == {entry.id: entry.at for entry in written}
    puts = {(rid, put) for rid, put in link.server.requests if isinstance(put, Put)}
    assert len(puts) == ENTRIES
