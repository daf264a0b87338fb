"""A data folder as a server leaves it, for tests of what looks after one."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from diaryserver.datalock import own_data
from diaryserver.engine import Data, open_data
from diaryserver.maintenance.faults import Fault
from diaryserver.maintenance.verify import verify
from diaryserver.service.ports.entries import Appended
from protocol.dayfile import Written, format_record
from protocol.identifiers import Day, EntryId, Username
from protocol.stamp import Stamp
from tests.server.fakes import NOON, new_id
from tests.server.store_contract import entry

ALICE: Final = Username("alice")
BOB: Final = Username("bob")
TODAY: Final = Day("2026-11-22")
YESTERDAY: Final = Day("2026-11-21")
A_DAY: Final = 86_400_000
SECRET: Final = "words that nobody else may read"


@contextmanager
def opened(folder: Path) -> Iterator[Data]:
    """Own and open a data folder, making it if there is none."""
    with own_data(folder), open_data(folder) as data:
        yield data


def put(data: Data, text: str, user: Username = ALICE, at: int = NOON) -> EntryId:
    """Store an entry and give its id."""
    append = entry(text, user=user, at=at)
    assert isinstance(data.entries.append_batch([append])[0], Appended)
    return append.id


def clear(data: Data, day: Day = TODAY, generation: int = 0, user: Username = ALICE) -> str:
    """Set a day aside and give the archive's name."""
    return data.entries.clear(user, day, generation, new_id())


def line(text: str, entry_id: EntryId | None = None, at: int = NOON) -> bytes:
    """Give an entry's bytes, written by hand."""
    return format_record(Written(Stamp(at, 0), entry_id or new_id(), text))


def make_estate(folder: Path) -> None:
    """Alice has two days and a cleared one; bob had a diary and was removed."""
    with opened(folder) as data:
        data.accounts.add_user(ALICE, NOON)
        bob = data.accounts.add_user(BOB, NOON)
        put(data, "cleared")
        clear(data)
        put(data, "one")
        put(data, "two\nof two lines")
        put(data, "before", at=NOON - A_DAY)
        put(data, "bob's", BOB)
        data.accounts.remove_user(bob, NOON)
        data.entries.retire(BOB, bob.uid)


def found(folder: Path) -> list[tuple[str, int, str]]:
    """Verify, and give file, line and kind of each fault."""
    return [(fault.file, fault.line, fault.kind.value) for fault in faults(folder)]


def faults(folder: Path) -> list[Fault]:
    """Verify, and give the faults."""
    return verify(folder).faults


def snapshot(folder: Path) -> dict[str, tuple[int, int, bytes]]:
    """Give mode, time of the last change (ns) and content of all that lies in a folder."""
    return {
        str(path.relative_to(folder)): (
            path.lstat().st_mode,
            path.lstat().st_ctime_ns,
            path.read_bytes() if path.is_file() else b"",
        )
        for path in sorted(folder.rglob("*"))
    }
