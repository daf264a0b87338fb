"""Verify, repair, backup, restore and recover know compressed days."""

import gzip
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from diaryserver.errors import DataError
from diaryserver.maintenance.backup import back_up
from diaryserver.maintenance.recovery import days_in, list_aside
from diaryserver.maintenance.repair import repair as repair_with
from diaryserver.maintenance.restore import FaultyBackupError, Keys, restore
from diaryserver.maintenance.upkeep import Upkeep
from diaryserver.maintenance.verify import verify
from diaryserver.service.work.threads import call_here
from diaryserver.store.disk.gzipped import compress
from tests.server.estate import (
    A_DAY,
    ALICE,
    BOB,
    TODAY,
    YESTERDAY,
    clear,
    faults,
    found,
    line,
    opened,
    put,
    snapshot,
)
from tests.server.fakes import NOON, seeded
from tests.server.store_contract import compress_all

TODAYS: Final = f"diaries/alice/{TODAY}.log"
YESTERDAYS: Final = f"diaries/alice/{YESTERDAY}.log"
EVERY_MOMENT: Final = 0
"""As the time of a backup: every plain day's file may be being written, and the backup waits."""


def pack(path: Path) -> bytes:
    """Compress a day's file, as `gzip` does, and give its text."""
    text = path.read_bytes()
    path.with_name(f"{path.name}.gz").write_bytes(compress(text))
    path.with_name(f"{path.name}.gz").chmod(0o600)
    path.unlink()
    return text


def pack_all(data: Path) -> None:
    """Compress every day, also those of removed users."""
    for pattern in ("diaries/*/*.log", "removed/*/*.log"):
        for path in data.glob(pattern):
            pack(path)


def repair(data: Path) -> list[str]:
    """Repair, without a journal to replay."""
    return list(repair_with(data, lambda: None))


def texts(folder: Path) -> dict[str, bytes]:
    """Give the text of every day, archives and removed diaries included, by its plain name."""
    files = [path for path in folder.rglob("*.log*") if path.is_file()]
    return {
        str(path.relative_to(folder)).removesuffix(".gz"): gzip.decompress(path.read_bytes())
        if path.suffix == ".gz"
        else path.read_bytes()
        for path in files
    }


# Verify and repair


def test_compressed_days_are_looked_into(data: Path) -> None:
    """As many files and entries as before, and faults by the line of the text."""
    before = verify(data)
    text = (data / TODAYS).read_bytes()
    (data / TODAYS).write_bytes(text + b"by hand\n" + text)
    pack_all(data)
    assert verify(data).files == before.files
    assert found(data) == [
        (f"{TODAYS}.gz", 4, "foreign-line"),
        (f"{TODAYS}.gz", 5, "duplicate"),
        (f"{TODAYS}.gz", 6, "duplicate"),
    ]


def test_a_damaged_day_is_named_with_what_to_do(data: Path) -> None:
    """Nothing of its text is shown, and repair leaves it as it is."""
    pack_all(data)
    path = data / f"{TODAYS}.gz"
    path.write_bytes(path.read_bytes()[:-3])
    (fault,) = faults(data)
    assert str(fault) == f"{TODAYS}.gz: damaged: it is cut off; restore it from a backup"
    assert repair(data) == []
    assert found(data) == [(f"{TODAYS}.gz", 0, "damaged")]


def test_repair_mends_a_compressed_day_as_a_plain_one(data: Path) -> None:
    """What it held twice and a torn end go into quarantine, and the day is plain then."""
    text = (data / TODAYS).read_bytes()
    (data / TODAYS).write_bytes(text + text + b"torn")
    pack_all(data)
    assert repair(data) == [
        f"{TODAYS}.gz: the torn end is in quarantine now",
        f"{TODAYS}.gz: {len(text)} bytes that it held twice dropped; as it was, in quarantine",
    ]
    assert (data / TODAYS).read_bytes() == text
    assert not (data / f"{TODAYS}.gz").exists()
    assert found(data) == []
    assert repair(data) == []


