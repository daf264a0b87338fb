"""Datagrams: what came is handed on, signed requests first, and two servers never share a port."""

import asyncio
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from ipaddress import ip_network

import pytest

from diaryserver.errors import ListenError
from diaryserver.net import steering
from diaryserver.net.datagrams import MAX_OTHERS, DatagramListener
from diaryserver.net.sockets import Bound, bind
from diaryserver.service.counters import Counters
from diaryserver.service.logins.known import MAX_KNOWN
from diaryserver.service.source import Accept, SendReply, Source
from diaryserver.service.throttle import network_of
from protocol.address import Address
from protocol.envelope import KID_BYTES, MAX_BODY, Kind, signed_part, write_header
from protocol.identifiers import EntryId

PATIENCE_SECONDS = 10
FREE = Address("127.0.0.1", 0)
NOW = 1_700_000_000_000


def shaped(kind: Kind = Kind.REQUEST, body_bytes: int = 40) -> bytes:
    """Give a datagram whose envelope is right, and nothing else of it."""
    header = write_header(kind, bytes(KID_BYTES), EntryId.make(NOW, bytes(10)), NOW, body_bytes)
    return signed_part(header, bytes(body_bytes)) + bytes(32)


@contextmanager
def bound_to(address: Address) -> Iterator[Bound]:
    """Bind as a server without plain text by TCP does."""
    with ExitStack() as stack:
        [bound] = bind([address], stack, lines=False)
        yield bound


@contextmanager
def sender_to(bound: Bound, host: str = "") -> Iterator[socket.socket]:
    """Open a client's socket, at an address of its own if one is given."""
    with socket.socket(bound.requests.family, socket.SOCK_DGRAM) as opened:
        opened.bind((host, 0))
        opened.connect((bound.address.host, bound.address.port))
        # For the answers to all that a test sends, which nobody reads before the end.
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 200_000)
        opened.settimeout(PATIENCE_SECONDS)
        yield opened


def waiting_in(one: socket.socket | None) -> list[bytes]:
    """Take all that the kernel holds, without an event loop."""
    found: list[bytes] = []
    while one is not None:
        try:
            found.append(one.recv(65_535))
        except BlockingIOError:
            break
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="others have one queue")
def test_only_what_has_the_shape_of_a_signed_request_shares_its_queue() -> None:
    """A flood of anything else fills another queue of the kernel."""
    others = [
        b"-r",
        "电池".encode(),
        os.urandom(60_000),
        shaped(Kind.HELLO),
        shaped(Kind.LOGIN),
        shaped(Kind.REPLY),
        shaped()[:94],
        shaped(body_bytes=1123),
        b"\x98\x02" + shaped()[2:],
        shaped()[:4] + b"\xc4\x10" + shaped()[6:],
    ]
    requests = [shaped(), shaped(body_bytes=17), shaped(body_bytes=1122)]
    with bound_to(FREE) as bound, sender_to(bound) as sender:
        for datagram in [*others, *requests]:
            sender.send(datagram)
        assert waiting_in(bound.requests) == requests
        assert waiting_in(bound.others) == others


HELLO = shaped(Kind.HELLO, MAX_BODY)
LOGIN = shaped(Kind.LOGIN, MAX_BODY)


