"""For ever means for ever: ids and generations, whatever an operator moves or a clock does."""

import asyncio
import errno
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Final, cast

import pytest

from diaryserver.accounts.connection import Connection
from diaryserver.configuration import read_configuration
from diaryserver.engine import Data, open_entries
from diaryserver.errors import DataError
from diaryserver.maintenance.layout import ACCOUNTS
from diaryserver.maintenance.ledgerfaults import MAX_DAMAGED, mend_ledger
from diaryserver.maintenance.ledgerstamps import NOT_CONTINUED, known_beside, match
from diaryserver.maintenance.repair import repair as repair_with
from diaryserver.maintenance.verify import verify
from diaryserver.service.ports.accounts import User
from diaryserver.service.ports.entries import Appended, EntryStore, Writing, new_entry
from diaryserver.serving import _Server
from diaryserver.store.days.cache import DayCache
from diaryserver.store.disk.disk import Disk
from diaryserver.store.files import FileEntryStore
from diaryserver.store.ledger.ledger import EPOCH_STEP, Ledger
from diaryserver.store.ledger.ledgerfile import LEDGER, LEDGER_VERSION, open_ledger
from diaryserver.store.ledger.ledgerstamp import NAME_BYTES, read_stamp
from protocol.errors import BusyError, ConflictError, StaleError, StorageError
from protocol.identifiers import Day, EntryId
from protocol.messages.base import MAX_SKEW_MILLISECONDS
from protocol.messages.diary import MAX_GENERATION
from tests.server.estate import opened
from tests.server.fakes import NOON, new_id, stamp
from tests.server.faults import BY_SQLITE, SYNCS, disk_full_at, with_failing
from tests.server.forgetful import (
    ForgetfulDisk,
    PowerCutError,
    Survival,
    only_what_was_synced,
    with_a_hole,
)
from tests.server.store_contract import (
    ALICE,
    BOB,
    EVERYTHING,
    FIRST,
    LAST,
    TODAY,
    amending,
    compress_all,
    entry,
)

AGAIN: Final = Appended(TODAY, duplicate=True)
NEW: Final = Appended(TODAY, duplicate=False)
HOUR: Final = 3_600_000
TOMORROW: Final = Day("2026-11-23")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder."""
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    return folder


@pytest.fixture
def store(data: Path) -> Iterator[FileEntryStore]:
    """A store with nothing in it."""
    with open_entries(data) as entries:
        yield entries


def put(store: EntryStore, *texts: str) -> list[Writing]:
    """Store entries of today, and give them."""
    entries = [entry(text) for text in texts]
    assert store.append_batch(entries) == [NEW] * len(entries)
    return entries


def generation_of(store: EntryStore) -> int:
    """Give what today's bytes are known by."""
    return store.list_days(ALICE, TODAY, TODAY, 1).rows[0].generation


def text_of(store: FileEntryStore, generation: int) -> bytes:
    """Read today."""
    return store.read(ALICE, TODAY, generation, 0, EVERYTHING).data


def today(data: Path) -> Path:
    """Give alice's file."""
    return data / "diaries" / "alice" / f"{TODAY}.log"


# What an operator moves


def test_archives_that_were_moved_away_free_neither_ids_nor_generations(
    store: FileEntryStore, data: Path
) -> None:
    """A late repetition is answered as ever, and no offset means two things."""
    [one] = put(store, "one")
    rid = new_id()
    name = store.clear(ALICE, TODAY, 0, rid)
    shutil.rmtree(data / "diaries" / "alice" / "archive")
    for reopened in (False, True):
        with open_entries(data) if reopened else _as_it_is(store) as now:
            assert now.append_batch([one]) == [AGAIN]
            assert isinstance(now.append_batch([one._replace(text="other")])[0], ConflictError)
            assert now.clear(ALICE, TODAY, 0, rid) == name
            if not reopened:
                put(now, "two")
            assert generation_of(now) == 1
            with pytest.raises(StaleError):
                text_of(now, 0)


class _as_it_is:  # noqa: N801 - reads as a word in a with statement
    def __init__(self, store: FileEntryStore) -> None:
        self._store = store

    def __enter__(self) -> FileEntryStore:
        return self._store

    def __exit__(self, *_: object) -> None:
        pass


def test_changes_that_were_cleared_are_known_too(store: FileEntryStore, data: Path) -> None:
    """An amendment is repeated after its day was cleared and its archive moved away."""
    [one] = put(store, "one")
    change = amending(one.id, "1", None, new_id())
    assert store.append_batch([change]) == [NEW]
    store.clear(ALICE, TODAY, 0, new_id())
    shutil.rmtree(data / "diaries" / "alice" / "archive")
    assert store.append_batch([change]) == [AGAIN]
    other = amending(one.id, "2", None, change.id)
    assert isinstance(store.append_batch([other])[0], ConflictError)


def test_a_renamed_file_ends_its_generation_and_its_ids_stay_known(
    store: FileEntryStore, data: Path
) -> None:
    """As logrotate does it, and then the file is moved away."""
    [one] = put(store, "one")
    renamed = today(data).rename(today(data).with_name(f"{TODAY}.log.1"))
    put(store, "two")
    assert generation_of(store) > 0
    assert store.append_batch([one]) == [AGAIN]
    renamed.unlink()
    assert store.append_batch([one]) == [AGAIN]
    with open_entries(data) as reopened:
        assert reopened.append_batch([one]) == [AGAIN]


