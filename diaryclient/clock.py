"""The one place where the client asks for the time; everything else is told.

Rules: wall time is for stamps only and may jump; every waiting is measured by the monotonic clock.
"""

import time
from datetime import UTC, datetime
from typing import NamedTuple, Protocol


class Instant(NamedTuple):
    """One moment by both clocks: `wall` in ms since the epoch, `monotonic` in seconds."""

    wall: int
    monotonic: float


class Clock(Protocol):
    """What the client wants from a clock; tests hand in one that stands still."""

    def instant(self) -> Instant:
        """Give both clocks at once."""
        ...

    def local_offset(self, at: int) -> int:
        """Give this machine's zone at `at` (ms since the epoch), in minutes east of UTC."""
        ...


class SystemClock:
    """The machine's own clocks and zone (`TZ`, else the system's)."""

    def instant(self) -> Instant:
        """As Clock."""
        return Instant(time.time_ns() // 1_000_000, time.monotonic())

    def local_offset(self, at: int) -> int:
        """As Clock; a zone's odd seconds, before 1972, are dropped."""
        offset = datetime.fromtimestamp(at / 1000, UTC).astimezone().utcoffset()
        return 0 if offset is None else int(offset.total_seconds() // 60)
