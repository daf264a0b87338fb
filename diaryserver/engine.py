"""Opens what keeps the data: the one place that chooses adapters.

Everything else is handed the ports of `diaryserver.service.ports`.
"""

import errno
import logging
import os
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from diaryserver.accounts.connection import Connection
from diaryserver.accounts.database import SqliteAccounts
from diaryserver.accounts.keyfiles import ServerKeys, open_keys
from diaryserver.accounts.knownledger import KnownLedger
from diaryserver.accounts.passwords import Argon2Hasher
from diaryserver.accounts.schema import has_ledger, open_database
from diaryserver.accounts.throttles import SqliteThrottles
from diaryserver.announcing.steps import Announce
from diaryserver.clock import SystemClock
from diaryserver.errors import DataError
from diaryserver.maintenance.ledgerstamps import NOT_CONTINUED, match, note
from diaryserver.service.alarm import Alarm
from diaryserver.service.ports.accounts import AccountStore, PasswordHasher
from diaryserver.service.ports.dayfiles import DayFileStore, WatchedLedger
from diaryserver.service.ports.entries import EntryStore
from diaryserver.service.ports.throttles import ThrottleStore
from diaryserver.service.quotas import Quotas
from diaryserver.store.days.cache import DayCache
from diaryserver.store.disk.diary_folders import DiaryFolders
from diaryserver.store.disk.disk import Disk
from diaryserver.store.files import FileEntryStore
from diaryserver.store.following import ChangedDays
from diaryserver.store.journal.journal import Journal
from diaryserver.store.journal.writer import FILES_AT_ONCE, JournaledWriter
from diaryserver.store.ledger.ledger import Ledger
from diaryserver.store.ledger.ledgerfile import LEDGER, open_ledger
from diaryserver.store.quota import DiaryRooms
from protocol.errors import StorageError

_DECOY_BYTES: Final = 32
UNLIMITED: Final = Quotas()
"""What holds for the operator's own commands."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Data:
    """What is kept, open; `entries` and `day_files` are called on one thread."""

    keys: ServerKeys
    hasher: PasswordHasher
    accounts: AccountStore
    throttles: ThrottleStore
    entries: EntryStore
    day_files: DayFileStore
    ledger: WatchedLedger


@contextmanager
def open_data(
    folder: Path, announce: Announce | None = None, limits: Quotas = UNLIMITED
) -> Iterator[Data]:
    """Open the data folder, which the caller owns, making what a first start lacks.

    Raise DataError if something in it cannot be used.
    """
    try:
        database = folder / "accounts.sqlite3"
        keys = open_keys(folder / "keys", os.urandom, first_start=not database.exists())
        hasher = Argon2Hasher(keys.pepper)
        _check_ledger(folder, database)
        connection = open_database(database)
    except OSError as error:
        raise _unusable(folder, error) from None
    decoy = hasher.hash(os.urandom(_DECOY_BYTES).hex())
    with closing(connection), open_entries(folder, limits, disk=_disk(announce)) as entries:
        try:
            accounts = _accounts(connection, keys, decoy, announce)
            known = KnownLedger(Connection(connection))
            _check_stamp(folder, known, entries)
        except StorageError as error:
            raise DataError(f"{database} cannot be used: {error}") from None
        except OSError as error:
            raise _unusable(folder, error) from None
        _forget_strays(accounts, entries)
        _note_ledger(known, entries)
        throttles = SqliteThrottles(Connection(connection))
        ledger = _WatchedLedger(entries.ledger, known)
        yield Data(keys, hasher, accounts, throttles, entries, day_files=entries, ledger=ledger)
        _note_ledger(known, entries)


@dataclass(frozen=True, slots=True)
class _WatchedLedger:
    """Compares the ledger's stamp with the one that the accounts know."""

    ledger: Ledger
    accounts: KnownLedger

    def seen(self) -> tuple[bytes, int] | None:
        return self.ledger.stamp()

    def known(self) -> tuple[bytes, int] | None:
        return self.accounts.stamp()

    def keep(self, stamp: tuple[bytes, int]) -> None:
        self.accounts.keep(stamp)