@pytest.mark.parametrize("inode", ["the same inode", "another inode"])
def test_a_file_that_was_edited_is_of_another_generation(
    store: FileEntryStore, data: Path, inode: str
) -> None:
    """What stood at an offset stands somewhere else now; nobody may take one for the other."""
    put(store, "one", "two")
    before = text_of(store, 0)
    edited = before.replace(b"one", b"eleven")
    if inode == "another inode":
        other = today(data).with_name("other")
        other.write_bytes(edited)
        other.rename(today(data))
    else:
        today(data).write_bytes(edited)
    with pytest.raises(StaleError):
        text_of(store, 0)
    assert text_of(store, generation_of(store)) == edited


def test_a_file_that_was_added_to_is_of_the_same_generation(
    store: FileEntryStore, data: Path
) -> None:
    """Who follows it goes on behind what is known."""
    put(store, "one")
    with today(data).open("ab") as file:
        file.write(b"a note by hand\n")
    put(store, "two")
    assert generation_of(store) == 0
    assert b"a note by hand\n" in text_of(store, 0)


def test_a_clear_that_was_cut_off_is_as_if_it_never_began(data: Path) -> None:
    """The file is where it was and of the same generation; the repetition clears it."""
    rid = new_id()
    with open_entries(data) as store:
        put(store, "one")
        before = text_of(store, 0)
    with open_entries(data, disk=_MovesNothing()) as store, pytest.raises(StorageError):
        store.clear(ALICE, TODAY, 0, rid)
    with open_entries(data) as store:
        assert text_of(store, 0) == before
        store.clear(ALICE, TODAY, 0, rid)
        put(store, "two")
        assert generation_of(store) == 1


class _MovesNothing(Disk):
    """It cannot rename."""

    def rename(self, name: str, folder: int, new_name: str, new_folder: int) -> None:
        """As Disk."""
        raise OSError(5, f"{name}, {folder}, {new_name}, {new_folder}: Input/output error")


def test_a_diary_of_an_older_version_is_taken_as_it_is(data: Path) -> None:
    """Its archives are met when they are needed; then they may be moved away as well."""
    with open_entries(data) as store:
        [one] = put(store, "one")
        rid = new_id()
        name = store.clear(ALICE, TODAY, 0, rid)
        put(store, "two")
    (data / LEDGER).unlink()
    with open_entries(data) as store:
        assert generation_of(store) == 1
        shutil.rmtree(data / "diaries" / "alice" / "archive")
        assert store.append_batch([one]) == [AGAIN]
        assert store.clear(ALICE, TODAY, 0, rid) == name


@pytest.mark.parametrize("forgotten", ["crowded out", "compressed", "unreadable"])
def test_an_edit_is_noticed_of_a_day_that_the_store_has_forgotten(
    data: Path, forgotten: str
) -> None:
    """Whatever the reason was, and readers still hold places in it."""
    disk = _FailsOnce()
    with open_entries(data, disk=disk, cache=DayCache(max_days=1)) as store:
        put(store, "one", "two")
        generation = generation_of(store)
        before = text_of(store, generation)
        if forgotten == "crowded out":
            store.append_batch([entry(at=NOON - 24 * HOUR)])
        if forgotten == "compressed":
            store.checkpoint()
            assert compress_all(store) == 1
            today(data).with_name(f"{TODAY}.log.gz").unlink()
        today(data).write_bytes(before.replace(b"one", b"eleven"))
        if forgotten == "unreadable":
            disk.fails = True
            with pytest.raises(StorageError):
                text_of(store, generation)
        with pytest.raises(StaleError):
            text_of(store, generation)


class _FailsOnce(Disk):
    """It opens one file less than it was asked to."""

    fails = False

    def open(self, name: str, flags: int, folder: int) -> int:
        """As Disk."""
        if self.fails:
            self.fails = False
            raise OSError(5, "Input/output error")
        return super().open(name, flags, folder)


@pytest.mark.parametrize("how", ["changed", "added to", "replaced by a copy"])
def test_an_edit_that_readers_have_met_survives_a_power_cut(data: Path, how: str) -> None:
    """Whoever edited the file did not sync it; what it was before must not come back under it."""
    with open_entries(data) as store:
        put(store, "one", "two")
    disk = ForgetfulDisk(data)
    with suppress(PowerCutError), open_entries(data, disk=disk) as store:
        before = text_of(store, 0)
        if how == "changed":
            today(data).write_bytes(before.replace(b"one", b"six"))
        elif how == "added to":
            today(data).write_bytes(before + b"a note by hand\n")
        else:
            (data / "copy").write_bytes(before)
            (data / "copy").rename(today(data))
        generation = generation_of(store)
        edited = text_of(store, generation)
        store.create_day(ALICE, TOMORROW)  # which makes all names in the folder durable
        disk.cut()
    disk.lose()
    with open_entries(data) as store:
        assert text_of(store, generation) == edited


