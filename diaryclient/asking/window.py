"""How many requests may be in flight at once on the way to a server: the pure core.

Rules (RFC 8085, section 3.1; RFC 5681): one more a round trip while all that is allowed is in use,
half as many after a loss, and that once for all that was sent before it was noticed. After a rest
nothing is known of the way any more, and it begins small again.
"""

import math
from typing import Final

FIRST: Final = 4
"""RFC 8085 lets a sender that knows nothing of the path have a few (RFC 6928: up to ten)."""

MOST: Final = 32
"""38 KB: the smallest receive buffer of a usual system holds four times that."""

LEAST: Final = 2
"""As in RFC 5681: while one waits to be repeated, the other tells whether the way is open."""


class Window:
    """The number of requests that may be in flight."""

    def __init__(self) -> None:
        """Nothing is known of the way."""
        self._size = float(FIRST)
        self._halved = -math.inf

    @property
    def size(self) -> int:
        """So many may be in flight now."""
        return int(self._size)

    def answered(self, in_flight: int) -> None:
        """Be told of an answer, and how many were in flight until then, the answered one too."""
        if in_flight >= self.size:
            self._size = min(MOST, self._size + 1 / self._size)

    def lost(self, sent: float, now: float) -> None:
        """Be told at `now` that what was sent at `sent` (monotonic seconds) found no answer."""
        if sent >= self._halved:
            self._size = max(LEAST, self._size / 2)
            self._halved = now

    def rested(self) -> None:
        """Be told that nothing was in flight for longer than an answer takes."""
        self._size = min(self._size, FIRST)
