"""Day files that trail the journal under load: what may happen before they have caught up."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from diaryserver.engine import open_entries
from diaryserver.service.ports.entries import Appended
from diaryserver.service.quotas import MAX_DAY_BYTES
from diaryserver.store.days.cache import DayCache
from diaryserver.store.disk.disk import Disk
from diaryserver.store.disk.user_folder import DAY_SUFFIX
from diaryserver.store.files import FileEntryStore
from diaryserver.store.journal.writer import FILES_AT_ONCE
from protocol.dayfile import Foreign, Written, parse_day_file
from protocol.errors import ConflictError, QuotaError
from protocol.identifiers import Username
from tests.server.fakes import new_id
from tests.server.faults import disk_full_at
from tests.server.store_contract import (
    ALICE,
    BOB,
    EVERYTHING,
    TODAY,
    Diaries,
    again,
    entry,
    fresh,
    open_trailing_files,
)


@pytest.fixture
def diaries(tmp_path: Path) -> Iterator[Diaries]:
    """A store whose day files catch up only when they are read through it, or when it is asked."""
    with Diaries(open_trailing_files, tmp_path) as opened:
        yield opened


@pytest.fixture
def today(tmp_path: Path) -> Path:
    """Alice's file of today."""
    return tmp_path / "diaries" / "alice" / "2026-11-22.log"


def texts(file: Path) -> list[str]:
    """Give the texts in a file, as `cut` would; a line that is no entry as it is."""
    return [
        record.raw.decode() if isinstance(record, Foreign) else record.text
        for record in parse_day_file(file.read_bytes())
        if isinstance(record, Written | Foreign)
    ]


class CountingDisk(Disk):
    """The real disk; counts how often day files were opened."""

    opened = 0

    def open(self, name: str, flags: int, folder: int) -> int:
        """As Disk."""
        self.opened += name.endswith(DAY_SUFFIX)
        return super().open(name, flags, folder)


def test_many_batches_open_a_day_file_once(tmp_path: Path) -> None:
    """They are durable and readable before, and in the file, in their order, when it catches up."""
    disk = CountingDisk()
    with open_entries(tmp_path, disk=disk, files_at_once=0) as store:
        store.append_batch([entry("0")])
        seen = disk.opened
        for number in range(1, 50):
            assert store.append_batch([entry(str(number))]) == [fresh(TODAY)]
        assert disk.opened == seen
        store.catch_up()
        assert disk.opened == seen + 1
        [file] = (tmp_path / "diaries" / "alice").iterdir()
        assert texts(file) == [str(number) for number in range(50)]


def test_the_files_of_a_small_batch_follow_at_once(tmp_path: Path) -> None:
    """At rest an entry is in its file when it is acknowledged; one file more, and all trail."""
    users = [Username(f"user{number}") for number in range(FILES_AT_ONCE + 1)]

    def files(store: FileEntryStore, count: int) -> int:
        store.append_batch([entry(user=user) for user in users[:count]])
        return len(list((tmp_path / "diaries").rglob("*.log")))

    with open_entries(tmp_path) as store:
        assert files(store, FILES_AT_ONCE) == FILES_AT_ONCE
    for file in (tmp_path / "diaries").rglob("*.log"):
        file.unlink()
    with open_entries(tmp_path) as store:
        assert files(store, FILES_AT_ONCE + 1) == 0
        store.catch_up()
        assert len(list((tmp_path / "diaries").rglob("*.log"))) == FILES_AT_ONCE + 1


def test_what_trails_is_known_again(diaries: Diaries) -> None:
    """A repetition is a duplicate, another text a conflict; within a batch too."""
    entry_id = new_id()
    assert diaries.put("one", entry_id) == fresh(TODAY)
    assert diaries.put("one", entry_id) == again(TODAY)
    diaries.put("two")
    assert isinstance(diaries.put("other", entry_id), ConflictError)
    same = entry("three")
    assert diaries.store.append_batch([same, same]) == [fresh(TODAY), again(TODAY)]
    assert diaries.texts(TODAY) == ["one", "two", "three"]


def test_what_trails_is_known_though_its_day_is_not_cached(tmp_path: Path) -> None:
    """The memory of days is bounded, and what fell out of it was not in the file yet."""
    cache = DayCache(max_days=1, max_ids=1)
    batch = [entry(user=ALICE), entry(user=BOB)]
    with open_entries(tmp_path, cache=cache, files_at_once=0) as store:
        for expected in (False, True, True):
            assert store.append_batch(batch) == [Appended(TODAY, expected)] * 2
        assert cache._ids == sum(state.weight() for state in cache._days.values())


def test_what_is_written_on_does_not_fill_the_memory(tmp_path: Path) -> None:
    """However much it is, and though no other day is looked at that others are forgotten for."""
    cache = DayCache(max_ids=8, newest=5)
    with open_entries(tmp_path, cache=cache, files_at_once=0) as store:
        for _ in range(20):
            batch = [entry(user=ALICE), entry(user=BOB)]
            assert store.append_batch(batch) == [fresh(TODAY)] * 2
            assert cache._ids == sum(state.weight() for state in cache._days.values()) <= 8


def test_a_file_edited_meanwhile_keeps_the_edit(diaries: Diaries, today: Path) -> None:
    """And is given the lines that it lacks, at once: nothing waits, nothing is set aside."""
    diaries.put("one")
    diaries.store.catch_up()
    diaries.put("two")
    with today.open("a") as file:
        file.write("a note by hand\n")
    diaries.store.catch_up()
    assert texts(today) == ["one", "a note by hand", "two"]
    assert diaries.put("three") == fresh(TODAY)
    assert [row.entries for row in diaries.rows()] == [3]
    assert not (today.parent / "quarantine").exists()


def test_a_file_made_or_moved_meanwhile_is_followed(diaries: Diaries, today: Path) -> None:
    """A new one gets what the other did not."""
    diaries.put("one")
    today.write_bytes(b"made by hand\n")
    diaries.store.catch_up()
    assert texts(today) == ["made by hand", "one"]
    diaries.put("two")
    today.rename(today.with_name("2026-11-22.log.1"))
    diaries.store.catch_up()
    assert texts(today) == ["two"]


def test_a_day_counts_what_trails(diaries: Diaries, today: Path) -> None:
    """Its bound holds for the file and what comes behind."""
    diaries.put("one")
    diaries.store.catch_up()
    with today.open("ab") as file:
        file.write(b"x" * (MAX_DAY_BYTES - file.tell() - 1001) + b"\n")
    outcomes = [diaries.put("x" * 200) for _ in range(5)]
    assert outcomes[:3] == [fresh(TODAY)] * 3
    assert isinstance(outcomes[-1], QuotaError)
    assert today.stat().st_size <= MAX_DAY_BYTES


def test_a_file_that_cannot_catch_up_waits(diaries: Diaries, today: Path) -> None:
    """What was acknowledged is read on top of the file, and is in it when the disk has room."""
    diaries.put("long" * 2000)
    diaries.store.checkpoint()  # a new segment, shorter than the day file: the limit spares it
    before = today.stat().st_size
    with disk_full_at(before + 20):
        assert [diaries.put(str(number)) for number in range(3)] == [fresh(TODAY)] * 3
        diaries.store.catch_up()
        assert today.stat().st_size == before
        data = diaries.store.read(ALICE, TODAY, 0, 0, EVERYTHING).data
        assert len(parse_day_file(data)) == 4
    assert diaries.put("after") == fresh(TODAY)
    assert diaries.texts(TODAY)[1:] == ["0", "1", "2", "after"]
