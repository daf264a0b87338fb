"""Messages that change an entry: amend, remove, and take the last of these back.

Rules: an entry is named by its day and its id and stays where it is; a change is a further record
of that day's file, whose id is the request's. `base` is the version of the entry that the change
was made to, so that of two devices the second is told STALE and overwrites nothing. A version is
the last 8 bytes of the id of the last record that touched the entry, of its own id at first: 62
random bits, since the whole id would not fit beside the longest text. `off` is the zone of the
person in minutes east of UTC; the moment is the server's.
"""

from dataclasses import dataclass, field
from typing import Annotated, Final, TypeAlias

from protocol.fields import Flag, Id, Octets, Text
from protocol.identifiers import EntryId
from protocol.messages.base import Reply, Request, Scope, TextRequest
from protocol.messages.writing import MAX_LONG_TEXT_BYTES, DayField, OffsetField

VERSION_BYTES: Final = 8

IdField: TypeAlias = Annotated[EntryId, Id()]
VersionField: TypeAlias = Annotated[bytes, Octets(VERSION_BYTES, VERSION_BYTES)]


@dataclass(frozen=True, slots=True)
class Changed(Reply):
    """The change is on disk and the entry's version; `dup`: it had been before this request."""

    version: VersionField
    dup: Annotated[bool, Flag()]


@dataclass(frozen=True, slots=True)
class Amend(TextRequest):
    """Give an entry another text and star."""

    op = "amend"
    reply = Changed
    scope = Scope.FULL

    day: DayField
    id: IdField
    base: VersionField
    off: OffsetField
    text: Annotated[str, Text(1, MAX_LONG_TEXT_BYTES)] = field(repr=False)
    star: Annotated[bool, Flag()] = False


@dataclass(frozen=True, slots=True)
class Remove(Request):
    """Hide an entry."""

    op = "remove"
    reply = Changed
    scope = Scope.FULL

    day: DayField
    id: IdField
    base: VersionField
    off: OffsetField


@dataclass(frozen=True, slots=True)
class Restore(Request):
    """Take back the last amendment or removal of an entry that is not taken back yet."""

    op = "restore"
    reply = Changed
    scope = Scope.FULL

    day: DayField
    id: IdField
    base: VersionField
    off: OffsetField


def version_of(last: EntryId) -> bytes:
    """Give the version of an entry from the id of the last record that touched it."""
    return bytes(last[-VERSION_BYTES:])
