"""The gate before password hashing: so many at once, and half of it for those seen before.

A flood of guesses from strangers fills only its own half; people logging in from where they did
before still pass.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from diaryserver.service.work.threads import PASSWORD_THREADS
from protocol.errors import BusyError

MAX_WAITING: Final = 8
"""Of each kind; at 40 ms a hash the last waits a third of a second."""


class PasswordGate:
    """Admits password checks; used from one event loop."""

    def __init__(self) -> None:
        """Nobody waits yet."""
        self._for_strangers = asyncio.Semaphore(PASSWORD_THREADS // 2)
        self._for_all = asyncio.Semaphore(PASSWORD_THREADS)
        self._waiting = {True: 0, False: 0}

    @asynccontextmanager
    async def admit(self, *, is_trusted: bool) -> AsyncIterator[None]:
        """Wait for a place; raise BusyError if too many of that kind wait already."""
        if self._waiting[is_trusted] >= MAX_WAITING:
            raise BusyError
        self._waiting[is_trusted] += 1
        try:
            if is_trusted:
                async with self._for_all:
                    yield
            else:
                async with self._for_strangers, self._for_all:
                    yield
        finally:
            self._waiting[is_trusted] -= 1
