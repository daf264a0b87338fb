"""Where a server is: four ways to write it, one way to show it."""

import ipaddress
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.address import DEFAULT_PORT, Address
from tests.protocol.strategies import any_text
from tests.protocol.totality import attempt, is_refused

LABELS = st.from_regex(r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?", fullmatch=True)
NAMES = st.lists(LABELS, min_size=1, max_size=4).map(".".join).filter(lambda name: len(name) <= 253)
V6 = st.ip_addresses(v=6).map(str)
ZONES = st.sampled_from(["", "%eth0", "%1", "%br-lan.7"])
PORTS = st.integers(0, 65535)


@given(st.one_of(NAMES, st.ip_addresses(v=4).map(str)), PORTS)
def test_a_name_and_a_port_come_back(host: str, port: int) -> None:
    """Names are compared without case."""
    address = Address.parse(f"{host}:{port}")
    assert address == Address(host.lower(), port)
    assert Address.parse(str(address)) == address
    assert Address.parse(host) == Address(host.lower(), DEFAULT_PORT)


@given(V6, ZONES, PORTS)
def test_an_ipv6_address_and_a_port_come_back(host: str, zone: str, port: int) -> None:
    """With and without brackets, with and without a zone."""
    address = Address.parse(f"[{host}{zone}]:{port}")
    assert (ipaddress.ip_address(address.host), address.port) == (
        ipaddress.ip_address(host + zone),
        port,
    )
    assert Address.parse(str(address)) == address
    assert Address.parse(f"[{host}{zone}]") == Address.parse(host + zone)
    assert Address.parse(host + zone).port == DEFAULT_PORT


@given(st.one_of(any_text, st.text("a1:[].%\n-", max_size=20)))
def test_an_address_is_total_and_shows_as_it_parses(text: str) -> None:
    """Whatever parses can be written into an invite and read back."""
    address = attempt(Address.parse, text)
    if address is not None:
        assert Address.parse(str(address)) == address
        assert str(address).isascii()
        assert not any(character.isspace() for character in str(address))


@given(st.one_of(NAMES, st.text("a.-_", max_size=70)))
def test_no_host_crashes_the_resolver(text: str) -> None:
    """A name that parses can be handed to getaddrinfo: a bad one would raise UnicodeError."""
    address = attempt(Address.parse, text)
    if address is not None:
        assert address.host.encode("idna")


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":",
        ":8888",
        "host:",
        "host:-1",
        "host:+1",
        "host:65536",
        "host:000000",
        "host:99999999999999999999",
        "host:٨٨٨٨",
        "host:8 8",
        "host:8888\n",
        "host\n",
        "\nhost",
        "ho st",
        "host:1:2",
        ".",
        "..",
        "a..b",
        ".a",
        "a" * 64,
        f"{'a.' * 126}aa",
        "-r",
        "--help",
        "a-",
        "häuser",
        "host/path",
        "user@host",
        "http://host",
        "host\x00",
        "[]",
        "[]:1",
        "[::1",
        "::1]",
        "[::1]8888",
        "[::1]:",
        "[::1]:65536",
        "[::1]:1\n",
        "[::1\n]:1",
        "[127.0.0.1]:1",
        "[host]:1",
        "[[::1]]:1",
        "::1%",
        "::1%a%b",
        "::1%eth0\n",
        "::1%eth0:1",
        "[::1%a b]:1",
        "[fe80::1%../../x]:1",
        "[::1%" + "a" * 16 + "]:1",
        "::1/64",
        "1:2:3:4:5:6:7:8:9",
        ":::",
        "::g",
    ],
)
def test_hostile_addresses_are_refused(text: str) -> None:
    """No newline, empty label, option, path, foreign digit, huge port or strange zone."""
    assert is_refused(Address.parse, text)


def test_the_resolver_does_raise_for_such_names() -> None:
    """The reason of the rule on labels: getaddrinfo fails with UnicodeError, no OSError."""
    with pytest.raises(UnicodeError):
        socket.getaddrinfo("a..b", 1)
