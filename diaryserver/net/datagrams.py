"""UDP sockets: drained in one go when readable, each datagram handed on with a way to answer it.

Rules: nothing here blocks; a reply that the kernel does not take at once is dropped and counted,
as the network would drop it; on a wildcard address a reply leaves from the address that was asked
(IP_PKTINFO), or a client behind a connected socket would never see it.
"""

import asyncio
import logging
import socket
import struct
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, Protocol, TypeAlias

from diaryserver.net import steering
from diaryserver.net.sockets import IP_PKTINFO, Bound
from diaryserver.service.counters import Counters, Drop
from diaryserver.service.source import Accept, SendReply, Source
from protocol.envelope import MAX_DATAGRAM

MAX_DATAGRAM_BYTES: Final = 65_535
MAX_DRAIN: Final = 1024
"""Requests read in one wake-up; forged ones among them would else make the batches small that the
true ones share, and a batch costs what twenty entries do."""

MAX_OTHERS: Final = 128
"""Other datagrams read in one wake-up, of each queue; a request that comes next waits 3 ms."""

BUSY_SECONDS: Final = 0.1
OTHERS_AT_ONCE: Final = 8
REST_FOR_EACH_SECOND: Final = 19.0
"""While signed requests come, the last of them so long ago at most, each other queue has a
twentieth of the time: so many at once, then a rest. A flood fills its own queue, and loses what
that cannot hold; without requests, everything else may have the whole core."""

_ROOM: Final = MAX_DATAGRAM + 1
"""For datagrams of the protocol; of a longer one so much tells that it is none."""

MAX_LAST_DRAINS: Final = 16
"""A stop takes 16,384 more of each queue, which is what a full buffer of small ones holds."""

logger = logging.getLogger(__name__)

_ANCILLARY_SPACE: Final = 256
_PKTINFO: Final = struct.Struct("=I4s4s")

Peer: TypeAlias = tuple[str, int]
"""As the socket gives it: an IPv6 one has two parts more, which `sendto` wants back."""

Ancillary: TypeAlias = Sequence[tuple[int, int, bytes]]


class Receiver(Protocol):
    """Whoever takes datagrams; the service's router does."""

    def receive(self, datagram: bytes, source: Source, reply: SendReply) -> None:
        """Take any datagram."""

    def screen(self, datagram: bytes) -> Accept | None:
        """Look at one that has the shape of a signed request; give what takes it, if anything."""


