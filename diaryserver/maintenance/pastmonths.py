"""Compressing the days of past months while the server serves, where the operator wants that.

Rules: one day at a time, with a rest after each, so that nobody waits for it; what takes time runs
on a thread that gives way to all others. A day that somebody changed within the last day is left
for later: who brings an old diary in, or amends one, goes on doing so for a while. Nothing is ever
deleted. What a crash left is cleared away also where nothing is compressed (any more).
"""

import asyncio
import logging
from datetime import UTC, date, datetime
from typing import Final

from diaryserver.service.ports.clock import Clock
from diaryserver.service.ports.dayfiles import Compressor, Due
from diaryserver.service.work.threads import Workers
from protocol.identifiers import FIRST_DAY, Day

LOOK_SECONDS: Final = 6 * 3600.0
"""Listing the folders of many users again for a month that ends twelve times a year."""

REST_SECONDS: Final = 0.25
"""After each day, which takes the store's thread some milliseconds: ten years in 15 minutes."""

QUIET_MILLISECONDS: Final = 24 * 3_600_000
"""A month is over in all time zones when it has been over for a day in UTC, and so is an import."""

_MONTHS: Final = 12

logger = logging.getLogger(__name__)


class PastMonths:
    """Looks for days to compress, now and every few hours."""

    def __init__(
        self,
        compressor: Compressor,
        workers: Workers,
        clock: Clock,
        months: int,
        rest: float = REST_SECONDS,
    ) -> None:
        """`months` stay as they are, this one counted; 0: all of them."""
        self._compressor = compressor
        self._workers = workers
        self._clock = clock
        self._months = months
        self._rest = rest

    async def run(self) -> None:
        """Go on until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self) -> None:
        """See to all days that are due; what fails is said, and left for the next time."""
        quiet = self._clock.now() - QUIET_MILLISECONDS
        before = first_day_kept(quiet, self._months)
        background = self._workers.background
        try:
            users = await background.run(self._compressor.users)
        except OSError as error:
            _complain("the diaries", error)
            return
        for user in users:
            try:
                days = await background.run(self._compressor.due, user, before, quiet * 10**6)
            except OSError as error:
                _complain(str(user), error)
                continue
            if count := await self._compress(days):
                logger.info("compressed %d days of %s", count, user)

    async def _compress(self, days: list[Due]) -> int:
        count = 0
        has_failed = False
        for each in days:
            try:
                count += await self._see_to(each)
            except OSError as error:
                # A full disk would fail every one of them: said once, it is said.
                if not has_failed:
                    _complain(f"{each.user}/{each.day}", error)
                has_failed = True
            await asyncio.sleep(self._rest)
        return count

    async def _see_to(self, due: Due) -> bool:
        compressor, workers = self._compressor, self._workers
        await workers.entries.run(compressor.tidy, due)
        if not due.is_past:
            return False
        ready = await workers.background.run(compressor.prepare, due)
        return ready is not None and await workers.entries.run(compressor.finish, ready)


def first_day_kept(now: int, months: int) -> Day:
    """Give the first day that is not compressed, if so many months are kept; `now` is in ms.

    0 keeps all of them.
    """
    today = datetime.fromtimestamp(now / 1000, UTC).date()
    month = today.year * _MONTHS + today.month - months
    if not months or month < _MONTHS + 1:
        return FIRST_DAY
    year, index = divmod(month, _MONTHS)
    return Day(date(year, index + 1, 1).isoformat())


def _complain(what: str, error: OSError) -> None:
    logger.warning("%s cannot be compressed: %s", what, error.strerror or error)
