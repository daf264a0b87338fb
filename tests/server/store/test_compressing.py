"""Compressed days on the disk: what lies there, what a crash leaves, and what a hand did.

That a store of compressed days answers as any other is what `tests.server.store_contract` asks.
"""

import gzip
import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

import pytest

from diaryserver.engine import open_entries
from diaryserver.service.ports.dayfiles import Due
from diaryserver.service.ports.entries import Appended, Writing
from diaryserver.store.disk.gzipped import compress
from diaryserver.store.files import FileEntryStore
from protocol.errors import StorageError
from protocol.identifiers import Day, EntryId
from tests.server.fakes import NOON, new_id
from tests.server.faults import with_failing
from tests.server.forgetful import (
    ForgetfulDisk,
    PowerCutError,
    Survival,
    only_what_was_synced,
    torn,
    with_a_hole,
)
from tests.server.store_contract import (
    ALICE,
    LAST,
    NEVER,
    TODAY,
    TOMORROW,
    Diaries,
    again,
    amending,
    compress_all,
    entry,
    fresh,
    open_files,
)

A_DAY: Final = 86_400_000
YEARS_AGO: Final = 1_500_000_000 * 10**9


@pytest.fixture
def diaries(folder: Path) -> Iterator[Diaries]:
    """A store with nothing in it."""
    with Diaries(open_files, folder) as opened:
        yield opened


@pytest.fixture
def alice(folder: Path) -> Path:
    """Where alice's diary lies."""
    return folder / "diaries/alice"


def compress_in(diaries: Diaries) -> int:
    """Compress every day, and give how many were."""
    assert isinstance(diaries.store, FileEntryStore)
    return compress_all(diaries.store)


def names(alice: Path) -> list[str]:
    """Give what lies in a diary."""
    return sorted(path.name for path in alice.iterdir())


# What lies there


def test_a_day_is_one_gzip_file_with_the_same_text(diaries: Diaries, alice: Path) -> None:
    """Its owner's alone, of the same time, and the same bytes whenever it is made."""
    diaries.put("电池\n\nmore")
    plain = alice / f"{TODAY}.log"
    text = plain.read_bytes()
    os.utime(plain, ns=(YEARS_AGO, YEARS_AGO))
    previous = os.umask(0)
    try:
        assert compress_in(diaries) == 1
    finally:
        os.umask(previous)
    assert names(alice) == [f"{TODAY}.log.gz"]
    compressed = alice / f"{TODAY}.log.gz"
    assert gzip.decompress(compressed.read_bytes()) == text
    assert compressed.read_bytes() == compress(text)
    assert compressed.stat().st_mtime_ns == YEARS_AGO
    assert stat.S_IMODE(compressed.stat().st_mode) == 0o600
    assert compress_in(diaries) == 0


def test_a_change_makes_the_day_plain_and_asking_does_not(diaries: Diaries, alice: Path) -> None:
    """Neither reading nor a repetition does; an entry and an amendment do, in the same place."""
    entry_id = new_id()
    diaries.put("one", entry_id)
    before = diaries.raw(TODAY)
    compress_in(diaries)
    assert diaries.raw(TODAY) == before
    assert diaries.put("one", entry_id) == again(TODAY)
    assert names(alice) == [f"{TODAY}.log.gz"]
    assert diaries.put("two") == fresh(TODAY)
    assert names(alice) == [f"{TODAY}.log"]
    assert diaries.raw(TODAY).startswith(before)
    compress_in(diaries)
    assert diaries.change(amending(entry_id, "one, amended")) == fresh(TODAY)
    assert names(alice) == [f"{TODAY}.log"]
    assert diaries.shown(TODAY) == ["one, amended", "two"]


def test_an_archive_stays_plain(diaries: Diaries, alice: Path) -> None:
    """A day that is cleared is made plain first: its archive's name is what `recover` knows."""
    diaries.put("one")
    compress_in(diaries)
    name = diaries.clear(TODAY)
    assert names(alice) == ["archive"]
    assert (alice / "archive" / name).read_bytes().endswith(b" + one\n")
    assert compress_in(diaries) == 0


