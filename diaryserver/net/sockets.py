"""Binding: UDP sockets for each address, and a TCP socket on the same port for plain text.

On Linux an address has five UDP sockets, one of them for signed requests (`net.steering`). They
share their port by SO_REUSEPORT, which would let a second server of the same user take part, too:
so that the address is free is seen first, by a socket that does not share.
"""

import errno
import logging
import socket
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Final

from diaryserver.errors import ListenError
from diaryserver.net import steering
from protocol.address import Address

RECEIVE_BUFFER_BYTES: Final = 4 * 2**20
"""Asked from the kernel (which may give less): about a second of full load while a disk stalls."""

LOGIN_BUFFER_BYTES: Final = 512 * 2**10
"""Of each queue of log-ins: some four hundred datagrams, a fifth of a second in a flood. A longer
one loses as many then, only later, and each that is answered has waited for all before it."""

IP_PKTINFO: Final = 8
"""Linux's <linux/in.h>; the socket module of Python 3.11 lacks the name."""

_PORT_TRIES: Final = 16
"""A port that is free for UDP may be taken for TCP; then another one is drawn."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Bound:
    """The sockets of one address, non-blocking.

    Datagrams of all kinds come by `requests`, or the signed ones only, log-ins by `logins`, in the
    order of `steering.Lane`, and the rest by `others`. `lines` is None where plain text by TCP is
    off.
    """

    requests: socket.socket
    others: socket.socket | None
    lines: socket.socket | None
    logins: tuple[socket.socket, ...] = ()

    @property
    def address(self) -> Address:
        """The address, with the real port number."""
        return address_of(self.requests)

    def __str__(self) -> str:
        """Name both, as the ready line does."""
        names = f"udp {self.address}"
        return f"{names} tcp {self.address}" if self.lines else names


def bind(addresses: Iterable[Address], stack: ExitStack, *, lines: bool) -> list[Bound]:
    """Bind all addresses, each closed by `stack`; raise ListenError if one cannot be had."""
    bound = [_bind_one(address, stack, lines=lines) for address in addresses]
    if all(each.requests.family == socket.AF_INET6 for each in bound):
        for each in filter(is_wildcard, (each.address for each in bound)):
            logger.warning(
                'IPv6 only: %s takes no IPv4; add "0.0.0.0:%d" to listen for it', each, each.port
            )
    return bound


def address_of(bound: socket.socket) -> Address:
    """Give where a socket is bound, of a link-local address its zone, too."""
    name = bound.getsockname()
    host, _ = socket.getnameinfo(name, socket.NI_NUMERICHOST | socket.NI_NUMERICSERV)
    return Address(host, name[1])


def is_wildcard(address: Address) -> bool:
    """Tell whether an address means "every address of this machine"."""
    return address.host in {"0.0.0.0", "::"}  # noqa: S104 - compared with, not bound to


def _bind_one(address: Address, stack: ExitStack, *, lines: bool) -> Bound:
    for _ in range(_PORT_TRIES):
        requests, others, logins = _bind_datagrams(address, stack)
        if not lines:
            return Bound(requests, others, None, logins)
        chosen = Address(address.host, address_of(requests).port)
        try:
            bound = stack.enter_context(_bind_lines(chosen))
            return Bound(requests, others, bound, logins)
        except ListenError:
            if address.port:
                raise
    raise ListenError(f"cannot find a port of {address.host} that is free for udp and tcp")


def _bind_datagrams(
    address: Address, stack: ExitStack
) -> tuple[socket.socket, socket.socket | None, tuple[socket.socket, ...]]:
    """Give the socket of signed requests, that of the rest, and those of log-ins; or only one."""
    alone = stack.enter_context(_bind_datagram_socket(address, is_shared=False))
    if not steering.IS_POSSIBLE:
        return alone, None, ()
    chosen = Address(address.host, address_of(alone).port)
    alone.close()
    requests, others, *logins = [
        stack.enter_context(_bind_datagram_socket(chosen, is_shared=True)) for _ in steering.Lane
    ]
    try:
        steering.steer(requests)
    except OSError as error:
        logger.warning("one queue for all datagrams of udp %s: %s", chosen, error.strerror)
        for each in (others, *logins):
            each.close()
        return requests, None, ()
    for each in logins:
        each.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, LOGIN_BUFFER_BYTES)
    return requests, others, tuple(logins)


def _bind_datagram_socket(address: Address, *, is_shared: bool) -> socket.socket:
    family = _family(address)
    bound = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    try:
        if is_shared:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6:
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        if is_wildcard(address):
            _ask_for_destination(bound)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
        bound.bind(_resolved(address))
    except OSError as error:
        bound.close()
        raise ListenError(f"cannot listen on udp {address}: {error.strerror}") from None
    return bound


def _bind_lines(address: Address) -> socket.socket:
    try:
        bound = socket.create_server(_resolved(address), family=_family(address))
    except OSError as error:
        raise ListenError(f"cannot listen on tcp {address}: {error.strerror}") from None
    bound.settimeout(0)
    return bound


def _family(address: Address) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in address.host else socket.AF_INET


def _resolved(address: Address) -> tuple[Any, ...]:
    """Give what `bind` takes: of an IPv6 address the number of its zone, too."""
    flags = socket.AI_NUMERICHOST
    try:
        found = socket.getaddrinfo(address.host, address.port, _family(address), flags=flags)
    except socket.gaierror:  # an IP address resolves, unless its zone is none
        raise OSError(errno.ENODEV, "there is no such interface") from None
    return found[0][4]


def _ask_for_destination(bound: socket.socket) -> None:
    if bound.family == socket.AF_INET6:
        bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
    else:
        bound.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
