"""Guessing at passwords from outside to the end: who is stopped, who is not, what can be learnt.

The throttles themselves are tested in tests/server/service/logins/test_guessing.py; here datagrams
go in.
"""

from itertools import count
from typing import Final

import pytest

from diaryserver.service.logins.guessing import EVERYWHERE, PER_NETWORK, PER_USER_AND_NETWORK
from diaryserver.service.source import Source
from protocol.envelope import parse_envelope
from protocol.identifiers import Username
from protocol.login import open_grant
from tests.server.world import (
    ELSEWHERE,
    HERE,
    World,
    code_of,
    form_of,
)

BURST: Final = int(PER_USER_AND_NETWORK.burst)
BOB: Final = Username("bob")


def guess(world: World, source: Source, user: str = "alice") -> str:
    """Guess wrong, and give what was said to it."""
    return code_of(world.login(form_of(Username(user), "wrong"), source=source))


@pytest.mark.parametrize(
    "pattern",
    [
        "203.0.113.{}",
        "::ffff:203.0.113.{}",
        "2001:db8:0:12{:02x}::1",
        "2001:db8::{:x}",
        "fe80::{0:x}%eth{0}",
    ],
)
def test_other_addresses_of_one_network_are_no_other_guessers(world: World, pattern: str) -> None:
    """IPv4's /24, IPv6's /56, the mapped form, an interface's name: five guesses in all."""
    world.user()
    hosts = [pattern.format(number) for number in range(1, BURST + 4)]
    codes = [guess(world, Source(host, 40_000)) for host in hosts]
    assert codes == ["DENIED"] * BURST + ["RATE"] * 3
    assert len(world.hasher.compared) == BURST


def test_many_names_from_one_network_are_bounded(world: World) -> None:
    """One password for everybody: thirty names, whether there are such users or not."""
    world.user(BOB)
    codes = [guess(world, HERE, f"user{number}") for number in range(int(PER_NETWORK.burst) + 5)]
    assert codes == ["DENIED"] * int(PER_NETWORK.burst) + ["RATE"] * 5
    assert guess(world, HERE, "bob") == "RATE"


def test_many_networks_are_bounded_and_keep_out_new_devices_only(world: World) -> None:
    """Two hundred guesses at once; whoever was here before logs in, and tokens do not notice."""
    device = world.device(world.user())
    assert code_of(world.login(form_of(), source=ELSEWHERE)) == "OK"
    sources = (Source(f"2001:db8:{number:x}::1", 40_000) for number in count(1))
    codes = [guess(world, next(sources)) for _ in range(int(EVERYWHERE.burst) + 5)]
    assert codes == ["DENIED"] * int(EVERYWHERE.burst) + ["RATE"] * 5
    assert code_of(world.login(form_of(), source=next(sources))) == "RATE"
    assert code_of(world.login(form_of(), source=ELSEWHERE)) == "OK"
    assert code_of(device.put()) == "OK"


def test_an_account_of_ones_own_is_no_side_door(world: World) -> None:
    """Mallory logs in between her guesses, which gives her trust, but no guess at alice back."""
    world.user()
    world.user(Username("mallory"))
    codes = []
    for _ in range(BURST + 3):
        assert code_of(world.login(form_of(Username("mallory")))) == "OK"
        codes.append(guess(world, HERE))
    assert codes == ["DENIED"] * BURST + ["RATE"] * 3


def test_what_a_guesser_in_the_very_same_network_can_do(world: World) -> None:
    """Make alice's log-ins from there wait, and find out that she logs in from there: no more."""
    device = world.device(world.user())
    for source in (HERE, ELSEWHERE):
        assert code_of(world.login(form_of(), source=source)) == "OK"
    neighbour = Source("192.0.2.99", 40_000)
    for number in range(int(PER_NETWORK.burst)):
        assert guess(world, neighbour, f"user{number}") == "DENIED"
    assert guess(world, neighbour, "nobody") == "RATE"
    assert guess(world, neighbour, "alice") == "DENIED"
    for _ in range(BURST):
        guess(world, neighbour)
    assert code_of(world.login(form_of())) == "RATE"
    assert code_of(world.login(form_of(), source=ELSEWHERE)) == "OK"
    assert code_of(device.put()) == "OK"
    world.clock.advance(PER_USER_AND_NETWORK.seconds_each)
    assert code_of(world.login(form_of())) == "OK"


def test_an_unknown_user_and_a_wrong_password_are_the_same_bytes(world: World) -> None:
    """What is sealed in the GRANT, padding and all, and its length outside."""
    world.user()
    seen = set()
    for name in ("alice", "nobody"):
        form = form_of(Username(name), "wrong")
        login = world.sealed_login(form, world.offer())
        [reply] = world.send(login)
        seen.add((open_grant(form.key, parse_envelope(login), parse_envelope(reply)), len(reply)))
    assert len(seen) == 1
    assert len(world.hasher.compared) == 2
