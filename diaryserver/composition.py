"""The composition root: the one place that builds adapters and hands them to the service."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from diaryserver.accounts.database import SqliteAccounts
from diaryserver.accounts.keyfiles import ServerKeys, open_keys
from diaryserver.accounts.passwords import Argon2Hasher
from diaryserver.accounts.schema import open_database
from diaryserver.admin.operations import Operations
from diaryserver.configuration import Configuration
from diaryserver.errors import DataError
from diaryserver.service.counters import Counters
from diaryserver.service.login import LoginService
from diaryserver.service.ports import Clock
from diaryserver.service.prekeys import Prekeys
from diaryserver.service.requests import RequestService
from diaryserver.service.router import Router
from diaryserver.service.threads import Workers
from diaryserver.store.files import FileEntryStore
from diaryserver.store.folders import Folders
from protocol.address import Address
from protocol.errors import UsageError
from protocol.identifiers import Username
from protocol.identity import fingerprint

_DECOY_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Data:
    """What lies in the data folder, open."""

    keys: ServerKeys
    hasher: Argon2Hasher
    accounts: SqliteAccounts
    entries: FileEntryStore


@contextmanager
def open_data(folder: Path) -> Iterator[Data]:
    """Open the data folder, which the caller owns, making what a first start lacks.

    Raise DataError if something in it cannot be used.
    """
    try:
        database = folder / "accounts.sqlite3"
        keys = open_keys(folder / "keys", os.urandom, first_start=not database.exists())
        hasher = Argon2Hasher(keys.pepper)
        connection = open_database(database)
        folders = Folders(folder)
    except OSError as error:
        raise DataError(f"{error.filename or folder} cannot be used: {error.strerror}") from None
    decoy = hasher.hash(os.urandom(_DECOY_BYTES).hex())
    accounts = SqliteAccounts(connection, keys, os.urandom, decoy)
    try:
        yield Data(keys, hasher, accounts, FileEntryStore(folders))
    finally:
        folders.close()
        accounts.close()


def build_router(data: Data, clock: Clock, workers: Workers, counters: Counters) -> Router:
    """Give the service on top of the data, for the running event loop."""
    requests = RequestService(clock, data.accounts, data.entries, workers, counters)
    prekeys = Prekeys(data.keys.identity)
    logins = LoginService(clock, data.accounts, data.hasher, prekeys, os.urandom, workers, counters)
    return Router(requests, logins, counters)


def build_operations(
    data: Data,
    clock: Clock,
    configuration: Configuration,
    workers: Workers | None = None,
    bound: Address | None = None,
) -> Operations:
    """Give the operator's commands: on a running server's `workers` and `bound` address, or not."""

    def public_address() -> Address:
        chosen = configuration.server.public_address or bound or configuration.server.listen[0]
        if not chosen.port:
            raise UsageError(
                "an invite names a port: set server.public_address, or start the server"
            )
        return chosen

    def retire(user: Username, uid: bytes) -> str:
        if workers is None:
            return data.entries.retire(user, uid)
        return workers.entries.wait_for(data.entries.retire, user, uid)

    return Operations(
        clock,
        data.accounts,
        retire,
        data.hasher,
        fingerprint(data.keys.public_identity()),
        public_address,
    )
