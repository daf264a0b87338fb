"""Transactions on the accounts database: each one durable as a whole, or not made."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from protocol.errors import StorageError


class Connection:
    """The database, for the tables to speak to; one thread at a time."""

    def __init__(self, database: sqlite3.Connection) -> None:
        """`database` comes from `schema.open_database`."""
        self._database = database
        self._is_doubtful = False

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Do all of what is inside, durably, or nothing; raise StorageError if the disk fails.

        An IntegrityError passes through: it tells what the caller did.
        """
        self._ensure_trust()
        try:
            self._database.execute("BEGIN IMMEDIATE")
            yield
            self._database.execute("COMMIT")
        except sqlite3.IntegrityError:
            raise
        except sqlite3.DatabaseError as error:
            self._is_doubtful = True
            raise StorageError(f"accounts: {error}") from error
        finally:
            if self._database.in_transaction:
                with suppress(sqlite3.DatabaseError):  # then the next one undoes it first, or fails
                    self._database.execute("ROLLBACK")

    def execute(
        self, statement: str, values: Sequence[object] | dict[str, object] = ()
    ) -> sqlite3.Cursor:
        """Run one statement, inside a transaction."""
        return self._database.execute(statement, values)

    def stream(self, query: str) -> Iterator[Any]:
        """Give the rows of a query one by one, for tables that are large; raise StorageError."""
        self._ensure_trust()
        try:
            yield from self._database.execute(query)
        except sqlite3.DatabaseError as error:
            raise StorageError(f"accounts: {error}") from error

    def read(self, query: str, values: Sequence[object] | dict[str, object] = ()) -> list[Any]:
        """Give the rows of a query; raise StorageError if they cannot be read."""
        self._ensure_trust()
        try:
            return self._database.execute(query, values).fetchall()
        except sqlite3.DatabaseError as error:
            raise StorageError(f"accounts: {error}") from error

    def _ensure_trust(self) -> None:
        """Return when what can be read is durable; raise StorageError.

        A commit that could not sync the folder may have been made: it is shown then, a repetition
        finds it done, and a power cut would undo it.
        """
        if not self._is_doubtful or self._database.in_transaction:
            return
        try:
            (version,) = self._database.execute("PRAGMA user_version").fetchone()
            self._database.execute(
                f"PRAGMA user_version = {version}"
            )  # a commit that changes nothing
        except sqlite3.DatabaseError as error:
            raise StorageError(f"accounts: {error}") from error
        self._is_doubtful = False