@pytest.mark.parametrize(
    ("how", "survival"), [("emptied", only_what_was_synced), ("renamed", with_a_hole)]
)
def test_no_place_moves_when_the_power_goes_behind_a_hand(
    data: Path, how: str, survival: Survival
) -> None:
    """Replay brings what the journal knows from before the hand, behind or beside what was read."""
    disk = ForgetfulDisk(data)
    with suppress(PowerCutError), open_entries(data, disk=disk) as store:
        put(store, "one")
        if how == "renamed":
            today(data).rename(f"{today(data)}.1")
        else:
            today(data).write_bytes(b"")
            store.list_days(ALICE, FIRST, LAST, 9)
        put(store, "two")
        generation = generation_of(store)
        before = text_of(store, generation)
        disk.cut()
    disk.lose(survival)
    with open_entries(data) as store:
        now = generation_of(store)
        assert now != generation or text_of(store, now) == before


def test_what_was_cleared_behind_an_edit_never_comes_back(data: Path) -> None:
    """The journal knows it as of the generation before the edit; its archive was moved away."""
    with open_entries(data) as store:
        put(store, "one", "two")
        today(data).write_bytes(text_of(store, 0).replace(b"two", b"three"))
        store.clear(ALICE, TODAY, generation_of(store), new_id())
        shutil.rmtree(data / "diaries" / "alice" / "archive")
        copy = data.with_name("copy")
        shutil.copytree(data, copy)
    with open_entries(copy) as store:
        assert store.list_days(ALICE, FIRST, LAST, 9).rows == ()


def test_what_replay_brings_back_into_an_edited_file_moves_no_place(data: Path) -> None:
    """It was deleted by hand while its record was in the journal; readers have met the rest."""
    with open_entries(data) as store:
        put(store, "one", "two")
        without = today(data).read_bytes().split(b"\n", 1)[1]
        today(data).write_bytes(without)
        generation = generation_of(store)
        assert text_of(store, generation) == without
        copy = data.with_name("copy")
        shutil.copytree(data, copy)
    with open_entries(copy) as store:
        assert text_of(store, generation_of(store)) != without
        with pytest.raises(StaleError):
            text_of(store, generation)


# Epochs


def test_a_new_diary_under_a_new_name_begins_at_nought(store: FileEntryStore) -> None:
    """Also though whatever lies under the name is moved aside when a user is added."""
    assert store.retire(ALICE, bytes(16)) == ""
    put(store, "one")
    assert generation_of(store) == 0


def test_a_diary_under_a_name_that_was_used_before_is_of_another_epoch(
    store: FileEntryStore,
) -> None:
    """Where its first owner's reader stood, the second's text must not go on."""
    put(store, "one")
    store.clear(ALICE, TODAY, 0, new_id())
    store.retire(ALICE, bytes(16))
    [one] = put(store, "another's")
    generation = generation_of(store)
    assert generation >= EPOCH_STEP
    with pytest.raises(StaleError):
        text_of(store, 0)
    store.purge(ALICE, bytes([1]) * 16)
    assert store.append_batch([one]) == [NEW]
    assert generation_of(store) not in {0, generation}
    assert store.list_days(BOB, FIRST, LAST, 9).rows == ()


def test_a_diary_whose_folder_somebody_moved_away_is_of_another_epoch_too(
    store: FileEntryStore, data: Path
) -> None:
    """The ledger tells that there was one, when its user is removed or another one is added."""
    put(store, "one")
    store.clear(ALICE, TODAY, 0, new_id())
    put(store, "two")
    generation = generation_of(store)
    (data / "diaries" / "alice").rename(data.with_name("moved"))
    assert store.retire(ALICE, bytes(16)) == ""
    put(store, "another's")
    assert generation_of(store) not in {0, generation}


def rows_of(folder: Path, user: str) -> int:
    """Count what the ledger has of a user, but for the epoch."""
    tables = ("days", "cleared", "aside", "files", "ahead")
    with closing(open_ledger(folder / LEDGER)) as ledger:
        counts = [
            ledger.execute(f"SELECT count(*) FROM {table} WHERE user = ?", (user,)).fetchone()  # noqa: S608 - names of our own
            for table in tables
        ]
    return sum(count for (count,) in counts)


class _StopsBehindTheMove(Disk):
    """It copies the data when a diary was moved, as a kill leaves them, and then fails."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.is_failing = True

    def rename(self, name: str, folder: int, new_name: str, new_folder: int) -> None:
        """As Disk."""
        super().rename(name, folder, new_name, new_folder)
        if self.is_failing and new_name.startswith("alice."):
            shutil.copytree(self.data, self.data.with_name("killed"))
            raise OSError(5, "Input/output error")


def cleared_once(data: Data) -> User:
    """Let alice clear a day."""
    alice = data.accounts.add_user(ALICE, NOON)
    put(data.entries, "one")
    data.entries.clear(ALICE, TODAY, 0, new_id())
    return alice


def test_nothing_stays_of_a_user_whose_removal_was_cut_off_behind_the_move(data: Path) -> None:
    """The next start drops it, or the next removal; a diary that somebody moved keeps its ids."""
    with opened(data) as first:
        alice = cleared_once(first)
        first.accounts.remove_user(alice, NOON)
    disk = _StopsBehindTheMove(data)
    with open_entries(data, disk=disk) as store:
        with pytest.raises(StorageError):
            store.retire(ALICE, bytes(16))
        disk.is_failing = False
        assert rows_of(data, "alice")
        store.retire(BOB, bytes(16))
        assert not rows_of(data, "alice")
    killed = data.with_name("killed")
    assert rows_of(killed, "alice")
    with opened(killed):
        pass
    assert not rows_of(killed, "alice")


def test_a_start_forgets_nothing_of_a_user_whose_folder_was_moved_away(data: Path) -> None:
    """It may come back, and a late repetition before it; a disabled user's may, too."""
    with opened(data) as first:
        alice = cleared_once(first)
        first.accounts.disable_user(alice, NOON)
    before = rows_of(data, "alice")
    assert before
    shutil.rmtree(data / "diaries" / "alice")
    with opened(data):
        pass
    assert rows_of(data, "alice") == before