# Which days are due


def test_only_quiet_days_before_a_day_are_due(diaries: Diaries, alice: Path) -> None:
    """What was touched since, the bound itself, and what is compressed already are left alone."""
    for later in range(4):
        diaries.put("x", at=NOON + later * A_DAY)
    for later, touched in enumerate((5, 20, 5, 5)):
        path = alice / f"2026-11-{22 + later}.log"
        os.utime(path, ns=(touched, touched))
    assert isinstance(diaries.store, FileEntryStore)
    compressor = diaries.store.compressor
    assert compressor.users() == [ALICE]
    due = compressor.due(ALICE, Day("2026-11-24"), 10)
    assert due == [Due(ALICE, TODAY, is_past=True)]
    for each in due:
        ready = compressor.prepare(each)
        assert ready is not None
        assert compressor.finish(ready)
    assert compressor.due(ALICE, Day("2026-11-24"), 10) == []


def test_strange_names_are_no_days(diaries: Diaries, alice: Path, folder: Path) -> None:
    """Folders, links, and what only looks like a day are not touched."""
    diaries.put("x")
    (alice / "2026-11-20.log").mkdir()
    (alice / "2026-11-19.log").symlink_to("/etc/passwd")
    (alice / "2026-13-40.log").write_bytes(b"")
    (alice / "2026-11-18.log.1").write_bytes(b"")
    (folder / "diaries/Not A User").mkdir()
    before = names(alice)
    assert compress_in(diaries) == 1
    assert names(alice) == [name.replace("22.log", "22.log.gz") for name in before]


def test_a_day_that_is_not_whole_or_too_long_is_left_as_it_is(
    diaries: Diaries, alice: Path
) -> None:
    """A torn end is the store's business, and what could not be read back is not compressed."""
    alice.mkdir(parents=True)
    (alice / f"{TODAY}.log").write_bytes(b"torn")
    with (alice / f"{TOMORROW}.log").open("wb") as file:
        file.truncate(2**25 + 1)
    assert compress_in(diaries) == 0
    assert names(alice) == [f"{TODAY}.log", f"{TOMORROW}.log"]


@pytest.mark.parametrize("happens", ["written to", "cleared", "removed"])
def test_a_change_meanwhile_wins(diaries: Diaries, alice: Path, happens: str) -> None:
    """A day that was changed while it was compressed stays as it is now."""
    assert isinstance(diaries.store, FileEntryStore)
    compressor = diaries.store.compressor
    diaries.put("one")
    [due] = compressor.due(ALICE, LAST, NEVER)
    ready = compressor.prepare(due)
    assert ready is not None
    if happens == "written to":
        diaries.put("two")
    elif happens == "cleared":
        diaries.clear(TODAY)
    else:
        diaries.store.retire(ALICE, bytes(16))
    assert not compressor.finish(ready)
    left = names(alice) if alice.exists() else []
    assert left == {"written to": [f"{TODAY}.log"], "cleared": ["archive"], "removed": []}[happens]


# What a crash leaves


def live(store: FileEntryStore, acknowledged: list[Writing], attempted: list[Writing]) -> None:
    """Write, compress, write late, clear and recover, all on one day."""

    def put(text: str) -> None:
        append = entry(text)
        attempted.append(append)
        if isinstance(store.append_batch([append])[0], Appended):
            acknowledged.append(append)

    put("one")
    compress_all(store)
    put("two")
    store.checkpoint()
    put("three")
    compress_all(store)
    name = store.clear(ALICE, TODAY, 0, new_id())
    put("four")
    compress_all(store)
    store.recover(ALICE, TODAY, 1, name)
    compress_all(store)


def check(folder: Path, acknowledged: list[Writing], attempted: list[Writing]) -> None:
    """What was acknowledged is known once; the day has one file, and nothing half is left."""
    with open_entries(folder) as store:
        outcomes = store.append_batch(attempted)
        for append, outcome in zip(attempted, outcomes, strict=True):
            assert isinstance(outcome, Appended)
            assert outcome.duplicate or append not in acknowledged
        before = read(store)
        compress_all(store)
        assert read(store) == before
        alice = folder / "diaries/alice"
        left = {path.name for path in alice.glob("*") if not path.is_dir()}
        assert left <= {f"{TODAY}.log.gz"}
        text = before + b"".join(path.read_bytes() for path in alice.glob("archive/*"))
        for append in attempted:
            assert append.id.hex().encode() in text
            assert before.count(append.id.hex().encode()) <= 1


