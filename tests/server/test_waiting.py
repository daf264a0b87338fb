"""Lines that wait for their day file: tried again and again, never half written, never let go."""

from pathlib import Path
from typing import Final

from diaryserver.composition import open_entries
from diaryserver.service.ports import Appended
from diaryserver.store.disk import Disk
from protocol.dayfile import Written, parse_day_file
from protocol.errors import BusyError
from protocol.identifiers import Day
from tests.server.faults import disk_full_at
from tests.server.store_contract import ALICE, EVERYTHING, entry

TODAY: Final = Day("2026-11-22")


def texts(data: bytes) -> list[str]:
    """Give the texts of a day; nothing may be foreign."""
    records = parse_day_file(data)
    assert all(isinstance(record, Written) for record in records)
    return [record.text for record in records if isinstance(record, Written)]


def test_a_day_file_on_a_full_disk_never_holds_half_of_what_waits(tmp_path: Path) -> None:
    """However often it is tried, and whatever part would fit; reading needs no room."""
    path = tmp_path / "diaries" / "alice" / f"{TODAY}.log"
    with open_entries(tmp_path) as store:
        store.append_batch([entry("long" * 200)])
        store.checkpoint()  # a new segment, shorter than the day file: the limit spares it
        before = path.read_bytes()
        with disk_full_at(len(before) + 100):
            waiting = [entry("x" * 30), entry("y" * 30)]
            assert store.append_batch(waiting) == [Appended(TODAY, duplicate=False)] * 2
            for _ in range(3):
                assert isinstance(store.append_batch([entry("later")])[0], BusyError)
                assert path.read_bytes() == before
                data = store.read(ALICE, TODAY, 0, 0, EVERYTHING).data
                assert texts(data) == ["long" * 200, "x" * 30, "y" * 30]
            store.checkpoint()
            assert path.read_bytes() == before
        assert store.append_batch(waiting) == [Appended(TODAY, duplicate=True)] * 2
        assert texts(path.read_bytes()) == ["long" * 200, "x" * 30, "y" * 30]
    assert not (path.parent / "quarantine").exists()


class _Unlucky(Disk):
    """Its next syncfs fails; then the next write does, which is that of a day file."""

    left = 0

    def sync_all(self, descriptor: int) -> None:
        """As Disk."""
        if self.left == 2:
            self.left = 1
            raise OSError(5, "Input/output error")
        super().sync_all(descriptor)

    def write(self, descriptor: int, data: bytes) -> None:
        """As Disk."""
        if self.left == 1:
            self.left = 0
            raise OSError(28, "No space left on device")
        super().write(descriptor, data)


def test_what_cannot_be_written_again_after_a_failed_checkpoint_is_not_let_go(
    tmp_path: Path,
) -> None:
    """The journal keeps it, over a checkpoint that succeeds for everybody else."""
    disk = _Unlucky()
    path = tmp_path / "diaries" / "alice" / f"{TODAY}.log"
    with open_entries(tmp_path, disk=disk) as store:
        one = entry("one")
        store.append_batch([one])
        disk.left = 2
        store.checkpoint()
        store.checkpoint()
        assert disk.left == 0
        assert path.read_bytes() == b""
        assert list((tmp_path / "journal").iterdir())
        assert texts(store.read(ALICE, TODAY, 0, 0, EVERYTHING).data) == ["one"]
        assert texts(path.read_bytes()) == ["one"]
        assert store.append_batch([one]) == [Appended(TODAY, duplicate=True)]
    assert texts(path.read_bytes()) == ["one"]
    assert list((tmp_path / "journal").iterdir()) == []
