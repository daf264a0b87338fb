"""The days that people name, and the days that tokens end."""

from datetime import date, timedelta

from diaryclient.clock import Clock
from protocol.dayfile import Stamp
from protocol.errors import MalformedError, UsageError
from protocol.identifiers import Day


def parse_day(text: str, option: str, today: Day) -> Day:
    """Read `YYYY-MM-DD`, `today` or `yesterday`; raise UsageError, which names `option`."""
    if text == "today":
        return today
    if text == "yesterday":
        return Day((date.fromisoformat(today) - timedelta(days=1)).isoformat())
    try:
        return Day(text)
    except MalformedError as error:
        raise UsageError(f"{option}: {error}; today and yesterday are understood too") from None


def format_expiry(expires: int, clock: Clock) -> str:
    """Give `until 2027-02-21`, by this machine's zone; `expires` is ms, 0 meaning never."""
    if expires == 0:
        return "without an end"
    return f"until {Stamp(expires, clock.local_offset(expires)).day}"