@pytest.mark.skipif(sys.platform != "linux", reason="others have one queue")
@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_log_ins_wait_apart_and_those_of_known_networks_again(host: str) -> None:
    """By the sender's network, of whichever family; what was known before is replaced."""
    networks = [network_of("127.0.7.1"), network_of("::1"), network_of("2001:db8:0:1ff::1")]
    filling = [network_of(f"10.{number // 250}.{number % 250}.1") for number in range(250)]
    with bound_to(Address(host, 0)) as bound, sender_to(bound) as sender, ExitStack() as stack:
        sources = [sender]
        if host == "127.0.0.1":
            sources.append(stack.enter_context(sender_to(bound, "127.0.7.9")))
        else:
            sources.append(sender)

        def seen() -> list[list[bytes]]:
            return [waiting_in(each) for each in (bound.requests, bound.others, *bound.logins)]

        for source in sources:
            for datagram in (HELLO, LOGIN, shaped(), b"text", HELLO[:-1]):
                source.send(datagram)
        assert seen() == [[shaped()] * 2, [b"text", HELLO[:-1]] * 2, [HELLO] * 2, [LOGIN] * 2, []]
        steering.steer(bound.requests, [*filling, *networks])
        for datagram in (HELLO, LOGIN, shaped(), b"text"):
            sources[1].send(datagram)
        assert seen() == [[shaped()], [b"text"], [], [], [HELLO, LOGIN]]
        if host == "127.0.0.1":
            sender.send(HELLO)
            assert seen() == [[], [], [HELLO], [], []]
        steering.steer(bound.requests, [network_of("2001:db8:0:100::1"), network_of("10.0.0.1")])
        sources[1].send(LOGIN)
        assert seen() == [[], [], [], [LOGIN], []]


def test_as_many_networks_as_may_be_known_fit_the_kernels_program() -> None:
    """Of either family; it takes 4096 instructions."""
    for form in ("10.0.{}.0/24", "2001:db8:{:x}00::/56"):
        networks = [ip_network(form.format(number)) for number in range(MAX_KNOWN)]
        assert len(steering.program(networks)) < 4096


def test_a_port_that_somebody_has_cannot_be_listened_on_as_well() -> None:
    """Two servers that shared a port would each get half of everything, and nobody would know."""
    with bound_to(FREE) as bound:
        with pytest.raises(ListenError, match="in use"), bound_to(bound.address):
            pass
        taken = bound.address
    with bound_to(taken) as again:
        assert again.address == taken


class Receiver:
    """Answers each datagram with itself, and knows when it has had so many."""

    def __init__(self, expected: int) -> None:
        self.received: list[bytes] = []
        self.is_complete = asyncio.Event()
        self._expected = expected

    def receive(self, datagram: bytes, source: Source, reply: SendReply) -> None:
        """Send back what came."""
        self._take(datagram, source, reply)

    def screen(self, datagram: bytes) -> Accept:
        """Do the same."""
        return partial(self._take, datagram)

    def _take(self, datagram: bytes, source: Source, reply: SendReply) -> None:  # noqa: ARG002
        self.received.append(datagram)
        reply(datagram)
        if len(self.received) == self._expected:
            self.is_complete.set()


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_requests_pass_what_waits_before_them_and_all_of_it_is_answered(host: str) -> None:
    """Texts that fill the queue cost a request neither its turn nor, later, an answer theirs."""
    texts = [b"text %03d" % number for number in range(MAX_OTHERS + 40)]

    async def scenario(bound: Bound, sender: socket.socket) -> list[bytes]:
        receiver = Receiver(len(texts) + 1)
        listener = DatagramListener(bound, receiver, Counters())
        for text in texts:
            sender.send(text)
        sender.send(shaped())
        listener.start()
        async with asyncio.timeout(PATIENCE_SECONDS):
            await receiver.is_complete.wait()
        listener.stop()
        return receiver.received

    with bound_to(Address(host, 0)) as bound, sender_to(bound) as sender:
        received = asyncio.run(scenario(bound, sender))
        assert sorted([*texts, shaped()]) == sorted(received)
        assert [each for each in received if each in texts] == texts
        if bound.others is not None:
            assert received.index(shaped()) <= MAX_OTHERS
        assert [sender.recv(1200) for _ in received] == received


def test_a_stop_takes_what_has_come() -> None:
    """What the kernel had accepted before a stop is handed on, by whichever queue it came."""

    async def scenario(bound: Bound, sender: socket.socket) -> list[bytes]:
        receiver = Receiver(1)
        listener = DatagramListener(bound, receiver, Counters())
        listener.start()
        sender.send(b"text")
        sender.send(shaped())
        listener.stop()
        return receiver.received

    with bound_to(FREE) as bound, sender_to(bound) as sender:
        assert sorted(asyncio.run(scenario(bound, sender))) == sorted([b"text", shaped()])
