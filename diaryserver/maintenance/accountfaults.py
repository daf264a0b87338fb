"""What is wrong with the accounts database and the keys, found without changing either.

The keys are only measured, never read.
"""

import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from diaryserver.accounts.connection import Connection
from diaryserver.accounts.generations import needed_keys
from diaryserver.accounts.keyfiles import (
    FIRST_GENERATION,
    IDENTITY,
    KEY_BYTES,
    PEPPER,
    generations_in,
    master_name,
)
from diaryserver.accounts.schema import SCHEMA_VERSION
from diaryserver.maintenance.databases import Copies, explain, integrity_faults
from diaryserver.maintenance.faults import Fault, Kind
from diaryserver.maintenance.layout import ACCOUNTS, KEYS, user_of
from protocol.errors import StorageError


def account_faults(data: Path, copies: Copies) -> tuple[list[Fault], frozenset[str] | None]:
    """Give the faults, and the names of the users there are; None if nobody can tell."""
    if not (data / ACCOUNTS).exists():
        return [Fault(ACCOUNTS, Kind.ACCOUNTS, "there is no accounts database")], None
    try:
        with closing(copies.take(ACCOUNTS)) as copy:
            faults = [Fault(ACCOUNTS, Kind.ACCOUNTS, note) for note in _database_faults(copy)]
            return faults, frozenset(_names(copy)) if not faults else None
    except sqlite3.DatabaseError as error:
        return [Fault(ACCOUNTS, Kind.ACCOUNTS, explain(error))], None


def _database_faults(copy: sqlite3.Connection) -> Iterator[str]:
    faults = list(integrity_faults(copy, SCHEMA_VERSION))
    yield from faults
    if faults:
        return
    for table, *_ in copy.execute("PRAGMA foreign_key_check"):
        yield f"a row in {table} belongs to no user"
    for name in _names(copy):
        if user_of(name) is None:
            yield "a user's name that no user can have"


def _names(copy: sqlite3.Connection) -> list[str]:
    return [name for (name,) in copy.execute("SELECT name FROM users WHERE removed = 0")]


def key_faults(data: Path, copies: Copies) -> Iterator[Fault]:
    """Give what is wrong with the key files, beside their permissions."""
    try:
        present = generations_in(data / KEYS)
    except (FileNotFoundError, NotADirectoryError):
        present = frozenset()
    named = _named_generations(data, copies) or dict.fromkeys(present or {FIRST_GENERATION}, True)
    masters = [each for each, is_needed in named.items() if is_needed or each in present]
    for name in (*map(master_name, sorted(masters)), PEPPER, IDENTITY):
        yield from _faults_of_key(data, name)
    for number in sorted(present - set(named)):
        note = "of no generation: of a rotation that was cut off, or one that is over"
        yield Fault(f"{KEYS}/{master_name(number)}", Kind.LEFTOVER_KEY, note)


def _faults_of_key(data: Path, name: str) -> Iterator[Fault]:
    file = f"{KEYS}/{name}"
    try:
        status = os.lstat(data / KEYS / name)
    except (FileNotFoundError, NotADirectoryError):
        yield Fault(file, Kind.KEYS, "missing; everything that was made with it is lost with it")
        return
    if not stat.S_ISREG(status.st_mode) or status.st_size != KEY_BYTES:
        yield Fault(file, Kind.KEYS, f"not a file of {KEY_BYTES} bytes")


def _named_generations(data: Path, copies: Copies) -> dict[int, bool]:
    """Give the generations that the database names, and whether their keys must be there.

    Empty if it cannot be read, which is a fault of its own, or was made before there were any.
    """
    if not (data / ACCOUNTS).exists():
        return {}
    try:
        with closing(copies.take(ACCOUNTS)) as copy:
            return dict(needed_keys(Connection(copy)))
    except (sqlite3.DatabaseError, StorageError):
        return {}
