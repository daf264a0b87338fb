"""How long a token shall live, as people say it: `30d`, `2w`, `12h`, a date in any words, `never`.

Rules: what nobody chose lasts 90 days and is renewed by itself; what somebody chose ends then. A
date includes its whole day, as long as the clock of this machine's zone shows it: on a day when the
clock changes that is not the offset of now, nor of UTC's midnight.
"""

import re
from dataclasses import dataclass
from typing import Final

from diaryclient.clock import Clock
from diaryclient.typed.time_reader import DateOrderOf, TimeReader, spoken_day, unknown_order
from diaryclient.typed.wall_clock import last_millisecond_of
from protocol.errors import UsageError
from protocol.identifiers import MAX_MILLISECONDS
from protocol.stamp import Stamp

_DAY: Final = 86_400_000
_UNITS: Final = {"h": _DAY // 24, "d": _DAY, "w": 7 * _DAY}
_SPAN: Final = re.compile(r"([0-9]{1,6})([hdw])")


@dataclass(frozen=True, slots=True)
class Life:
    """A token's life in ms (0: it never ends); `fixed`: somebody chose its end."""

    milliseconds: int
    fixed: bool = False


DEFAULT_LIFE: Final = Life(90 * _DAY)
"""A lost device is locked out after a season at the latest."""


def parse_life(text: str, clock: Clock, order: DateOrderOf = unknown_order) -> Life:
    """Read `--expires`; `order` as a TimeReader has it.

    Raise UsageError for anything else, and for what is over already.
    """
    if text == "never":
        return Life(0)
    now = clock.instant().wall
    span = _SPAN.fullmatch(text)
    life = int(span[1]) * _UNITS[span[2]] if span else _end_of(text, now, clock, order) - now
    if life <= 0:
        raise UsageError(f"--expires: {text} would be over at once")
    if now + life > MAX_MILLISECONDS:
        raise UsageError(f"--expires: {text} is too long; type never for what shall not end")
    return Life(life, fixed=True)


def _end_of(text: str, now: int, clock: Clock, order: DateOrderOf) -> int:
    reader = TimeReader(Stamp(now, clock.local_offset(now)), clock.local_offset, order)
    day = reader.day(text, "--expires", f"{text} is none of 30d, 2w, 12h, YYYY-MM-DD, never")
    if day < reader.now.day:
        raise UsageError(f"--expires: {spoken_day(text, day)}, and would be over at once")
    try:
        return last_millisecond_of(day, clock.local_offset)
    except UsageError:
        raise UsageError(f"--expires: {text} is too long") from None
