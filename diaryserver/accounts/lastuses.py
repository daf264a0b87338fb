"""When and from where each token was used last: noted in memory, kept in the database now and then.

Rules: a note waits in memory until it is kept, and no longer: who is idle takes no room.
"""

from collections.abc import Callable

from diaryserver.accounts.connection import Connection
from diaryserver.service.ports.accounts import Use
from protocol.errors import StorageError


class LastUses:
    """The last use of each token.

    `note` may be called by another thread than the rest. Bounded by the tokens there are.
    """

    def __init__(self, connection: Connection) -> None:
        """Nothing waits to be kept."""
        self._connection = connection
        self._unkept: dict[bytes, Use] = {}

    def note(self, kid: bytes, use: Use) -> None:
        """Remember a use; this is on the way of every request."""
        self._unkept[kid] = use

    def of(self, kid: bytes) -> Use:
        """Give the last use; its moment is 0 if there was none. Raise StorageError."""
        noted = self._unkept.get(kid)
        if noted is not None:
            return noted
        rows = self._connection.read("SELECT last_used, address FROM tokens WHERE kid = ?", (kid,))
        return Use(*rows[0]) if rows else Use(0, "")

    def keep(self) -> None:
        """Write what waits, inside a transaction of its own; raise StorageError, keeping it."""
        # One by one: what is noted from now on is newer, and is kept the next time.
        new = {kid: self._unkept.pop(kid) for kid in list(self._unkept)}
        if not new:
            return
        try:
            with self._connection.transaction():
                for kid, use in new.items():
                    self._connection.execute(
                        "UPDATE tokens SET last_used = ?, address = ? WHERE kid = ?",
                        (use.moment, use.address, kid),
                    )
        except StorageError:
            for kid, use in new.items():
                self._unkept.setdefault(kid, use)
            raise

    def prune(self, is_known: Callable[[bytes], bool]) -> None:
        """Forget the tokens that were erased."""
        for kid in list(self._unkept):
            if not is_known(kid):
                self._unkept.pop(kid, None)
