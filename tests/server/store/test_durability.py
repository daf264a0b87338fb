"""What an acknowledgement is worth: power cuts, failing disks, damaged journals, full disks."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diaryserver.engine import open_entries
from diaryserver.service.ports.entries import Appended, Outcome, Writing
from diaryserver.store.days.written_form import format_writing
from diaryserver.store.disk.disk import Disk
from diaryserver.store.files import FileEntryStore
from diaryserver.store.journal.journal import CHECKPOINT_BYTES
from diaryserver.store.journal.records import (
    Base,
    Damage,
    JournalRecord,
    Line,
    encode_record,
    read_records,
)
from diaryserver.store.journal.writer import FILES_AT_ONCE
from protocol.dayfile import Foreign, parse_day_file
from protocol.errors import BusyError, NotFoundError, StaleError, StorageError
from protocol.identifiers import Day, EntryId, Username
from tests.server.fakes import NOON, new_id
from tests.server.faults import disk_full_at, with_failing
from tests.server.forgetful import (
    ForgetfulDisk,
    LyingDisk,
    PowerCutError,
    Survival,
    only_what_was_synced,
    torn,
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
    entry,
    removing,
    restoring,
)

HOUR: Final = 3_600_000
SURVIVALS: Final = (only_what_was_synced, with_a_hole, torn)


class Scribe:
    """Writes into a store and remembers what was acknowledged."""

    store: FileEntryStore

    def __init__(self) -> None:
        """Nothing is acknowledged yet; `attempted` is all that was ever handed over."""
        self.acknowledged: dict[EntryId, Writing] = {}
        self.attempted: dict[EntryId, Writing] = {}

    def write(self, *batch: Writing) -> list[Outcome]:
        """Append a batch."""
        self.attempted.update((writing.id, writing) for writing in batch)
        outcomes = self.store.append_batch(batch)
        for writing, outcome in zip(batch, outcomes, strict=True):
            if isinstance(outcome, Appended):
                self.acknowledged[writing.id] = writing
        return outcomes

    def clear(self, day: Day, user: Username = ALICE) -> None:
        """Set a day aside, if it has a file."""
        rows = self.store.list_days(user, day, day, 1).rows
        if rows:
            self.store.clear(user, day, rows[0].generation, new_id())


class Reader(Scribe):
    """A scribe who reads everything after each writing, as followers of a diary do."""

    def __init__(self) -> None:
        super().__init__()
        self.met: dict[tuple[Username, Day, int], bytes] = {}

    def write(self, *batch: Writing) -> list[Outcome]:
        """Append a batch, and read."""
        outcomes = super().write(*batch)
        for user in (ALICE, BOB):
            for row in self.store.list_days(user, FIRST, LAST, EVERYTHING).rows:
                read = self.store.read(user, row.day, row.generation, 0, row.size)
                self.met[user, row.day, row.generation] = read.data
        return outcomes


def live_a_little(scribe: Scribe) -> None:
    """What a store may see in a day: batches, two users, a clear, checkpoints, late entries.

    And changes of entries, in the batches of others.
    """
    one, amended, bobs, gone = (new_id() for _ in range(4))
    scribe.write(entry("one", one))
    scribe.write(
        entry("two\nlines"),
        entry("for bob", bobs, user=BOB),
        amending(one, "one,\namended", None, amended),
        entry("late", at=NOON - 24 * HOUR),
    )
    scribe.store.checkpoint()
    scribe.write(entry("three"), removing(one, amended), entry("four"))
    scribe.clear(TODAY)
    scribe.write(entry("five"), entry("again bob", user=BOB), removing(bobs, None, gone, user=BOB))
    scribe.write(entry("six", at=NOON + 24 * HOUR))
    scribe.store.checkpoint()
    scribe.write(restoring(bobs, gone, user=BOB), entry("seven", user=BOB))


def stored_ids(folder: Path) -> list[EntryId]:
    """Give the ids of all records in every day file and archive; nothing may be foreign."""
    files = sorted(set((folder / "diaries").rglob("*.log")))
    return [found for file in files for found in stored_ids_of(file)]


def stored_ids_of(file: Path) -> list[EntryId]:
    """Give the ids of all records in one file, in its order."""
    found: list[EntryId] = []
    for record in parse_day_file(file.read_bytes()):
        assert not isinstance(record, Foreign), (file, record)
        found.append(record.id)
    return found


def check(folder: Path, scribe: Scribe) -> None:
    """Acknowledged: there, once. Attempted: once or not at all. A retry: there, once."""
    with open_entries(folder) as store:
        found = stored_ids(folder)
        assert len(found) == len(set(found))
        assert set(scribe.acknowledged) <= set(found) <= set(scribe.attempted)
        outcomes = store.append_batch(list(scribe.attempted.values()))
        for writing, outcome in zip(scribe.attempted.values(), outcomes, strict=True):
            assert outcome == Appended(writing.day, duplicate=writing.id in found)
    assert sorted(stored_ids(folder)) == sorted(scribe.attempted)
    order = list(scribe.acknowledged)
    for file in (folder / "diaries").rglob("*.log"):
        ids = [one for one in stored_ids_of(file) if one in scribe.acknowledged]
        assert ids == sorted(ids, key=order.index)


def live_and_crash(
    folder: Path,
    disk: ForgetfulDisk,
    life: Callable[[Scribe], None] = live_a_little,
    scribe: Scribe | None = None,
    files_at_once: int = FILES_AT_ONCE,
) -> Scribe:
    """Open a store on a disk and live, until its power is cut, at the end of the life at last."""
    folder.mkdir(mode=0o700, exist_ok=True)
    scribe = scribe or Scribe()
    with (
        suppress(PowerCutError),
        open_entries(folder, disk=disk, files_at_once=files_at_once) as store,
    ):
        scribe.store = store
        life(scribe)
        disk.cut()
    return scribe


def calls_of_a_life(folder: Path) -> int:
    """Count the changes that a little life makes on a disk."""
    folder.mkdir(mode=0o700)
    disk = ForgetfulDisk(folder)
    live_and_crash(folder, disk)
    return disk.calls


@pytest.mark.parametrize("survival", SURVIVALS)
def test_a_power_cut_at_any_moment_loses_and_doubles_nothing(
    tmp_path: Path, survival: Survival
) -> None:
    """After every single change on the disk, whatever of the unsynced bytes is left."""
    total = calls_of_a_life(tmp_path / "count")
    assert total > 30
    for moment in range(total + 1):
        folder = tmp_path / f"life-{moment}"
        folder.mkdir(mode=0o700)
        disk = ForgetfulDisk(folder, cut_after=moment)
        scribe = live_and_crash(folder, disk)
        disk.lose(survival)
        check(folder, scribe)


@pytest.mark.parametrize("survival", SURVIVALS)
def test_what_was_read_is_read_again_after_a_power_cut(tmp_path: Path, survival: Survival) -> None:
    """The same bytes at the same place of that generation: who follows a day goes on behind."""
    total = calls_of_a_life(tmp_path / "count")
    compared = 0
    for moment in range(total + 1):
        folder = tmp_path / f"life-{moment}"
        folder.mkdir(mode=0o700)
        disk = ForgetfulDisk(folder, cut_after=moment)
        reader = Reader()
        live_and_crash(folder, disk, scribe=reader)
        disk.lose(survival)
        with open_entries(folder) as store:
            for (user, day, generation), met in reader.met.items():
                with suppress(StaleError):
                    again = store.read(user, day, generation, 0, len(met))
                    assert again.data == met
                    compared += 1
    assert compared > total


def test_a_kill_at_any_moment_loses_and_doubles_nothing(tmp_path: Path) -> None:
    """The same, with the page cache intact, as kill -9 leaves it."""
    total = calls_of_a_life(tmp_path / "count")
    for moment in range(total + 1):
        folder = tmp_path / f"life-{moment}"
        folder.mkdir(mode=0o700)
        scribe = live_and_crash(folder, ForgetfulDisk(folder, cut_after=moment))
        check(folder, scribe)


def test_day_files_that_trail_lose_and_double_nothing_either(tmp_path: Path) -> None:
    """Under load the lines of many batches are in the journal alone; the power goes at any time."""
    folder = tmp_path / "count"
    disk = ForgetfulDisk(tmp_path)
    live_and_crash(folder, disk, files_at_once=0)
    for moment in range(disk.calls + 1):
        folder = tmp_path / f"life-{moment}"
        folder.mkdir(mode=0o700)
        cut = ForgetfulDisk(folder, cut_after=moment)
        scribe = live_and_crash(folder, cut, files_at_once=0)
        if moment % 2:  # else the page cache is intact, as kill -9 leaves it
            cut.lose(SURVIVALS[moment // 2 % len(SURVIVALS)])
        check(folder, scribe)


def test_a_store_that_does_not_sync_is_caught(tmp_path: Path) -> None:
    """The test above bites: with syncs that do nothing, acknowledged entries are gone."""
    folder = tmp_path / "life"
    folder.mkdir(mode=0o700)
    disk = LyingDisk(folder)
    scribe = live_and_crash(folder, disk)
    assert scribe.acknowledged
    disk.lose()
    with pytest.raises(AssertionError):
        check(folder, scribe)


@pytest.fixture
def tmp_path(folder: Path) -> Path:
    """In memory: the disks that lose what was not synced are made of code here."""
    return folder


@pytest.fixture
def crashed(tmp_path: Path) -> tuple[Path, Scribe]:
    """A folder whose journal holds entries that no checkpoint covers, and who wrote them."""
    folder = tmp_path / "crashed"
    folder.mkdir(mode=0o700)
    disk = ForgetfulDisk(folder)

    def four_entries(scribe: Scribe) -> None:
        for number in range(4):
            scribe.write(entry(f"entry {number}"))

    scribe = live_and_crash(folder, disk, four_entries)
    disk.lose()
    return folder, scribe


def segment_of(folder: Path) -> Path:
    """Give the one journal segment in a data folder."""
    [segment] = (folder / "journal").iterdir()
    return segment


def entries_after(folder: Path) -> list[EntryId]:
    """Open a store, as a start does, and give what it has then."""
    with open_entries(folder):
        pass
    return stored_ids(folder)


def test_a_journal_cut_at_any_byte_loses_only_what_was_cut(
    crashed: tuple[Path, Scribe], tmp_path: Path
) -> None:
    """A torn tail costs the records it tore, and never a whole one before it."""
    folder, scribe = crashed
    data = segment_of(folder).read_bytes()
    ids = list(scribe.acknowledged)
    ends = _ends_of_lines(data)
    for length in range(len(data)):
        copy = tmp_path / "copy"
        shutil.copytree(folder, copy)
        segment_of(copy).write_bytes(data[:length])
        assert entries_after(copy) == ids[: sum(end <= length for end in ends)]
        shutil.rmtree(copy)


def test_a_journal_flipped_at_any_byte_loses_only_that_record(
    crashed: tuple[Path, Scribe], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A bad record with valid ones behind it is corruption: they are recovered, and it is said."""
    folder, scribe = crashed
    data = segment_of(folder).read_bytes()
    ends = _ends_of_lines(data)
    for place in range(len(data)):
        copy = tmp_path / "copy"
        shutil.copytree(folder, copy)
        segment_of(copy).write_bytes(_flipped(data, place))
        caplog.clear()
        found = entries_after(copy)
        lost = set(scribe.acknowledged) - set(found)
        assert len(lost) <= 1
        assert len(found) == len(set(found))
        if place < ends[-2]:
            assert "is damaged from byte" in caplog.text
        shutil.rmtree(copy)


