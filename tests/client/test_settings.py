"""Which login is meant: flag, environment, file, newest."""

from pathlib import Path

import pytest

from diaryclient.settings import Choice, Places, choose
from protocol.address import Address
from protocol.errors import UsageError
from protocol.identifiers import Username
from tests.client.fakes import FakeClock, FakeServer, login_to

LOGIN = login_to(FakeServer(FakeClock()))
BOB = Username("bob")
ELSEWHERE = Address("::1", 9999)


def test_precedence(tmp_path: Path) -> None:
    """Each of the two keys by itself."""
    (tmp_path / "config.toml").write_text('server = "c.test"\nuser = "carol"\n')
    environment = {"DIARY_SERVER": "e.test", "DIARY_USER": ""}
    flags = {"server": None, "user": None}
    assert choose(flags, {}, tmp_path) == Choice(Address("c.test", 8888), Username("carol"))
    assert choose(flags, environment, tmp_path) == Choice(
        Address("e.test", 8888), Username("carol")
    )
    assert choose({"server": "[::1]:1", "user": "bob"}, environment, tmp_path) == Choice(
        Address("::1", 1), BOB
    )
    assert choose(flags, {}, tmp_path / "none") == Choice()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("sever = 'x'\nport = 1\nuser = 1", ["sever", "port", "user: must be a text"]),
        ("user = [", ["config.toml"]),
        ("user = 'UPPER'", ["config.toml: user", "a user name is"]),
        ("server = 'a b'", ["config.toml: server", "an address is written"]),
        ("server = 'a:0'", ["port 0"]),
    ],
)
def test_every_mistake_is_named(tmp_path: Path, text: str, words: list[str]) -> None:
    """Unknown keys and wrong values, one line each."""
    (tmp_path / "config.toml").write_text(text)
    with pytest.raises(UsageError) as caught:
        choose({}, {}, tmp_path)
    assert all(word in str(caught.value) for word in words)


@pytest.mark.parametrize("variable", ["DIARY_SERVER", "DIARY_USER"])
def test_a_wrong_variable_is_named(tmp_path: Path, variable: str) -> None:
    """Where the wrong value stands is part of the message."""
    with pytest.raises(UsageError, match=variable):
        choose({}, {variable: "a b"}, tmp_path)


def test_places_follow_xdg() -> None:
    """Absolute variables count, relative ones do not."""
    home = {"HOME": "/home/a"}
    assert Places.of(home).state == Path("/home/a/.local/state/diaryclient")
    assert Places.of(home).config == Path("/home/a/.config/diaryclient")
    moved = home | {"XDG_STATE_HOME": "/s", "XDG_CONFIG_HOME": "relative"}
    assert Places.of(moved).state == Path("/s/diaryclient")
    assert Places.of(moved).config == Path("/home/a/.config/diaryclient")
