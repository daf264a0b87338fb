"""Whose turn it is on a thread that everybody shares. Pure but for the lock that holds it together.

Rules: what is urgent goes first, in its order: appends, which wait for nobody's files. All else has
parties, a user each and the plain-text guests together, that take turns, one piece of work at a
time; so whoever asks for much waits for it behind those who ask for little.
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

Work: TypeAlias = Callable[[], None]


class Turns:
    """Work that waits, by party; any thread may put and take."""

    def __init__(self, max_waiting: int = MAX_WAITING) -> None:
        """Nothing waits. Nobody has more than `max_waiting` here, but for what is urgent."""
        self._max_waiting = max_waiting
        self._urgent: deque[Work] = deque()
        self._parties: OrderedDict[str, deque[Work]] = OrderedDict()
        self._lock = threading.Lock()

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
                raise BusyError("too many of your requests wait already")
            waiting.append(work)

    def take(self) -> Work:
        """Give what comes next; raise IndexError if nothing waits."""
        with self._lock:
            if self._urgent:
                return self._urgent.popleft()
            if not self._parties:
                raise IndexError("nothing waits")
            party, waiting = next(iter(self._parties.items()))
            work = waiting.popleft()
            if waiting:
                self._parties.move_to_end(party)
            else:
                del self._parties[party]
            return work
