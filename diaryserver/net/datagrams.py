"""UDP sockets: drained in one go when readable, each datagram handed on with a way to answer it.

Rules: nothing here blocks; a reply that the kernel does not take at once is dropped and counted,
as the network would drop it; on a wildcard address a reply leaves from the address that was asked
(IP_PKTINFO), or a client behind a connected socket would never see it.
"""

import asyncio
import socket
import struct
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, TypeAlias

from diaryserver.net.sockets import IP_PKTINFO, address_of
from diaryserver.service.counters import Counters, Drop
from diaryserver.service.source import Source
from protocol.address import Address

MAX_DATAGRAM_BYTES: Final = 65_535
MAX_DRAIN: Final = 256
"""Datagrams read in one wake-up, so that replies and other sockets get their turn in a flood."""

MAX_LAST_DRAINS: Final = 64
"""A stop takes 16,384 datagrams more, which is what a full receive buffer of small ones holds."""

_ANCILLARY_SPACE: Final = 256
_PKTINFO: Final = struct.Struct("=I4s4s")

Ancillary: TypeAlias = Sequence[tuple[int, int, bytes]]
SendReply: TypeAlias = Callable[[bytes], None]
Receive: TypeAlias = Callable[[bytes, Source, SendReply], None]


class DatagramListener:
    """Feeds one socket's datagrams to `receive`."""

    def __init__(self, bound: socket.socket, receive: Receive, counters: Counters) -> None:
        """Take over `bound`; nothing is read before `start`."""
        self._socket = bound
        self._receive = receive
        self._counters = counters

    @property
    def address(self) -> Address:
        """Where it listens, with the real port number."""
        return address_of(self._socket)

    def start(self) -> None:
        """Read from now on, on the running event loop."""
        asyncio.get_running_loop().add_reader(self._socket, self.drain)

    def stop(self) -> None:
        """Take what the kernel holds already, then read no more."""
        asyncio.get_running_loop().remove_reader(self._socket)
        for _ in range(MAX_LAST_DRAINS):
            if not self.drain():
                return

    def close(self) -> None:
        """Close the socket; replies after this are lost."""
        self._socket.close()

    def drain(self) -> bool:
        """Hand on at most MAX_DRAIN datagrams; tell whether there may be more."""
        for _ in range(MAX_DRAIN):
            try:
                datagram, ancillary, _, peer = self._socket.recvmsg(
                    MAX_DATAGRAM_BYTES, _ANCILLARY_SPACE
                )
            except BlockingIOError:
                return False
            except OSError:
                # An ICMP error of an earlier reply; the next call reads on.
                continue
            reply = partial(self._reply, peer, ancillary)
            self._receive(datagram, Source(peer[0], peer[1]), reply)
        return True

    def _reply(self, peer: tuple[str, int], ancillary: Ancillary, datagram: bytes) -> None:
        try:
            if ancillary:
                self._socket.sendmsg([datagram], [_origin(*item) for item in ancillary], 0, peer)
            else:
                self._socket.sendto(datagram, peer)
        except OSError:
            self._counters.count(Drop.SEND_FAILED)


def _origin(level: int, kind: int, data: bytes) -> tuple[int, int, bytes]:
    """Turn "arrived at" into "send from"; for IPv4 the interface is left to the routing table."""
    if level == socket.IPPROTO_IP and kind == IP_PKTINFO:
        # The second is an address of ours even where the third, the one asked, is a broadcast.
        _, local, _ = _PKTINFO.unpack(data)
        return level, kind, _PKTINFO.pack(0, local, bytes(4))
    return level, kind, data
