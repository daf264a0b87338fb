"""Addresses: what is listened on is what is said, its zone too, and what is not served is said."""

import logging
import socket
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import pytest

from diaryserver.errors import ListenError
from diaryserver.net.sockets import bind
from protocol.address import Address

INTERFACES: Final = Path("/proc/net/if_inet6")
LINK: Final = "20"
"""How Linux marks a link-local address there."""


def link_local() -> Address:
    """Give a link-local address of this machine, any port; skip the test if it has none."""
    lines = INTERFACES.read_text().splitlines() if INTERFACES.exists() else []
    for digits, _, _, scope, _, interface in map(str.split, lines):
        if scope == LINK:
            host = socket.inet_ntop(socket.AF_INET6, bytes.fromhex(digits))
            return Address(f"{host}%{interface}", 0)
    pytest.skip("no interface here has a link-local address")


def bound_names(addresses: list[Address]) -> list[str]:
    """Bind these for datagrams and lines, as the ready line names them, and close them."""
    with ExitStack() as stack:
        return [str(each) for each in bind(addresses, stack, lines=True)]


def test_a_link_local_address_takes_datagrams_and_lines_and_keeps_its_zone() -> None:
    """Both sockets are bound to it, on one port, and a client that is told it gets there."""
    address = link_local()
    with ExitStack() as stack:
        [bound] = bind([address], stack, lines=True)
        assert bound.address.host == address.host
        assert str(bound) == f"udp {bound.address} tcp {bound.address}"
        with socket.create_connection(bound.address, timeout=10) as connection:
            assert connection.getpeername()[1] == bound.address.port
        for family, kind, protocol, _, name in socket.getaddrinfo(
            *bound.address, type=socket.SOCK_DGRAM
        ):
            with socket.socket(family, kind, protocol) as sender:
                sender.sendto(b"text", name)
        assert bound.others is None or bound.others.recv(100) == b"text"


def test_an_interface_that_is_not_there_is_named() -> None:
    """In one line, as every address that cannot be had."""
    with pytest.raises(ListenError, match=r"fe80::1%nosuch0\]:0: there is no such interface"):
        bound_names([Address("fe80::1%nosuch0", 0)])


@pytest.mark.parametrize(
    ("hosts", "said"),
    [
        (["::"], 1),
        (["::", "::1"], 1),
        (["::", "127.0.0.1"], 0),
        (["0.0.0.0"], 0),
        (["::1"], 0),
    ],
)
def test_a_wildcard_of_ipv6_says_that_it_takes_no_ipv4(
    caplog: pytest.LogCaptureFixture, hosts: list[str], said: int
) -> None:
    """Other programs' takes both; who names an address of each knows what to expect."""
    with caplog.at_level(logging.WARNING):
        names = bound_names([Address(host, 0) for host in hosts])
    lines = [record.getMessage() for record in caplog.records]
    assert len(lines) == said
    for line in lines:
        port = names[0].rpartition(":")[2]
        assert line == (
            f'IPv6 only: [::]:{port} takes no IPv4; add "0.0.0.0:{port}" to listen for it'
        )
