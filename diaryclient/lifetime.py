"""How long a token shall live, as people say it: `30d`, `2w`, `12h`, a date, `never`.

Rules: what nobody chose lasts 90 days and is renewed by itself; what somebody chose ends then. A
date includes its whole day, by the clock of this machine's zone.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

from diaryclient.clock import Clock
from protocol.errors import MalformedError, UsageError
from protocol.identifiers import MAX_MILLISECONDS, Day

_DAY: Final = 86_400_000
_UNITS: Final = {"h": _DAY // 24, "d": _DAY, "w": 7 * _DAY}
_SPAN: Final = re.compile(r"([0-9]{1,6})([hdw])")
_MINUTE: Final = 60_000


@dataclass(frozen=True, slots=True)
class Life:
    """A token's life in ms (0: it never ends); `fixed`: somebody chose its end."""

    milliseconds: int
    fixed: bool = False


DEFAULT_LIFE: Final = Life(90 * _DAY)
"""A lost device is locked out after a season at the latest."""


def parse_life(text: str, clock: Clock) -> Life:
    """Read `--expires`; raise UsageError for anything else, and for what is over already."""
    if text == "never":
        return Life(0)
    now = clock.instant().wall
    span = _SPAN.fullmatch(text)
    life = int(span[1]) * _UNITS[span[2]] if span else _end_of(text, clock) - now
    if life <= 0:
        raise UsageError(f"--expires: {text} would be over at once")
    if now + life > MAX_MILLISECONDS:
        raise UsageError(f"--expires: {text} is too long; type never for what shall not end")
    return Life(life, fixed=True)


def _end_of(text: str, clock: Clock) -> int:
    try:
        day = date.fromisoformat(Day(text))
        midnight = datetime.combine(day + timedelta(days=1), datetime.min.time(), UTC)
    except OverflowError:
        raise UsageError(f"--expires: {text} is too long") from None
    except MalformedError:
        raise UsageError(f"--expires: {text} is none of 30d, 2w, 12h, YYYY-MM-DD, never") from None
    end = round(midnight.timestamp()) * 1000
    return end - clock.local_offset(end) * _MINUTE - 1
