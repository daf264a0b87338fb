"""The client's sockets: one connected UDP socket for each address that the server's name has.

Rules: only this module and `diaryclient.asking.plain_link` open sockets. Connected, so that the
kernel drops what other addresses send and tells when nothing listens. Never more is read than one
byte beyond the largest datagram, and never more than 64 datagrams at one wake-up.
"""

import selectors
import socket
from typing import Final, TypeAlias

from diaryclient.asking.exchange import Chance
from diaryclient.asking.session import Arrival, Session
from diaryclient.clock import Clock
from diaryclient.errors import UnknownHostError, UnreachableError
from protocol.address import Address
from protocol.envelope import MAX_DATAGRAM

RESOLVING_SECONDS: Final = 4.0
"""A name service may take half a minute to give up, which nobody at a prompt should wait for."""

_MOST_PATHS: Final = 6
_MOST_AT_ONCE: Final = 64
Place: TypeAlias = tuple[socket.AddressFamily, tuple[str | int | bytes, ...]]
"""One address of a host, as sockets take it."""


class UdpTransport:
    """A `diaryclient.asking.session.Transport` over real sockets."""

    def __init__(self, address: Address) -> None:
        """Look the name up and connect; raise UnknownHostError or UnreachableError."""
        self._sockets: list[socket.socket] = []
        self._refused: list[Arrival] = []
        self._selector = selectors.DefaultSelector()
        reason = "it has no address"
        for family, place in resolve(address)[:_MOST_PATHS]:
            try:
                self._connect(family, place)
            except OSError as error:
                reason = error.strerror or str(error)
        if not self._sockets:
            self.close()
            raise UnreachableError(f"{address} cannot be reached: {reason}")

    @property
    def paths(self) -> int:
        """How many addresses there are to try."""
        return len(self._sockets)

    def send(self, datagram: bytes, path: int) -> None:
        """As Transport; a failure is an arrival of None at the next `wait`."""
        for _ in range(2):
            try:
                self._sockets[path].send(datagram)
            except ConnectionRefusedError:
                continue  # the kernel reports an earlier datagram's fate and has not sent this one
            except OSError as error:
                self._refused.append(Arrival(path, None, error.strerror or str(error)))
                return
            else:
                return
        self._refused.append(Arrival(path, None))

    def wait(self, seconds: float) -> list[Arrival]:
        """As Transport."""
        arrivals, self._refused = self._refused, []
        for key, _ in self._selector.select(0 if arrivals else seconds):
            arrivals += self._drain(key.data)
        return arrivals

    def close(self) -> None:
        """As Transport."""
        self._selector.close()
        for each in self._sockets:
            each.close()

    def _connect(self, family: socket.AddressFamily, place: tuple[str | int | bytes, ...]) -> None:
        new = socket.socket(family, socket.SOCK_DGRAM)
        try:
            new.settimeout(0)
            new.connect(place)
        except OSError:
            new.close()
            raise
        self._selector.register(new, selectors.EVENT_READ, len(self._sockets))
        self._sockets.append(new)

    def _drain(self, path: int) -> list[Arrival]:
        arrivals: list[Arrival] = []
        while len(arrivals) < _MOST_AT_ONCE:
            try:
                arrivals.append(Arrival(path, self._sockets[path].recv(MAX_DATAGRAM + 1)))
            except BlockingIOError:
                break
            except ConnectionRefusedError:
                arrivals.append(Arrival(path, None))
            except OSError as error:
                arrivals.append(Arrival(path, None, error.strerror or str(error)))
        return arrivals


def open_session(address: Address, clock: Clock, chance: Chance) -> Session:
    """Look a server's name up and get ready to ask it; raise as UdpTransport."""
    return Session(address, UdpTransport(address), clock, chance)


def resolve(address: Address) -> list[Place]:
    """Give the addresses of a host, the most promising first; raise UnknownHostError."""
    try:
        return _look_up(address, socket.AI_NUMERICHOST)
    except OSError:
        return _ask_name_service(address)


def _look_up(address: Address, flags: int = 0) -> list[Place]:
    # As bytes, because a text would load the tables of internationalised names first.
    host = address.host.encode()
    rows = socket.getaddrinfo(host, address.port, type=socket.SOCK_DGRAM, flags=flags)
    return list(dict.fromkeys((row[0], row[4]) for row in rows))


def _ask_name_service(address: Address) -> list[Place]:
    import threading  # noqa: PLC0415 - a number needs no name service

    found: list[Place] = []
    reasons: list[str] = []

    def look_up() -> None:
        try:
            found.extend(_look_up(address))
        except OSError as error:
            reasons.append(error.strerror or str(error))

    # A thread, because the system's look-up has no time limit of its own.
    thread = threading.Thread(target=look_up, daemon=True)
    thread.start()
    thread.join(RESOLVING_SECONDS)
    if found:
        return list(found)
    reason = reasons[0] if reasons else "the name service does not answer"
    raise UnknownHostError(f"the host name {address.host} is not known: {reason}")
