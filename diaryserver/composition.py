"""The composition root: the one place that builds adapters and hands them to the service."""

import logging
import os
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from diaryserver.accounts.connection import Connection
from diaryserver.accounts.database import SqliteAccounts
from diaryserver.accounts.keyfiles import ServerKeys, open_keys
from diaryserver.accounts.passwords import Argon2Hasher
from diaryserver.accounts.schema import has_ledger, open_database
from diaryserver.accounts.throttles import SqliteThrottles
from diaryserver.admin.keys import KeyOperations
from diaryserver.admin.operations import Operations
from diaryserver.admin.tokens import TokenOperations
from diaryserver.admin.users import UserOperations
from diaryserver.clock import SystemClock
from diaryserver.configuration import Configuration, LegacySection
from diaryserver.errors import DataError
from diaryserver.maintenance.upkeep import CallStore, Upkeep
from diaryserver.service.alarm import Alarm
from diaryserver.service.counters import Counters
from diaryserver.service.limits import Limits
from diaryserver.service.logins.guessing import LoginThrottle
from diaryserver.service.logins.known import KnownNetworks
from diaryserver.service.logins.login import LoginService
from diaryserver.service.logins.offering import Offering
from diaryserver.service.logins.prekeys import Prekeys
from diaryserver.service.plain.plain import PlainDatagrams, PlainRules, PlainService, Route
from diaryserver.service.ports import Clock
from diaryserver.service.requests.requests import RequestService
from diaryserver.service.router import Router
from diaryserver.service.work.committer import Committer
from diaryserver.service.work.threads import Workers, call_here
from diaryserver.service.work.turns import GUESTS
from diaryserver.steps import Announce, announce_to_nobody
from diaryserver.store.days.cache import DayCache
from diaryserver.store.disk.announcing import AnnouncingDisk
from diaryserver.store.disk.diaries import Folders
from diaryserver.store.disk.disk import Disk
from diaryserver.store.files import FileEntryStore
from diaryserver.store.following import ChangedDays
from diaryserver.store.journal.journal import Journal
from diaryserver.store.journal.writer import FILES_AT_ONCE, JournaledWriter
from diaryserver.store.ledger.ledgerfile import LEDGER, open_ledger
from diaryserver.store.quota import DiaryRooms
from protocol.address import Address
from protocol.errors import StorageError, UsageError
from protocol.identifiers import Username
from protocol.identity import fingerprint