def _ends_of_lines(data: bytes) -> list[int]:
    ends, position = [], 0
    while (start := data.find(b"\xd1\x4aR\x01", position)) >= 0:
        length = int.from_bytes(data[start + 4 : start + 8], "big")
        position = start + 28 + length
        if b"line" in data[start:position]:
            ends.append(position)
    return ends


def test_a_day_file_damaged_behind_its_synced_length_is_written_again(tmp_path: Path) -> None:
    """Whatever a power cut left there: the entries are whole, what differed is in quarantine."""
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    with open_entries(folder) as store:
        scribe = Scribe()
        scribe.store = store
        scribe.write(entry("one"), entry("two"), entry("three"))
    path = day_path(tmp_path)
    whole = path.read_bytes()
    cut = [whole[:length] for length in range(len(whole))]
    flipped = [_flipped(whole, place) for place in range(len(whole))]
    for left in (*cut, *flipped, bytes(len(whole)), whole[:50] + bytes(80), b"\n"):
        _plant_journal(folder, scribe)
        path.write_bytes(left)
        assert entries_after(folder) == list(scribe.acknowledged)
        assert path.read_bytes() == whole
    kept = {file.read_bytes() for file in (path.parent / "quarantine").iterdir()}
    assert kept == {*flipped, bytes(len(whole)), whole[:50] + bytes(80), b"\n"}


