"""Who is told that too much of his waits already, and when he hears nothing any more.

Rules: an answer costs as much as an entry of somebody else's. So whoever goes on asking, with all
his turns taken, is told so only so often a second; then his requests are dropped like datagrams
that were lost on the way, which is what his client is made for.
"""

from collections import Counter
from collections.abc import Callable
from typing import Final

from protocol.identifiers import Username

MAX_TOLD: Final = 64
"""A second, of a user: twice a client's full window of 32."""


class TurnedAway:
    """Counts what users were told; used from one event loop."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        """`monotonic` gives seconds."""
        self._monotonic = monotonic
        self._since = monotonic()
        self._told: Counter[Username] = Counter()

    def is_told(self, user: Username) -> bool:
        """Tell whether one more of a user's requests is answered, or dropped."""
        now = self._monotonic()
        if now - self._since >= 1:
            self._since = now
            self._told.clear()
        self._told[user] += 1
        return self._told[user] <= MAX_TOLD