_DECOY_BYTES: Final = 32
UNLIMITED: Final = Limits()
"""What holds for the operator's own commands."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Data:
    """What lies in the data folder, open."""

    keys: ServerKeys
    hasher: Argon2Hasher
    accounts: SqliteAccounts
    throttles: SqliteThrottles
    entries: FileEntryStore


@contextmanager
def open_data(
    folder: Path, announce: Announce = announce_to_nobody, limits: Limits = UNLIMITED
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
    disk = Disk() if announce is announce_to_nobody else AnnouncingDisk(announce)
    with closing(connection), open_entries(folder, limits, disk=disk) as entries:
        try:
            accounts = SqliteAccounts(connection, keys, os.urandom, decoy)
        except StorageError as error:
            raise DataError(f"{database} cannot be used: {error}") from None
        yield Data(keys, hasher, accounts, SqliteThrottles(Connection(connection)), entries)


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


@contextmanager
def open_entries(  # noqa: PLR0913 - what tests may replace
    folder: Path,
    limits: Limits = UNLIMITED,
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
            folders = stack.enter_context(closing(Folders(folder, disk)))
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
    what_next = "; type: diaryserver verify" if error.filename == str(folder / LEDGER) else ""
    return DataError(f"{error.filename or folder} cannot be used: {error.strerror}{what_next}")


@dataclass(frozen=True, slots=True)
class Runtime:
    """What runs a server: its clock, its threads, its counters of dropped datagrams.

    `announce` is told the steps of a request.
    """

    clock: Clock
    workers: Workers
    counters: Counters
    announce: Announce = announce_to_nobody


@dataclass(frozen=True, slots=True)
class Service:
    """What the sockets feed: datagrams to `router`, lines to `plain` where plain text is on.

    `known` tells which networks' log-ins are to have a queue of their own.
    """

    router: Router
    plain: PlainService | None
    known: KnownNetworks


def build_service(data: Data, runtime: Runtime, legacy: LegacySection, ports: set[int]) -> Service:
    """Give the service on top of the data; `ports` are those the server listens on."""
    clock, workers, counters = runtime.clock, runtime.workers, runtime.counters
    accounts, entries = data.accounts, data.entries
    committer = Committer(entries, workers.entries, accounts.has_user, clock.monotonic)
    requests = RequestService(
        clock, accounts, entries, committer, workers, os.urandom, counters, runtime.announce
    )
    prekeys = Prekeys(data.keys.identity)
    throttle = LoginThrottle(
        data.keys.throttle_secret(),
        data.throttles,
        workers.accounts,
        Alarm(logger, "throttles are kept over a restart again", clock.monotonic),
    )
    known = KnownNetworks()
    logins = LoginService(
        clock,
        accounts,
        data.hasher,
        Offering(clock, prekeys, known, os.urandom, requests.is_busy),
        os.urandom,
        workers,
        counters,
        throttle,
        known,
        runtime.announce,
    )
    plain = plain_datagrams = None
    if legacy.enabled:
        rules = _plain_rules(legacy)
        plain = PlainService(
            rules,
            clock,
            accounts,
            entries,
            committer,
            workers.entries.of(GUESTS),
            os.urandom,
            counters,
        )
        plain_datagrams = PlainDatagrams(plain, ports, counters)
    return Service(Router(requests, logins, plain_datagrams, counters), plain, known)


def _plain_rules(legacy: LegacySection) -> PlainRules:
    return PlainRules(
        allow=legacy.allow,
        routes=[Route(route.network, Username(route.user)) for route in legacy.route],
        user=Username(legacy.user),
        encoding=legacy.encoding,
        reply_limit=legacy.reply_limit,
    )


@dataclass(frozen=True, slots=True)
class _CalledDiaries:
    """The entry store for a thread that is not its own."""

    entries: FileEntryStore
    call: CallStore

    def retire(self, user: Username, uid: bytes) -> str:
        return self.call(self.entries.retire, user, uid)

    def purge(self, user: Username, uid: bytes) -> None:
        self.call(self.entries.purge, user, uid)


@dataclass(frozen=True, slots=True)
class Operating:
    """What operates the data: commands by name, and the users' among them."""

    operations: Operations
    users: UserOperations


def build_operations(
    data: Data,
    configuration: Configuration,
    runtime: Runtime | None = None,
    bound: Address | None = None,
) -> Operating:
    """Give the operator's commands: on a running server's `runtime` and `bound` address, or not."""

    def public_address() -> Address:
        chosen = configuration.server.public_address or bound or configuration.server.listen[0]
        if not chosen.port:
            raise UsageError(
                "an invite names a port: set server.public_address, or start the server"
            )
        return chosen

    call = runtime.workers.entries.wait_for if runtime else call_here

    clock = runtime.clock if runtime else SystemClock()
    shown = fingerprint(data.keys.public_identity())
    diaries = _CalledDiaries(data.entries, call)
    users = UserOperations(clock, data.accounts, diaries, data.hasher, shown, public_address)
    tokens = TokenOperations(clock, data.accounts, os.urandom)
    keys = KeyOperations(clock, data.accounts, shown)
    upkeep = Upkeep(configuration.data, data.accounts, data.entries, call)
    operations = Operations(users.commands(), tokens.commands(), keys.commands(), upkeep.commands())
    return Operating(operations, users)
