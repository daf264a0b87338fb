"""What is wrong with the ledger, and a new one from what the files prove.

What no file proves any more stays unknown: ids in archives that were moved away. So a ledger that
is rebuilt begins a new epoch, and no reader takes a day for what it was before.
"""

import errno
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

from diaryserver.accounts.connection import Connection
from diaryserver.accounts.knownledger import KnownLedger
from diaryserver.accounts.schema import FIRST_WITH_LEDGER, version_of
from diaryserver.maintenance.databases import (
    Copies,
    copy_database,
    explain,
    integrity_faults,
    undo_cut_off_change,
)
from diaryserver.maintenance.faults import Fault, Kind
from diaryserver.maintenance.layout import ACCOUNTS, is_renamed_day
from diaryserver.maintenance.ledgerstamps import (
    NOT_CONTINUED,
    begin_anew,
    is_another,
    known_beside,
    match,
)
from diaryserver.store.days.archives import archived_of
from diaryserver.store.days.aside import meet
from diaryserver.store.disk.diary_folders import DiaryFolders
from diaryserver.store.disk.disk import Disk
from diaryserver.store.disk.user_folder import DAY_SUFFIX, UserFolder
from diaryserver.store.ledger.ledger import Ledger
from diaryserver.store.ledger.ledgerfile import LEDGER, LEDGER_VERSION, open_ledger
from diaryserver.store.ledger.ledgerstamp import read_stamp
from protocol.errors import StorageError
from protocol.identifiers import Day, Username

MAX_DAMAGED: Final = 16
"""Broken ledgers that are kept, as of journals; what else there is to know of ids is in them."""

_DAMAGED: Final = f"{LEDGER}.damaged"
_UNFINISHED: Final = f"{LEDGER}.new"
_PROVED: Final = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def ledger_faults(data: Path, copies: Copies) -> Iterator[Fault]:
    """Give what is wrong with the ledger; an older version had none."""
    if not (data / LEDGER).exists():
        if _is_missed(data, copies):
            note = "missing; --repair makes a new one of what the files prove"
            yield Fault(LEDGER, Kind.LEDGER, note)
        return
    known = _known_by_accounts(copies)  # first: they never know of more than there is
    try:
        with closing(copies.take(LEDGER)) as copy:
            notes = list(integrity_faults(copy, LEDGER_VERSION))
            if not notes and is_another(known, read_stamp(copy)):
                notes = [f"{NOT_CONTINUED}; the next start, or --repair, begins another epoch"]
            yield from (Fault(LEDGER, Kind.LEDGER, note) for note in notes)
    except sqlite3.DatabaseError as error:
        yield Fault(LEDGER, Kind.LEDGER, explain(error))


def mend_ledger(data: Path, random_bytes: Callable[[int], bytes]) -> Iterator[str]:
    """Make what the files prove of a ledger that is missing or broken, which is kept.

    Raise OSError.
    """
    path = data / LEDGER
    if undo_cut_off_change(path):
        yield f"{LEDGER}: a change that was cut off is undone"
    if not (_is_broken(path) if path.exists() else _is_missed(data, Copies(data))):
        return
    kept = f"; the broken one is {_set_aside(path)}" if path.exists() else ""
    _make_anew(path, random_bytes)
    with closing(DiaryFolders(data, Disk(), random_bytes)) as folders:
        days = sum(_meet_all(folders, user) for user in folders.users())
    yield f"{LEDGER}: made anew, with what files prove of {days} days{kept}"


def mend_stamp(data: Path, ledger: Ledger, random_bytes: Callable[[int], bytes]) -> Iterator[str]:
    """Begin another epoch if the ledger is not the one that the accounts knew, as a start does.

    Called when the journal is in the day files. Raise OSError or StorageError.
    """
    with known_beside(data / ACCOUNTS) as known:
        if known is not None and match(known, ledger, random_bytes):
            yield f"{LEDGER}: {NOT_CONTINUED}; every reader begins anew, in another epoch"


def _known_by_accounts(copies: Copies) -> tuple[bytes, int] | None:
    try:
        with closing(copies.take(ACCOUNTS)) as accounts:
            return KnownLedger(Connection(accounts)).stamp()
    except (sqlite3.DatabaseError, StorageError):
        return None  # an older version's know of none; what is wrong with them is said elsewhere


def _meet_all(folders: DiaryFolders, user: Username) -> int:
    with folders.user(user) as folder:
        days = set(_days_with_others(folder))
        for day in days:
            meet(folder, day)
        return len(days)


def _days_with_others(folder: UserFolder) -> Iterator[Day]:
    archived = filter(None, map(archived_of, folder.archive_names()))
    yield from (each.day for each in archived)
    renamed = filter(is_renamed_day, folder.names())
    yield from (Day(name.partition(DAY_SUFFIX)[0]) for name in renamed)


def _is_missed(data: Path, copies: Copies) -> bool:
    """Tell whether the accounts count on a ledger; what is wrong with them is said elsewhere."""
    if not (data / ACCOUNTS).exists():
        return False
    try:
        with closing(copies.take(ACCOUNTS)) as accounts:
            return version_of(accounts) >= FIRST_WITH_LEDGER
    except sqlite3.DatabaseError:
        return False


def _set_aside(path: Path) -> str:
    """Keep a broken ledger beside what others were kept before, and give its name."""
    names = [_DAMAGED, *(f"{_DAMAGED}.{number}" for number in range(2, MAX_DAMAGED + 1))]
    name = next((each for each in names if not path.with_name(each).exists()), None)
    if name is None:
        raise OSError(errno.EEXIST, f"{MAX_DAMAGED} broken ones are kept; move them away", path)
    path.replace(path.with_name(name))
    path.with_name(f"{LEDGER}-journal").unlink(missing_ok=True)
    return name


def _make_anew(path: Path, random_bytes: Callable[[int], bytes]) -> None:
    """Make a ledger that has its epoch before it has its name."""
    unfinished = path.with_name(_UNFINISHED)
    unfinished.unlink(missing_ok=True)
    with (
        known_beside(path.with_name(ACCOUNTS)) as known,
        closing(Ledger(open_ledger(unfinished))) as ledger,
    ):
        begin_anew(known, ledger, random_bytes)
    unfinished.replace(path)  # durable with the journal's folder, which is opened for the replay


def _is_broken(path: Path) -> bool:
    """Tell whether it is proved: what is of a later version, locked or out of reach, is not."""
    try:
        with closing(copy_database(path)) as copy:
            (version,) = copy.execute("PRAGMA user_version").fetchone()
            return version <= LEDGER_VERSION and any(integrity_faults(copy, LEDGER_VERSION))
    except sqlite3.DatabaseError as error:
        # Of an extended code the low byte is the kind.
        return getattr(error, "sqlite_errorcode", 0) & 0xFF in _PROVED
