"""The accounts database's tables, and how a connection to it is opened.

Rules: a database is brought from its version to ours by the migrations in between, in order, each
of them whole or not at all; a migration that was released never changes.
"""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

from diaryserver.errors import DataError

_FIRST: Final = """
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

_RENEWAL: Final = """
ALTER TABLE users ADD COLUMN disabled INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tokens ADD COLUMN id BLOB NOT NULL DEFAULT x'';
ALTER TABLE tokens ADD COLUMN authenticated INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tokens ADD COLUMN life INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tokens ADD COLUMN fixed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tokens ADD COLUMN deadline INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tokens ADD COLUMN predecessor BLOB NOT NULL DEFAULT x'';
ALTER TABLE tokens ADD COLUMN superseded INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tokens ADD COLUMN last_used INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tokens ADD COLUMN address TEXT NOT NULL DEFAULT '';
UPDATE tokens SET
    id = kid,
    authenticated = created,
    life = max(0, expires - created),
    deadline = created + 600000,
    last_used = used;
CREATE TABLE changes (
    uid BLOB NOT NULL REFERENCES users (uid),
    rid BLOB NOT NULL CHECK (length(rid) = 16),
    request BLOB NOT NULL CHECK (length(request) = 32),
    made INTEGER NOT NULL,
    kid BLOB NOT NULL,
    ended INTEGER NOT NULL,
    PRIMARY KEY (uid, rid)
) STRICT, WITHOUT ROWID;
"""

_OPERATION: Final = """
CREATE TABLE generations (
    number INTEGER PRIMARY KEY CHECK (number > 0),
    created INTEGER NOT NULL,
    retires INTEGER NOT NULL
) STRICT;
INSERT INTO generations VALUES (1, unixepoch() * 1000, 0);
CREATE TABLE throttles (
    throttle TEXT NOT NULL,
    slot INTEGER NOT NULL,
    spent REAL NOT NULL,
    since REAL NOT NULL,
    PRIMARY KEY (throttle, slot)
) STRICT, WITHOUT ROWID;
CREATE TABLE places (
    user BLOB NOT NULL CHECK (length(user) = 16),
    network BLOB NOT NULL CHECK (length(network) = 16),
    seen INTEGER NOT NULL,
    PRIMARY KEY (user, network)
) STRICT, WITHOUT ROWID;
"""

_TOKENS_OF_USERS: Final = """
CREATE INDEX tokens_by_user ON tokens (uid);
"""

_ENDED_INVITES: Final = """
CREATE TABLE ended_invites (
    uid BLOB NOT NULL REFERENCES users (uid),
    code_hash BLOB NOT NULL CHECK (length(code_hash) = 32),
    expires INTEGER NOT NULL,
    why TEXT NOT NULL,
    PRIMARY KEY (uid, code_hash)
) STRICT, WITHOUT ROWID;
"""

_MINTED: Final = """
ALTER TABLE tokens ADD COLUMN minted INTEGER NOT NULL DEFAULT 0;
UPDATE tokens SET minted = 1
    WHERE id IN (SELECT kid FROM tokens WHERE predecessor = x'' AND deadline = 0);
"""
"""A line's first token that has no deadline was minted. Of a line whose first token is erased that
cannot be known: it counts as one that a password began."""

_WITH_LEDGER: Final = ""
"""Nothing changes here: from this version on a ledger lies beside the accounts
(`store.ledger.ledger`)."""

_KNOWN_LEDGER: Final = """
CREATE TABLE ledger (
    name BLOB NOT NULL CHECK (length(name) = 16),
    changes INTEGER NOT NULL
) STRICT;
"""

_MIGRATIONS: Final = (
    _FIRST,
    _RENEWAL,
    _OPERATION,
    _TOKENS_OF_USERS,
    _ENDED_INVITES,
    _MINTED,
    _WITH_LEDGER,
    _KNOWN_LEDGER,
)
"""The first makes an empty file version 1, the next makes version 1 version 2, and so on."""

SCHEMA_VERSION: Final = len(_MIGRATIONS)
FIRST_WITH_LEDGER: Final = _MIGRATIONS.index(_WITH_LEDGER) + 1

CACHE_KIB: Final = 512
"""Of pages; SQLite's default, 2 MiB, fills when the tokens are read at the start, for nothing."""


def open_database(path: Path) -> sqlite3.Connection:
    """Open or create the database, 0600, and bring it to our version.

    Raise DataError if it is of a later version or broken. Every commit is synced
    (`synchronous=EXTRA`: the folder too); what is deleted is overwritten (`secure_delete`), because
    a revoked token's salt must be gone. One thread at a time.
    """
    path.touch(mode=0o600)
    try:
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    except sqlite3.DatabaseError as error:
        raise DataError(f"{path} cannot be used: {error}") from None
    try:
        version = _migrate(connection)
    except sqlite3.DatabaseError as error:
        connection.close()
        raise DataError(f"{path} cannot be used: {error}") from None
    if version > SCHEMA_VERSION:
        connection.close()
        raise DataError(f"{path} was written by another version of diaryserver ({version})")
    return connection


def has_ledger(path: Path) -> bool:
    """Tell whether these accounts are of a version that has a ledger beside them.

    Raise DataError if they cannot be read: nobody can tell then.
    """
    return version_at(path) >= FIRST_WITH_LEDGER


def version_at(path: Path) -> int:
    """Give the version of a database, 0 if there is none; raise DataError if it cannot be read."""
    if not path.exists():
        return 0
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=rw", uri=True)) as opened:
            return version_of(opened)
    except sqlite3.DatabaseError as error:
        raise DataError(f"{path} cannot be used: {error}") from None


def version_of(connection: sqlite3.Connection) -> int:
    """Give the version of a database; raise sqlite3.DatabaseError."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)


def _migrate(connection: sqlite3.Connection) -> int:
    """Set the connection up, bring the database to our version, and give the one it had."""
    connection.execute("PRAGMA journal_mode = DELETE")
    connection.execute("PRAGMA synchronous = EXTRA")
    connection.execute("PRAGMA secure_delete = ON")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
    version = version_of(connection)
    for number in range(version + 1, SCHEMA_VERSION + 1):
        script = _MIGRATIONS[number - 1]
        connection.executescript(f"BEGIN;{script}PRAGMA user_version = {number};COMMIT;")
    if version <= SCHEMA_VERSION:
        # What SQLite cannot open for writing it opens for reading only, and says so at a change.
        connection.execute("DELETE FROM users WHERE 0")
    return version
