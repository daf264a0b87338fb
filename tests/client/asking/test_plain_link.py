"""The old protocol from the client's side, over real sockets of this machine."""

import socket
from collections.abc import Iterator

import pytest

from diaryclient.asking.plain_link import PlainLink
from diaryclient.clock import SystemClock
from diaryclient.errors import UnreachableError
from protocol.address import Address

SHORT_PATIENCE = 0.05


@pytest.fixture
def server() -> Iterator[socket.socket]:
    """A UDP socket that answers nothing by itself."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bound:
        bound.bind(("127.0.0.1", 0))
        bound.settimeout(10)
        yield bound


def link_to(server: socket.socket, host: str = "127.0.0.1") -> PlainLink:
    """Give a link that does not wait long."""
    return PlainLink(Address(host, server.getsockname()[1]), SystemClock(), SHORT_PATIENCE)


@pytest.mark.parametrize(
    ("text", "fate"),
    [
        ("a text", "seconds: kept or not, nobody knows; the server"),
        ("-c", "seconds: cleared or not, nobody knows; the server"),
        ("-C", "seconds: cleared or not, nobody knows; the server"),
        ("-r", "seconds; the server"),
    ],
)
def test_what_a_silence_leaves_open_depends_on_the_question(
    server: socket.socket, text: str, fate: str
) -> None:
    """Only what changes something can have changed it; nothing is sent twice."""
    with link_to(server) as link, pytest.raises(UnreachableError, match=fate):
        link.ask(text)
    assert server.recv(100).decode() == text
    server.settimeout(0)
    with pytest.raises(BlockingIOError):
        server.recv(100)


def test_one_port_is_used_for_the_whole_conversation(server: socket.socket) -> None:
    """As the old clients do; a long answer comes whole."""
    with link_to(server) as link:
        senders = set()
        for number in range(3):
            with pytest.raises(UnreachableError):
                link.ask(f"{number}")
            senders.add(server.recvfrom(100)[1])
    assert len(senders) == 1


def test_nothing_listens(server: socket.socket) -> None:
    """The other machine says so, and nobody waits."""
    port = server.getsockname()[1]
    server.close()
    with (
        PlainLink(Address("127.0.0.1", port), SystemClock()) as link,
        pytest.raises(UnreachableError, match=f"nothing listens at 127.0.0.1:{port}"),
    ):
        link.ask("a text")


def test_the_next_address_is_tried_only_where_nothing_listens(server: socket.socket) -> None:
    """A text that a machine has refused cannot have been kept there."""
    with link_to(server) as link:
        there = link._places[0]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
            free.bind(("127.0.0.1", 0))
            nobody = (socket.AF_INET, free.getsockname())
        link._places = [nobody, there, nobody]
        with pytest.raises(UnreachableError, match="no answer"):
            link.ask("once")
    assert server.recv(100) == b"once"
