"""Generations of the master key: which there are, which is current, when an old one is destroyed.

Rules: the file of a new key is durable before a row names it, and no token needs an old one any
more before its file goes: a crash in between leaves a file too many, never one too few. A file
above the current generation is of a rotation that was cut off, and the next one makes it anew; one
below it without a row is over, and is destroyed at the next chance.
"""

from collections.abc import Collection
from typing import Final

from diaryserver.accounts.connection import Connection
from diaryserver.accounts.keyfiles import MasterKeys, master_name
from diaryserver.errors import DataError
from diaryserver.service.ports.accounts import Generation
from protocol.errors import StorageError


class Generations:
    """The generations in the database, and the keys beside it."""

    def __init__(self, connection: Connection, masters: MasterKeys) -> None:
        """Raise DataError if a key is missing that tokens need, StorageError if nobody can tell."""
        self._connection = connection
        self._masters = masters
        self._kept = stored_generations(connection)
        if not self._kept:
            raise StorageError("accounts: no generation of the master key is named")
        for each, needed in needed_keys(connection):
            if needed and each not in masters.generations():
                raise DataError(
                    f"{masters.folder / master_name(each)} is missing; restore it from a backup"
                )

    @property
    def current(self) -> int:
        """The generation that new tokens are of."""
        return self._kept[-1].number

    def listed(self) -> list[Generation]:
        """Give all, the oldest first."""
        return list(self._kept)

    def make_next(self) -> int:
        """Make the next generation's key and give its number; raise StorageError.

        Nothing names it yet: it counts once `adopt` did.
        """
        number = self.current + 1
        try:
            self._masters.make(number)
        except OSError as error:
            raise StorageError(f"the new key cannot be kept: {error.strerror}") from error
        return number

    def adopt(self, number: int, now: int, deadline: int) -> None:
        """Name a new current generation; call it inside a transaction, then `reload`.

        The older ones end at `deadline`, or at an earlier one that they have already.
        """
        self._connection.execute(
            "UPDATE generations SET retires = :end WHERE retires = 0 OR retires > :end",
            {"end": deadline},
        )
        self._connection.execute("INSERT INTO generations VALUES (?, ?, 0)", (number, now))

    def reload(self) -> None:
        """Take over into memory what a transaction changed."""
        self._kept = stored_generations(self._connection)

    def ended(self, now: int) -> list[int]:
        """Give the generations whose time is over."""
        return [each.number for each in self._kept if 0 < each.retires <= now]

    def forget(self, generations: Collection[int]) -> None:
        """Drop generations that have no tokens any more; call it inside a transaction."""
        for number in generations:
            self._connection.execute("DELETE FROM generations WHERE number = ?", (number,))

    def destroy_forgotten(self) -> None:
        """Destroy the keys of generations that are over; raise StorageError."""
        self.reload()
        listed = {each.number for each in self._kept}
        for number in self._masters.generations():
            if number < self.current and number not in listed:
                try:
                    self._masters.destroy(number)
                except OSError as error:
                    raise StorageError(f"an old key cannot be destroyed: {error}") from error


def stored_generations(connection: Connection) -> list[Generation]:
    """Give the generations that a database names, the oldest first; raise StorageError."""
    query = "SELECT number, created, retires FROM generations ORDER BY number"
    return [Generation(*row) for row in connection.read(query)]


def needed_keys(connection: Connection) -> list[tuple[int, bool]]:
    """Give each generation, and whether its key must be there: it is current, or tokens need it."""
    query = (
        "SELECT number, number = (SELECT max(number) FROM generations)"
        " OR EXISTS (SELECT 1 FROM tokens WHERE generation = number)"
        " FROM generations ORDER BY number"
    )
    return [(number, bool(needed)) for number, needed in connection.read(query)]


def adopt_keys(connection: Connection, present: Collection[int], now: int) -> int:
    """Fit an older database to newer keys, and give how many logins ended by it.

    A generation whose key is missing while a newer one's is there was destroyed after this
    database was copied, and its logins were to be renewed before. One that is missing without a
    newer one is lost; it is left for `verify` to report.
    """
    ended = 0
    with connection.transaction():
        for each in stored_generations(connection):
            if each.number in present or not any(number > each.number for number in present):
                continue
            values = (each.number,)
            ended += connection.execute("DELETE FROM tokens WHERE generation = ?", values).rowcount
            connection.execute("DELETE FROM generations WHERE number = ?", values)
        if present and not stored_generations(connection):
            connection.execute("INSERT INTO generations VALUES (?, ?, 0)", (max(present), now))
    return ended


_OF_THE_KEYS: Final = (
    "tokens",
    "changes",
    "invites",
    "ended_invites",
    "throttles",
    "places",
    "generations",
)


def forget_keys(connection: Connection) -> None:
    """Drop all that is worth nothing without the keys of its time.

    Tokens' roots and passwords' hashes; invites, which name the old identity; digests of places.
    """
    with connection.transaction():
        for table in _OF_THE_KEYS:
            connection.execute(f"DELETE FROM {table}")  # noqa: S608 - names of our own
        connection.execute("UPDATE users SET password = NULL")
