"""Tokens by request: list, mint, revoke, delete; each done once however often it is asked."""

from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from diaryserver.accounts.changetable import MAX_TOKEN_CHANGES
from diaryserver.service.ports.accounts import TokenChange
from diaryserver.service.requests.requests import AMPLIFICATION, MAX_ANSWERS
from diaryserver.service.source import Source
from diaryserver.service.token_life import MAX_KEPT_TOKENS, MAX_LIVE_LINES
from protocol.channel import open_reply
from protocol.envelope import MAX_DATAGRAM, TAG_BYTES, parse_envelope
from protocol.identifiers import Day, Username
from protocol.keys import derive_token_keys
from protocol.messages.account import (
    MAX_TOKEN_ROWS,
    Delete,
    Deleted,
    Grant,
    Identity,
    Mint,
    Ping,
    Revoke,
    Revoked,
    TokenList,
    TokenRow,
    Tokens,
)
from protocol.messages.base import Refusal, Reply, Request
from protocol.messages.coding import decode_hinted_reply
from protocol.messages.padding import padded
from protocol.messages.writing import Put
from tests.server.fakes import NOON, new_id
from tests.server.world import ALICE, Device, World, code_of, opened_world

TODAY: Final = Day("2026-11-22")
BOB: Final = Username("bob")
DAY: Final = 86_400_000


def rows(device: Device) -> list[TokenRow]:
    """List all tokens, page by page."""
    found: list[TokenRow] = []
    for _ in range(100):
        answer = device.ask(padded(Tokens(found[-1].id if found else b"")))
        assert isinstance(answer, TokenList)
        found.extend(answer.rows)
        if not answer.more:
            break
    return found


def device_of(world: World, grant: Reply | Refusal) -> Device:
    """Give the device that got a grant."""
    assert isinstance(grant, Grant)
    token = world.accounts.token(grant.kid)
    assert token is not None
    return Device(world, token, derive_token_keys(grant.root, grant.kid))


def minted(device: Device, scopes: str = "write", lifetime: int = 0) -> Device:
    """Mint a token."""
    return device_of(device.world, device.ask(Mint("cron", scopes, lifetime, fixed=False)))


# Listing


def test_a_list_tells_of_each_live_token(world: World) -> None:
    """Its name, scopes, ends, and when and from where it was used last; and which one asks."""
    device = world.device(label="laptop")
    cron = world.device(scopes="write", expires=NOON + DAY, label="cron")
    world.device(expires=NOON + 500, label="over by then")
    world.device(world.user(BOB), label="another's")
    world.clock.advance(1)
    [reply] = world.send(cron.request(Ping()), source=Source("fe80::1%eth0", 1))
    assert reply
    world.clock.advance(1)
    laptop, other = rows(device)
    assert laptop == TokenRow(
        device.keys.kid, "laptop", "full", NOON, NOON + 2000, "192.0.2.1", 0, own=True
    )
    assert other == TokenRow(
        cron.keys.kid, "cron", "write", NOON, NOON + 1000, "fe80::1", NOON + DAY, own=False
    )


def test_never_means_never_in_a_list_too(world: World) -> None:
    """It is still there after a hundred years, and says 0."""
    device = world.device()
    assert code_of(device.ask(Ping())) == "OK"
    world.clock.advance(100 * 365 * 86_400)
    world.accounts.sweep(world.clock.now())
    assert [row.expires for row in rows(device)] == [0]


def test_a_long_list_comes_in_pages(world: World) -> None:
    """Each within what the request pays for, none twice, none forgotten."""
    device = world.device()
    for _ in range(20):
        world.device(label="é" * 32)
    found = [row.id for row in rows(device)]
    assert len(found) == len(set(found)) == 21
    assert found == sorted(found)
    first = device.ask(padded(Tokens()))
    assert isinstance(first, TokenList)
    assert len(first.rows) == MAX_TOKEN_ROWS
    for pad in range(0, 401, 20):
        datagram = device.request(Tokens(pad=bytes(pad)))
        [reply] = world.send(datagram)
        assert len(reply) <= min(MAX_DATAGRAM, AMPLIFICATION * len(datagram))


