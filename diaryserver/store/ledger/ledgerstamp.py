"""Which ledger it is, and how far it has come: by that an older one that was put back is known.

    stamp     one row: a name by chance, and how many changes were made under it

Rules: every change of the ledger counts in its own transaction. Somebody else keeps what was seen
of it last (`maintenance.ledgerstamps`), and may be behind, never ahead. A backup's ledger has no
stamp: whoever puts it back, in whatever way, does not continue the one that it was copied from.
"""

import sqlite3
from typing import Final, NamedTuple

FIRST_WITH_STAMP: Final = 2
"""The version of a ledger that can have one."""

NAME_BYTES: Final = 16


class LedgerStamp(NamedTuple):
    """The ledger's name, and how many changes it has seen under it."""

    name: bytes
    changes: int

    def continues(self, known: tuple[bytes, int]) -> bool:
        """Tell whether this can be the ledger whose stamp was `known` at some time before."""
        name, changes = known
        return self.name == name and self.changes >= changes


def read_stamp(connection: sqlite3.Connection) -> LedgerStamp | None:
    """Give a ledger's stamp, if it has one; raise sqlite3.DatabaseError."""
    if not _can_have_one(connection):
        return None
    for name, changes in connection.execute("SELECT name, changes FROM stamp"):
        return LedgerStamp(bytes(name), int(changes))
    return None


def drop_stamp(connection: sqlite3.Connection) -> None:
    """Erase the stamp of a copy, so that nobody takes it for the ledger; raise DatabaseError."""
    if _can_have_one(connection):
        connection.execute("DELETE FROM stamp")


def _can_have_one(connection: sqlite3.Connection) -> bool:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version) >= FIRST_WITH_STAMP
