"""What a reader finds in a source."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from protocol.identifiers import EntryId
from protocol.stamp import Stamp


@dataclass(frozen=True, slots=True)
class Instant:
    """A moment whose zone is not known, in ms since the epoch; that of the import is taken."""

    at: int


@dataclass(frozen=True, slots=True)
class Draft:
    """An entry of a source, and its place there, for people: `line 12`, a file's name.

    `when`: a naive time is of the zone that the import is told. `id` is that of our own exports.
    """

    place: str
    when: Stamp | datetime | Instant
    text: str = field(repr=False)
    starred: bool = False
    id: EntryId | None = None


@dataclass(frozen=True, slots=True)
class Oddity:
    """Something that an entry, or a place, is without; `is_skipped`: the entry itself is."""

    place: str
    words: str
    is_skipped: bool = False


Finding: TypeAlias = Draft | Oddity