def test_the_last_use_outlives_a_restart(folder: Path) -> None:
    """As of the last time that the house was kept."""
    with opened_world(folder) as world:
        device = world.device()
        assert code_of(device.ask(Ping())) == "OK"
        world.clock.advance(7)
        assert code_of(device.ask(Ping())) == "OK"
        world.accounts.keep_uses()
        world.accounts.keep_uses()
    with opened_world(folder) as world:
        use = world.accounts.last_use(device.token)
        assert (use.moment, use.address) == (NOON + 7000, "192.0.2.1")


def test_an_erased_token_leaves_no_trace_in_memory(world: World) -> None:
    """What is noted of uses is bounded by the tokens there are."""
    device = world.device(expires=NOON + DAY)
    assert code_of(device.ask(Ping())) == "OK"
    world.clock.advance(32 * 86_400)
    world.accounts.sweep(world.clock.now())
    assert world.accounts.token(device.keys.kid) is None
    assert world.accounts.last_use(device.token).moment == 0


# Minting


def test_a_minted_token_works(world: World) -> None:
    """With its scopes, name and end, under an id of its own, and however late it is used first."""
    device = world.device()
    answer = device.ask(Mint("cron", "write", 30 * DAY, fixed=True))
    assert isinstance(answer, Grant)
    assert (answer.scopes, answer.expires) == ("write", NOON + 30 * DAY)
    world.clock.advance(86_400)
    world.accounts.sweep(world.clock.now())
    cron = device_of(world, answer)
    assert cron.token.fixed
    assert code_of(cron.put()) == "OK"
    assert code_of(cron.ask(padded(Tokens()))) == "SCOPE"
    assert {row.label for row in rows(device)} == {"laptop", "cron"}


@pytest.mark.parametrize(
    ("scopes", "wanted", "code"),
    [
        ("full", "full", "OK"),
        ("full", "read write", "OK"),
        ("write", "write", "SCOPE"),
        ("read write", "read", "SCOPE"),
    ],
)
def test_only_a_full_token_mints(world: World, scopes: str, wanted: str, code: str) -> None:
    """And gives away what it has."""
    device = world.device(scopes=scopes)
    assert code_of(device.ask(Mint("x", wanted, 0, fixed=False))) == code


@pytest.mark.parametrize(
    ("lifetime", "code"), [(DAY, "OK"), (DAY - 1, "OK"), (DAY + 1, "INVALID"), (0, "INVALID")]
)
def test_a_minted_token_does_not_live_longer(world: World, lifetime: int, code: str) -> None:
    """Than the one that began it; the refusal says until when, and what to type first."""
    device = world.device(expires=NOON + DAY)
    answer = device.ask(Mint("x", "write", lifetime, fixed=False))
    assert code_of(answer) == code
    if isinstance(answer, Refusal):
        assert "2026-11-23 12:00 UTC" in answer.note
        assert answer.note.endswith("diaryclient login HOST USER --expires WHEN")


def test_there_is_an_end_to_minting(world: World) -> None:
    """QUOTA at the 65th, with what to type; ended ones do not count."""
    device = world.device()
    others = [minted(device) for _ in range(MAX_LIVE_LINES - 1)]
    answer = device.ask(Mint("x", "write", 0, fixed=False))
    assert isinstance(answer, Refusal)
    assert answer.code == "QUOTA"
    assert "token revoke" in answer.note
    assert len(rows(device)) == MAX_LIVE_LINES
    assert device.ask(Revoke(others[0].keys.kid)) == Revoked(1)
    assert code_of(device.ask(Mint("x", "write", 0, fixed=False))) == "OK"


