"""What was written and what became of it: the other side of the comparison with the disk."""

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum

from protocol.identifiers import Day, EntryId, Username
from protocol.messages.writing import Put
from protocol.stamp import Stamp


class Fate(StrEnum):
    """What the writer of an entry knows."""

    UNKNOWN = "unknown"
    ACKNOWLEDGED = "acknowledged"
    GIVEN_UP = "given up"


@dataclass(slots=True)
class Attempt:
    """An entry that somebody tried to write."""

    user: Username
    id: EntryId
    request: Put
    fate: Fate = Fate.UNKNOWN

    @property
    def stamp(self) -> Stamp:
        """Its moment, which names its day."""
        return Stamp(self.request.at, self.request.off)

    @property
    def key(self) -> tuple[Username, Day, EntryId]:
        """What it is known by, for ever."""
        return self.user, self.stamp.day, self.id


@dataclass
class Ledger:
    """Everything that was tried, and the counts that are printed."""

    attempts: list[Attempt] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)
    programs: dict[str, Fate] = field(default_factory=dict)
    """The texts that real clients were run with, each unlike any other."""

    def violate(self, what: str) -> None:
        """Note that a promise was broken."""
        self.violations.append(what)
