"""A clock in a named time zone, for machines that are elsewhere than their users."""

from datetime import UTC, datetime
from difflib import get_close_matches
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from diaryclient.clock import Clock, Instant
from protocol.errors import UsageError


class ZonedClock:
    """The time of `clock`, in the zone `zone`."""

    def __init__(self, clock: Clock, zone: ZoneInfo) -> None:
        self._clock = clock
        self._zone = zone

    def instant(self) -> Instant:
        """As Clock."""
        return self._clock.instant()

    def local_offset(self, at: int) -> int:
        """As Clock; a zone's odd seconds, before 1972, are dropped."""
        offset = datetime.fromtimestamp(at / 1000, UTC).astimezone(self._zone).utcoffset()
        return 0 if offset is None else int(offset.total_seconds() // 60)


def _meant(name: str) -> str:
    """Say which zone was probably meant, else how zones are written."""
    known = {each.lower(): each for each in available_timezones()}
    wanted = name.lower().replace(" ", "_")
    cities = [each for each in known if each.endswith(f"/{wanted}")]
    close = [wanted] if wanted in known else cities or get_close_matches(wanted, known, n=2)
    if close:
        return f"did you mean {' or '.join(sorted(known[each] for each in close)[:2])}?"
    return (
        "write one such as Europe/Berlin, Asia/Shanghai or UTC; "
        "`timedatectl list-timezones` lists them"
    )


def in_zone(clock: Clock, name: str, origin: str) -> ZonedClock:
    """Give a clock in the zone of that name; raise UsageError, which names `origin`."""
    try:
        return ZonedClock(clock, ZoneInfo(name))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        advice = (
            _meant(name)
            if available_timezones()
            else "this machine has no time zone database; install the package tzdata"
        )
        raise UsageError(f"{origin}: there is no time zone {name!r}; {advice}") from None
