"""The server's clock steps back, as one that was set wrong does when somebody sets it right.

Nothing that was over may come to life, nothing may be done twice, and nobody is locked out.
"""

from pathlib import Path
from typing import Final

import pytest

from diaryserver.service.logins.guessing import PER_USER_AND_NETWORK
from protocol.envelope import parse_envelope
from protocol.identifiers import Day
from protocol.messages.account import Ping, Revoke, Revoked
from protocol.messages.diary import Clear
from protocol.messages.writing import Put, Stored
from protocol.offer import decode_offer
from tests.server.fakes import NOON, new_id
from tests.server.world import Device, World, code_of, form_of, opened_world

HOUR: Final = 3600
DAY: Final = 86_400
TODAY: Final = Day("2026-11-22")


@pytest.mark.parametrize("seconds", [1, 59, HOUR, 2 * DAY])
def test_a_log_in_under_way_begins_again(world: World, seconds: int) -> None:
    """Its cookie or its prekey is of the future, so it gets a fresh offer, and then a token."""
    world.user()
    offer = world.offer()
    world.clock.wall -= seconds * 1000
    [reply] = world.send(world.sealed_login(form_of(), offer))
    fresh = decode_offer(parse_envelope(reply))
    assert fresh.statement.not_before <= world.clock.now()
    assert code_of(world.login(form_of(), offer=fresh)) == "OK"


def test_what_was_revoked_stays_so(folder: Path) -> None:
    """Though it was revoked in what is now the future; also after a restart, and after sweeps."""
    with opened_world(folder) as world:
        device = world.device()
        assert code_of(device.ask(Ping())) == "OK"
        world.clock.advance(DAY)
        assert device.ask(Revoke(device.token.id)) == Revoked(1)
        world.clock.wall -= 3 * DAY * 1000
        world.accounts.sweep(world.clock.now())
        assert code_of(device.ask(Ping())) == "REVOKED"
    with opened_world(folder) as world:
        world.clock.wall -= 3 * DAY * 1000
        assert code_of(Device(world, device.token, device.keys).ask(Ping())) == "REVOKED"


def test_a_captured_request_that_is_fresh_again_is_done_once(world: World) -> None:
    """Its two minutes come round a second time: the entry's own id knows better."""
    device = world.device()
    put, clear, rid = Put(NOON, 0, "once"), Clear(TODAY, 0), new_id()
    captured = device.request(put, rid)
    world.send(captured)
    world.clock.advance(HOUR)
    [reply] = world.send(captured)
    assert code_of(device.opened(reply, captured, put)) == "BADTIME"
    cleared = device.request(clear)
    world.send(cleared)
    kept = device.put("written after the clear")
    world.clock.wall -= HOUR * 1000
    [reply] = world.send(captured)
    assert device.opened(reply, captured, put) == Stored(TODAY, dup=True)
    world.clock.wall += HOUR * 1000
    [reply] = world.send(cleared)
    assert code_of(device.opened(reply, cleared, clear)) == "OK"
    assert isinstance(kept, Stored)
    assert world.entries.list_days(world.accounts.list_users()[0].name, TODAY, TODAY, 1).rows


def test_guesses_are_not_given_back_and_time_still_heals(world: World) -> None:
    """Neither is somebody locked out until the clock has caught up."""
    world.user()
    for _ in range(int(PER_USER_AND_NETWORK.burst)):
        assert code_of(world.login(form_of(password="wrong"))) == "DENIED"
    world.clock.wall -= DAY * 1000
    assert code_of(world.login(form_of())) == "RATE"
    world.clock.advance(PER_USER_AND_NETWORK.seconds_each)
    assert code_of(world.login(form_of())) == "OK"


def test_a_device_is_told_the_new_time_and_goes_on(world: World) -> None:
    """By a signed BADTIME; corrected, the same request is done."""
    device = world.device()
    assert code_of(device.put()) == "OK"
    world.clock.wall -= HOUR * 1000
    assert code_of(device.ask(Ping(), skew=HOUR * 1000)) == "BADTIME"
    assert code_of(device.ask(Ping())) == "OK"
