"""Messages on days: list them, read, set aside."""

from dataclasses import dataclass
from typing import Annotated, Final, TypeAlias

from protocol.fields import Flag, Octets, Rows, Text, Whole
from protocol.messages.base import PadField, Reply, Request, Scope
from protocol.messages.writing import DayField

MAX_CHUNK: Final = 1040
"""Raw bytes of a day file in one reply; with the other fields 1071 of the 1106 bytes."""

MAX_DAY_ROWS: Final = 30
"""Even with the longest numbers, 30 rows and the other fields fill 1073 of the 1106 bytes."""

MAX_GENERATION: Final = 2**32 - 1
"""Whatever it is, it takes no more than five bytes."""

MAX_FILE_BYTES: Final = 2**48

GenerationField: TypeAlias = Annotated[int, Whole(0, MAX_GENERATION)]
SizeField: TypeAlias = Annotated[int, Whole(0, MAX_FILE_BYTES)]


@dataclass(frozen=True, slots=True)
class DayRow:
    """A day's generation (another one: another text), its stored entries, and its size in bytes."""

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
class Days(Request):
    """List the days that have a file, `first` and `last` included."""

    op = "days"
    reply = DayList
    scope = Scope.READ
    is_counted = True

    first: DayField
    last: DayField
    pad: PadField = b""


@dataclass(frozen=True, slots=True)
class Chunk(Reply):
    """Bytes from the offset asked for, at most 1040, and the whole file's size just then."""

    data: Annotated[bytes, Octets(0, MAX_CHUNK)]
    size: SizeField


@dataclass(frozen=True, slots=True)
class Read(Request):
    """Read raw bytes of a day file from `offset`; STALE if its generation is another by now."""

    op = "read"
    reply = Chunk
    scope = Scope.READ
    is_counted = True

    day: DayField
    generation: GenerationField
    offset: SizeField
    pad: PadField = b""


@dataclass(frozen=True, slots=True)
class Cleared(Reply):
    """The name of the file in the user's archive folder."""

    name: Annotated[str, Text(1, 80)]


@dataclass(frozen=True, slots=True)
class Clear(Request):
    """Set a day's file aside into the archive; STALE if its generation is another by now."""

    op = "clear"
    reply = Cleared
    scope = Scope.FULL

    day: DayField
    generation: GenerationField
