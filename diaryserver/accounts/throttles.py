"""Throttles and trust in the accounts database: what a restart must not forget.

Networks and the names that were tried stand there as keyed digests and bucket numbers only, since
the key is derived from the pepper: a stolen database does not say who was where.
"""

from collections.abc import Sequence

from diaryserver.accounts.connection import Connection
from diaryserver.service.ports.throttles import Bucket, Place


class SqliteThrottles:
    """Implements `service.ports.throttles.ThrottleStore`; who writes them bounds both tables."""

    def __init__(self, connection: Connection) -> None:
        """`connection` is the accounts' own, used by the same thread."""
        self._connection = connection

    def buckets(self) -> list[Bucket]:
        """Give all buckets that were ever kept."""
        query = "SELECT throttle, slot, spent, since FROM throttles"
        return [Bucket(*row) for row in self._connection.read(query)]

    def keep_buckets(self, buckets: Sequence[Bucket]) -> None:
        """Keep these, in one transaction."""
        with self._connection.transaction():
            for each in buckets:
                self._connection.execute(
                    "INSERT OR REPLACE INTO throttles VALUES (?, ?, ?, ?)",
                    (each.throttle, each.slot, each.spent, each.since),
                )

    def places(self) -> list[Place]:
        """Give all trusted places."""
        query = "SELECT user, network, seen FROM places"
        return [Place(*row) for row in self._connection.read(query)]

    def keep_place(self, place: Place, forgotten: Sequence[Place]) -> None:
        """Keep one and drop others, in one transaction."""
        row = (place.user, place.network, place.seen)
        with self._connection.transaction():
            self._connection.execute("INSERT OR REPLACE INTO places VALUES (?, ?, ?)", row)
            for each in forgotten:
                self._connection.execute(
                    "DELETE FROM places WHERE user = ? AND network = ?", (each.user, each.network)
                )
