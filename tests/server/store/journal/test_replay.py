"""After a failed or suspect sync nothing moves on trust, and replay believes bytes, never ids."""

import errno
import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Final

import pytest

from diaryserver.engine import open_entries
from diaryserver.service.ports.entries import Appended
from diaryserver.store.disk.disk import Disk
from diaryserver.store.journal.journal import CHECKPOINT_BYTES, MAX_DAMAGED
from protocol.dayfile import Foreign, parse_day_file
from protocol.errors import StorageError
from tests.server.fakes import new_id
from tests.server.faults import with_failing
from tests.server.forgetful import ForgetfulDisk, PowerCutError
from tests.server.store_contract import ALICE, EVERYTHING, TODAY, entry

NEW: Final = Appended(TODAY, duplicate=False)
AGAIN: Final = Appended(TODAY, duplicate=True)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder."""
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    return folder


def today(data: Path) -> Path:
    """Give alice's file."""
    return data / "diaries" / "alice" / f"{TODAY}.log"


def texts(data: bytes) -> list[str]:
    """Give the texts in a file, which has nothing else."""
    found = []
    for record in parse_day_file(data):
        assert not isinstance(record, Foreign), record
        found.append(getattr(record, "text", ""))
    return found


def journals(data: Path) -> list[str]:
    """Give the names in the journal's folder."""
    return sorted(path.name for path in (data / "journal").iterdir())


def as_killed(data: Path) -> Path:
    """Give a copy of what lies there now: all that a process leaves which is killed just now."""
    copy = data.with_name(f"copy-{len(list(data.parent.iterdir()))}")
    shutil.copytree(data, copy)
    return copy


# Replay


@pytest.mark.parametrize("left", [0, 40, 4096])
@pytest.mark.parametrize("zeros", [False, True])
def test_a_record_torn_behind_a_clear_is_written_again(
    data: Path, left: int, *, zeros: bool
) -> None:
    """Its id stands in the file, its text does not: write, clear, write 7 KB, lose the power."""
    text = "long " * 1400
    with open_entries(data) as store:
        assert store.append_batch([entry("one")]) == [NEW]
        store.clear(ALICE, TODAY, 0, new_id())
        late = entry(text)
        assert store.append_batch([late]) == [NEW]
        copy = as_killed(data)
    whole = today(copy).read_bytes()
    cut = whole[:left] + (bytes(len(whole) - left) if zeros else b"")
    today(copy).write_bytes(cut)
    with open_entries(copy) as store:
        assert today(copy).read_bytes() == whole
        assert store.append_batch([late]) == [AGAIN]


def test_a_record_torn_after_a_full_disk_healed_is_written_again(data: Path) -> None:
    """The journal names the file twice then, as it was before and after."""
    disk = _FullOnce()
    with open_entries(data, disk=disk) as store:
        assert store.append_batch([entry("one")]) == [NEW]
        disk.is_full = True
        assert store.append_batch([entry("two")]) == [NEW]
        assert store.append_batch([entry("three")]) == [NEW]
        killed = as_killed(data)
    whole = today(killed).read_bytes()
    assert texts(whole) == ["one", "two", "three"]
    for length in range(0, len(whole), 7):
        copy = as_killed(killed)
        today(copy).write_bytes(whole[:length])
        with open_entries(copy):
            assert today(copy).read_bytes() == whole


