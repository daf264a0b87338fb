"""The days that tokens end, in words."""

from typing import Final

from diaryclient.clock import Clock
from diaryclient.screen.display import format_minute
from protocol.stamp import Stamp

_NEAR_MILLISECONDS: Final = 2 * 86_400_000
"""Of an end that is nearer than that, people want to know the hour."""


def format_expiry(expires: int, clock: Clock) -> str:
    """Give `until 2027-02-21`, by this machine's zone, with the time if that is within two days.

    `expires` is ms, 0 meaning never.
    """
    if expires == 0:
        return "without an end"
    end = Stamp(expires, clock.local_offset(expires))
    is_near = expires - clock.instant().wall < _NEAR_MILLISECONDS
    return f"until {format_minute(end) if is_near else end.day}"
