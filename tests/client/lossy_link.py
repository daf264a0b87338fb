"""A bad link in memory: it loses, doubles, delays and reorders datagrams in both directions.

A datagram reaches the server when its delay is over, not when it was sent, so that one which was
overtaken meets the server as it is by then. Nobody sleeps: the clock jumps to what comes next.
"""

import heapq
import random
from dataclasses import dataclass, field
from itertools import count
from typing import Final

from diaryclient.asking.session import Arrival
from tests.client.fakes import FakeClock, FakeServer

_LATEST: Final = 4.0
"""Seconds by which a datagram that is overtaken comes later than the others."""


@dataclass(frozen=True)
class Weather:
    """Chances from 0 to 1, each way, and a delay in seconds, each way."""

    loss: float = 0.3
    duplicate: float = 0.2
    reorder: float = 0.2
    delay: float = 0.3


@dataclass
class LossyTransport:
    """A `diaryclient.asking.session.Transport` to a server behind a bad link."""

    clock: FakeClock
    server: FakeServer
    chance: random.Random
    weather: Weather = Weather()
    paths: int = 1
    lost: int = 0
    _under_way: list[tuple[float, int, bool, bytes]] = field(default_factory=list)
    _numbers: "count[int]" = field(default_factory=count)

    def send(self, datagram: bytes, path: int) -> None:  # noqa: ARG002 - there is one path
        """As Transport."""
        self._travel(datagram, self.clock.monotonic, is_request=True)

    def wait(self, seconds: float) -> list[Arrival]:
        """As Transport, but the clock jumps instead of anybody waiting."""
        limit = self.clock.monotonic + seconds
        while self._under_way and self._under_way[0][0] <= limit:
            at, _, is_request, datagram = heapq.heappop(self._under_way)
            self.clock.monotonic = max(self.clock.monotonic, at)
            if not is_request:
                return [Arrival(0, datagram)]
            for answer in self.server.receive(datagram):
                self._travel(answer, at, is_request=False)
        self.clock.monotonic = limit
        return []

    def close(self) -> None:
        """As Transport; what is under way arrives all the same."""

    def _travel(self, datagram: bytes, now: float, *, is_request: bool) -> None:
        for _ in range(1 + (self.chance.random() < self.weather.duplicate)):
            if self.chance.random() < self.weather.loss:
                self.lost += 1
                continue
            late = self.chance.random() < self.weather.reorder
            delay = self.weather.delay + late * self.chance.uniform(0, _LATEST)
            number = next(self._numbers)
            heapq.heappush(self._under_way, (now + delay, number, is_request, datagram))
