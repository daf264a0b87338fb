"""Messages that look through a diary: search."""

from dataclasses import dataclass, field
from typing import Annotated, Final

from protocol.fields import Id, Octets, Rows, Text
from protocol.identifiers import EntryId
from protocol.messages.base import PadField, Reply, Request, Scope
from protocol.messages.writing import DayField

MAX_WORDS_BYTES: Final = 256
"""Of what is searched for: a sentence; more is no search."""

MAX_CURSOR_BYTES: Final = 32
MAX_FOUND_BYTES: Final = 1024
"""Of entries in one reply; with the longest cursor and the renewal hint 1098 of the 1106 bytes."""


@dataclass(frozen=True, slots=True)
class LongRow:
    """An entry that matches and is too long for the reply: read its day."""

    day: DayField
    id: Annotated[EntryId, Id()]


@dataclass(frozen=True, slots=True)
class Found(Reply):
    """Entries as a day file has them, each with its present text, or one that is too long.

    Both may be empty before the end. The search is over when `cursor` is empty.
    """

    entries: Annotated[bytes, Octets(0, MAX_FOUND_BYTES)] = field(repr=False)
    long: Annotated[tuple[LongRow, ...], Rows(LongRow, 1)]
    cursor: Annotated[bytes, Octets(0, MAX_CURSOR_BYTES)]


@dataclass(frozen=True, slots=True)
class Search(Request):
    """Find the entries of these days, both included, whose text has all the words.

    Words are parted by white space and found anywhere in the text, in capitals or not. `cursor` is
    empty at first, then the one of the last answer.
    """

    op = "search"
    reply = Found
    scope = Scope.READ
    is_counted = True

    words: Annotated[str, Text(1, MAX_WORDS_BYTES)] = field(repr=False)
    first: DayField
    last: DayField
    cursor: Annotated[bytes, Octets(0, MAX_CURSOR_BYTES)] = b""
    pad: PadField = b""
