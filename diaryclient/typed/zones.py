"""A clock in a named time zone, for machines that are elsewhere than their users."""

from datetime import UTC, datetime
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


def in_zone(clock: Clock, name: str, origin: str) -> ZonedClock:
    """Give a clock in the zone of that name; raise UsageError, which names `origin`."""
    try:
        return ZonedClock(clock, ZoneInfo(name))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        advice = (
            "write one such as Europe/Berlin, Asia/Shanghai or UTC; "
            "`timedatectl list-timezones` lists them"
            if available_timezones()
            else "this machine has no time zone database; install the package tzdata"
        )
        raise UsageError(f"{origin}: there is no time zone {name!r}; {advice}") from None