def _flipped(data: bytes, place: int) -> bytes:
    return data[:place] + bytes((data[place] ^ 0x55,)) + data[place + 1 :]


def _plant_journal(folder: Path, scribe: Scribe) -> None:
    written = scribe.acknowledged.values()
    lines = [Line(ALICE, TODAY, 0, each.id, format_writing(each)) for each in written]
    records: list[JournalRecord] = [Base(ALICE, TODAY, 0, 0, 0), *lines]
    data = b"".join(encode_record(9, number, record) for number, record in enumerate(records))
    (folder / "journal" / f"{9:016}.journal").write_bytes(data)


@given(st.binary(max_size=300), st.integers(0, 3))
def test_any_bytes_are_a_journal(data: bytes, segment: int) -> None:
    """Reading a segment is total: records and damage, in order, nothing twice."""
    position = 0
    for item in read_records(data, segment):
        if isinstance(item, Damage):
            assert position <= item.start < item.end <= len(data)
            position = item.end


@settings(max_examples=60)
@given(st.lists(st.text(max_size=30).filter(str.strip), min_size=1, max_size=6), st.data())
def test_records_between_garbage_are_found(texts: list[str], data: st.DataObject) -> None:
    """Whatever stands between valid records, they all come back, in order."""
    lines = [Line(ALICE, TODAY, 0, new_id(), text.encode()) for text in texts]
    stream = b""
    for number, line in enumerate(lines):
        stream += data.draw(st.binary(max_size=20)) + encode_record(3, number, line)
    assert [item for item in read_records(stream, 3) if isinstance(item, Line)] == lines
    assert not [item for item in read_records(stream, 4) if isinstance(item, Line)]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Scribe]:
    """A store with one entry of alice's."""
    (tmp_path / "data").mkdir(mode=0o700)
    with open_entries(tmp_path / "data") as store:
        scribe = Scribe()
        scribe.store = store
        scribe.write(entry("first"))
        yield scribe