class _OtherQueue:
    """Drains one socket whose datagrams have to rest while signed requests come."""

    def __init__(
        self, queue: socket.socket, drain: Callable[[int], int], seconds_idle: Callable[[], float]
    ) -> None:
        """`drain(n)` hands on n datagrams at most and gives how many they were."""
        self._loop = asyncio.get_running_loop()
        self._queue = queue
        self._drain = drain
        self._seconds_idle = seconds_idle
        self._resuming: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Read from now on."""
        self._loop.add_reader(self._queue, self._take)

    def stop(self) -> None:
        """Take what the kernel holds already, then read no more."""
        if self._resuming is not None:
            self._resuming.cancel()
        self._loop.remove_reader(self._queue)
        _drain_last(self._drain)

    def _take(self) -> None:
        began = self._loop.time()
        if self._seconds_idle() > BUSY_SECONDS:
            self._drain(MAX_OTHERS)
        elif self._drain(OTHERS_AT_ONCE) == OTHERS_AT_ONCE:
            self._loop.remove_reader(self._queue)
            rest = REST_FOR_EACH_SECOND * (self._loop.time() - began)
            self._resuming = self._loop.call_later(rest, self.start)


class DatagramListener:
    """Feeds one address's datagrams to `receive`, signed requests before everything else."""

    def __init__(self, bound: Bound, receiver: Receiver, counters: Counters) -> None:
        """Take over the UDP sockets of `bound`, on the running loop; nothing is read yet."""
        self._bound = bound
        self._receiver = receiver
        self._counters = counters
        self._loop = asyncio.get_running_loop()
        self._requested = -BUSY_SECONDS
        # Alone, this queue has everything else, too.
        drain = partial(self._drain, room=MAX_DATAGRAM_BYTES)
        self._drain_requests = drain if bound.others is None else self._screen
        others = [] if bound.others is None else [(bound.others, MAX_DATAGRAM_BYTES)]
        self._others = [
            _OtherQueue(queue, partial(self._drain, queue, room=room), self._seconds_idle)
            for queue, room in (*others, *((queue, _ROOM) for queue in bound.logins))
        ]

    def start(self) -> None:
        """Read from now on."""
        self._loop.add_reader(self._bound.requests, self._take_requests)
        for queue in self._others:
            queue.start()

    def stop(self) -> None:
        """Take what the kernel holds already, then read no more."""
        self._loop.remove_reader(self._bound.requests)
        _drain_last(partial(self._drain_requests, self._bound.requests))
        for queue in self._others:
            queue.stop()

    def close(self) -> None:
        """Close the sockets; replies after this are lost."""
        others = [] if self._bound.others is None else [self._bound.others]
        for each in (self._bound.requests, *others, *self._bound.logins):
            each.close()

    def prefer(self, networks: Sequence[str]) -> None:
        """Have log-ins of these networks wait in a queue of their own."""
        if not self._bound.logins:
            return
        try:
            steering.steer(self._bound.requests, networks)
        except OSError as error:
            logger.warning("log-ins of known networks wait among all: %s", error.strerror)

    def _seconds_idle(self) -> float:
        return self._loop.time() - self._requested

    def _take_requests(self) -> None:
        self._requested = self._loop.time()
        self._drain_requests(self._bound.requests, MAX_DRAIN)

    def _drain(self, bound: socket.socket, most: int, *, room: int) -> int:
        """Hand on at most so many datagrams, and give how many they were: fewer, if it is empty."""
        for number in range(most):
            try:
                datagram, ancillary, _, peer = bound.recvmsg(room, _ANCILLARY_SPACE)
            except BlockingIOError:
                return number
            except OSError:
                # An ICMP error of an earlier reply; the next call reads on.
                continue
            reply = partial(self._reply, bound, peer, ancillary)
            self._receiver.receive(datagram, Source(peer[0], peer[1]), reply)
        return most

    def _screen(self, bound: socket.socket, most: int) -> int:
        """Do the same with requests alone; for a forged one no sender is built."""
        screen = self._receiver.screen
        for number in range(most):
            try:
                datagram, ancillary, _, peer = bound.recvmsg(MAX_DATAGRAM, _ANCILLARY_SPACE)
            except BlockingIOError:
                return number
            except OSError:
                continue
            accept = screen(datagram)
            if accept is not None:
                reply = partial(self._reply, bound, peer, ancillary)
                accept(Source(peer[0], peer[1]), reply)
        return most

    def _reply(
        self, bound: socket.socket, peer: Peer, ancillary: Ancillary, datagram: bytes
    ) -> None:
        try:
            if ancillary:
                bound.sendmsg([datagram], [_origin(*item) for item in ancillary], 0, peer)
            else:
                bound.sendto(datagram, peer)
        except OSError:
            self._counters.count(Drop.SEND_FAILED)


def _drain_last(drain: Callable[[int], int]) -> None:
    for _ in range(MAX_LAST_DRAINS):
        if drain(MAX_DRAIN) < MAX_DRAIN:
            return


def _origin(level: int, kind: int, data: bytes) -> tuple[int, int, bytes]:
    """Turn "arrived at" into "send from"; for IPv4 the interface is left to the routing table."""
    if level == socket.IPPROTO_IP and kind == IP_PKTINFO:
        # The second is an address of ours even where the third, the one asked, is a broadcast.
        _, local, _ = _PKTINFO.unpack(data)
        return level, kind, _PKTINFO.pack(0, local, bytes(4))
    return level, kind, data
