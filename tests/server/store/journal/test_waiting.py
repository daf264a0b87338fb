"""Lines that wait for their day file: tried again and again, never half written, never let go."""

from pathlib import Path

from diaryserver.engine import open_entries
from diaryserver.service.ports.entries import Appended
from diaryserver.store.disk.disk import Disk
from protocol.dayfile import Written, fold, parse_day_file
from protocol.errors import BusyError, ConflictError
from tests.server.fakes import new_id
from tests.server.faults import disk_full_at
from tests.server.store_contract import ALICE, EVERYTHING, TODAY, amending, entry, removing


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
    """Its next syncfs fails; then a day file's being written again does, once."""

    left = 0
    rewritten = 0

    def sync_all(self, descriptor: int) -> None:
        """As Disk."""
        if self.left == 2:
            self.left = 1
            raise OSError(5, "Input/output error")
        super().sync_all(descriptor)

    def write_at(self, descriptor: int, data: bytes, position: int) -> None:
        """As Disk."""
        if self.left == 1:
            self.left = 0
            raise OSError(28, "No space left on device")
        super().write_at(descriptor, data, position)
        self.rewritten += 1


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
        assert texts(store.read(ALICE, TODAY, 0, 0, EVERYTHING).data) == ["one"]
        assert (disk.rewritten, len(list((tmp_path / "journal").iterdir()))) == (0, 1)
        store.checkpoint()
        assert (disk.rewritten, list((tmp_path / "journal").iterdir())) == (1, [])
        assert store.append_batch([one]) == [Appended(TODAY, duplicate=True)]
    assert texts(path.read_bytes()) == ["one"]
    assert list((tmp_path / "journal").iterdir()) == []


def test_a_change_that_waits_is_known_and_others_wait_for_it(tmp_path: Path) -> None:
    """Acknowledged out of the journal: a repetition is answered, a further change is not yet."""
    path = tmp_path / "diaries" / "alice" / f"{TODAY}.log"
    original, own = new_id(), new_id()
    with open_entries(tmp_path) as store:
        store.append_batch([entry("long" * 200, original)])
        store.checkpoint()  # a new segment, shorter than the day file: the limit spares it
        change = amending(original, "short", None, own)
        with disk_full_at(path.stat().st_size + 20):
            assert store.append_batch([change]) == [Appended(TODAY, duplicate=False)]
            assert store.append_batch([change]) == [Appended(TODAY, duplicate=True)]
            [row] = store.list_days(ALICE, TODAY, TODAY, 1).rows
            assert row.entries == 1
            data = store.read(ALICE, TODAY, 0, 0, EVERYTHING).data
            assert [each.text for each in fold(parse_day_file(data))] == ["short"]
            [conflict] = store.append_batch([removing(original, None, own)])
            assert isinstance(conflict, ConflictError)
            [later] = store.append_batch([removing(original, own)])
            assert isinstance(later, BusyError)
        assert store.append_batch([removing(original, own)]) == [Appended(TODAY, duplicate=False)]
    assert fold(parse_day_file(path.read_bytes())) == []