def day_path(tmp_path: Path, user: Username = ALICE) -> Path:
    """Give today's file."""
    return tmp_path / "data" / "diaries" / user / f"{TODAY}.log"


def fails(call: Callable[[], list[Outcome]], error: type[Exception]) -> bool:
    """Tell whether all outcomes are of this error."""
    return all(isinstance(outcome, error) for outcome in call())


def test_a_failed_sync_of_the_journal_acknowledges_nothing_and_starts_a_new_one(
    opened: Scribe, tmp_path: Path
) -> None:
    """The kernel may have dropped what it could not write: that descriptor is not used again."""
    journal = tmp_path / "data" / "journal"
    [before] = journal.iterdir()
    late = entry("second")
    refused = with_failing(("fdatasync", "fsync"), lambda: opened.write(late))
    assert isinstance(refused[0], StorageError)
    assert opened.write(late) == [Appended(TODAY, duplicate=False)]
    [after] = journal.iterdir()
    assert after.name > before.name
    held = read_records(after.read_bytes(), int(after.name[:16]))
    assert [item.id for item in held if isinstance(item, Line)] == list(opened.acknowledged)


def test_one_failed_sync_costs_nobody_an_acknowledgement(tmp_path: Path) -> None:
    """When the new segment works, the batch is acknowledged out of it."""
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    disk = _FailsOnce()
    with open_entries(folder, disk=disk) as store:
        scribe = Scribe()
        scribe.store = store
        scribe.write(entry("first"))
        disk.is_failing = True
        assert scribe.write(entry("second")) == [Appended(TODAY, duplicate=False)]
        assert not disk.is_failing
    assert stored_ids(folder) == list(scribe.acknowledged)


