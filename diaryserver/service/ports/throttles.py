"""The port through which throttles and trust outlive a restart; a database implements it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Bucket:
    """What of a throttle's bucket was spent by `since`, in seconds since the epoch."""

    throttle: str
    slot: int
    spent: float
    since: float


@dataclass(frozen=True, slots=True)
class Place:
    """A network that a user logged in from, last at `seen` (ms); keyed digests of 16 bytes."""

    user: bytes
    network: bytes
    seen: int


class ThrottleStore(Protocol):
    """Keeps throttles and trust over a restart; every method raises StorageError."""

    def buckets(self) -> list[Bucket]:
        """Give all buckets that were ever kept, their newest state."""

    def keep_buckets(self, buckets: Sequence[Bucket]) -> None:
        """Keep these in place of what was kept of them before, durably."""

    def places(self) -> list[Place]:
        """Give all trusted places."""

    def keep_place(self, place: Place, forgotten: Sequence[Place]) -> None:
        """Keep one, and drop others, in one durable change."""
