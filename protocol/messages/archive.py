"""Messages on days that were cleared: which there are, and bringing one back.

Rules: bringing back destroys nothing. The entries of the archive that the day lacks are added to
its file, under their own ids, and the archive stays; so doing it again adds nothing. `generation`
is the day's as the list told it, so that a request that comes late brings back nothing that was
cleared again meanwhile: STALE.
"""

from dataclasses import dataclass
from typing import Annotated, Final, TypeAlias

from protocol.fields import Flag, Rows, Text
from protocol.messages.base import Moment, PadField, Reply, Request, Scope
from protocol.messages.diary import GenerationField, SizeField
from protocol.messages.writing import DayField

MAX_NAME_BYTES: Final = 80
"""Of an archive: a day, a generation, an id, and room for stores that name them otherwise."""

MAX_ARCHIVE_ROWS: Final = 8
"""With the longest names and numbers, and the renewal hint, 1037 of the 1106 bytes."""

NameField: TypeAlias = Annotated[str, Text(1, MAX_NAME_BYTES)]


@dataclass(frozen=True, slots=True)
class ArchiveRow:
    """A cleared day, the day's generation now, and when it was cleared, by the client's clock.

    `cleared` 0: nobody knows. `absent` of its `entries` are not in the day's file.
    """

    name: NameField
    day: DayField
    generation: GenerationField
    cleared: Moment
    entries: SizeField
    absent: SizeField


@dataclass(frozen=True, slots=True)
class ArchiveList(Reply):
    """Rows by day, then in the order of clearing; `more` says to ask again from the last name."""

    rows: Annotated[tuple[ArchiveRow, ...], Rows(ArchiveRow, MAX_ARCHIVE_ROWS)]
    more: Annotated[bool, Flag()]


@dataclass(frozen=True, slots=True)
class Archives(Request):
    """List what was cleared, behind the name `after`; empty at first."""

    op = "archives"
    reply = ArchiveList
    scope = Scope.READ
    is_counted = True

    after: Annotated[str, Text(0, MAX_NAME_BYTES)]
    pad: PadField = b""


@dataclass(frozen=True, slots=True)
class Recovered(Reply):
    """All entries of the archive are in the day's file, durably; how many those are."""

    entries: SizeField


@dataclass(frozen=True, slots=True)
class Recover(Request):
    """Bring a cleared day back into the day, which has this generation now."""

    op = "recover"
    reply = Recovered
    scope = Scope.FULL

    day: DayField
    generation: GenerationField
    name: NameField
