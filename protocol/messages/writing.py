"""The messages that store an entry, and the bounds of every entry's text and times."""

from dataclasses import dataclass, field
from typing import Annotated, Final, TypeAlias

from protocol.fields import Flag, Parsed, Text, Whole
from protocol.identifiers import MAX_MILLISECONDS, Day
from protocol.messages.base import Reply, Scope, TextRequest

MAX_TEXT_BYTES: Final = 1024
"""Of a put in one datagram, in UTF-8. 1106 bytes fit; the difference is room for later versions."""

MAX_LONG_TEXT_BYTES: Final = 2**18
"""Of a put that is sent in parts (`messages.parts`): a chapter. A day holds 16 MiB."""

MIN_MILLISECONDS: Final = -62_135_510_400_000
"""0001-01-02T00:00Z: a day in every zone of the calendar, so that no old diary is refused."""

LAST_MILLISECONDS: Final = MAX_MILLISECONDS - 86_400_000
MAX_OFFSET_MINUTES: Final = 18 * 60
"""Real zones reach from -12:00 to +14:00, historic ones to 15:56; 18 hours is ISO 8601's custom."""

DayField: TypeAlias = Annotated[Day, Parsed(Day)]
WhenField: TypeAlias = Annotated[int, Whole(MIN_MILLISECONDS, LAST_MILLISECONDS)]
OffsetField: TypeAlias = Annotated[int, Whole(-MAX_OFFSET_MINUTES, MAX_OFFSET_MINUTES)]


@dataclass(frozen=True, slots=True)
class Stored(Reply):
    """The entry is on disk; `dup` says that it had been before this request."""

    day: DayField
    dup: Annotated[bool, Flag()]


@dataclass(frozen=True, slots=True)
class Put(TextRequest):
    """Store an entry: `at` in ms since the epoch, `off` the writer's zone in minutes east of UTC.

    Its id is the request's. The writer's wall clock, `at` shifted by `off`, decides the day.
    """

    op = "put"
    reply = Stored
    scope = Scope.WRITE

    at: WhenField
    off: OffsetField
    text: Annotated[str, Text(1, MAX_LONG_TEXT_BYTES)] = field(repr=False)
    star: Annotated[bool, Flag()] = False