def test_minting_and_revoking_all_day_fills_no_disk(world: World) -> None:
    """Of a user a bounded number of ended tokens and of remembered requests is kept."""
    device = world.device()
    accounts = world.accounts
    with accounts._transaction():
        for number in range(1100):
            kid = b"k" + number.to_bytes(7, "big")
            accounts._tokens.insert(replace(device.token, kid=kid, id=kid, revoked=NOON))
            change = TokenChange(device.token.uid, new_id(), bytes(32), NOON - 1)
            accounts._changes.keep(change, kid=kid)
    newest = minted(device)
    connection = accounts._connection
    assert connection.read("SELECT count(*) FROM tokens") == [(MAX_KEPT_TOKENS,)]
    assert connection.read("SELECT count(*) FROM changes") == [(MAX_TOKEN_CHANGES,)]
    assert len(rows(device)) == 2
    assert code_of(newest.put()) == "OK"


# Revoking


def test_revoking_bites_at_once(world: World) -> None:
    """Signed; an unknown id, or another user's, is NOT_FOUND and changes nothing."""
    device, other = world.device(), world.device()
    bobs = world.device(world.user(BOB))
    assert code_of(other.put()) == "OK"
    assert device.ask(Revoke(other.token.id)) == Revoked(1)
    assert code_of(other.put()) == "REVOKED"
    assert device.ask(Revoke(other.token.id)) == Revoked(0)
    assert code_of(device.ask(Revoke(bobs.token.id))) == "NOT_FOUND"
    assert code_of(device.ask(Revoke(b"unknown!"))) == "NOT_FOUND"
    assert code_of(bobs.put()) == "OK"


def test_a_write_only_token_revokes_itself_only(world: World) -> None:
    """That is its log-out; others are not its business, known or not."""
    world.device()
    cron, other = world.device(scopes="write"), world.device()
    assert code_of(cron.ask(Revoke(other.token.id))) == "SCOPE"
    assert code_of(cron.ask(Revoke(b"unknown!"))) == "SCOPE"
    assert code_of(other.put()) == "OK"
    assert cron.ask(Revoke(cron.token.id)) == Revoked(1)
    assert code_of(cron.put()) == "REVOKED"


# Deleting


def test_an_account_is_deleted_by_its_name_only(world: World, folder: Path) -> None:
    """The diary is set aside whole, all tokens hear REVOKED, and so does a repetition."""
    device, other = world.device(), world.device(scopes="read")
    assert code_of(device.put("kept")) == "OK"
    assert code_of(device.ask(Delete(BOB))) == "INVALID"
    assert code_of(other.ask(Delete(ALICE))) == "SCOPE"
    rid = new_id()
    assert device.ask(Delete(ALICE), rid) == Deleted()
    assert code_of(device.ask(Delete(ALICE), rid)) == "REVOKED"
    assert code_of(other.ask(Ping())) == "REVOKED"
    assert world.accounts.find_user(ALICE) is None
    assert not (folder / "diaries" / "alice").exists()
    [kept] = folder.rglob("2026-11-22.log")
    assert b" + kept\n" in kept.read_bytes()


def test_nothing_is_written_after_an_account_is_deleted(world: World, folder: Path) -> None:
    """What arrives with the deletion is stored before, or refused: no diary begins anew."""
    device = world.device()
    assert code_of(device.put("before")) == "OK"
    puts = [device.request(Put(NOON, 0, "late")) for _ in range(20)]
    world.send(*puts[:10], device.request(Delete(ALICE)), *puts[10:])
    assert not (folder / "diaries" / "alice").exists()


def test_a_name_taken_again_is_not_deleted_by_the_old_token(world: World) -> None:
    """Whoever has it now keeps it."""
    device = world.device()
    alice = world.accounts.find_user(ALICE)
    assert alice is not None
    world.accounts.remove_user(alice, NOON)
    world.user()
    assert code_of(device.ask(Delete(ALICE))) == "REVOKED"
    assert world.accounts.find_user(ALICE) is not None


# Repetitions


