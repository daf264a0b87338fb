"""The server against `tests/golden/v1/negative.json`: what is silence is, what is INVALID is."""

from typing import Any, Final

import pytest

from protocol.messages.account import Ping
from tests.protocol.golden import octets, vectors
from tests.server.world import World, code_of

NEGATIVE: Final = vectors("negative")


def each(group: str) -> pytest.MarkDecorator:
    """Run a test for each vector of a group."""
    return pytest.mark.parametrize("vector", NEGATIVE[group].values(), ids=NEGATIVE[group])


@each("invalid")
def test_what_is_invalid_is_told_so(world: World, vector: dict[str, Any]) -> None:
    """Under a token that may do everything, so that nothing else is the reason."""
    device = world.device()
    datagram = device.garbage(octets(vector, "packed"))
    [reply] = world.send(datagram)
    assert code_of(device.opened(reply, datagram, Ping())) == vector["code"]


@each("requests")
def test_what_is_dropped_gets_silence(world: World, vector: dict[str, Any]) -> None:
    """And nothing of it is an exception."""
    assert world.send(octets(vector, "datagram")) == []


@each("hellos")
def test_a_wrong_hello_gets_silence(world: World, vector: dict[str, Any]) -> None:
    """Whatever is wrong with it."""
    assert world.send(octets(vector, "datagram")) == []


def test_a_right_hello_gets_an_offer(world: World) -> None:
    """Or the silence above would show nothing."""
    assert len(world.send(octets(vectors("login")["hello"], "datagram"))) == 1
