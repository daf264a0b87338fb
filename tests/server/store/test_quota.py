"""How day files are measured: lazily, in parts, and anew whenever something else touched them."""

import errno
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diaryserver.engine import open_entries
from diaryserver.service.alarm import Alarm
from diaryserver.service.ports.entries import Appended
from diaryserver.service.quotas import Quotas
from diaryserver.store.days.cache import DayCache
from diaryserver.store.days.daystate import count_entries, entry_ids
from diaryserver.store.disk.diary_folders import DiaryFolders
from diaryserver.store.disk.disk import Disk
from diaryserver.store.files import FileEntryStore
from diaryserver.store.following import ChangedDays
from diaryserver.store.journal.journal import Journal
from diaryserver.store.journal.writer import JournaledWriter
from diaryserver.store.quota import BLOCK_BYTES, DiaryRooms, in_blocks
from protocol.errors import BusyError, QuotaError, StorageError
from protocol.identifiers import Day, Username
from tests.server.fakes import NOON, FrozenClock, new_id, seeded
from tests.server.faults import disk_full_at, with_failing
from tests.server.store_contract import ALICE, BOB, TODAY, TOMORROW, compress_all, entry, fresh

A_DAY: Final = 86_400_000
FEW: Final = Quotas(entries=6)


@contextmanager
def opened(
    folder: Path, limits: Quotas = FEW, *, known: int = 9, at_once: int = 1, to_append: int = 1
) -> Iterator[tuple[FileEntryStore, DiaryRooms]]:
    """Open a store that looks at one file at a time, and its rooms."""
    disk = Disk()
    alarm = Alarm(logging.getLogger(__name__), "works again", FrozenClock().monotonic)
    folders = DiaryFolders(folder, disk)
    writer = JournaledWriter(Journal(folder / "journal", disk), folders, alarm)
    rooms = DiaryRooms(folders, writer, limits, known, at_once, to_append)
    try:
        cache, changed = DayCache(), ChangedDays(seeded())
        yield FileEntryStore(folders, writer, alarm, cache, changed, rooms), rooms
    finally:
        writer.close()
        folders.close()


def write_days(store: FileEntryStore, days: int, text: str = "x" * 100) -> None:
    """Write one entry on each of so many days."""
    batch = [entry(text, at=NOON + number * A_DAY) for number in range(days)]
    assert {type(each) for each in store.append_batch(batch)} == {Appended}


def count(store: FileEntryStore, day: Day = TODAY) -> tuple[int, int]:
    """Ask until it is counted; give how often it was not, and the entries."""
    for refusals in range(100):
        try:
            return refusals, store.usage(ALICE, day).entries
        except BusyError:
            continue
    raise AssertionError("it is never counted")


@given(st.lists(st.one_of(st.binary(max_size=80), st.just(None)), max_size=5), st.binary())
def test_counting_entries_is_reading_them(pieces: list[bytes | None], end: bytes) -> None:
    """Whatever stands in a file; an end that was torn off is none."""
    line = b"2026-11-22T18:40:48.123+08:00 " + b"0" * 32 + b" + text"
    data = b"".join((line if piece is None else piece) + b"\n" for piece in pieces)
    assert count_entries(data) == len(entry_ids(data))
    torn = end.replace(b"\n", b"")
    assert count_entries(data + torn) == count_entries(data)
    assert count_entries(data + line) == count_entries(data)


@given(st.integers(0, 10 * BLOCK_BYTES))
def test_a_file_takes_up_whole_blocks(size: int) -> None:
    """At least its bytes, and less than a block more."""
    taken = in_blocks(size)
    assert taken % BLOCK_BYTES == 0
    assert 0 <= taken - size < BLOCK_BYTES


