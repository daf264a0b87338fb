"""The accounts database's tables, and how a connection to it is opened."""

import sqlite3
from pathlib import Path
from typing import Final

from diaryserver.errors import DataError

SCHEMA_VERSION: Final = 1

_SCHEMA: Final = """
CREATE TABLE users (
    uid BLOB PRIMARY KEY CHECK (length(uid) = 16),
    name TEXT NOT NULL,
    created INTEGER NOT NULL,
    removed INTEGER NOT NULL DEFAULT 0,
    password TEXT
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX users_by_name ON users (name) WHERE removed = 0;
CREATE TABLE invites (
    uid BLOB PRIMARY KEY REFERENCES users (uid),
    code_hash BLOB NOT NULL,
    expires INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE tokens (
    kid BLOB PRIMARY KEY CHECK (length(kid) = 8),
    uid BLOB NOT NULL REFERENCES users (uid),
    salt BLOB NOT NULL CHECK (length(salt) = 32),
    generation INTEGER NOT NULL,
    suite INTEGER NOT NULL,
    scopes TEXT NOT NULL,
    label TEXT NOT NULL,
    created INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    used INTEGER NOT NULL,
    revoked INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
"""


def open_database(path: Path) -> sqlite3.Connection:
    """Open or create the database, 0600; raise DataError if it is of another version or broken.

    Every commit is synced (`synchronous=EXTRA`: the folder too); what is deleted is overwritten
    (`secure_delete`), because a revoked token's salt must be gone. One thread at a time.
    """
    path.touch(mode=0o600)
    try:
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("PRAGMA synchronous = EXTRA")
        connection.execute("PRAGMA secure_delete = ON")
        connection.execute("PRAGMA foreign_keys = ON")
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version == 0:
            connection.executescript(
                f"BEGIN;{_SCHEMA}PRAGMA user_version = {SCHEMA_VERSION};COMMIT;"
            )
    except sqlite3.DatabaseError as error:
        raise DataError(f"{path} cannot be used: {error}") from None
    if version not in {0, SCHEMA_VERSION}:
        raise DataError(f"{path} was written by another version of diaryserver ({version})")
    return connection
