"""A bad link for real programs: a UDP proxy that loses, doubles, delays and reorders.

    python -m tests.lossy_proxy 127.0.0.1:0 127.0.0.1:8888 --loss 0.3 --delay 0.3 --seed 7

It prints `ready 127.0.0.1:PORT`, and what it did when SIGTERM or SIGINT ends it. In a program:

    with LossyProxy("127.0.0.1:8888", Weather(loss=0.3), seed=7) as proxy:
        ...  # clients speak to proxy.port

Rules: each client has a socket of its own, so that answers find their way; clients and datagrams
under way are bounded, and what is beyond that is lost and counted. Chance has a seed, so the same
datagrams in the same order meet the same fate.
"""

import argparse
import heapq
import random
import selectors
import signal
import socket
import sys
import threading
from collections import Counter, OrderedDict
from dataclasses import dataclass
from itertools import count
from types import FrameType
from typing import Final, Self, TypeAlias

from diaryclient.clock import SystemClock
from protocol.address import Address

MOST_CLIENTS: Final = 512
"""The one that was silent longest loses its socket, as behind a router with a full table."""

MOST_UNDER_WAY: Final = 4096
"""Datagrams; 5 MB of the largest."""

_LARGEST: Final = 65_535
_MOST_AT_ONCE: Final = 64
_LONGEST_WAIT: Final = 0.1
"""Seconds until an end that was asked for is noticed."""

Peer: TypeAlias = tuple[str, int]


@dataclass(frozen=True)
class Weather:
    """Chances from 0 to 1 and a delay in seconds, each way.

    A reordered datagram comes later than the others by up to the delay, and 50 ms at least.
    """

    loss: float = 0.0
    duplicate: float = 0.0
    reorder: float = 0.0
    delay: float = 0.0


class LossyProxy:
    """A proxy in a thread of its own; `counts` says what became of how many datagrams."""

    def __init__(
        self, target: str, weather: Weather, *, seed: int = 0, listen: str = "127.0.0.1:0"
    ) -> None:
        """Bind; nothing is forwarded before `start` or `with`. `weather` may be changed."""
        self.weather = weather
        self.counts: Counter[str] = Counter()
        self._target = _peer(target)
        self._chance = random.Random(seed)
        self._clock = SystemClock()
        self._clients: OrderedDict[Peer, socket.socket] = OrderedDict()
        self._under_way: list[tuple[float, int, Peer, bool, bytes]] = []
        self._numbers = count()
        self._selector = selectors.DefaultSelector()
        self._front = _bound(_peer(listen))
        self._selector.register(self._front, selectors.EVENT_READ, None)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self.serve, daemon=True)

    @property
    def port(self) -> int:
        """Where clients send to."""
        port: int = self._front.getsockname()[1]
        return port

    def __enter__(self) -> Self:
        """Forward from now on."""
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """As `stop`."""
        self.stop()

    def start(self) -> None:
        """Forward from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Forward no more, and wait until that is so; what is under way is lost."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def serve(self) -> None:
        """Forward until `stop`."""
        try:
            while not self._stopping.is_set():
                self._deliver_due()
                for key, _ in self._selector.select(self._pause()):
                    self._drain(key.data)
        finally:
            self._selector.close()
            self._front.close()
            for back in self._clients.values():
                back.close()

    def _now(self) -> float:
        return self._clock.instant().monotonic

    def _pause(self) -> float:
        if not self._under_way:
            return _LONGEST_WAIT
        return min(_LONGEST_WAIT, max(0.0, self._under_way[0][0] - self._now()))

    def _drain(self, client: Peer | None) -> None:
        """Take in what came from the server for a client, or from clients (None)."""
        source = self._front if client is None else self._clients.get(client)
        if source is None:
            return  # its socket was closed since the selector told of it
        for _ in range(_MOST_AT_ONCE):
            try:
                datagram, sender = source.recvfrom(_LARGEST)
            except BlockingIOError:
                return
            except ConnectionRefusedError:
                self.counts["refused"] += 1  # the server is away: a lossy link says nothing of it
                continue
            self._take_in(datagram, client or sender, is_request=client is None)

    def _take_in(self, datagram: bytes, client: Peer, *, is_request: bool) -> None:
        weather, chance = self.weather, self._chance
        self.counts["received"] += 1
        copies = 1 + (chance.random() < weather.duplicate)
        self.counts["doubled"] += copies - 1
        for _ in range(copies):
            if chance.random() < weather.loss:
                self.counts["lost"] += 1
                continue
            delay = weather.delay
            if chance.random() < weather.reorder:
                self.counts["reordered"] += 1
                delay += 0.05 + chance.uniform(0, weather.delay)
            if len(self._under_way) >= MOST_UNDER_WAY:
                self.counts["overflowed"] += 1
                continue
            item = (self._now() + delay, next(self._numbers), client, is_request, datagram)
            heapq.heappush(self._under_way, item)

    def _deliver_due(self) -> None:
        while self._under_way and self._under_way[0][0] <= self._now():
            _, _, client, is_request, datagram = heapq.heappop(self._under_way)
            try:
                if is_request:
                    self._back(client).send(datagram)
                else:
                    self._front.sendto(datagram, client)
                self.counts["forwarded"] += 1
            except OSError:
                self.counts["refused"] += 1

    def _back(self, client: Peer) -> socket.socket:
        """Give the socket that speaks to the server for a client."""
        known = self._clients.get(client)
        if known is not None:
            self._clients.move_to_end(client)
            return known
        if len(self._clients) >= MOST_CLIENTS:
            _, oldest = self._clients.popitem(last=False)
            self._selector.unregister(oldest)
            oldest.close()
        back = socket.socket(self._front.family, socket.SOCK_DGRAM)
        back.setblocking(False)  # noqa: FBT003 - the function takes it so
        back.connect(self._target)
        self._selector.register(back, selectors.EVENT_READ, client)
        self._clients[client] = back
        return back


def _peer(text: str) -> Peer:
    address = Address.parse(text)
    return address.host, address.port


def _bound(place: Peer) -> socket.socket:
    family = socket.AF_INET6 if ":" in place[0] else socket.AF_INET
    front = socket.socket(family, socket.SOCK_DGRAM)
    front.setblocking(False)  # noqa: FBT003 - the function takes it so
    front.bind(place)
    return front


def main() -> None:
    """Run a proxy until a signal ends it."""
    parser = argparse.ArgumentParser(prog="tests.lossy_proxy", description="A bad link.")
    parser.add_argument("listen", metavar="LISTEN")
    parser.add_argument("target", metavar="TARGET")
    for name in ("loss", "duplicate", "reorder", "delay"):
        parser.add_argument(f"--{name}", type=float, default=0.0)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    weather = Weather(given.loss, given.duplicate, given.reorder, given.delay)
    proxy = LossyProxy(given.target, weather, seed=given.seed, listen=given.listen)

    def end(number: int, frame: FrameType | None) -> None:
        proxy.stop()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    sys.stdout.write(f"ready {Address(_peer(given.listen)[0], proxy.port)}\n")
    sys.stdout.flush()
    proxy.serve()
    sys.stdout.write(" ".join(f"{name} {n}" for name, n in sorted(proxy.counts.items())) + "\n")


if __name__ == "__main__":
    main()