class _FailsOnce(Disk):
    """Its next sync fails, if `is_failing`."""

    is_failing = False

    def sync(self, descriptor: int) -> None:
        """As Disk."""
        if self.is_failing:
            self.is_failing = False
            raise OSError(5, "Input/output error")
        super().sync(descriptor)


def test_a_failed_checkpoint_keeps_the_journal_and_writes_everything_again(
    tmp_path: Path,
) -> None:
    """After a failed syncfs the page cache cannot be trusted; the next checkpoint rewrites."""
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    disk = _CheckpointFailsOnce(folder)

    def two_checkpoints(scribe: Scribe) -> None:
        scribe.write(entry("one"), entry("bob's", user=BOB))
        scribe.store.checkpoint()
        assert list((folder / "journal").iterdir())
        scribe.store.checkpoint()
        assert not list((folder / "journal").iterdir())

    scribe = live_and_crash(folder, disk, two_checkpoints)
    assert disk.rewritten == 2
    disk.lose()
    check(folder, scribe)


class _CheckpointFailsOnce(ForgetfulDisk):
    """Its first syncfs fails; it counts the day files that are written again afterwards."""

    rewritten = 0
    _failed = False

    def sync_all(self, descriptor: int) -> None:
        """As Disk."""
        if not self._failed:
            self._failed = True
            raise OSError(5, "Input/output error")
        super().sync_all(descriptor)

    def write_at(self, descriptor: int, data: bytes, position: int) -> None:
        """As Disk."""
        self.rewritten += self._failed
        super().write_at(descriptor, data, position)


def test_a_day_file_that_cannot_follow_is_read_as_if_it_had(opened: Scribe, tmp_path: Path) -> None:
    """Journalled means committed: it is acknowledged, read on top of the file, and caught up."""
    path = day_path(tmp_path)
    opened.write(entry("long" * 200))
    opened.store.checkpoint()  # a new segment, shorter than the day file: the limit spares it
    before = path.read_bytes()
    with disk_full_at(len(before) + 20):
        waiting = entry("x" * 60)
        outcomes = opened.write(waiting)
        assert outcomes == [Appended(TODAY, duplicate=False)]
        assert path.read_bytes() == before
        assert opened.write(waiting) == [Appended(TODAY, duplicate=True)]
        assert fails(lambda: opened.write(entry("later")), BusyError)
        [row] = opened.store.list_days(ALICE, FIRST, LAST, 9).rows
        assert (row.entries, row.size) == (3, len(before) + 60 + 66)
        whole = opened.store.read(ALICE, TODAY, 0, 0, EVERYTHING).data
        parts = [opened.store.read(ALICE, TODAY, 0, at, 7).data for at in range(0, len(whole), 7)]
        assert b"".join(parts) == whole
        assert len(parse_day_file(whole)) == 3
    assert opened.write(entry("after")) == [Appended(TODAY, duplicate=False)]
    assert path.read_bytes().startswith(whole)


