"""Whose turn it is on a thread that everybody shares. Pure but for the lock that holds it together.

Rules: what is urgent goes first, in its order: appends, which wait for nobody's files. All else has
parties, a user each and the plain-text guests together, that take turns, one piece of work at a
time; so whoever asks for much waits for it behind those who ask for little. While urgent work
comes, other work is followed by a rest: its parties have a share of the thread and never all of it,
and the more of them there are, the larger it is.
"""

import threading
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Final, TypeAlias

from protocol.errors import BusyError

URGENT: Final = ""
"""In the place of a party; no user has this name."""

GUESTS: Final = "plain text"
"""All who speak plain text are one party; no user has this name."""

MAX_WAITING: Final = 256
"""Of a party: eight clients at once, each with a full window of 32. More are told to ask again."""

REST: Final = 11
"""Times what a piece of work took, if one party waits while urgent work comes: then that has a
twelfth of the time."""

BUSY_SECONDS: Final = 0.1
"""Urgent work comes while the last of it is so long ago at most."""

TOO_MANY: Final = "too many of your requests wait already"

Work: TypeAlias = Callable[[], object]
"""What is to be done; true: it put itself back, to go on in its party's next turn."""


class Turns:
    """Work that waits, by party; any thread may put and take."""

    def __init__(self, max_waiting: int = MAX_WAITING) -> None:
        """Nothing waits. Nobody has more than `max_waiting` here, but for what is urgent."""
        self._max_waiting = max_waiting
        self._urgent: deque[Work] = deque()
        self._parties: OrderedDict[str, deque[Work]] = OrderedDict()
        self._lock = threading.Lock()
        self._rests_until = -BUSY_SECONDS
        self._urgent_at = -BUSY_SECONDS

    def put(self, work: Work, party: str = URGENT) -> None:
        """Let work wait for its turn; raise BusyError if too much of this party's does."""
        with self._lock:
            if party == URGENT:
                self._urgent.append(work)
                return
            waiting = self._parties.get(party)
            if waiting is None:
                waiting = self._parties[party] = deque()
            elif len(waiting) >= self._max_waiting:
                raise BusyError(TOO_MANY)
            waiting.append(work)

    def has_room(self, party: str) -> bool:
        """Tell whether one more work of this party's may wait."""
        with self._lock:
            return len(self._parties.get(party, ())) < self._max_waiting

    def put_back(self, work: Work, party: str) -> None:
        """Let work that is not done wait again, behind other parties, before all of its own."""
        with self._lock:
            self._parties.setdefault(party, deque()).appendleft(work)

    def rest(self, now: float) -> float:
        """Give for how many seconds nothing but urgent work is given, `now` in seconds."""
        with self._lock:
            return max(0.0, self._rests_until - now)

    def worked(self, began: float, now: float) -> None:
        """Say that a party's work, just done, took from `began` to `now`, in seconds."""
        with self._lock:
            if now - self._urgent_at < BUSY_SECONDS:
                self._rests_until = now + REST * (now - began) / max(1, len(self._parties))

    def take(self, now: float) -> tuple[Work, bool]:
        """Give what comes next, and whether it is urgent; raise IndexError if nothing may."""
        with self._lock:
            if self._urgent:
                self._urgent_at = now
                return self._urgent.popleft(), True
            if not self._parties or now < self._rests_until:
                raise IndexError("nothing waits, or all that waits is to rest")
            party, waiting = next(iter(self._parties.items()))
            work = waiting.popleft()
            if waiting:
                self._parties.move_to_end(party)
            else:
                del self._parties[party]
            return work, False
