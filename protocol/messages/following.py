"""Messages that follow a diary: tail, which says of which days there is something new.

Rules: an answer gives no bytes, only what `days` would give now of each day that was changed; the
bytes are for `read`. So an answer that is lost, comes twice or is asked for again costs nothing.
"""

from dataclasses import dataclass
from typing import Annotated, Final

from protocol.fields import Flag, Octets, Rows
from protocol.messages.base import PadField, Reply, Request, Scope
from protocol.messages.diary import DayRow
from protocol.messages.finding import MAX_CURSOR_BYTES

MAX_TAIL_ROWS: Final = 28
"""With the longest numbers, the longest cursor and the renewal hint 1057 of the 1106 bytes."""


@dataclass(frozen=True, slots=True)
class Tailed(Reply):
    """Days that were changed, the longest ago first, each as it is now; a cleared one has size 0.

    `more`: ask again at once. `lost`: what was changed since the cursor is not known any more, so
    list all days and compare; `cursor` goes on from now.
    """

    rows: Annotated[tuple[DayRow, ...], Rows(DayRow, MAX_TAIL_ROWS)]
    cursor: Annotated[bytes, Octets(0, MAX_CURSOR_BYTES)]
    more: Annotated[bool, Flag()]
    lost: Annotated[bool, Flag()]


@dataclass(frozen=True, slots=True)
class Tail(Request):
    """Ask which days were changed since `cursor`, the one of the last answer.

    Empty at first: from now on. A poll needs no pad; without one there are fewer rows.
    """

    op = "tail"
    reply = Tailed
    scope = Scope.READ
    is_counted = True

    cursor: Annotated[bytes, Octets(0, MAX_CURSOR_BYTES)] = b""
    pad: PadField = b""