def test_small_diaries_are_not_counted_to_be_written(tmp_path: Path) -> None:
    """The sizes of their files say enough: an entry has more than 64 bytes."""
    with open_entries(tmp_path) as store:
        write_days(store, 3)
    with opened(tmp_path, Quotas(entries=20)) as (store, rooms):
        assert store.append_batch([entry()]) == [fresh(TODAY)]
        assert not rooms.room(ALICE).is_counted
        assert rooms.room(ALICE).entries >= 4


def test_a_count_goes_on_from_request_to_request(tmp_path: Path) -> None:
    """One file at a time, and what is written meanwhile is not missed, nor counted twice."""
    with open_entries(tmp_path) as store:
        write_days(store, 4)
    with opened(tmp_path, Quotas(entries=40)) as (store, _):
        with pytest.raises(BusyError):
            store.usage(ALICE, TODAY)
        write_days(store, 4)
        assert count(store) == (2, 8)
        write_days(store, 2)
        assert count(store) == (0, 10)


def test_who_is_near_the_limit_waits_for_the_count(tmp_path: Path) -> None:
    """BUSY until it is known, a file a batch, while repetitions are answered; then as it is."""
    one, more, late = entry(), entry("5"), entry("6")
    with open_entries(tmp_path) as store:
        store.append_batch([one])
        write_days(store, 3)
    with opened(tmp_path) as (store, _):
        for _ in range(2):
            outcomes = store.append_batch([more, one])
            assert isinstance(outcomes[0], BusyError)
            assert outcomes[1] == Appended(TODAY, duplicate=True)
        assert store.append_batch([more, late]) == [fresh(TODAY)] * 2
        assert isinstance(store.append_batch([entry()])[0], QuotaError)
        assert count(store) == (0, 6)


@pytest.mark.parametrize("by_hand", [False, True])
def test_a_file_that_goes_away_begins_a_count_anew(tmp_path: Path, *, by_hand: bool) -> None:
    """Cleared, or taken by somebody, in the middle of it: it would be the next to look at."""
    with open_entries(tmp_path) as store:
        write_days(store, 3)
    with opened(tmp_path) as (store, _):
        with pytest.raises(BusyError):
            store.usage(ALICE, TODAY)
        if by_hand:
            (tmp_path / "diaries" / "alice" / f"{TODAY}.log").unlink()
        else:
            store.clear(ALICE, TODAY, 0, new_id())
        assert count(store)[1] == 2


def test_what_is_done_by_hand_is_seen_with_the_day(tmp_path: Path) -> None:
    """An edited file has its diary measured again; also one that ends in the middle of a line."""
    path = tmp_path / "diaries" / "alice" / f"{TODAY}.log"
    with opened(tmp_path) as (store, _):
        write_days(store, 1)
        line = path.read_bytes()
        path.write_bytes(line + line[:30] + b"1" * 32 + b" + by hand\n")
        store.append_batch([entry()])
        assert count(store)[1] == 3
        tomorrow = path.with_name("2026-11-23.log")
        tomorrow.write_bytes(line[:50])
        store.append_batch([entry(at=NOON + A_DAY)])
        taken = [each.stat().st_size for each in path.parent.rglob("*") if each.is_file()]
        assert len(taken) == 3  # with the torn line, in quarantine
        assert count(store)[1] == 4
        assert store.usage(ALICE, TODAY).bytes == sum(map(in_blocks, taken))


def test_lines_that_wait_for_their_file_are_counted(tmp_path: Path) -> None:
    """On a full disk, over which the figures are those of the file when it has them."""
    path = tmp_path / "diaries" / "alice" / f"{TODAY}.log"
    with opened(tmp_path) as (store, rooms):
        store.append_batch([entry("long" * 1000)])
        store.checkpoint()
        with disk_full_at(path.stat().st_size + 10):
            store.append_batch([entry("x" * 30), entry("y" * 30)])
            rooms.forget(ALICE)
            waiting = store.usage(ALICE, TODAY)
        assert waiting.entries == 3
        rooms.forget(ALICE)
        assert store.usage(ALICE, TODAY) == waiting
        assert waiting.bytes == in_blocks(path.stat().st_size)


