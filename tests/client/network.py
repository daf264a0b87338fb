"""A network in memory that loses, doubles, delays and changes datagrams as a test says."""

from collections.abc import Callable
from dataclasses import dataclass, field

from diaryclient.asking.session import Arrival, Session
from tests.client.fakes import ADDRESS, FakeClock, FakeServer, seeded

Fate = Callable[[bytes], list[tuple[float, bytes]]]


def arrives(datagram: bytes) -> list[tuple[float, bytes]]:
    """Arrive once, after 10 ms."""
    return [(0.01, datagram)]


def lost(datagram: bytes) -> list[tuple[float, bytes]]:
    """Never arrive."""
    return []


@dataclass
class FakeTransport:
    """Loses, doubles, delays and changes datagrams as `there` and `back` say, for each path."""

    clock: FakeClock
    servers: list[FakeServer | None]
    there: Fate = arrives
    back: Fate = arrives
    sent: list[tuple[float, int, bytes]] = field(default_factory=list)
    closed: bool = False

    def __post_init__(self) -> None:
        self._coming: list[tuple[float, int, bytes | None]] = []

    @property
    def paths(self) -> int:
        """As Transport."""
        return len(self.servers)

    def send(self, datagram: bytes, path: int) -> None:
        """As Transport."""
        now = self.clock.monotonic
        self.sent.append((now, path, datagram))
        server = self.servers[path]
        if server is None:
            self._coming.append((now, path, None))
            return
        for there, arrived in self.there(datagram):
            for answer in server.receive(arrived):
                for back, came in self.back(answer):
                    self._coming.append((now + there + back, path, came))

    def wait(self, seconds: float) -> list[Arrival]:
        """As Transport, but the clock jumps instead of anybody waiting."""
        limit = self.clock.monotonic + seconds
        self._coming.sort(key=lambda item: item[:2])
        if not self._coming or self._coming[0][0] > limit:
            self.clock.monotonic = limit
            return []
        at, path, datagram = self._coming.pop(0)
        self.clock.monotonic = max(self.clock.monotonic, at)
        return [Arrival(path, datagram)]

    def close(self) -> None:
        """As Transport."""
        self.closed = True


def session_with(transport: FakeTransport) -> Session:
    """Give a session over a transport, with chance that repeats."""
    return Session(ADDRESS, transport, transport.clock, seeded())
