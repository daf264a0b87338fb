"""Announces that a login ends soon: two weeks before, once a day at most.

Rules: what was announced is remembered by an empty file in the login's outbox folder, since a token
from DIARY_TOKEN has no file of its own. A login that is renewed by itself never comes so near its
end, unless that fails for weeks or the year since the last password is over.
"""

from pathlib import Path
from typing import Final

from diaryclient.clock import Clock
from diaryclient.home.logins import Login
from diaryclient.home.marks import is_time
from protocol.stamp import Stamp

NEAR: Final = 14 * 86_400_000
"""Ms before a login's end from which it is announced: two weekends."""

_NEAR_PART: Final = 3
"""Of a life that is shorter than six weeks, the last third is near its end."""

_DAY: Final = 86_400
_MARK: Final = ".announced"


def announce_end(login: Login, folder: Path, now: int, clock: Clock) -> str:
    """Give what to tell about a login's end; empty if it is not near, or was told today.

    `folder` is that of the login's outbox; `now` is ms since the epoch, by the server's clock.
    """
    if not login.expires or login.expires - now >= _nearness(login):
        return ""
    if not is_time(folder / _MARK, now // 1000, _DAY):
        return ""
    day = Stamp(login.expires, clock.local_offset(login.expires)).day
    which = "this login" if login.is_stored else "the token in DIARY_TOKEN"
    return f"{which} ends on {day}; {login.way_out}"


def _nearness(login: Login) -> int:
    life = login.expires - login.created
    return min(NEAR, life // _NEAR_PART) if login.created else NEAR
