"""Which ledger lies beside these accounts: its stamp, as they saw it last.

What a stamp says is for the ledger's side (`store.ledger.ledgerstamp`); here it is a name and a
number.
"""

from diaryserver.accounts.connection import Connection


class KnownLedger:
    """The one row about it; used by the accounts' one thread."""

    def __init__(self, connection: Connection) -> None:
        """`connection` is shared with the other tables; raise StorageError."""
        self._connection = connection
        self._kept = self._read()

    def stamp(self) -> tuple[bytes, int] | None:
        """Give from memory what was seen last; None if no ledger had a stamp yet."""
        return self._kept

    def keep(self, stamp: tuple[bytes, int]) -> None:
        """Keep what was seen, durably, unless it is known; raise StorageError."""
        if stamp == self._kept:
            return
        with self._connection.transaction():
            self._connection.execute("DELETE FROM ledger")
            self._connection.execute("INSERT INTO ledger VALUES (?, ?)", stamp)
        self._kept = stamp

    def _read(self) -> tuple[bytes, int] | None:
        for name, changes in self._connection.read("SELECT name, changes FROM ledger"):
            return bytes(name), int(changes)
        return None
