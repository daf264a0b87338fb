"""Log-ins under a flood: what strangers ask for keeps nobody else from an offer."""

from pathlib import Path
from typing import Final

import pytest

from diaryserver.service.counters import Drop
from diaryserver.service.logins.known import MAX_KNOWN, KnownNetworks
from diaryserver.service.logins.offering import (
    OFFERS_PER_NETWORK,
    OFFERS_TO_KNOWN,
    OFFERS_WHILE_BUSY,
    OFFERS_WHILE_IDLE,
)
from diaryserver.service.source import Source
from diaryserver.service.throttle import network_of
from protocol.messages.account import Grant
from protocol.messages.forms import RenewalForm
from protocol.offer import Hello, Offer, encode_hello
from tests.server.fakes import NOON, new_id
from tests.server.world import (
    ELSEWHERE,
    HERE,
    NONCE,
    Device,
    World,
    code_of,
    form_of,
    opened_world,
)

HELLO: Final = encode_hello(new_id(), NOON, Hello(NONCE, 1, 1))


def everywhere(networks: int) -> list[Source]:
    """Give an address in each of so many networks."""
    return [Source(f"10.{number // 250}.{number % 250}.1", 40_000) for number in range(networks)]


def flood(world: World, number: int, datagram: bytes = HELLO) -> int:
    """Bring in so many from a thousand networks, at one moment, and give how many were answered."""
    replies: list[bytes] = []
    sources = everywhere(1000)
    for count in range(number):
        world.router.receive(datagram, sources[count % len(sources)], replies.append)
    return len(replies)


def busy(world: World, device: Device) -> None:
    """Have a signed request come."""
    assert code_of(device.put()) == "OK"


def test_what_the_crowd_may_have_breathes_with_the_idle_core(world: World) -> None:
    """While signed requests come, a twentieth of it; a moment after the last, tenfold."""
    device = world.device()
    busy(world, device)
    assert flood(world, 30_000) == OFFERS_WHILE_BUSY.burst
    world.clock.advance(0.05)
    assert flood(world, 30_000) == pytest.approx(0.05 / OFFERS_WHILE_BUSY.seconds_each, abs=1)
    world.clock.advance(0.1)
    assert flood(world, 30_000) == OFFERS_WHILE_IDLE.burst
    world.clock.advance(0.1)
    assert flood(world, 30_000) == pytest.approx(0.1 / OFFERS_WHILE_IDLE.seconds_each, abs=1)
    assert world.dropped(Drop.HELLO_FLOOD) > 60_000


@pytest.mark.parametrize("is_busy", [True, False])
def test_a_flood_from_everywhere_keeps_no_known_network_out(world: World, *, is_busy: bool) -> None:
    """Whatever the crowd spends, who logged in before is offered at once, from there only."""
    device = world.device()
    assert isinstance(world.login(form_of(), source=ELSEWHERE), Grant)
    if is_busy:
        busy(world, device)
    flood(world, 30_000)
    assert world.send(HELLO, source=HERE) == []
    neighbour = Source(ELSEWHERE.host[:-1] + "9", 1)
    for source in (ELSEWHERE, neighbour):
        assert code_of(world.login(form_of(), source=source)) == "OK"


@pytest.mark.parametrize("junk", ["LOGIN", "HELLO"])
def test_the_one_kind_of_junk_spends_nothing_of_the_other(world: World, junk: str) -> None:
    """LOGINs with cookies that prove nothing leave the HELLOs theirs, and the other way round."""
    world.user()
    offer = world.offer()
    forged = Offer(bytes(24), offer.statement, offer.signature)
    login = world.sealed_login(form_of(), forged)
    flood(world, 30_000, login if junk == "LOGIN" else HELLO)
    assert world.send(login if junk == "LOGIN" else HELLO) == []
    assert len(world.send(HELLO if junk == "LOGIN" else login)) == 1


def test_three_hundred_hellos_a_second_of_ones_own_network_keep_nobody_out(world: World) -> None:
    """For as long as it goes on: a network may have more offers than that."""
    world.user()
    neighbour = Source(HERE.host[:-1] + "9", 1)
    for _ in range(50):
        world.send(*[HELLO] * 30, source=neighbour)
        world.clock.advance(0.1)
    assert code_of(world.login(form_of())) == "OK"


def test_known_networks_have_a_limit_too(world: World) -> None:
    """Somebody who forges a known network's address spends that network's part, and no more."""
    world.user()
    assert code_of(world.login(form_of(), source=ELSEWHERE)) == "OK"
    world.clock.advance(1)
    assert len(world.send(*[HELLO] * 2000, source=ELSEWHERE)) == OFFERS_PER_NETWORK.burst
    assert OFFERS_PER_NETWORK.burst < OFFERS_TO_KNOWN.burst
    assert code_of(world.login(form_of())) == "OK"


def test_a_network_is_known_by_a_grant(world: World) -> None:
    """Of a log-in or a renewal; a refusal makes none known."""
    device = world.device()
    here, elsewhere = network_of(HERE.host), network_of(ELSEWHERE.host)
    assert code_of(world.login(form_of(password="wrong"))) == "DENIED"
    assert here not in world.known
    assert code_of(world.login(form_of())) == "OK"
    assert here in world.known
    assert elsewhere not in world.known
    assert code_of(device.put()) == "OK"
    world.accounts.rotate(NOON, NOON + 1_000_000)
    form = RenewalForm(device.token.kid, bytes(32), b"k" * 32, 1, 1)
    root = world.accounts.root(device.token)
    renewal = world.proven_login(form, root, world.offer(ELSEWHERE))
    assert code_of(world.granted(renewal, form, ELSEWHERE)) == "OK"
    assert elsewhere in world.known


def test_after_a_restart_a_valid_cookie_makes_a_trusted_network_known(folder: Path) -> None:
    """The disk has no address, only digests: so it takes a LOGIN, be it refused, to know it."""
    with opened_world(folder) as world:
        world.user()
        assert code_of(world.login(form_of(), source=ELSEWHERE)) == "OK"
    with opened_world(folder) as world:
        for source in (HERE, ELSEWHERE):
            world.send(HELLO, source=source)
            assert network_of(source.host) not in world.known
            assert code_of(world.login(form_of(password="wrong"), source=source)) == "DENIED"
        assert network_of(HERE.host) not in world.known
        assert network_of(ELSEWHERE.host) in world.known


def test_the_known_networks_are_bounded() -> None:
    """The least recent is forgotten; a watcher hears of new ones only."""
    known, heard = KnownNetworks(), list[int]()
    known.watch(lambda networks: heard.append(len(networks)))
    for number in range(MAX_KNOWN):
        known.note(f"network {number}")
    known.note("network 0")
    assert heard == list(range(1, MAX_KNOWN + 1))
    known.note("one more")
    assert "network 0" in known
    assert "network 1" not in known
    assert heard[-1] == MAX_KNOWN
