"""The fake server on a real UDP port of this machine."""

import socket
from collections.abc import Callable
from dataclasses import replace

from diaryclient.clock import SystemClock
from protocol.address import Address
from protocol.tokenword import TokenWord
from tests.client.fakes import ALICE, FakeClock, FakeServer, login_to

Run = Callable[..., tuple[int, str, str]]
PASSWORD = "correct horse"


class Loopback:
    """A fake server on a free UDP port."""

    def __init__(self, socket_: socket.socket) -> None:
        self.clock = FakeClock(wall=SystemClock().instant().wall)
        self.fake = FakeServer(self.clock)
        self.fake.not_before = self.clock.wall - 3_600_000
        self.address = Address("127.0.0.1", socket_.getsockname()[1])
        self.login = login_to(self.fake)._replace(address=self.address, created=self.clock.wall)
        self._socket = socket_

    def serve(self) -> None:
        """Answer until an empty datagram comes."""
        while True:
            datagram, sender = self._socket.recvfrom(2000)
            if not datagram:
                return
            for answer in self.fake.receive(datagram):
                self._socket.sendto(answer, sender)


def closed_port() -> Address:
    """Give an address where nothing listens."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bound:
        bound.bind(("127.0.0.1", 0))
        return Address("127.0.0.1", bound.getsockname()[1])


def lend(loopback: Loopback, scopes: str = "write", expires: int = 0, **changes: object) -> str:
    """Make a token with the server and give its word."""
    token = loopback.fake.account._make("cron", scopes, expires)
    word = TokenWord(
        address=loopback.address,
        user=ALICE,
        fingerprint=loopback.fake.fingerprint,
        kid=token.kid,
        root=token.root,
        scopes=scopes,
        expires=expires,
        fixed=False,
    )
    return replace(word, **changes).encode()  # type: ignore[arg-type]
