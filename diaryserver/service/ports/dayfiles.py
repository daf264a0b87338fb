"""The port to what only a store of day files has; one that keeps none of them has no such thing."""

from dataclasses import dataclass
from typing import Protocol

from protocol.identifiers import Day, Username


@dataclass(frozen=True, slots=True)
class Due:
    """A day to see to: `is_past` says that it is to be compressed, else it is only tidied."""

    user: Username
    day: Day
    is_past: bool


@dataclass(frozen=True, slots=True)
class Compressed:
    """A day whose compressed file lies ready; its plain file was this one, changed then (ns)."""

    user: Username
    day: Day
    inode: int
    size: int
    changed: int


class Compressor(Protocol):
    """Puts days into gzip, each by `tidy`, `prepare` and `finish`; all raise OSError."""

    def users(self) -> list[Username]:
        """Give the users who have a diary. For any one thread."""

    def due(self, user: Username, before: Day, quiet: int) -> list[Due]:
        """Give the days before `before` that nobody touched since `quiet` (ns since the epoch).

        And those that a crash left in two forms, or half written. For any one thread; a diary that
        is not there has none.
        """

    def tidy(self, due: Due) -> None:
        """Clear away what a crash left of this day; for the store's thread."""

    def prepare(self, due: Due) -> Compressed | None:
        """Write the compressed file aside and prove it; None for a day that is left as it is.

        For any one thread.
        """

    def finish(self, ready: Compressed) -> bool:
        """Put it in the place of the plain file, durably; False if the day was changed meanwhile.

        For the store's thread.
        """


class DayFileStore(Protocol):
    """What a store of day files can be asked besides, on the thread of an EntryStore."""

    @property
    def compressor(self) -> Compressor:
        """What puts days into gzip."""

    def settle(self) -> None:
        """Make the day files hold all that was acknowledged, durably; raise StorageError."""

    def absorb(self, user: Username, day: Day, data: bytes) -> int:
        """Append the records of `data` that the day lacks, durably, and give how many."""


class WatchedLedger(Protocol):
    """What tells later whether the ledger is still the one that the accounts know.

    A stamp is the ledger's name and the number of its changes.
    """

    def seen(self) -> tuple[bytes, int] | None:
        """Give the ledger's stamp now, on the thread of the EntryStore; raise StorageError."""

    def known(self) -> tuple[bytes, int] | None:
        """Give the stamp that the accounts know, from memory."""

    def keep(self, stamp: tuple[bytes, int]) -> None:
        """Let the accounts know a stamp, on their thread; raise StorageError."""
