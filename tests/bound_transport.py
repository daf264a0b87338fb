"""A client's transport from an address of choice: on Linux all of 127.0.0.0/8 is this machine."""

import socket
from contextlib import suppress

from diaryclient.asking.session import Arrival
from protocol.address import Address
from protocol.envelope import MAX_DATAGRAM


class BoundTransport:
    """A `diaryclient.asking.session.Transport` with one path."""

    paths = 1

    def __init__(self, host: str, address: Address) -> None:
        """Send from any port of `host` to a server's IPv4 address."""
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((host, 0))
        self._socket.connect((address.host, address.port))

    def send(self, datagram: bytes, path: int) -> None:
        """As Transport; what cannot be sent is lost."""
        del path
        with suppress(OSError):
            self._socket.send(datagram)

    def wait(self, seconds: float) -> list[Arrival]:
        """As Transport, one at a time."""
        self._socket.settimeout(max(seconds, 1e-6))
        try:
            return [Arrival(0, self._socket.recv(MAX_DATAGRAM + 1))]
        except OSError:
            return []

    def close(self) -> None:
        """As Transport."""
        self._socket.close()
