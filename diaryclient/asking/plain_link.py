"""The old protocol from the client's side: plain text over UDP, a datagram out and one back.

Rules: plain text has no ids, so nothing is ever sent twice where the first could have arrived: a
silence leaves open what became of the text. Only where the other machine says that nothing listens
is the host's next address tried.
"""

import errno
import socket
from typing import Final, Self

from diaryclient.asking.exchange import PATIENCE
from diaryclient.asking.link import Place, resolve
from diaryclient.clock import Clock
from diaryclient.errors import UnreachableError
from protocol.address import Address
from protocol.errors import UsageError

_MOST_BYTES: Final = 65_535
_OPEN_FATES: Final = {"-r": "", "-c": ": cleared or not, nobody knows"}
_OPEN_FATE: Final = ": kept or not, nobody knows"


class PlainLink:
    """A conversation with one server, from one port, as the old clients hold it."""

    def __init__(self, address: Address, clock: Clock, patience: float = PATIENCE) -> None:
        """Look the host up; raise UnknownHostError. An answer is waited for `patience` seconds."""
        self._address = address
        self._clock = clock
        self._patience = patience
        self._places = resolve(address)
        self._socket: socket.socket | None = None

    def __enter__(self) -> Self:
        """Give the link itself."""
        return self

    def __exit__(self, *exception: object) -> None:
        """Close the socket."""
        self._close()

    def ask(self, text: str) -> bytes:
        """Send a text and give the reply; raise UsageError if no datagram can hold it.

        Raise UnreachableError if nothing listens, or if no answer came in time.
        """
        reason = ""
        while self._socket or self._places:
            try:
                return self._ask(self._socket or self._connect(self._places.pop(0)), text)
            except TimeoutError:
                fate = _OPEN_FATES.get(text.lower(), _OPEN_FATE)
                raise UnreachableError(
                    f"no answer from {self._address} within {self._patience:.0f} seconds{fate}; "
                    "the server may be away, or take no plain text, or none from here, or none "
                    "like this"
                ) from None
            except ConnectionRefusedError:
                self._close()
            except OSError as error:
                if error.errno == errno.EMSGSIZE:
                    raise UsageError("the text is too long for a datagram; not sent") from None
                reason = error.strerror or str(error)
                self._close()
        if reason:
            raise UnreachableError(f"{self._address} cannot be reached: {reason}")
        raise UnreachableError(f"nothing listens at {self._address}")

    def _ask(self, link: socket.socket, text: str) -> bytes:
        deadline = self._clock.instant().monotonic + self._patience
        self._drain(link)
        link.settimeout(self._patience)
        link.send(text.encode())
        link.settimeout(max(deadline - self._clock.instant().monotonic, 0.001))
        return link.recv(_MOST_BYTES)

    def _connect(self, place: Place) -> socket.socket:
        family, address = place
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        self._socket.connect(address)
        return self._socket

    @staticmethod
    def _drain(link: socket.socket) -> None:
        # An answer that the network doubled must not pass for the answer to the next text.
        link.settimeout(0)
        try:
            while True:
                link.recv(_MOST_BYTES)
        except BlockingIOError:
            return

    def _close(self) -> None:
        if self._socket:
            self._socket.close()
            self._socket = None