def read(store: FileEntryStore) -> bytes:
    """Give the day's text."""
    rows = store.list_days(ALICE, TODAY, TODAY, 1).rows
    return store.read(ALICE, TODAY, rows[0].generation, 0, 2**20).data if rows else b""


def live_until(folder: Path, disk: ForgetfulDisk) -> tuple[list[Writing], list[Writing]]:
    """Live until the power is cut."""
    acknowledged: list[Writing] = []
    attempted: list[Writing] = []
    with suppress(PowerCutError), open_entries(folder, disk=disk) as store:
        live(store, acknowledged, attempted)
        disk.cut()
    return acknowledged, attempted


def test_a_power_cut_at_any_moment_loses_and_doubles_nothing(folder: Path) -> None:
    """After every single change on the disk: killed, or with unsynced bytes lost in three ways."""
    place = folder / "count"
    place.mkdir()
    disk = ForgetfulDisk(place)
    assert len(live_until(place, disk)[0]) == 4
    assert disk.calls > 60
    survivals: tuple[Survival | None, ...] = (None, only_what_was_synced, with_a_hole, torn)
    for moment in range(disk.calls):
        place = folder / f"life-{moment}"
        place.mkdir()
        cut = ForgetfulDisk(place, cut_after=moment)
        lived = live_until(place, cut)
        survival = survivals[moment % len(survivals)]
        if survival is not None:
            cut.lose(survival)
        check(place, *lived)


@pytest.mark.parametrize("more", [b"", b"by hand\n"])
def test_of_two_files_the_plain_one_is_the_day(diaries: Diaries, alice: Path, more: bytes) -> None:
    """What the other holds too is removed; what only the other holds is kept in quarantine."""
    diaries.put("one")
    text = diaries.raw(TODAY)
    (alice / f"{TODAY}.log.gz").write_bytes(compress(text + more))
    diaries.put("two")
    assert diaries.texts(TODAY) == ["one", "two"]
    assert [row.day for row in diaries.rows()] == [TODAY]
    diaries.clear(TODAY)
    assert diaries.rows() == []
    aside = list(alice.glob("quarantine/*"))
    assert [gzip.decompress(path.read_bytes()) for path in aside] == ([text + more] if more else [])


def test_a_damaged_file_beside_the_plain_one_is_kept_aside(diaries: Diaries, alice: Path) -> None:
    """Nobody can tell what it held."""
    diaries.put("one")
    (alice / f"{TODAY}.log.gz").write_bytes(b"no gzip")
    assert compress_in(diaries) == 1
    assert diaries.texts(TODAY) == ["one"]
    assert [path.read_bytes() for path in alice.glob("quarantine/*")] == [b"no gzip"]


def test_what_is_half_written_goes_when_days_are_looked_through(
    diaries: Diaries, alice: Path
) -> None:
    """Also where nothing is to be compressed."""
    diaries.put("one")
    for name in (f".{TODAY}.log.gz.new", f".{TODAY}.log.new"):
        (alice / name).write_bytes(b"half")
    assert isinstance(diaries.store, FileEntryStore)
    compressor = diaries.store.compressor
    [due] = compressor.due(ALICE, Day("0001-01-01"), 0)
    assert not due.is_past
    compressor.tidy(due)
    assert names(alice) == [f"{TODAY}.log"]


# A disk that fails, files that are damaged or a hand's


