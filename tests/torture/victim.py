"""The server under torture: killed at random moments, also while it starts, and started again."""

import asyncio
import random
import signal
from asyncio import to_thread
from typing import Final

from tests.programs import Server, spawn
from tests.torture.ledger import Ledger

ORDERLY: Final = 0.12
"""So often it is SIGTERM; the rest is SIGKILL."""

WHILE_STARTING: Final = 0.1
"""So often the next kill does not wait until the server is ready."""

LONGEST_START_SECONDS: Final = 0.5


class Victim:
    """A server process that does not live long."""

    def __init__(self, server: Server, ledger: Ledger, chance: random.Random) -> None:
        """`server` runs."""
        self._server = server
        self._ledger = ledger
        self._chance = chance
        self.lines: list[str] = []
        self.kills = 0

    async def end_and_restart(self) -> None:
        """End the server somehow, and have it serve again."""
        if self._chance.random() < ORDERLY:
            await self.stop()
            self._ledger.counts["orderly stops"] += 1
        else:
            await self._end(signal.SIGKILL)
        while self._chance.random() < WHILE_STARTING:
            self._server.process = await to_thread(spawn, self._server.folder)
            await asyncio.sleep(self._chance.uniform(0, LONGEST_START_SECONDS))
            await self._end(signal.SIGKILL)
            self._ledger.counts["kills while starting"] += 1
        await to_thread(self._server.restart)
        self._ledger.counts["restarts"] += 1

    async def stop(self) -> None:
        """End it orderly."""
        await self._end(signal.SIGTERM)

    async def _end(self, number: int) -> None:
        status = await to_thread(self._server.stop, number)
        self.lines += self._server.log.splitlines()
        self.kills += number == signal.SIGKILL
        wanted = -number if number == signal.SIGKILL else 0
        if status != wanted:
            self._ledger.violate(f"the server ended with status {status}: {self._server.log}")

    def unexpected_lines(self) -> list[str]:
        """Give what it said besides being ready."""
        return [line for line in self.lines if not line.startswith("diaryserver: ready ")]
