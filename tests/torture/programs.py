"""Real `diaryclient write` processes, some killed in mid-sentence; what waits is sent later."""

import asyncio
import os
import random
import sys
from contextlib import suppress
from typing import Final

from tests.programs import Home
from tests.torture.ledger import Fate, Ledger

KILLED: Final = 0.4
"""So many are killed, at a random moment."""

LONGEST_LIFE_SECONDS: Final = 0.6
"""Of one that is killed: a write takes 0.2 s on a quiet machine, and longer here."""

PATIENCE_SECONDS: Final = 60
_SAVED: Final = 0
_LOG_IN_AGAIN: Final = 3
_QUEUED: Final = 5
_PROMISES: Final = {_SAVED, _LOG_IN_AGAIN, _QUEUED}
"""With each of these the text is stored or kept. A client that gets an answer to its HELLO, and to
nothing else, thinks that its login is unknown; here its requests were only lost or slow."""


class Writers:
    """Runs the client, one process after the other, in one home."""

    def __init__(self, home: Home, ledger: Ledger, chance: random.Random) -> None:
        """`home` is logged in."""
        self._home = home
        self._ledger = ledger
        self._chance = chance

    async def write(self) -> None:
        """Run one write; what becomes of its text is in the ledger."""
        text = f"program {len(self._ledger.programs)}"
        killed = self._chance.random() < KILLED
        seconds = self._chance.uniform(0, LONGEST_LIFE_SECONDS) if killed else PATIENCE_SECONDS
        status, err = await self._run("write", text, seconds=seconds)
        self._ledger.counts["clients killed"] += status is None
        self._ledger.counts["clients told to log in again"] += status == _LOG_IN_AGAIN
        # One that was killed may have kept nothing, or all; the others have promised.
        promised = status in _PROMISES
        self._ledger.programs[text] = Fate.ACKNOWLEDGED if promised else Fate.UNKNOWN
        if status is not None and not promised:
            self._ledger.violate(f"diaryclient write ended with status {status}: {err}")

    async def flush(self) -> None:
        """Have everything delivered that waits."""
        outbox = self._home.folder / "state" / "diaryclient" / "outbox"
        for _ in range(20):
            if not list(outbox.rglob("*.json")):
                return
            text = f"program {len(self._ledger.programs)}"
            status, _ = await self._run("write", text, seconds=PATIENCE_SECONDS)
            promised = status in _PROMISES
            self._ledger.programs[text] = Fate.ACKNOWLEDGED if promised else Fate.UNKNOWN
        self._ledger.violate(f"the outbox does not become empty: {list(outbox.rglob('*.json'))}")

    async def _run(self, *words: str, seconds: float) -> tuple[int | None, str]:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "diaryclient",
            *words,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            env=os.environ | self._home.env,
        )
        try:
            async with asyncio.timeout(seconds):
                _, err = await process.communicate()
        except TimeoutError:
            with suppress(ProcessLookupError):  # it ended just now
                process.kill()
            await process.wait()
            return None, ""
        return process.returncode, err.decode()
