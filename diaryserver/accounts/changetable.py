"""The table of changes by request: whoever repeats a request hears what came of it the first time.

Rules: a change is kept in the transaction that makes it; it is remembered for a day, though a
request is good for two minutes and a client asks for seconds. A LOGIN that spends an invite or
replaces a password is such a change, too.
"""

from typing import Final

from diaryserver.accounts.connection import Connection
from diaryserver.service.ports.accounts import TokenChange
from protocol.errors import ConflictError

CHANGE_LIFE_MILLISECONDS: Final = 86_400_000
MAX_TOKEN_CHANGES: Final = 1024
"""Of a user, the newest; nobody makes so many within the minutes in which they can be repeated."""


class ChangeTable:
    """What came of each: the key id of a token that was made, or the number of those that ended."""

    def __init__(self, connection: Connection) -> None:
        """All calls but `find` are inside a transaction."""
        self._connection = connection

    def find(self, change: TokenChange) -> tuple[bytes, int] | None:
        """Give what came of it, None if it is new; raise ConflictError if another has its id."""
        rows = self._connection.read(
            "SELECT request, kid, ended FROM changes WHERE uid = ? AND rid = ?",
            (change.uid, bytes(change.rid)),
        )
        if not rows:
            return None
        request, kid, ended = rows[0]
        if request != change.request:
            raise ConflictError("another request was made under the same id")
        return kid, ended

    def made_lately(self, change: TokenChange, life: int) -> bytes | None:
        """Give the key id of the token that the same request made in the last `life` ms, if any."""
        rows = self._connection.read(
            "SELECT kid FROM changes WHERE uid = ? AND rid = ? AND request = ? AND made >= ?",
            (change.uid, bytes(change.rid), change.request, change.made - life),
        )
        return rows[0][0] if rows else None

    def keep(self, change: TokenChange, *, kid: bytes = b"", ended: int = 0) -> None:
        """Remember what came of a change."""
        execute = self._connection.execute
        execute(
            "INSERT INTO changes (uid, rid, request, made, kid, ended) VALUES (?, ?, ?, ?, ?, ?)",
            (change.uid, bytes(change.rid), change.request, change.made, kid, ended),
        )
        execute(
            "DELETE FROM changes WHERE uid = ? AND rid IN"
            " (SELECT rid FROM changes WHERE uid = ? ORDER BY made DESC LIMIT -1 OFFSET ?)",
            (change.uid, change.uid, MAX_TOKEN_CHANGES),
        )

    def sweep(self, now: int) -> None:
        """Forget those of yesterday."""
        self._connection.execute(
            "DELETE FROM changes WHERE made < ?", (now - CHANGE_LIFE_MILLISECONDS,)
        )
