"""The one place that asks for the time; everything else is handed a `service.ports.clock.Clock`."""

import time


class SystemClock:
    """The machine's clocks."""

    def now(self) -> int:
        """Give ms since the epoch; it may step when somebody sets the clock."""
        return time.time_ns() // 1_000_000

    def monotonic(self) -> float:
        """Give seconds from an arbitrary start; it never steps."""
        return time.monotonic()

    def local_offset(self, moment: int) -> int:
        """Give the zone's offset at `moment`, as TZ or /etc/localtime has it."""
        return time.localtime(moment / 1000).tm_gmtoff // 60
