"""The table of users and their passwords.

Rules: whatever changes something is called inside a transaction; of a password only its hash is
kept.
"""

from collections.abc import Iterator
from typing import Final

from diaryserver.accounts.connection import Connection
from diaryserver.service.ports.accounts import User
from protocol.identifiers import Username

_SELECT: Final = (
    "SELECT uid, name, created, password IS NOT NULL, disabled FROM users WHERE removed = 0"
    " AND (:name IS NULL OR name = :name) ORDER BY name"
)


class UserTable:
    """Users by uid; who was removed stays, so that a uid is never used again."""

    def __init__(self, connection: Connection) -> None:
        """`connection` is shared with the other tables."""
        self._connection = connection

    def all(self, wanted: Username | None = None) -> Iterator[User]:
        """Give all users by name, or the one of a name."""
        rows = self._connection.read(_SELECT, {"name": wanted and str(wanted)})
        for uid, name, created, has_password, disabled in rows:
            yield User(uid, Username(name), created, bool(has_password), bool(disabled))

    def enabled_names(self) -> Iterator[str]:
        """Give the names of all who are not disabled, one by one."""
        query = "SELECT name FROM users WHERE removed = 0 AND disabled = 0"
        return (str(Username(name)) for (name,) in self._connection.stream(query))

    def insert(self, uid: bytes, name: Username, now: int) -> None:
        """Add a user; raise sqlite3.IntegrityError if the name is taken."""
        self._connection.execute(
            "INSERT INTO users (uid, name, created) VALUES (?, ?, ?)", (uid, str(name), now)
        )

    def remove(self, uid: bytes, now: int) -> None:
        """Free the name, and erase the password."""
        self._connection.execute(
            "UPDATE users SET removed = ?, password = NULL WHERE uid = ?", (now, uid)
        )

    def disable(self, uid: bytes, now: int) -> None:
        """Refuse the password from now on."""
        self._connection.execute("UPDATE users SET disabled = ? WHERE uid = ?", (now, uid))

    def enable(self, uid: bytes) -> None:
        """Take the password again."""
        self._connection.execute("UPDATE users SET disabled = 0 WHERE uid = ?", (uid,))

    def may_log_in(self, uid: bytes) -> bool:
        """Tell whether a user is neither removed nor disabled."""
        query = "SELECT 1 FROM users WHERE uid = ? AND removed = 0 AND disabled = 0"
        return bool(self._connection.read(query, (uid,)))

    def password(self, uid: bytes) -> str:
        """Give the password's hash; "" if there is none, or if the user may not log in."""
        query = "SELECT password FROM users WHERE uid = ? AND removed = 0 AND disabled = 0"
        found = self._connection.read(query, (uid,))
        return str(found[0][0]) if found and found[0][0] else ""

    def set_password(self, uid: bytes, hashed: str) -> bool:
        """Keep a password's hash, and tell whether there was one before."""
        query = "SELECT 1 FROM users WHERE uid = ? AND password IS NOT NULL"
        had_one = bool(self._connection.read(query, (uid,)))
        self._connection.execute("UPDATE users SET password = ? WHERE uid = ?", (hashed, uid))
        return had_one
