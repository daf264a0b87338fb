"""The tables of invites: the one that a user may log in with, and the last ones that ended.

Rules: whatever changes something is called inside a transaction; of a code only its hash is kept.
How an invite ended is kept for who holds it, and bounded in time and number.
"""

import hashlib
from typing import Final

from diaryserver.accounts.connection import Connection
from protocol.invite import InviteEnd

ENDED_LIFE_MILLISECONDS: Final = 30 * 86_400_000
"""From when it would have expired: so long somebody may find an old message and wonder."""

MAX_ENDED: Final = 8
"""Of a user, those that would have expired last; nobody is invited so often in a month."""


class InviteTable:
    """Invites by user."""

    def __init__(self, connection: Connection) -> None:
        """`connection` is shared with the other tables."""
        self._connection = connection

    def keep(self, uid: bytes, code: bytes, expires: int) -> None:
        """Keep an invite, which replaces an earlier one."""
        self._end(uid, InviteEnd.REPLACED)
        self._connection.execute(
            "INSERT INTO invites (uid, code_hash, expires) VALUES (?, ?, ?)",
            (uid, _code_hash(code), expires),
        )

    def is_good(self, uid: bytes, code: bytes, now: int) -> bool:
        """Tell whether a code would be accepted now."""
        query = "SELECT 1 FROM invites WHERE uid = ? AND code_hash = ? AND expires > ?"
        return bool(self._connection.read(query, (uid, _code_hash(code), now)))

    def end_of(self, uid: bytes, code: bytes) -> InviteEnd | None:
        """Tell how an invite that is not good ended; None if the code is no invite's."""
        values = (uid, _code_hash(code))
        ended = self._connection.read(
            "SELECT why FROM ended_invites WHERE uid = ? AND code_hash = ?", values
        )
        over = self._connection.read(
            "SELECT 1 FROM invites WHERE uid = ? AND code_hash = ?", values
        )
        if ended:
            return InviteEnd[ended[0][0]]
        return InviteEnd.EXPIRED if over else None

    def spend(self, uid: bytes, code: bytes, now: int) -> bool:
        """Use an invite up, and tell whether it was good."""
        is_good = self.is_good(uid, code, now)
        if is_good:
            self._end(uid, InviteEnd.USED)
        return is_good

    def withdraw(self, uid: bytes) -> None:
        """Make an invite void."""
        self._end(uid, InviteEnd.WITHDRAWN)

    def forget(self, uid: bytes) -> None:
        """Erase all of a user's."""
        for table in ("invites", "ended_invites"):
            self._connection.execute(f"DELETE FROM {table} WHERE uid = ?", (uid,))  # noqa: S608 - our own names

    def sweep(self, now: int) -> None:
        """Note those whose time is over as ended, and erase what ended long ago."""
        query = "SELECT uid FROM invites WHERE expires <= ?"
        for (uid,) in self._connection.read(query, (now,)):
            self._end(uid, InviteEnd.EXPIRED)
        self._connection.execute(
            "DELETE FROM ended_invites WHERE expires < ?", (now - ENDED_LIFE_MILLISECONDS,)
        )

    def _end(self, uid: bytes, why: InviteEnd) -> None:
        execute = self._connection.execute
        execute(
            "INSERT OR REPLACE INTO ended_invites (uid, code_hash, expires, why)"
            " SELECT uid, code_hash, expires, ? FROM invites WHERE uid = ?",
            (why.name, uid),
        )
        execute("DELETE FROM invites WHERE uid = ?", (uid,))
        execute(
            "DELETE FROM ended_invites WHERE uid = ? AND code_hash IN (SELECT code_hash"
            " FROM ended_invites WHERE uid = ? ORDER BY expires DESC LIMIT -1 OFFSET ?)",
            (uid, uid, MAX_ENDED),
        )


def _code_hash(code: bytes) -> bytes:
    # 128 random bits need no slow hash: nobody can try them all.
    return hashlib.sha256(code).digest()
