"""The port to time; a frozen one serves the tests."""

from typing import Protocol


class Clock(Protocol):
    """Time, as an argument."""

    def now(self) -> int:
        """Give ms since the epoch."""

    def monotonic(self) -> float:
        """Give seconds that never step back."""

    def local_offset(self, moment: int) -> int:
        """Give this machine's zone at `moment` (ms since the epoch), in minutes east of UTC."""