def test_what_compressing_left_is_a_note_and_repair_clears_it_away(data: Path) -> None:
    """Half a file, and a compressed day beside the plain one: no fault, and nothing is lost."""
    text = (data / TODAYS).read_bytes()
    for name, content in (
        (f"diaries/alice/.{TODAY}.log.gz.new", b"half"),
        (f"diaries/alice/.{YESTERDAY}.log.new", b"half"),
        (f"{TODAYS}.gz", compress(text)),
    ):
        (data / name).write_bytes(content)
        (data / name).chmod(0o600)
    report = verify(data)
    assert report.faults == []
    assert {note.kind for note in report.findings} == {"leftover"}
    assert len(report.findings) == 3
    assert len(repair(data)) == 3
    assert verify(data).findings == []
    assert (data / TODAYS).read_bytes() == text


# Back up and restore


def test_a_compressed_day_is_backed_up_as_it_is_and_comes_back(data: Path, folder: Path) -> None:
    """A damaged one too, which restore names and does not put back unasked."""
    pack_all(data)
    before = texts(data)
    (data / f"diaries/alice/.{TODAY}.log.gz.new").write_bytes(b"half")
    back_up(data, folder / "copy", lambda: None, NOON, with_keys=True)
    restore(folder / "copy", folder / "restored", Keys(), seeded(), NOON, accept=False)
    assert verify(folder / "restored").findings == []
    assert texts(folder / "restored") == before
    path = data / f"{TODAYS}.gz"
    path.write_bytes(path.read_bytes()[:-3])
    back_up(data, folder / "damaged", lambda: None, NOON, with_keys=True)
    with pytest.raises(FaultyBackupError) as refused:
        restore(folder / "damaged", folder / "new", Keys(), seeded(), NOON, accept=False)
    assert [fault.kind for fault in refused.value.faults] == ["damaged"]
    copy = folder / f"copy/{TODAYS}.gz"
    copy.write_bytes(copy.read_bytes() + b"\0")
    with pytest.raises(DataError, match=f"{TODAY}.log.gz: changed"):
        restore(folder / "copy", folder / "new", Keys(), seeded(), NOON, accept=False)


class Meanwhile:
    """A barrier at which things happen when the backup waits there, one after the other."""

    def __init__(self, *happens: Callable[[], object]) -> None:
        """Nothing happened yet."""
        self._happens = list(happens)

    def __call__(self) -> None:
        """As a barrier."""
        if self._happens:
            self._happens.pop(0)()


@pytest.mark.parametrize("moment", range(4))
@pytest.mark.parametrize("what", ["compressed", "made plain", "compressed and made plain"])
def test_a_day_that_changes_its_form_meanwhile_is_in_it_once(
    data: Path, folder: Path, moment: int, what: str
) -> None:
    """Whenever that is, and whatever inodes the new files get."""
    with opened(data) as store:
        for earlier in range(2, 6):
            put(store, f"{earlier} days ago", at=NOON - earlier * A_DAY)
        store.accounts.add_user(BOB, NOON)
        put(store, "bob is back", BOB, NOON - 3 * A_DAY)
        if what == "made plain":
            compress_all(store.day_files)
            put(store, "more", at=NOON - 5 * A_DAY)
            put(store, "more", at=NOON - 3 * A_DAY)
    before = texts(data)

    def change() -> None:
        with opened(data) as store:
            if what != "made plain":
                compress_all(store.day_files)
            if what != "compressed":
                for earlier in range(6):
                    put(store, "written meanwhile", at=NOON - earlier * A_DAY)

    waits = [lambda: None] * moment
    back_up(data, folder / "copy", Meanwhile(*waits, change), EVERY_MOMENT, with_keys=True)
    copied = texts(folder / "copy")
    assert copied.keys() == before.keys()
    assert all(copied[name].startswith(text) for name, text in before.items())
    assert len(list((folder / "copy").rglob("*.log*"))) == len(before)
    restore(folder / "copy", folder / "restored", Keys(), seeded(), NOON, accept=False)
    assert verify(folder / "restored").findings == []


