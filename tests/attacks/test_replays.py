"""Whatever was captured, sent again, to the server or to one that was restarted.

The attacker here reads and repeats every datagram, and has no key. What a client makes of captured
answers is in tests/client.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from diaryserver.service.counters import Drop
from protocol.envelope import Kind, parse_envelope
from protocol.identifiers import Day
from protocol.keys import derive_token_keys
from protocol.messages.account import Grant, Mint, Revoke
from protocol.messages.batch import Batch, EntryRow
from protocol.messages.changes import Amend, Remove, Restore, version_of
from protocol.messages.diary import Clear, Days
from protocol.messages.padding import padded
from protocol.messages.writing import Put
from protocol.offer import Hello, decode_offer, encode_hello, verify_offer
from tests.server.fakes import NOON, new_id
from tests.server.world import (
    ELSEWHERE,
    HERE,
    NONCE,
    Device,
    World,
    code_of,
    form_of,
    opened_grant,
    opened_world,
)

if TYPE_CHECKING:
    from protocol.messages.base import Request

TODAY = Day("2026-11-22")


def files(folder: Path) -> dict[str, bytes]:
    """Give every file of the diaries."""
    found = (path for path in (folder / "diaries").rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


def test_a_captured_login_is_sealed_to_a_key_that_a_restart_forgot(folder: Path) -> None:
    """HELLO gets an offer as anybody's would; LOGIN too; no second token, nobody is guessed at."""
    with opened_world(folder) as world:
        world.user()
        hello = encode_hello(new_id(), NOON, Hello(NONCE, 1, 1))
        [offer] = world.send(hello)
        login = world.sealed_login(form_of(), decode_offer(parse_envelope(offer)))
        [grant] = world.send(login)
        assert code_of(opened_grant(login, form_of(), grant)) == "OK"
    with opened_world(folder) as world:
        for captured in (hello, login):
            [reply] = world.send(captured)
            fresh = decode_offer(parse_envelope(reply))
            verify_offer(fresh)
            assert fresh.statement.prekey != decode_offer(parse_envelope(offer)).statement.prekey
        assert world.send(offer, grant) == []
        [alice] = world.accounts.list_users()
        assert len(world.accounts.list_tokens(alice)) == 1
        assert world.hasher.compared == []


@pytest.mark.parametrize("is_restarted", [False, True])
def test_captured_requests_change_nothing_when_they_come_again(
    folder: Path, *, is_restarted: bool
) -> None:
    """Each that writes, from another address, to the same server or the next one."""
    entry, amended, removed, batched = new_id(), new_id(), new_id(), new_id()
    asked: list[tuple[Request, bytes]] = [
        (Put(NOON, 0, "once"), entry),
        (Amend(TODAY, entry, version_of(entry), 0, "amended"), amended),
        (Remove(TODAY, entry, version_of(amended), 0), removed),
        (Restore(TODAY, entry, version_of(removed), 0), new_id()),
        (Batch((EntryRow(batched, NOON, 0, "in a batch", star=False),)), new_id()),
        (Mint("cron", "write", 0, fixed=False), new_id()),
        (Clear(TODAY, 0), new_id()),
    ]
    with opened_world(folder) as world:
        device = world.device()
        captured = [device.request(request, rid) for request, rid in asked]  # type: ignore[arg-type]
        first = [world.send(datagram) for datagram in captured]
        codes = [
            code_of(device.opened(replies[0], datagram, request))
            for replies, datagram, (request, _) in zip(first, captured, asked, strict=True)
        ]
        assert codes == ["OK"] * len(asked)
        if not is_restarted:
            check_harmless(world, folder, captured)
    if is_restarted:
        with opened_world(folder) as world:
            check_harmless(world, folder, captured)


def check_harmless(world: World, folder: Path, captured: list[bytes]) -> None:
    """Send all again, twice: no file and no token more, and no reply larger than three times."""
    before = files(folder)
    [alice] = world.accounts.list_users()
    kids = {token.kid for token in world.accounts.list_tokens(alice)}
    for datagram in (*captured, *captured):
        for reply in world.send(datagram, source=ELSEWHERE):
            assert len(reply) <= 3 * len(datagram)
    assert files(folder) == before
    assert {token.kid for token in world.accounts.list_tokens(alice)} == kids


def test_a_captured_request_of_a_minted_token_does_not_bring_it_back(world: World) -> None:
    """Made, revoked, asked for again by the same bytes: the answer is the token that has ended."""
    device = world.device()
    asked = Mint("cron", "write", 0, fixed=False)
    captured = device.request(asked)
    [reply] = world.send(captured)
    grant = device.opened(reply, captured, asked)
    assert isinstance(grant, Grant)
    assert code_of(device.ask(Revoke(grant.kid))) == "OK"
    world.send(captured)
    token = world.accounts.token(grant.kid)
    assert token is not None
    cron = Device(world, token, derive_token_keys(grant.root, grant.kid))
    assert code_of(cron.put()) == "REVOKED"


def test_a_replay_can_forge_the_last_address_and_nothing_else(world: World) -> None:
    """For two minutes: a sender's address is no proof, so `token list` shows a hint."""
    device = world.device()
    captured = device.request(padded(Days(TODAY, TODAY)))
    assert len(world.send(captured, source=ELSEWHERE)) == 1
    assert world.accounts.last_use(device.token).address == ELSEWHERE.host
    assert code_of(device.put()) == "OK"
    world.clock.advance(121)
    assert len(world.send(captured, source=ELSEWHERE)) == 1
    assert world.accounts.last_use(device.token).address == HERE.host


def test_what_the_server_said_is_no_request(world: World) -> None:
    """A reply, and a request of which only the kind is another, are silence."""
    device = world.device()
    datagram = device.request(Put(NOON, 0, "x"))
    [reply] = world.send(datagram)
    for kind in (Kind.REPLY, Kind.OFFER, Kind.LOGIN, Kind.GRANT, Kind.HELLO):
        assert world.send(datagram[:2] + bytes([kind]) + datagram[3:]) == []
    assert world.send(reply) == []
    assert world.dropped(Drop.UNEXPECTED_KIND) == 4
