"""The gate before password hashing: so many at once, and half of it for those seen before.

A flood of guesses from new networks fills only its own half; people logging in from a network
that succeeded before still pass.
"""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from diaryserver.service.threads import PASSWORD_THREADS
from protocol.errors import BusyError

MAX_WAITING: Final = 8
"""Of each kind; at 40 ms a hash the last waits a third of a second."""

MAX_TRUSTED: Final = 4096
"""Networks remembered since the start, 100 bytes each."""


class PasswordGate:
    """Admits password checks; used from one event loop."""

    def __init__(self) -> None:
        """Trust no network yet."""
        self._trusted: OrderedDict[str, None] = OrderedDict()
        self._for_strangers = asyncio.Semaphore(PASSWORD_THREADS // 2)
        self._for_all = asyncio.Semaphore(PASSWORD_THREADS)
        self._waiting = {True: 0, False: 0}

    def is_trusted(self, network: str) -> bool:
        """Tell whether a login from `network` succeeded since the start."""
        return network in self._trusted

    def trust(self, network: str) -> None:
        """Remember that a login from `network` succeeded."""
        self._trusted[network] = None
        self._trusted.move_to_end(network)
        if len(self._trusted) > MAX_TRUSTED:
            self._trusted.popitem(last=False)

    @asynccontextmanager
    async def admit(self, network: str) -> AsyncIterator[None]:
        """Wait for a place; raise BusyError if too many wait already."""
        known = self.is_trusted(network)
        if self._waiting[known] >= MAX_WAITING:
            raise BusyError
        self._waiting[known] += 1
        try:
            if known:
                async with self._for_all:
                    yield
            else:
                async with self._for_strangers, self._for_all:
                    yield
        finally:
            self._waiting[known] -= 1