def test_a_failing_disk_leaves_the_day_as_it_was(diaries: Diaries, alice: Path) -> None:
    """Neither compressing nor making plain leaves anything half, and both are done later."""
    diaries.put("one")
    with pytest.raises(OSError, match="Input/output error"):
        with_failing(("fdatasync",), lambda: compress_in(diaries))
    assert names(alice) == [f"{TODAY}.log"]
    assert compress_in(diaries) == 1
    outcome = with_failing(("fdatasync",), lambda: diaries.put("two"))
    assert isinstance(outcome, StorageError)
    assert names(alice) == [f"{TODAY}.log.gz"]
    assert diaries.put("two") == fresh(TODAY)
    assert diaries.texts(TODAY) == ["one", "two"]


def test_a_damaged_day_is_named_and_no_other_one_suffers(diaries: Diaries, alice: Path) -> None:
    """Neither read, nor written over; the diary goes on on other days."""
    diaries.put("one")
    compress_in(diaries)
    path = alice / f"{TODAY}.log.gz"
    path.write_bytes(path.read_bytes()[:-1])
    damaged = path.read_bytes()
    with pytest.raises(StorageError, match=f"{TODAY}.log.gz cannot be read: it is cut off"):
        diaries.store.read(ALICE, TODAY, 0, 0, 100)
    assert isinstance(diaries.put("two"), StorageError)
    assert path.read_bytes() == damaged
    assert diaries.put("other", at=NOON + A_DAY) == fresh(TOMORROW)
    assert diaries.store.list_days(ALICE, TOMORROW, TOMORROW, 9).rows


def test_what_a_hand_compressed_or_decompressed_is_followed(diaries: Diaries, alice: Path) -> None:
    """While the server runs, with a name and a time in the file or in several members."""
    entry_id = new_id()
    diaries.put("one", entry_id)
    text = diaries.raw(TODAY)
    plain, compressed = alice / f"{TODAY}.log", alice / f"{TODAY}.log.gz"
    half = text.index(b" + ")
    compressed.write_bytes(gzip.compress(text[:half]) + gzip.compress(text[half:]))
    plain.unlink()
    assert diaries.raw(TODAY) == text
    assert diaries.put("one", entry_id) == again(TODAY)
    plain.write_bytes(gzip.decompress(compressed.read_bytes()))
    compressed.unlink()
    assert diaries.put("two") == fresh(TODAY)
    assert diaries.texts(TODAY) == ["one", "two"]


def test_a_torn_end_that_a_hand_compressed_is_set_aside(diaries: Diaries, alice: Path) -> None:
    """As in a plain file, which the day becomes."""
    diaries.put("one")
    text = diaries.raw(TODAY)
    (alice / f"{TODAY}.log").unlink()
    (alice / f"{TODAY}.log.gz").write_bytes(compress(text + b"torn"))
    assert diaries.texts(TODAY) == ["one"]
    assert names(alice) == [f"{TODAY}.log", "quarantine"]
    assert [path.read_bytes() for path in alice.glob("quarantine/*")] == [b"torn"]


@pytest.mark.parametrize("name", [f"{TODAY}.log.gz", f".{TODAY}.log.gz.new"])
def test_a_planted_link_leads_nowhere(
    diaries: Diaries, alice: Path, folder: Path, name: str
) -> None:
    """Neither read nor written through."""
    outside = folder / "outside"
    outside.write_bytes(compress(b"outside\n"))
    alice.mkdir(parents=True)
    (alice / name).symlink_to(outside)
    if name.startswith("."):
        diaries.put("x", at=NOON)
        assert compress_in(diaries) == 1
    else:
        assert diaries.rows() == []
        with pytest.raises(StorageError):
            diaries.store.read(ALICE, TODAY, 0, 0, 100)
    assert outside.read_bytes() == compress(b"outside\n")


def test_an_entry_that_waits_keeps_its_day_plain(folder: Path) -> None:
    """What is durable in the journal alone is in the day's file before that is compressed."""
    with open_entries(folder, files_at_once=0) as store:
        first = entry("one")
        store.append_batch([first])
        assert compress_all(store) == 0  # no file yet
        store.checkpoint()
        second: EntryId = new_id()
        [due] = store.compressor.due(ALICE, LAST, NEVER)
        ready = store.compressor.prepare(due)
        assert ready is not None
        store.append_batch([entry("two", second)])
        assert not store.compressor.finish(ready)
        assert second.hex().encode() in read(store)
