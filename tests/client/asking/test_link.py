"""Real sockets on loopback."""

import socket
from collections.abc import Iterator

import pytest

from diaryclient.asking.link import UdpTransport
from diaryclient.asking.session import Arrival
from diaryclient.errors import UnknownHostError
from protocol.address import Address


@pytest.fixture
def peer() -> Iterator[socket.socket]:
    """A bound socket that answers nothing by itself."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bound:
        bound.bind(("127.0.0.1", 0))
        bound.settimeout(5)
        yield bound


def address_of(bound: socket.socket) -> Address:
    """Give where a socket is."""
    return Address("127.0.0.1", bound.getsockname()[1])


def test_datagrams_go_there_and_back(peer: socket.socket) -> None:
    """Whole, and never more than one byte beyond the largest allowed."""
    transport = UdpTransport(address_of(peer))
    transport.send(b"question", 0)
    data, sender = peer.recvfrom(100)
    assert data == b"question"
    peer.sendto(bytes(5000), sender)
    [arrival] = transport.wait(5)
    assert arrival == Arrival(0, bytes(1201))
    assert transport.wait(0) == []
    transport.close()


def test_strangers_are_not_heard(peer: socket.socket) -> None:
    """The socket is connected: what another address sends does not arrive."""
    transport = UdpTransport(address_of(peer))
    transport.send(b"question", 0)
    _, sender = peer.recvfrom(100)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.sendto(b"noise", sender)
    assert transport.wait(0.05) == []
    transport.close()


def test_an_old_refusal_does_not_swallow_a_new_datagram(peer: socket.socket) -> None:
    """The kernel tells the fate of an earlier datagram instead of sending the next: send again."""
    address = address_of(peer)
    peer.close()
    transport = UdpTransport(address)
    transport.send(b"too early", 0)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as back_again:
        back_again.bind((address.host, address.port))
        back_again.settimeout(5)
        transport.send(b"question", 0)
        assert back_again.recv(100) == b"question"
    transport.close()


def test_nothing_listening_is_reported(peer: socket.socket) -> None:
    """As an arrival of nothing, without a reason of its own."""
    address = address_of(peer)
    peer.close()
    transport = UdpTransport(address)
    transport.send(b"question", 0)
    assert transport.wait(5) == [Arrival(0, None)]
    transport.close()


def test_a_host_name_is_looked_up() -> None:
    """`localhost` has an address at least; a name that cannot exist is named."""
    transport = UdpTransport(Address("localhost", 8888))
    assert transport.paths >= 1
    transport.close()
    with pytest.raises(UnknownHostError, match=r"no-such-host\.invalid"):
        UdpTransport(Address("no-such-host.invalid", 8888))
