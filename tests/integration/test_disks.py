"""Small disks, mounted for real below a running server: full, read-only, and well again.

What is acknowledged stays, what is refused is refused with "ask again", and as soon as the fault is
gone the same id is stored, without a restart. They need root.
"""

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

import pytest

from protocol.identifiers import Day
from protocol.messages.base import Refusal
from protocol.messages.diary import Clear, Cleared
from tests.integration.stricken import LONG, QUIET_LOG, Diary, opened
from tests.integration.wire import new_id
from tests.programs import start_server

pytestmark = pytest.mark.system

SMALL: Final = "size=1m,mode=700"
ALICE: Final = "diaries/alice"


@contextmanager
def mounted(place: Path) -> Iterator[None]:
    """Put a small disk there."""
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    for folder in (place, *place.parents[:2]):
        folder.chmod(0o700)
    subprocess.run(["mount", "-t", "tmpfs", "-o", SMALL, "tmpfs", place], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", place], check=True)


def remount(place: Path, how: str) -> None:
    """Make a mounted disk read-only, `ro`, or not, `rw`."""
    subprocess.run(["mount", "-o", f"remount,{how}", place], check=True)


def fill(disk: Path) -> Path:
    """Leave no byte free on a disk; give the file to remove."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while file.write(bytes(4096)) == 4096:
                pass
        except OSError:
            return filler
    return filler


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """Undoes at the end, in reverse, what a test did to the machine."""
    with ExitStack() as undo:
        yield undo


def served(folder: Path, small: str, stack: ExitStack) -> Diary:
    """Serve with a small disk in place of the folder `small` of the data folder."""
    place = folder / "server" / "data" / small
    is_alices = small == ALICE
    if not is_alices:
        stack.enter_context(mounted(place))
    server = start_server(folder / "server")
    stack.callback(server.stop)
    diary = stack.enter_context(opened(server))
    if is_alices:  # whose folder must not be there before she is
        stack.enter_context(mounted(place))
    return diary


@pytest.mark.parametrize("small", [".", "journal"])
def test_a_full_disk_at_the_journal(tmp_path: Path, stack: ExitStack, small: str) -> None:
    """STORAGE and nothing half kept; as soon as there is room, the same id is stored."""
    diary = served(tmp_path, small, stack)
    assert diary.put("before") == ""
    filler = fill(diary.server.data / small)
    waits, code = diary.put_until_refused()
    assert code == "STORAGE"
    for _ in range(20):
        assert diary.put(LONG) == "STORAGE"
    assert diary.answers()
    filler.unlink()
    assert diary.put(LONG, waits) == ""
    assert diary.put("after") == ""
    diary.check()
    assert diary.server.log.count("\n") <= QUIET_LOG
    diary.server.restart()
    diary.check()


def test_a_full_disk_at_the_day_file(tmp_path: Path, stack: ExitStack) -> None:
    """Journalled means acknowledged: it waits, new ones are told BUSY, then all goes on."""
    diary = served(tmp_path, ALICE, stack)
    assert diary.put("before") == ""
    filler = fill(diary.server.data / ALICE)
    waits, code = diary.put_until_refused()
    assert code == "BUSY"
    whole = diary.ids()
    assert whole == diary.stored[: len(whole)]
    assert len(whole) == len(diary.stored) - 1
    assert diary.answers()
    filler.unlink()
    assert diary.put(LONG, waits) == ""
    diary.check()
    assert diary.server.log.count("\n") <= QUIET_LOG


def test_what_waits_for_a_full_disk_outlives_a_kill(tmp_path: Path, stack: ExitStack) -> None:
    """A start finds the journal, cannot write either, serves, and catches up when there is room."""
    diary = served(tmp_path, ALICE, stack)
    assert diary.put("before") == ""
    filler = fill(diary.server.data / ALICE)
    waits, _ = diary.put_until_refused()
    diary.server.process.kill()
    diary.server.restart()
    assert diary.put(LONG, waits) == "BUSY"
    filler.unlink()
    assert diary.put(LONG, waits) == ""
    diary.check()


def test_a_full_disk_at_the_ledger(tmp_path: Path, stack: ExitStack) -> None:
    """A day is cleared as soon as there is room, by the same request; a start needs none."""
    diary = served(tmp_path, ".", stack)
    assert diary.put("before") == ""
    filler = fill(diary.server.data)
    day = Day(diary.file.name.removesuffix(".log"))
    rid = new_id()
    for _ in range(3):
        refused = diary.token.ask(Clear(day, 0), rid)
        assert isinstance(refused, Refusal)
        assert refused.code == "STORAGE"
    diary.check()
    diary.server.restart()
    diary.check()
    filler.unlink()
    assert isinstance(diary.token.ask(Clear(day, 0), rid), Cleared)
    assert isinstance(diary.token.ask(Clear(day, 0), rid), Cleared)


def test_day_files_that_turn_read_only_and_back(tmp_path: Path, stack: ExitStack) -> None:
    """As a full disk: what the journal has is acknowledged and catches up."""
    diary = served(tmp_path, ALICE, stack)
    assert diary.put("before") == ""
    remount(diary.server.data / ALICE, "ro")
    assert diary.put("journalled") == ""
    late = new_id()
    assert diary.put("late", late) == "BUSY"
    remount(diary.server.data / ALICE, "rw")
    assert diary.put("late", late) == ""
    diary.check()


def test_a_journal_that_turns_read_only_and_back(tmp_path: Path, stack: ExitStack) -> None:
    """Nothing is acknowledged meanwhile."""
    diary = served(tmp_path, "journal", stack)
    assert diary.put("before") == ""
    # A checkpoint closes the segment, or the kernel would not let the disk turn read-only.
    diary.server.add_user("bob")
    diary.server.operate("user", "remove", "bob", "--yes")
    remount(diary.server.data / "journal", "ro")
    late = new_id()
    assert diary.put("late", late) == "STORAGE"
    assert diary.put("late", late) == "STORAGE"
    remount(diary.server.data / "journal", "rw")
    assert diary.put("late", late) == ""
    diary.check()