def test_a_compressed_diary_is_measured_as_a_plain_one(tmp_path: Path) -> None:
    """So that nobody gets room by waiting, and fills the disk by touching old days again."""
    with opened(tmp_path, Quotas(entries=40)) as (store, rooms):
        write_days(store, 4, "long" * 2000)
        assert count(store)[1] == 4
        plain = store.usage(ALICE, TODAY)
        assert compress_all(store) == 4
        (tmp_path / "diaries" / "alice" / f".{TODAY}.log.gz.new").write_bytes(b"unfinished")
        rooms.forget(ALICE)
        assert count(store)[1] == 4
        assert store.usage(ALICE, TODAY) == plain
        store.clear(ALICE, TODAY, 0, new_id())
        assert store.usage(ALICE, TODAY).bytes == plain.bytes


def test_what_is_broken_keeps_nothing_else_out(tmp_path: Path) -> None:
    """A day that cannot be read counts as one without entries; the others are written on."""
    with opened(tmp_path, Quotas(entries=9)) as (store, rooms):
        write_days(store, 3)
        assert compress_all(store) == 3
        path = tmp_path / "diaries" / "alice" / f"{TODAY}.log.gz"
        path.write_bytes(path.read_bytes()[:-8] + b"\xff" * 8)
        rooms.forget(ALICE)
        assert count(store, TOMORROW)[1] == 2
        assert store.append_batch([entry(at=NOON + A_DAY)]) == [fresh(TOMORROW)]


def test_what_failed_takes_up_no_room(tmp_path: Path) -> None:
    """A batch that is not durable leaves the room as it was; it can be written again."""
    entries = [entry(str(number)) for number in range(6)]
    with opened(tmp_path) as (store, _):
        for _ in range(3):
            outcomes = with_failing(("fdatasync",), lambda: store.append_batch(entries))
            assert {type(each) for each in outcomes} == {StorageError}
        assert store.append_batch(entries) == [fresh(TODAY)] * 6
        assert count(store) == (0, 6)


def test_a_diary_that_cannot_be_measured_fails_alone(tmp_path: Path) -> None:
    """Its writer is told that the outcome is unknown, and others are not kept waiting."""
    (tmp_path / "diaries").mkdir(mode=0o700)
    (tmp_path / "diaries" / "alice").write_text("no folder")
    with opened(tmp_path) as (store, _):
        outcomes = store.append_batch([entry(), entry(user=BOB)])
        assert [type(each) for each in outcomes] == [StorageError, Appended]
        with pytest.raises(StorageError, match=os.strerror(errno.ENOTDIR)):
            store.usage(ALICE, TODAY)


def test_few_diaries_are_known_and_none_is_forgotten(tmp_path: Path) -> None:
    """One that is not known any more is measured again, also in the middle of a batch."""
    users = [Username(f"user{number}") for number in range(5)]
    with opened(tmp_path, Quotas(entries=2), known=2) as (store, _):
        for _ in range(2):
            outcomes = store.append_batch([entry(user=user) for user in users])
            assert outcomes == [fresh(TODAY)] * 5
        for user in users:
            assert isinstance(store.append_batch([entry(user=user)])[0], QuotaError)
            assert store.usage(user, TODAY).entries == 2


def test_the_operator_brings_back_what_a_user_may_not(tmp_path: Path) -> None:
    """`diaryserver recover` is not held up by a quota, and the figures have it."""
    with opened(tmp_path) as (store, _):
        write_days(store, 6)
        line = (tmp_path / "diaries" / "alice" / f"{TODAY}.log").read_bytes()
        other = line[:30] + new_id().hex().encode() + line[62:]
        assert store.absorb(ALICE, TODAY, other) == 1
        assert count(store)[1] == 7
        assert isinstance(store.append_batch([entry()])[0], QuotaError)