def _check_stamp(folder: Path, known: KnownLedger, entries: FileEntryStore) -> None:
    if match(known, entries.ledger, os.urandom):
        logger.warning(
            "%s %s: every reader begins anew, in another epoch", folder / LEDGER, NOT_CONTINUED
        )


def _note_ledger(known: KnownLedger, entries: FileEntryStore) -> None:
    try:
        note(known, entries.ledger)
    except (OSError, StorageError) as error:
        # They are behind then, as a kill leaves them: only a copy made since would go unnoticed.
        logger.warning("the accounts do not follow the ledger yet: %s", error)


def _disk(announce: Announce | None) -> Disk:
    if announce is None:
        return Disk()
    from diaryserver.announcing.disk import AnnouncingDisk  # noqa: PLC0415 - for tests only

    return AnnouncingDisk(announce)


def _accounts(
    connection: sqlite3.Connection, keys: ServerKeys, decoy: str, announce: Announce | None
) -> SqliteAccounts:
    if announce is None:
        return SqliteAccounts(connection, keys, os.urandom, decoy)
    from diaryserver.announcing.accounts import AnnouncingAccounts  # noqa: PLC0415 - for tests only

    return AnnouncingAccounts(connection, keys, os.urandom, decoy, announce)


def _check_ledger(folder: Path, database: Path) -> None:
    """Make the ledger before there are accounts that count on it, and never a second one."""
    ledger = folder / LEDGER
    if not has_ledger(database):
        open_ledger(ledger).close()
    elif not ledger.exists() or not ledger.stat().st_size:  # SQLite takes both for a new one
        is_what = "empty" if ledger.exists() else "missing"
        raise DataError(
            f"{ledger} is {is_what}; type: diaryserver verify --repair, or restore a whole backup"
        )


def _forget_strays(accounts: SqliteAccounts, entries: FileEntryStore) -> None:
    """Finish what a removal that was cut off left undone; if it fails, the next start does."""
    try:
        entries.forget_strays(lambda user: accounts.find_user(user) is not None)
    except (OSError, StorageError) as error:
        logger.warning("what is remembered of removed users stays until a start: %s", error)


@contextmanager
def open_entries(  # noqa: PLR0913 - what tests may replace
    folder: Path,
    limits: Quotas = UNLIMITED,
    *,
    disk: Disk | None = None,
    alarm: Alarm | None = None,
    cache: DayCache | None = None,
    changed: ChangedDays | None = None,
    files_at_once: int = FILES_AT_ONCE,
) -> Iterator[FileEntryStore]:
    """Open the diaries in the data folder, replaying the journal if there is one.

    Raise DataError if they cannot be used. What is not handed in is the real one.
    """
    disk = disk or Disk()
    alarm = alarm or Alarm(logger, "the disk takes entries again", SystemClock().monotonic)
    with ExitStack() as stack:
        try:
            folders = stack.enter_context(closing(DiaryFolders(folder, disk)))
            journal = Journal(folder / "journal", disk)
            writer = stack.enter_context(
                closing(JournaledWriter(journal, folders, alarm, files_at_once))
            )
        except OSError as error:
            raise _unusable(folder, error) from None
        cache, changed = cache or DayCache(), changed or ChangedDays(os.urandom)
        rooms = DiaryRooms(folders, writer, limits)
        yield FileEntryStore(folders, writer, alarm, cache, changed, rooms)


def _unusable(folder: Path, error: OSError) -> DataError:
    what_next = ""
    if error.filename == str(folder / LEDGER):
        is_full = error.errno == errno.ENOSPC
        what_next = "; make room, then start" if is_full else "; type: diaryserver verify"
    return DataError(f"{error.filename or folder} cannot be used: {error.strerror}{what_next}")