def test_the_inode_of_a_day_that_was_compressed_is_no_trace_of_it(data: Path, folder: Path) -> None:
    """A file system gives it to another day's file, in another diary too: that is no move."""
    carol = data / f"diaries/carol/{TODAY}.log"
    carol.parent.mkdir(mode=0o700)

    def reuse() -> None:
        text = (data / YESTERDAYS).read_bytes()
        inode = (data / YESTERDAYS).stat().st_ino
        (data / f"{YESTERDAYS}.gz").write_bytes(compress(text))
        # As the file system would give the inode away again: the same one under a new name.
        (data / YESTERDAYS).rename(carol)
        carol.write_bytes(line("carol's"))
        assert carol.stat().st_ino == inode

    back_up(data, folder / "copy", Meanwhile(lambda: None, reuse), EVERY_MOMENT, with_keys=True)
    assert (folder / "copy" / YESTERDAYS).exists()
    assert (folder / f"copy/diaries/carol/{TODAY}.log").read_bytes() == carol.read_bytes()


def test_a_day_compressed_and_cleared_meanwhile_is_in_it(data: Path, folder: Path) -> None:
    """As a day, as an archive, or both: what was there when it began is not lost."""
    before = texts(data)[YESTERDAYS]

    def change() -> None:
        with opened(data) as store:
            compress_all(store.day_files)
            clear(store, YESTERDAY)

    for moment in range(3):
        copy = folder / f"copy-{moment}"
        work = shutil.copytree(data, folder / f"data-{moment}")
        data = work
        waits = [lambda: None] * moment
        back_up(work, copy, Meanwhile(*waits, change), EVERY_MOMENT, with_keys=True)
        assert before in texts(copy).values()
        data = folder / "data"


# Recover


def test_a_removed_diary_comes_back_from_compressed_days(data: Path) -> None:
    """Of two files of a day the plain one; a damaged one is listed without entries."""
    pack_all(data)
    (removed,) = [each for each in list_aside(data) if each.name.startswith("bob.")]
    (path,) = days_in(data, removed)
    assert path.endswith(f"{TODAY}.log.gz")
    text = gzip.decompress((data / path).read_bytes())
    assert (removed.entries, removed.size) == (1, len(text))
    before = snapshot(data / removed.path)
    with opened(data) as store:
        store.accounts.add_user(BOB, NOON)
        upkeep = Upkeep(data, store.accounts, store.day_files, call_here)
        assert upkeep.recover(path, "bob") == 1
        assert upkeep.recover(path, "bob") == 0
        assert store.entries.list_days(BOB, TODAY, TODAY, 1).rows[0].entries == 1
    assert snapshot(data / removed.path) == before
    (data / path.removesuffix(".gz")).write_bytes(text)
    assert days_in(data, removed) == [path.removesuffix(".gz")]
    (data / path.removesuffix(".gz")).unlink()
    (data / path).write_bytes(b"no gzip")
    (removed,) = [each for each in list_aside(data) if each.name.startswith("bob.")]
    assert removed.entries == 0


def test_a_cleared_day_comes_back_into_a_compressed_one(data: Path) -> None:
    """Those entries that the day lacks, behind what it has; twice adds nothing."""
    with opened(data) as store:
        compress_all(store.day_files)
        upkeep = Upkeep(data, store.accounts, store.day_files, call_here)
        (aside,) = [each for each in list_aside(data) if each.name == f"{ALICE}/{TODAY}.0"]
        (path,) = days_in(data, aside)
        assert upkeep.recover(path, "alice") == 1
        compress_all(store.day_files)
        assert upkeep.recover(path, "alice") == 0
        assert store.entries.list_days(ALICE, TODAY, TODAY, 1).rows[0].entries == 3
    assert found(data) == []
