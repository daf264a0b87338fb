"""Messages on entries: keep them, list days, read, set aside."""

from dataclasses import dataclass, field
from typing import Annotated, Final, TypeAlias

from protocol.fields import Flag, Octets, Parsed, Rows, Text, Whole
from protocol.identifiers import MAX_MILLISECONDS, Day
from protocol.messages.base import PadField, Reply, Request

MAX_TEXT_BYTES: Final = 1024
"""Of a put in one datagram, in UTF-8. 1106 bytes fit; the difference is room for later versions."""

MAX_LONG_TEXT_BYTES: Final = 2**18
"""Of a put that is sent in parts (`messages.parts`): a chapter. A day holds 16 MiB."""

MIN_MILLISECONDS: Final = -62_135_510_400_000
"""0001-01-02T00:00Z: a day in every zone of the calendar, so that no old diary is refused."""

LAST_MILLISECONDS: Final = MAX_MILLISECONDS - 86_400_000
MAX_OFFSET_MINUTES: Final = 18 * 60
"""Real zones reach from -12:00 to +14:00, historic ones to 15:56; 18 hours is ISO 8601's custom."""

MAX_CHUNK: Final = 1040
"""Raw bytes of a day file in one reply; with the other fields 1071 of the 1106 bytes."""

MAX_DAY_ROWS: Final = 30
"""Even with the longest numbers, 30 rows and the other fields fill 1073 of the 1106 bytes."""

MAX_GENERATION: Final = 1_000_000
MAX_FILE_BYTES: Final = 2**48

DayField: TypeAlias = Annotated[Day, Parsed(Day)]
GenerationField: TypeAlias = Annotated[int, Whole(0, MAX_GENERATION)]
SizeField: TypeAlias = Annotated[int, Whole(0, MAX_FILE_BYTES)]
WhenField: TypeAlias = Annotated[int, Whole(MIN_MILLISECONDS, LAST_MILLISECONDS)]
OffsetField: TypeAlias = Annotated[int, Whole(-MAX_OFFSET_MINUTES, MAX_OFFSET_MINUTES)]


@dataclass(frozen=True, slots=True)
class Put(Request):
    """Store an entry: `at` in ms since the epoch, `off` the writer's zone in minutes east of UTC.

    Its id is the request's. The writer's wall clock, `at` shifted by `off`, decides the day.
    """

    at: WhenField
    off: OffsetField
    text: Annotated[str, Text(1, MAX_LONG_TEXT_BYTES)] = field(repr=False)
    star: Annotated[bool, Flag()] = False


@dataclass(frozen=True, slots=True)
class Stored(Reply):
    """The entry is on disk; `dup` says that it had been before this request."""

    day: DayField
    dup: Annotated[bool, Flag()]


@dataclass(frozen=True, slots=True)
class Days(Request):
    """List the days that have a file, `first` and `last` included."""

    first: DayField
    last: DayField
    pad: PadField = b""


@dataclass(frozen=True, slots=True)
class DayRow:
    """A day's generation (how often it was cleared), its stored entries, and its size in bytes."""

    day: DayField
    generation: GenerationField
    entries: SizeField
    size: SizeField


@dataclass(frozen=True, slots=True)
class DayList(Reply):
    """Rows in calendar order; `more` says to ask again from the day after the last."""

    rows: Annotated[tuple[DayRow, ...], Rows(DayRow, MAX_DAY_ROWS)]
    more: Annotated[bool, Flag()]


@dataclass(frozen=True, slots=True)
class Read(Request):
    """Read raw bytes of a day file from `offset`; STALE if its generation is another by now."""

    day: DayField
    generation: GenerationField
    offset: SizeField
    pad: PadField = b""


@dataclass(frozen=True, slots=True)
class Chunk(Reply):
    """Bytes from the offset asked for, at most 1040, and the whole file's size just then."""

    data: Annotated[bytes, Octets(0, MAX_CHUNK)]
    size: SizeField


@dataclass(frozen=True, slots=True)
class Clear(Request):
    """Set a day's file aside into the archive; STALE if its generation is another by now."""

    day: DayField
    generation: GenerationField


@dataclass(frozen=True, slots=True)
class Cleared(Reply):
    """The name of the file in the user's archive folder."""

    name: Annotated[str, Text(1, 80)]
