"""The ledger's file: where it lies, its tables, and how a connection to it is opened.

What stands in the tables is for `store.ledger.ledger` to say.
"""

import errno
import sqlite3
from pathlib import Path
from typing import Final

LEDGER: Final = "ledger.sqlite3"
CACHE_KIB: Final = 512
"""Of pages: rows are asked for one day at a time."""

_FIRST: Final = """
CREATE TABLE days (
    user TEXT NOT NULL,
    day TEXT NOT NULL,
    generation INTEGER NOT NULL,
    PRIMARY KEY (user, day)
) STRICT, WITHOUT ROWID;
CREATE TABLE cleared (
    user TEXT NOT NULL,
    day TEXT NOT NULL,
    generation INTEGER NOT NULL,
    rid BLOB NOT NULL CHECK (length(rid) = 16),
    pending BLOB NOT NULL,
    PRIMARY KEY (user, day, generation)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX cleared_by_request ON cleared (user, rid);
CREATE TABLE aside (
    user TEXT NOT NULL,
    day TEXT NOT NULL,
    id BLOB NOT NULL CHECK (length(id) = 16),
    digest BLOB NOT NULL,
    PRIMARY KEY (user, day, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE files (
    user TEXT NOT NULL,
    day TEXT NOT NULL,
    name TEXT NOT NULL,
    size INTEGER NOT NULL,
    PRIMARY KEY (user, day, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE ahead (
    user TEXT NOT NULL,
    id BLOB NOT NULL CHECK (length(id) = 16),
    day TEXT NOT NULL,
    PRIMARY KEY (user, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE epochs (
    user TEXT PRIMARY KEY,
    epoch INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
"""

_STAMP: Final = """
CREATE TABLE stamp (
    name BLOB NOT NULL CHECK (length(name) = 16),
    changes INTEGER NOT NULL
) STRICT;
"""

_MIGRATIONS: Final = (_FIRST, _STAMP)
"""As of the accounts (`accounts.schema`): one that was released never changes."""

LEDGER_VERSION: Final = len(_MIGRATIONS)


def open_ledger(path: Path | str) -> sqlite3.Connection:
    """Open or create the ledger, 0600, and bring it to our version.

    Raise OSError if it is broken or of a later version. Every commit is synced, the folder too
    (`synchronous=EXTRA`); of a purged diary nothing stays (`secure_delete`). ":memory:" gives one
    that is nowhere. One thread at a time.
    """
    if isinstance(path, Path):
        path.touch(mode=0o600)
    try:
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    except sqlite3.OperationalError as error:
        raise OSError(errno_of(error), str(error), str(path)) from error
    try:
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("PRAGMA synchronous = EXTRA")
        connection.execute("PRAGMA secure_delete = ON")
        connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        for number in range(version + 1, LEDGER_VERSION + 1):
            script = _MIGRATIONS[number - 1]
            connection.executescript(f"BEGIN;{script}PRAGMA user_version = {number};COMMIT;")
        if version <= LEDGER_VERSION:
            # What SQLite cannot open for writing it opens for reading, and says so at a change.
            connection.execute("DELETE FROM days WHERE 0")
    except sqlite3.DatabaseError as error:
        connection.close()
        raise OSError(errno_of(error), str(error), str(path)) from error
    if version > LEDGER_VERSION:
        connection.close()
        text = f"written by another version of diaryserver ({version})"
        raise OSError(errno.EINVAL, text, str(path))
    return connection


def errno_of(error: sqlite3.DatabaseError) -> int:
    """Give what a full disk is told by, and else EIO."""
    is_full = getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_FULL
    return errno.ENOSPC if is_full else errno.EIO