def test_one_diary_that_cannot_follow_keeps_no_other_one_waiting(
    opened: Scribe, tmp_path: Path
) -> None:
    """Alice's file turned into a folder: her entries wait, bob's go on, a restart waits too."""
    path = day_path(tmp_path)
    content = path.read_bytes()
    size = path.stat().st_size
    path.unlink()
    path.mkdir()
    assert isinstance(opened.write(entry("refused"))[0], StorageError | Appended)
    assert opened.write(entry("bob's", user=BOB)) == [Appended(TODAY, duplicate=False)]
    opened.store.checkpoint()
    path.rmdir()
    path.write_bytes(content)
    assert opened.write(entry("works")) == [Appended(TODAY, duplicate=False)]
    assert size < path.stat().st_size


def test_a_full_journal_refuses_and_recovers_without_a_restart(
    opened: Scribe, tmp_path: Path
) -> None:
    """Nothing is half kept: the same entry is taken as soon as there is room."""
    late = entry("y" * 500)
    [segment] = (tmp_path / "data" / "journal").iterdir()
    with disk_full_at(segment.stat().st_size + 40):
        assert fails(lambda: opened.write(late), StorageError)
    assert opened.write(late) == [Appended(TODAY, duplicate=False)]
    assert stored_ids(tmp_path / "data") == list(opened.acknowledged)


def test_the_journal_is_dropped_when_it_is_large_and_at_an_orderly_stop(tmp_path: Path) -> None:
    """A crash never has more to do again than a checkpoint's worth."""
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    journal = folder / "journal"
    with open_entries(folder) as store:
        scribe = Scribe()
        scribe.store = store
        text = "z" * 1000
        for day in range(40):
            batch = [entry(text, at=NOON - day * 24 * HOUR) for _ in range(256)]
            scribe.write(*batch)
        assert sum(file.stat().st_size for file in journal.iterdir()) <= CHECKPOINT_BYTES + 400_000
    assert list(journal.iterdir()) == []
    assert sorted(stored_ids(folder)) == sorted(scribe.acknowledged)


def test_a_cleared_day_does_not_come_back_from_the_journal(tmp_path: Path) -> None:
    """The entries are in the archive; a crash right after writes none of them again."""
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    disk = ForgetfulDisk(folder)

    def write_and_clear(scribe: Scribe) -> None:
        scribe.write(entry("one"))
        scribe.clear(TODAY)

    scribe = live_and_crash(folder, disk, write_and_clear)
    disk.lose()
    with open_entries(folder) as store, pytest.raises(NotFoundError):
        store.read(ALICE, TODAY, 1, 0, 10)
    check(folder, scribe)


def test_a_file_that_logrotate_renamed_is_followed_through_a_crash(tmp_path: Path) -> None:
    """What was in it is neither lost nor written again; new entries get a new file."""
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    path = day_path(tmp_path)

    def rotated_between(scribe: Scribe) -> None:
        scribe.write(entry("before"))
        path.rename(path.with_name(path.name + ".1"))
        before = next(iter(scribe.acknowledged.values()))
        scribe.write(entry("behind"))
        assert scribe.write(before) == [Appended(TODAY, duplicate=True)]

    scribe = live_and_crash(folder, ForgetfulDisk(folder), rotated_between)
    before = next(iter(scribe.acknowledged.values()))
    with open_entries(folder) as store:
        assert len(parse_day_file(path.read_bytes())) == 1
        assert store.append_batch([before]) == [Appended(TODAY, duplicate=True)]
