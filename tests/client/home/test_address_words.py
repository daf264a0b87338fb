"""Links and `user@host` where an address is asked for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diaryclient.home.address_words import meant_address
from protocol.address import Address
from protocol.errors import MalformedError
from tests.client.loopback import Run


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("http://diary.example.org", "diary.example.org:8888"),
        ("https://Diary.example.org:9000/x/?y#z", "diary.example.org:9000"),
        ("udp://[2001:db8::1]:9000", "[2001:db8::1]:9000"),
        ("diary.example.org/", "diary.example.org:8888"),
        ("alice@diary.example.org", "diary.example.org:8888, with alice as the user"),
        ("ssh://alice:secret@h.test", "h.test:8888, with alice as the user"),
        ("Al Ice@h.test", ""),
        ("http://", ""),
        ("a b", ""),
        ("h.test:99999", ""),
    ],
)
def test_what_a_link_meant(typed: str, meant: str) -> None:
    """Host and port, and no password."""
    assert meant_address(typed) == meant


@given(st.text(max_size=40) | st.text(st.sampled_from("ab.:/@[]#?1% "), max_size=40))
def test_what_is_meant_can_be_typed(typed: str) -> None:
    """Whatever is named is an address."""
    meant = meant_address(typed)
    if meant:
        address, _, _ = meant.partition(",")
        assert str(Address.parse(address)) == address


def test_a_link_as_host_says_what_to_type(run: Run) -> None:
    """At login, and wherever else a server is named; exit 2."""
    said = "only host, host:port or [v6]:port; type diary.example.org:8888"
    link = "http://diary.example.org"
    assert run("login", link, "alice") == (2, "", f"diaryclient: HOST: {said}\n")
    assert run("--server", link, "read") == (2, "", f"diaryclient: --server: {said}\n")
    assert run("read", DIARY_SERVER=link) == (2, "", f"diaryclient: DIARY_SERVER: {said}\n")
    with pytest.raises(MalformedError):
        Address.parse(link)