def test_a_repeated_change_is_made_once(folder: Path) -> None:
    """And answered alike, more often than a read would be, also after a restart."""
    mint, revoke = new_id(), new_id()
    asked = Mint("cron", "write", DAY, fixed=False)
    with opened_world(folder) as world:
        device, other = world.device(expires=NOON + DAY), world.device()
        granted = device.ask(asked, mint)
        assert isinstance(granted, Grant)
        assert device.ask(Revoke(other.token.id), revoke) == Revoked(1)
        world.clock.advance(1)
        for _ in range(2 * MAX_ANSWERS):
            assert device.ask(asked, mint) == granted
            assert device.ask(Revoke(other.token.id), revoke) == Revoked(1)
    with opened_world(folder) as world:
        device = Device(world, device.token, device.keys)
        assert device.ask(asked, mint) == granted
        assert device.ask(Revoke(other.token.id), revoke) == Revoked(1)
        assert len(rows(device)) == 2


def test_another_change_under_the_same_id_is_a_conflict(world: World) -> None:
    """Nothing is made; another user may have the same id by chance."""
    device, bobs = world.device(), world.device(world.user(BOB))
    rid = new_id()
    asked = Mint("cron", "write", DAY, fixed=False)
    assert code_of(device.ask(asked, rid)) == "OK"
    others: list[Request] = [Mint("cron", "full", DAY, fixed=False), Revoke(device.token.id)]
    for other in others:
        assert code_of(device.ask(other, rid)) == "CONFLICT"
    assert len(rows(device)) == 2
    assert code_of(bobs.ask(asked, rid)) == "OK"


def test_another_login_is_not_given_what_was_minted(world: World) -> None:
    """Though the id can be read off the wire, and label, scope and life can be guessed."""
    device = world.device()
    brief = world.device(expires=NOON + DAY, fixed=True)
    rid, asked = new_id(), Mint("cron", "write", 0, fixed=False)
    assert code_of(device.ask(asked, rid)) == "OK"
    assert code_of(brief.ask(asked, rid)) == "CONFLICT"
    assert code_of(brief.ask(asked)) == "INVALID"


def test_changes_are_forgotten_after_a_day(world: World) -> None:
    """Longer than any repetition can come."""
    device = world.device()
    assert code_of(device.ask(Mint("cron", "write", 0, fixed=False))) == "OK"
    count = "SELECT count(*) FROM changes"
    world.accounts.sweep(NOON + DAY)
    assert world.accounts._connection.read(count) == [(1,)]
    world.accounts.sweep(NOON + DAY + 1)
    assert world.accounts._connection.read(count) == [(0,)]


# The hint


def hinted(device: Device) -> bool:
    """Tell whether the reply to a ping says that the token is due."""
    datagram = device.request(Ping())
    [reply] = device.world.send(datagram)
    plaintext = open_reply(device.keys, parse_envelope(reply), datagram[-TAG_BYTES:])
    assert code_of(device.opened(reply, datagram, Ping())) == "OK"
    return decode_hinted_reply(Identity, plaintext)[1]


def test_the_hint_comes_when_a_token_is_due(world: World) -> None:
    """Not before, never for a fixed or an endless one, and on every reply until it is renewed."""
    device = world.device(expires=NOON + 90 * DAY)
    fixed = world.device(expires=NOON + 90 * DAY, fixed=True)
    never = world.device()
    for each in (device, fixed, never):
        assert not hinted(each)
    world.clock.advance(61 * 86_400)
    assert hinted(device)
    assert hinted(device)
    assert not hinted(fixed)
    assert not hinted(never)


def test_a_refusal_carries_no_hint(world: World) -> None:
    """It is read by other rules."""
    device = world.device(expires=NOON + 90 * DAY, scopes="write")
    assert code_of(device.put()) == "OK"
    world.clock.advance(61 * 86_400)
    assert code_of(device.ask(padded(Tokens()))) == "SCOPE"


def test_a_minted_token_keeps_within_its_parents_scopes(world: World) -> None:
    """A token that mints is full, so what it makes may be anything less."""
    device = world.device()
    reader = minted(device, "read")
    assert code_of(reader.put()) == "SCOPE"
    assert code_of(reader.ask(Mint("x", "read", 0, fixed=False))) == "SCOPE"