class _FullOnce(Disk):
    """The next day file does not grow."""

    is_full = False

    def write(self, descriptor: int, data: bytes) -> None:
        """As Disk."""
        if self.is_full and Path(f"/proc/self/fd/{descriptor}").readlink().suffix == ".log":
            self.is_full = False
            super().write(descriptor, data[: len(data) // 2])
            raise OSError(errno.ENOSPC, "No space left on device")
        super().write(descriptor, data)


@pytest.mark.parametrize("place", ["one", "two", "three"])
def test_a_flipped_bit_in_the_journal_takes_nothing_out_and_is_kept(data: Path, place: str) -> None:
    """The file has the entry whole; the damaged segment stays for whoever wants to look."""
    with open_entries(data) as store:
        for text in ("one", "two", "three"):
            assert store.append_batch([entry(text)]) == [NEW]
        data = as_killed(data)
    whole = today(data).read_bytes()
    [segment] = (data / "journal").iterdir()
    damaged = segment.read_bytes().replace(place.encode() + b"\n", place.upper().encode() + b"\n")
    segment.write_bytes(damaged)
    with open_entries(data) as store:
        assert store.read(ALICE, TODAY, 0, 0, EVERYTHING).data == whole
    assert journals(data) == [f"{segment.name}.damaged"]
    assert (data / "journal" / f"{segment.name}.damaged").read_bytes() == damaged


def test_of_damaged_segments_the_newest_are_kept(data: Path) -> None:
    """Whatever a disk does, they fill no other one."""
    for number in range(MAX_DAMAGED + 3):
        with open_entries(data) as store:
            assert store.append_batch([entry(f"entry {number}")]) == [NEW]
            data = as_killed(data)
        segment = next((data / "journal").glob("*.journal"))
        segment.write_bytes(segment.read_bytes().replace(b"entry", b"ENTRY"))
    with open_entries(data):
        pass
    assert len(journals(data)) == MAX_DAMAGED
    assert journals(data)[-1] == f"{MAX_DAMAGED + 3:016}.journal.damaged"


# Failed syncs


class _LosesOnce(ForgetfulDisk):
    """A sync of a day file fails once, and the kernel has dropped what it should have written.

    What is read goes on showing it; later syncs say yes (Rebello et al., ATC 2020).
    """

    is_failing = False

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self._dropped: set[int] = set()

    def stop(self) -> None:
        """Let the process be killed: nothing that it does reaches the disk from now on."""
        self.cut()

    def start(self) -> None:
        """Let another one begin."""
        self._cut_after = None

    def write_at(self, descriptor: int, data: bytes, position: int) -> None:
        """As Disk; what is written again is there again."""
        super().write_at(descriptor, data, position)
        self._dropped.discard(os.fstat(descriptor).st_ino)

    def sync(self, descriptor: int) -> None:
        """As Disk."""
        inode = os.fstat(descriptor).st_ino
        if self.is_failing and Path(f"/proc/self/fd/{descriptor}").readlink().suffix == ".log":
            self.is_failing = False
            self._dropped.add(inode)
            raise OSError(errno.EIO, "Input/output error")
        if inode not in self._dropped:
            super().sync(descriptor)

    def sync_all(self, descriptor: int) -> None:
        """As Disk."""
        if not self._dropped:
            super().sync_all(descriptor)


def test_a_day_is_not_cleared_on_trust_after_its_sync_failed(data: Path) -> None:
    """What it holds is written again first: the archive is whole after the power cut."""
    disk = _LosesOnce(data)
    rid = new_id()
    with suppress(PowerCutError), open_entries(data, disk=disk) as store:
        assert store.append_batch([entry("one")]) == [NEW]
        disk.is_failing = True
        with pytest.raises(StorageError):
            store.clear(ALICE, TODAY, 0, rid)
        name = store.clear(ALICE, TODAY, 0, rid)
        disk.cut()
    disk.lose()
    with open_entries(data):
        archived = data / "diaries" / "alice" / "archive" / name
        assert texts(archived.read_bytes()) == ["one"]


def test_a_repetition_is_not_answered_on_trust_after_its_sync_failed(data: Path) -> None:
    """It is durable in the journal; the checkpoint that drops that writes the file again."""
    disk = _LosesOnce(data)
    one = entry("one")
    with open_entries(data) as store:
        assert store.append_batch([entry("before")]) == [NEW]
    with suppress(PowerCutError), open_entries(data, disk=disk) as store:
        assert store.append_batch([one]) == [NEW]
        store._cache.forget(ALICE, TODAY)
        disk.is_failing = True
        assert isinstance(store.append_batch([one])[0], StorageError)
        assert store.append_batch([one]) == [AGAIN]
        store.checkpoint()
        disk.cut()
    disk.lose()
    with open_entries(data):
        assert texts(today(data).read_bytes()) == ["before", "one"]


def test_what_the_last_run_left_in_the_cache_is_written_again(data: Path) -> None:
    """It may have been killed after a sync failed: reads show what a power cut would lose."""
    disk = _LosesOnce(data)
    with suppress(PowerCutError), open_entries(data, disk=disk) as store:
        assert store.append_batch([entry("one")]) == [NEW]
        disk.is_failing = True
        with pytest.raises(StorageError):
            store.clear(ALICE, TODAY, 0, new_id())
        disk.stop()
    disk.start()
    with suppress(PowerCutError), open_entries(data, disk=disk) as store:
        disk.cut()
    disk.lose()
    with open_entries(data):
        assert texts(today(data).read_bytes()) == ["one"]


# The journal's folder


@pytest.mark.parametrize("how", ["removed", "moved away", "segment removed"])
def test_a_journal_that_somebody_took_away_is_noticed_before_the_next_acknowledgement(
    data: Path, how: str
) -> None:
    """All that no checkpoint covers is in a new one: the day file may lose every byte."""
    with open_entries(data) as store:
        assert store.append_batch([entry("one")]) == [NEW]
        if how == "removed":
            shutil.rmtree(data / "journal")
        elif how == "moved away":
            (data / "journal").rename(data / "not-the-journal")
        else:
            next((data / "journal").iterdir()).unlink()
        assert store.append_batch([entry("two")]) == [NEW]
        copy = as_killed(data)
    today(copy).write_bytes(b"")
    with open_entries(copy):
        assert texts(today(copy).read_bytes()) == ["one", "two"]


def test_a_journal_that_cannot_be_listed_refuses_no_durable_entry(data: Path) -> None:
    """A checkpoint that is due fails, is said, and is tried again; what is stored is stored."""
    with open_entries(data) as store:
        assert store.append_batch([entry("first")]) == [NEW]
        batch = [entry("x" * 30_000) for _ in range(CHECKPOINT_BYTES // 30_000 + 2)]
        outcomes = with_failing(("getdents64",), lambda: store.append_batch(batch))
        assert outcomes == [NEW] * len(batch)
        with_failing(("getdents64",), store.checkpoint)
        assert store.append_batch([entry("and on")]) == [NEW]
        store.checkpoint()
        assert journals(data) == []


def test_a_diary_with_lines_that_wait_is_not_moved_aside(data: Path) -> None:
    """What the journal still has would begin the removed diary anew after a crash."""
    disk = _FullOnce()
    with open_entries(data, disk=disk) as store:
        disk.is_full = True
        assert store.append_batch([entry("one")]) == [NEW]
        store.retire(ALICE, bytes(16))
        kept = data / "removed" / f"alice.{bytes(16).hex()}" / f"{TODAY}.log"
        assert texts(kept.read_bytes()) == ["one"]
        assert journals(data) == []