def test_a_generation_fits_the_wire_in_every_epoch(tmp_path: Path) -> None:
    """Also the last epoch, and there it goes on from the first number."""
    with closing(Ledger(open_ledger(tmp_path / LEDGER))) as ledger:
        ledger.begin_epoch(ALICE, MAX_GENERATION // EPOCH_STEP)
        first = ledger.generation(ALICE, TODAY)
        assert first == MAX_GENERATION + 1 - EPOCH_STEP
        ledger.advance(ALICE, TODAY, EPOCH_STEP)
        assert ledger.generation(ALICE, TODAY) == 0
        assert ledger.count_of(ALICE, 0) == EPOCH_STEP


# A clock that is ahead


def ahead(entry_id: EntryId, at: int, received: int) -> Writing:
    """Give an entry of alice's under an id of its client's clock."""
    return new_entry(
        ALICE, entry_id, stamp(at), "from a clock ahead", starred=False, received=received
    )


@pytest.mark.parametrize("restarted", [False, True])
def test_a_datagram_of_a_clock_ahead_is_a_repetition_when_its_time_comes(
    data: Path, *, restarted: bool
) -> None:
    """The client was told, corrected the entry's time, and stored it; its first try is replayed."""
    tomorrow = NOON + 26 * HOUR
    own = EntryId.make(tomorrow, os.urandom(10))
    corrected, first = ahead(own, NOON, NOON), ahead(own, tomorrow, tomorrow)
    with open_entries(data) as store:
        assert store.append_batch([corrected]) == [NEW]
        assert store.append_batch([corrected]) == [AGAIN]
        if not restarted:
            assert store.append_batch([first]) == [AGAIN]
    with open_entries(data) as store:
        assert store.append_batch([first]) == [AGAIN]
        assert store.append_batch([corrected]) == [AGAIN]
        assert [row.day for row in store.list_days(ALICE, FIRST, LAST, 9).rows] == [TODAY]


def test_a_correction_of_what_was_not_stored_goes_on_working(data: Path) -> None:
    """The journal failed after the day was remembered: the entry may still go to another day."""
    own = EntryId.make(NOON + 26 * HOUR, os.urandom(10))
    disk = _NoJournal()
    with open_entries(data, disk=disk) as store:
        assert isinstance(store.append_batch([ahead(own, NOON, NOON)])[0], StorageError)
        disk.is_failing = False
        later = ahead(own, NOON + 24 * HOUR, NOON + 24 * HOUR)
        assert store.append_batch([later]) == [Appended(TOMORROW, duplicate=False)]


class _NoJournal(Disk):
    """No sync of a journal succeeds while it `is_failing`."""

    is_failing = True

    def sync(self, descriptor: int) -> None:
        """As Disk."""
        if self.is_failing:
            raise OSError(5, "Input/output error")
        super().sync(descriptor)


def test_one_id_ahead_goes_to_one_day_of_a_batch(store: FileEntryStore) -> None:
    """The second day's is to be asked for again, and is a repetition then."""
    own = EntryId.make(NOON + 26 * HOUR, os.urandom(10))
    both = [ahead(own, NOON, NOON), ahead(own, NOON - 24 * HOUR, NOON)]
    stored, busy = store.append_batch(both)
    assert (stored, type(busy)) == (NEW, BusyError)
    assert store.append_batch(both) == [AGAIN, AGAIN]


def test_an_id_within_the_skew_takes_no_room_in_the_ledger(
    store: FileEntryStore, data: Path
) -> None:
    """Every honest client's: nothing is written that nobody needs."""
    own = EntryId.make(NOON + MAX_SKEW_MILLISECONDS, os.urandom(10))
    before = (data / LEDGER).read_bytes()
    assert store.append_batch([ahead(own, NOON, NOON)]) == [NEW]
    assert (data / LEDGER).read_bytes() == before


# A ledger that is broken, or was lost


def test_a_broken_ledger_is_named_and_made_anew_of_what_the_files_prove(data: Path) -> None:
    """Ids in archives that are there; all generations are of a new epoch."""
    with open_entries(data) as store:
        [one] = put(store, "one")
        store.clear(ALICE, TODAY, 0, new_id())
        put(store, "two")
    (data / LEDGER).write_bytes(b"no database at all, but as long as one" * 100)
    with pytest.raises(DataError, match=r"ledger\.sqlite3 cannot be used"), open_entries(data):
        pass
    assert "ledger" in {fault.kind.value for fault in verify(data).faults}
    done = list(repair_with(data, lambda: None))
    assert "made anew, with what files prove of 1 days; the broken one is" in done[-1]
    assert "ledger" not in {fault.kind.value for fault in verify(data).faults}
    with open_entries(data) as store:
        assert generation_of(store) > EPOCH_STEP
        assert store.append_batch([one]) == [AGAIN]


@pytest.mark.parametrize("left", ["nothing", "no bytes"])
def test_a_ledger_that_was_lost_is_missed_and_made_anew(data: Path, left: str) -> None:
    """A start without it would give old ids and old places away; a first start makes it."""
    with opened(data) as first:
        [one] = put(first.entries, "one")
        first.entries.clear(ALICE, TODAY, 0, new_id())
    if left == "nothing":
        (data / LEDGER).unlink()
    else:
        (data / LEDGER).write_bytes(b"")
    with pytest.raises(DataError, match="type: diaryserver verify --repair"), opened(data):
        pass
    assert "ledger" in {fault.kind.value for fault in verify(data).faults}
    [done] = repair_with(data, lambda: None)
    kept = "" if left == "nothing" else "; the broken one is ledger.sqlite3.damaged"
    assert done == f"ledger.sqlite3: made anew, with what files prove of 1 days{kept}"
    with opened(data) as again:
        assert again.entries.append_batch([one]) == [AGAIN]
        put(again.entries, "two")
        assert generation_of(again.entries) > EPOCH_STEP


def test_every_broken_ledger_is_kept(data: Path) -> None:
    """Each may know ids that no file proves; there are so many, and then they are moved by hand."""
    with open_entries(data):
        pass
    for number in range(1, MAX_DAMAGED + 1):
        (data / LEDGER).write_bytes(b"no database, number %d" % number * 100)
        [done] = mend_ledger(data, os.urandom)
        name = f"{LEDGER}.damaged" + (f".{number}" if number > 1 else "")
        assert done.endswith(f"; the broken one is {name}")
    kept = {path.read_bytes()[:23] for path in data.glob(f"{LEDGER}.damaged*")}
    assert len(kept) == MAX_DAMAGED
    (data / LEDGER).write_bytes(b"no database, once more" * 100)
    with pytest.raises(OSError, match="16 broken ones are kept; move them away"):
        list(mend_ledger(data, os.urandom))
    assert (data / LEDGER).read_bytes() == b"no database, once more" * 100


def test_no_ledger_is_begun_beside_accounts_that_nobody_can_read(data: Path) -> None:
    """They may count on one that knows more."""
    with opened(data):
        pass
    (data / LEDGER).unlink()
    whole = (data / ACCOUNTS).read_bytes()
    (data / ACCOUNTS).write_bytes(b"no database at all" * 100)
    with pytest.raises(DataError, match=r"accounts\.sqlite3 cannot be used"), opened(data):
        pass
    assert not (data / LEDGER).exists()
    (data / ACCOUNTS).unlink()
    (data / ACCOUNTS).mkdir()
    with pytest.raises(DataError, match=r"accounts\.sqlite3 cannot be used"), opened(data):
        pass
    assert not (data / LEDGER).exists()
    (data / ACCOUNTS).rmdir()
    (data / ACCOUNTS).write_bytes(whole)
    with pytest.raises(DataError, match=r"ledger\.sqlite3 is missing"), opened(data):
        pass


def test_repair_replaces_no_ledger_that_may_be_good(data: Path) -> None:
    """One of a later version, as after a step back, knows ids that no file proves any more."""
    with open_entries(data) as store:
        put(store, "one")
        store.clear(ALICE, TODAY, 0, new_id())
    with closing(open_ledger(data / LEDGER)) as connection:
        connection.execute(f"PRAGMA user_version = {LEDGER_VERSION + 1}")
    later = (data / LEDGER).read_bytes()
    assert "ledger" in {fault.kind.value for fault in verify(data).faults}
    with pytest.raises(OSError, match="another version"):
        list(repair_with(data, lambda: None))
    assert (data / LEDGER).read_bytes() == later


def test_a_ledger_that_is_no_file_is_said_in_one_line(data: Path) -> None:
    """Whatever SQLite calls it, and what to type next."""
    (data / LEDGER).mkdir()
    says = (
        r"ledger\.sqlite3 cannot be used: unable to open database file; type: diaryserver verify$"
    )
    with pytest.raises(DataError, match=says), open_entries(data):
        pass


def test_a_ledger_made_anew_has_its_epoch_before_anything_else(data: Path) -> None:
    """Whatever cuts the repair off: what is there is of a new epoch, or missing."""
    with open_entries(data) as store:
        put(store, "one")
        store.clear(ALICE, TODAY, 0, new_id())
        put(store, "two")
    (data / LEDGER).write_bytes(b"no database at all, but as long as one" * 100)

    def no_chance(_: int) -> bytes:
        raise OSError(5, "Input/output error")

    with pytest.raises(OSError, match="Input/output"):
        list(mend_ledger(data, no_chance))
    assert not (data / LEDGER).exists()


# A ledger that is older than the accounts know it


def make_older_ledger(data: Path) -> bytes:
    """Give the ledger as it was before a clear; then the archive is moved away."""
    with opened(data) as store:
        store.accounts.add_user(ALICE, NOON)
        put(store.entries, "one")
        store.entries.clear(ALICE, TODAY, 0, new_id())
        older = (data / LEDGER).read_bytes()
        put(store.entries, "two")
        store.entries.clear(ALICE, TODAY, 1, new_id())
        put(store.entries, "three")
    shutil.rmtree(data / "diaries" / "alice" / "archive")
    return older


def test_an_older_ledger_alone_begins_another_epoch(
    data: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Once, with one line; else the generation of "two" would be that of "three"."""
    (data / LEDGER).write_bytes(make_older_ledger(data))
    assert [str(each) for each in verify(data).faults] == [
        f"{LEDGER}: ledger: {NOT_CONTINUED}; the next start, or --repair, begins another epoch"
    ]
    generations = []
    for _ in range(2):
        with opened(data) as store:
            generations.append(generation_of(store.entries))
            put(store.entries, "and on")
        assert verify(data).faults == []
    assert generations[0] == generations[1] > EPOCH_STEP
    assert caplog.messages == [f"{data / LEDGER} {NOT_CONTINUED}: {_AGAIN}"]


_AGAIN: Final = "every reader begins anew, in another epoch"


def test_repair_begins_another_epoch_for_an_older_ledger(
    data: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """As a start does, which has nothing to say then."""
    (data / LEDGER).write_bytes(make_older_ledger(data))
    assert list(repair_with(data, lambda: None)) == [f"{LEDGER}: {NOT_CONTINUED}; {_AGAIN}"]
    assert verify(data).faults == []
    with opened(data) as store:
        assert generation_of(store.entries) > EPOCH_STEP
    assert caplog.messages == []


def test_no_ledger_of_an_earlier_epoch_comes_back(data: Path) -> None:
    """However far it had come, and though the accounts were behind it."""
    older = make_older_ledger(data)
    newer = (data / LEDGER).read_bytes()
    (data / LEDGER).write_bytes(older)
    with opened(data) as store:
        first = generation_of(store.entries)
    (data / LEDGER).write_bytes(newer)
    with opened(data) as store:
        assert generation_of(store.entries) not in {0, 1, 2, first}


def keep_house(data: Path, store: Data, is_done: Callable[[], bool]) -> None:
    """Let a running server do its housekeeping until something is done."""
    (data.parent / "server.toml").write_text('[server]\nlisten = ["[::1]:0"]\ndata_dir = "data"\n')
    configuration = read_configuration(data.parent / "server.toml")

    async def run() -> None:
        server = _Server(configuration, store, [], None)
        task = asyncio.create_task(server._keep_house())
        while not is_done():  # noqa: ASYNC110 - other threads do it
            await asyncio.sleep(0.01)
        task.cancel()

    asyncio.run(run())


def test_the_accounts_follow_while_the_server_runs(data: Path) -> None:
    """Every half minute: a copy that is older than a minute is known for one also after a kill."""
    killed = data.with_name("killed")
    with opened(data) as store:
        older = (data / LEDGER).read_bytes()
        put(store.entries, "one")
        store.entries.clear(ALICE, TODAY, 0, new_id())
        put(store.entries, "two")
        now = store.ledger.seen()
        keep_house(data, store, lambda: store.ledger.known() == now)
        shutil.copytree(data, killed)
    (killed / LEDGER).write_bytes(older)
    with opened(killed) as store:
        assert generation_of(store.entries) > EPOCH_STEP


def test_accounts_that_a_kill_left_behind_the_ledger_are_no_matter(data: Path) -> None:
    """They learn at the next start what it did since, and no epoch begins."""
    killed = data.with_name("killed")
    with opened(data) as store:
        put(store.entries, "one")
        store.entries.clear(ALICE, TODAY, 0, new_id())
        put(store.entries, "two")
        shutil.copytree(data, killed)
    with opened(killed) as again:
        assert generation_of(again.entries) == 1


def test_an_epoch_that_was_cut_off_begins_with_the_next_start(data: Path) -> None:
    """Behind the name that only the accounts know."""
    (data / LEDGER).write_bytes(make_older_ledger(data))

    def a_name_only(count: int) -> bytes:
        if count == NAME_BYTES:
            return os.urandom(count)
        raise OSError(5, "Input/output error")

    with open_entries(data) as store, known_beside(data / ACCOUNTS) as known:
        assert known is not None
        with pytest.raises(OSError, match="Input/output"):
            match(known, store.ledger, a_name_only)
    assert verify(data).faults
    with opened(data) as again:
        assert generation_of(again.entries) > EPOCH_STEP


def test_an_upgrade_is_no_other_ledger(data: Path) -> None:
    """Neither the ledger nor the accounts of the version before know of stamps, nor does a half."""
    with opened(data) as store:
        store.accounts.add_user(ALICE, NOON)
        put(store.entries, "one")
        store.entries.clear(ALICE, TODAY, 0, new_id())
        put(store.entries, "two")
    older = {LEDGER: ("stamp", 1), ACCOUNTS: ("ledger", 7)}
    whole = {name: (data / name).read_bytes() for name in older}
    for changed in (tuple(older), (ACCOUNTS,)):
        for name, (table, version) in older.items():
            (data / name).write_bytes(whole[name])
            if name in changed:
                with closing(sqlite3.connect(data / name, isolation_level=None)) as database:
                    database.execute(f"DROP TABLE {table}")
                    database.execute(f"PRAGMA user_version = {version}")
        assert verify(data).faults == []
        with opened(data) as store:
            assert generation_of(store.entries) == 1
        assert verify(data).faults == []
        with closing(sqlite3.connect(data / ACCOUNTS)) as accounts:
            [known] = accounts.execute("SELECT name, changes FROM ledger")
        with closing(open_ledger(data / LEDGER)) as ledger:
            assert read_stamp(ledger) == known


def test_a_failing_ledger_refuses_and_keeps_nothing_by_halves(
    store: FileEntryStore, data: Path
) -> None:
    """The clear is not done; when the ledger works again, it is."""
    put(store, "one")
    with closing(Connection(open_ledger(data / LEDGER))) as other, other.transaction():
        with pytest.raises(StorageError):
            store.clear(ALICE, TODAY, 0, new_id())
        assert today(data).exists()
    store.clear(ALICE, TODAY, 0, new_id())
    assert not today(data).exists()


def test_a_commit_that_was_made_though_it_failed_is_seen(data: Path) -> None:
    """SQLite says so when it cannot sync the folder; a repetition clears what stayed."""
    with open_entries(data) as store:
        put(store, "one")
        connection = sqlite3.connect(
            data / LEDGER,
            isolation_level=None,
            check_same_thread=False,
            factory=_FailsBehindACommit,
        )
        store._folders.ledger = Ledger(connection)
        rid = new_id()
        with pytest.raises(StorageError):
            store.clear(ALICE, TODAY, 0, rid)
        assert generation_of(store) == 0
        store.clear(ALICE, TODAY, 0, rid)
        assert not today(data).exists()


class _FailsBehindACommit(sqlite3.Connection):
    """The first commit is made, and nobody is told."""

    has_failed = False

    def execute(self, statement: str, values: Any = (), /) -> sqlite3.Cursor:  # noqa: ANN401 - as SQLite's own
        """As Connection."""
        found = super().execute(statement, values)
        if statement == "COMMIT" and not self.has_failed:
            self.has_failed = True
            raise sqlite3.OperationalError("disk I/O error")
        return found


# A ledger on a disk that is full, or may not be written


@pytest.mark.parametrize(
    ("calls", "error"),
    [
        (BY_SQLITE, errno.ENOSPC),
        (BY_SQLITE, errno.EIO),
        (SYNCS, errno.ENOSPC),
        (("openat",), errno.EROFS),
        (("openat",), errno.EACCES),
    ],
)
def test_a_disk_that_takes_nothing_clears_nothing(
    store: FileEntryStore, data: Path, calls: tuple[str, ...], error: int
) -> None:
    """All can be read where reading is possible, and the same request clears it afterwards."""
    [one] = put(store, "one")
    rid = new_id()
    for _ in range(2):
        with pytest.raises(StorageError):
            with_failing(calls, lambda: store.clear(ALICE, TODAY, 0, rid), error)
        assert b" one\n" in text_of(store, 0)
        assert store.append_batch([one]) == [AGAIN]
    name = store.clear(ALICE, TODAY, 0, rid)
    assert (data / "diaries" / "alice" / "archive" / name).exists()
    assert store.append_batch([one]) == [AGAIN]
    put(store, "two")
    assert generation_of(store) == 1


def test_wherever_the_disk_is_full_a_clear_is_whole_or_repeated(data: Path) -> None:
    """Files grow to any size and no further: the server goes on, and so does one that is killed."""
    with open_entries(data) as store:
        before = put(store, *(f"before {number}" for number in range(40)))
        store.clear(ALICE, TODAY, 0, new_id())
        is_cleared = False
        for count, size in enumerate(range(0, 1_000_000, 6_000), start=1):
            entries = put(store, *(f"{size} {number}" for number in range(40)))
            text, rid = text_of(store, count), new_id()
            with disk_full_at(size), suppress(StorageError):
                store.clear(ALICE, TODAY, count, rid)
                is_cleared = True
            killed = data.with_name(f"killed at {size}")
            shutil.copytree(data, killed)
            for folder in (killed, data):
                with open_entries(folder) if folder is killed else _as_it_is(store) as now:
                    name = now.clear(ALICE, TODAY, count, rid)
                    archived = folder / "diaries" / "alice" / "archive" / name
                    assert archived.read_bytes() == text
                    assert now.append_batch(entries + before) == [AGAIN] * 80
                    assert now.list_days(ALICE, FIRST, LAST, 9).rows == ()
            if is_cleared:
                break
        assert is_cleared
        assert count > 5


def test_a_ledger_that_takes_nothing_keeps_only_those_out_who_need_it(
    store: FileEntryStore,
) -> None:
    """In a batch with entries of a clock ahead, and as soon as it takes rows again, nobody."""
    own = EntryId.make(NOON + 26 * HOUR, os.urandom(10))
    late, plain, other = ahead(own, NOON, NOON), entry("plain"), entry("bob's", user=BOB)
    for batch in ([late, other], [late, plain, other]):
        outcomes = with_failing(BY_SQLITE, lambda: store.append_batch(batch), errno.ENOSPC)  # noqa: B023 - called at once
        assert isinstance(outcomes[0], StorageError)
        assert str(outcomes[0]) == "the server's disk: the ledger: database or disk is full"
        assert outcomes[-1] == (NEW if len(batch) == 2 else AGAIN)
    assert store.append_batch([late, plain, other]) == [NEW, NEW, AGAIN]


def test_a_full_disk_at_a_start_is_said_with_what_to_do(data: Path) -> None:
    """There is nothing for `verify` to find; with room the next start is the first."""
    says = r"ledger\.sqlite3 cannot be used: database or disk is full; make room, then start$"

    def start() -> None:
        with opened(data):
            pass

    with pytest.raises(DataError, match=says):
        with_failing(BY_SQLITE, start, errno.ENOSPC)
    start()
    with opened(data) as store:
        put(store.entries, "one")
        store.entries.clear(ALICE, TODAY, 0, new_id())
    with opened(data) as store:
        with_failing(BY_SQLITE, lambda: put(store.entries, "two"), errno.ENOSPC)
        assert generation_of(store.entries) == 1


def test_an_older_ledger_is_served_by_no_start_that_cannot_begin_an_epoch(data: Path) -> None:
    """A full disk, say; the next start does both."""
    (data / LEDGER).write_bytes(make_older_ledger(data))

    def start() -> None:
        with opened(data):
            pass

    with pytest.raises(DataError, match="full"):
        with_failing(BY_SQLITE, start, errno.ENOSPC)
    with opened(data) as store:
        assert generation_of(store.entries) > EPOCH_STEP


@pytest.mark.parametrize("of", ["the ledger", "the accounts"])
def test_a_change_that_can_neither_be_made_nor_undone_is_a_fault_of_the_disk(
    tmp_path: Path, of: str
) -> None:
    """And nothing else; the next one undoes it."""
    connection = sqlite3.connect(
        tmp_path / LEDGER, isolation_level=None, factory=_NeitherMakesNorUndoes
    )
    connection.execute("CREATE TABLE days (user, day, generation)")
    with closing(connection):
        accounts = Connection(connection)

        def change() -> None:
            with accounts.transaction():
                accounts.execute("INSERT INTO days VALUES (1, 2, 3)")

        if of == "the ledger":
            connection.execute("DROP TABLE days")
            open_ledger(tmp_path / LEDGER).close()
            ledger = Ledger(connection)
            change = lambda: ledger.advance(ALICE, TODAY)  # noqa: E731
        connection.is_failing = True
        with pytest.raises((OSError, StorageError), match="disk I/O error"):
            change()
        connection.is_failing = False
        with pytest.raises((OSError, StorageError), match="within a transaction"):
            change()
        change()
        assert connection.execute("SELECT count(*) FROM days").fetchone() == (1,)


class _NeitherMakesNorUndoes(sqlite3.Connection):
    """It commits nothing and rolls nothing back while it `is_failing`."""

    is_failing = False

    def execute(self, statement: str, values: Any = (), /) -> sqlite3.Cursor:  # noqa: ANN401 - as SQLite's own
        """As Connection."""
        if self.is_failing and statement in {"COMMIT", "ROLLBACK"}:
            raise sqlite3.OperationalError("disk I/O error")
        return super().execute(statement, values)


def test_housekeeping_goes_on_though_the_accounts_cannot_follow(
    data: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """One line, and the checkpoint is made."""
    with opened(data) as store:
        put(store.entries, "one")
        store.entries.clear(ALICE, TODAY, 0, new_id())
        put(store.entries, "two")
        with closing(sqlite3.connect(data / ACCOUNTS)) as accounts:
            accounts.execute("DROP TABLE ledger")
        keep_house(data, store, lambda: not list((data / "journal").glob("*.journal")))
        assert caplog.messages == [
            "the accounts do not follow the ledger: accounts: no such table: ledger"
        ]


class DoubtfulConnection:
    """A ledger's connection whose commits are made, but not known to be durable."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.fails = False

    def __getattr__(self, name: str) -> object:
        return getattr(self._connection, name)

    def execute(self, statement: str, values: tuple[Any, ...] = ()) -> sqlite3.Cursor:
        """As sqlite3's; what commits has failed when it is over."""
        done = self._connection.execute(statement, values)
        if self.fails and (statement == "COMMIT" or statement.startswith("PRAGMA user_version =")):
            raise sqlite3.OperationalError("disk I/O error")
        return done


def test_the_accounts_are_told_no_stamp_that_a_power_cut_undoes(tmp_path: Path) -> None:
    """They would be ahead of the ledger then, and take it for an older one at the next start."""
    connection = DoubtfulConnection(open_ledger(tmp_path / LEDGER))
    ledger = Ledger(cast("sqlite3.Connection", connection))
    ledger.take_name(bytes(16))
    before = ledger.stamp()
    connection.fails = True
    with pytest.raises(OSError, match="disk I/O error"):
        ledger.advance(ALICE, TODAY)
    with pytest.raises(OSError, match="disk I/O error"):
        ledger.stamp()
    connection.fails = False
    after = ledger.stamp()
    assert before is not None
    assert after is not None
    assert after.changes > before.changes
    ledger.close()
