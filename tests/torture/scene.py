"""A whole torture: who takes part, for how long, and what is checked at the end."""

import asyncio
import random
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from diaryserver.clock import SystemClock
from protocol.identifiers import Day, Username
from protocol.keys import TokenKeys
from tests.integration.wire import wire_to
from tests.lossy_proxy import LossyProxy, Weather
from tests.programs import PASSWORD, Home, Server, start_server
from tests.torture.client import TortureClient
from tests.torture.ledger import Fate, Ledger
from tests.torture.programs import Writers
from tests.torture.verdict import PROGRAMS, judge
from tests.torture.victim import Victim

GIVING_UP: Final = 0.03
"""So many entries are only tried once: their writers never learn what became of them."""

ASKED_AGAIN: Final = 500
"""Acknowledged entries that are sent once more to the last server, at most."""

WEATHER: Final = Weather(loss=0.1, duplicate=0.05, reorder=0.1)
PROGRESS_SECONDS: Final = 30

_clock: Final = SystemClock()


@dataclass(frozen=True)
class Plan:
    """How much of it: it goes on until all are reached, or `minutes` are over."""

    kills: int
    writes: int
    seed: int
    minutes: float
    users: int = 30
    in_flight: int = 8


class Scene:
    """One torture in one folder."""

    def __init__(self, folder: Path, plan: Plan) -> None:
        """`folder` is empty, and holds the evidence afterwards."""
        self.ledger = Ledger()
        self._plan = plan
        self._folder = folder
        self._chance = random.Random(plan.seed)
        self._proxy: LossyProxy
        self._home = Home(folder / "home")
        self._victim: Victim
        self._acknowledged = self._wanted = 0
        self._reached = asyncio.Event()
        self._end = _clock.monotonic() + 60 * plan.minutes
        self._clients: list[TortureClient] = []
        self._generations: dict[tuple[Username, Day], int] = {}

    async def run(self) -> None:
        """Torture, then judge."""
        server = await asyncio.to_thread(start_server, self._folder / "server")
        self._victim = Victim(server, self.ledger, random.Random(self._plan.seed + 2))
        self._proxy = LossyProxy(server.address, WEATHER, seed=self._plan.seed + 1)
        try:
            with self._proxy:
                logins = await asyncio.to_thread(self._log_in, server, self._proxy.port)
                await self._write_under_torture(logins, self._proxy.port)
                await self._victim.stop()
                await self._check(server)
        finally:
            for client in self._clients:
                client.close()
            await self._victim.stop()

    def _log_in(self, server: Server, port: int) -> dict[Username, TokenKeys]:
        logins = {}
        for number in range(self._plan.users):
            user = Username(f"user-{number}")
            server.add_user(user)
            with wire_to(server.address) as wire:
                logins[user] = wire.token(user, PASSWORD).keys
        server.add_user(PROGRAMS)
        words = ("login", f"127.0.0.1:{port}", PROGRAMS, "--password-stdin", "--accept-new")
        done = self._home.client(*words, stdin=PASSWORD + "\n")
        assert done.status == 0, done.err
        return logins

    async def _write_under_torture(self, logins: dict[Username, TokenKeys], port: int) -> None:
        for number, (user, keys) in enumerate(logins.items()):
            client = TortureClient(user, keys, self.ledger, self._plan.seed + 10 + number)
            await client.open(port)
            self._clients.append(client)
        async with asyncio.TaskGroup() as group:
            for client in self._clients:
                for _ in range(self._plan.in_flight):
                    group.create_task(self._write(client))
            for task in (self._kill(), self._clear(), self._run_programs(), self._show()):
                group.create_task(task)

    def _goes_on(self) -> bool:
        plan = self._plan
        reached = self._victim.kills >= plan.kills and self._acknowledged >= plan.writes
        return not reached and _clock.monotonic() < self._end

    async def _write(self, client: TortureClient) -> None:
        while self._goes_on():
            attempt = await client.write(GIVING_UP)
            self._acknowledged += attempt.fate is Fate.ACKNOWLEDGED
            if self._acknowledged >= self._wanted:
                self._reached.set()

    async def _kill(self) -> None:
        plan = self._plan
        while self._goes_on():
            # After so many acknowledgements that kills and writes are reached together.
            left = max(0, plan.writes - self._acknowledged)
            share = left / max(1, plan.kills - self._victim.kills)
            wanted = self._acknowledged + round(self._chance.uniform(0, 2 * share))
            await self._until_acknowledged(min(wanted, plan.writes))
            await asyncio.sleep(self._chance.uniform(0, 0.05))
            await self._victim.end_and_restart()

    async def _until_acknowledged(self, wanted: int) -> None:
        self._wanted = wanted
        if self._acknowledged < wanted:
            self._reached.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._reached.wait(), self._end - _clock.monotonic())

    async def _clear(self) -> None:
        while self._goes_on():
            await asyncio.sleep(self._chance.uniform(0, 1))
            client = self._chance.choice(self._clients)
            day = client.compose().stamp.day
            generation = self._generations.get((client.user, day), 0)
            if await client.clear(day, generation):
                self._generations[client.user, day] = generation + 1
                self.ledger.counts["days cleared"] += 1

    async def _run_programs(self) -> None:
        writers = Writers(self._home, self.ledger, self._chance)
        while self._goes_on():
            await writers.write()
            await asyncio.sleep(self._chance.uniform(0, 1))
        await writers.flush()

    async def _show(self) -> None:
        shown = _clock.monotonic()
        while self._goes_on():
            await asyncio.sleep(0.5)
            if _clock.monotonic() - shown > PROGRESS_SECONDS:
                shown = _clock.monotonic()
                sys.stderr.write(f"{self._victim.kills} kills, {self._acknowledged} acknowledged\n")

    async def _check(self, server: Server) -> None:
        ledger = self.ledger
        stored = judge(server.data, ledger)
        acknowledged = [each for each in ledger.attempts if each.fate is Fate.ACKNOWLEDGED]
        chosen = self._chance.sample(acknowledged, min(ASKED_AGAIN, len(acknowledged)))
        await asyncio.to_thread(server.restart)
        clients = {client.user: client for client in self._clients}
        known = await asyncio.gather(*(clients[each.user].put(each) for each in chosen))
        ledger.counts["duplicates answered"] -= sum(known)  # those were no accident
        for attempt, was_known in zip(chosen, known, strict=True):
            if not was_known:
                ledger.violate(f"{attempt.key} was not known any more")
        await self._victim.stop()
        if judge(server.data, Ledger(attempts=ledger.attempts)) != stored:
            ledger.violate("repetitions were written again")
        self._summarise(stored, len(chosen))

    def _summarise(self, stored: int, asked_again: int) -> None:
        counts = self.ledger.counts
        fates = [attempt.fate for attempt in self.ledger.attempts]
        programs = self.ledger.programs.values()
        counts["kills"] = self._victim.kills
        counts["writes"] = len(fates) + len(programs)
        counts["acknowledged"] = fates.count(Fate.ACKNOWLEDGED) + list(programs).count(
            Fate.ACKNOWLEDGED
        )
        counts["unacknowledged"] = counts["writes"] - counts["acknowledged"]
        counts["diaryclient processes"] = len(programs)
        counts["entries on disk"] = stored
        counts["asked again at the end, all known"] = asked_again
        for what in ("lost", "doubled", "reordered"):
            counts[f"datagrams {what}"] = self._proxy.counts[what]
        counts["violations"] = len(self.ledger.violations)
        for line in self._victim.unexpected_lines():
            if "dropped:" not in line:
                counts["lines in the server's log"] += 1
            if "Traceback" in line:
                self.ledger.violate(f"the server's log: {line}")
