"""Renewal and a new password: a token proves itself, and a lost answer locks nobody out."""

import asyncio
import logging
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from diaryserver.service.counters import Drop
from diaryserver.service.logins.guessing import PER_USER_AND_NETWORK
from diaryserver.service.token_life import MAX_LIVE_LINES, MAX_UNUSED_SUCCESSORS
from protocol.channel import open_reply
from protocol.envelope import TAG_BYTES, parse_envelope
from protocol.errors import ErrorCode
from protocol.identifiers import Username
from protocol.keys import derive_token_keys
from protocol.login import decode_login, encode_login, open_login
from protocol.messages.account import Grant, Identity, Mint, Ping, Revoke, Revoked
from protocol.messages.base import Refusal
from protocol.messages.coding import decode_hinted_reply
from protocol.messages.forms import LoginForm, PasswordForm, RenewalForm, encode_form
from protocol.offer import decode_offer
from tests.server.fakes import NOON, SlowHasher, new_id
from tests.server.world import (
    ALICE,
    ELSEWHERE,
    HERE,
    NONCE,
    PASSWORD,
    REPLY_KEY,
    Device,
    World,
    code_of,
    form_of,
    opened_grant,
    opened_world,
)

DAY: Final = 86_400
SEASON: Final = 90 * DAY * 1000
NEW: Final = "battery staple"


def root_of(device: Device) -> bytes:
    """Give what its client knows."""
    return device.world.accounts.root(device.token)


def renewal(device: Device) -> RenewalForm:
    """Give the form, its proof still to come."""
    return RenewalForm(device.keys.kid, bytes(32), REPLY_KEY, 1, 1)


def change(
    device: Device, current: str = PASSWORD, password: str = NEW, *, keep: bool = False
) -> PasswordForm:
    """Give the form, its proof still to come."""
    return PasswordForm(
        kid=device.keys.kid,
        proof=bytes(32),
        current=current,
        password=password,
        keep=keep,
        key=REPLY_KEY,
        lowest=1,
        highest=1,
    )


def asked(device: Device, form: RenewalForm | PasswordForm | None = None) -> Grant | Refusal:
    """Send a form, proven."""
    world, chosen = device.world, form or renewal(device)
    return world.granted(world.proven_login(chosen, root_of(device), world.offer()), chosen)


def successor(device: Device, answer: Grant | Refusal) -> Device:
    """Give the device after its renewal."""
    assert isinstance(answer, Grant), answer
    token = device.world.accounts.token(answer.kid)
    assert token is not None
    return Device(device.world, token, derive_token_keys(answer.root, answer.kid))


def used(device: Device) -> str:
    """Use a token, and give the code of the reply."""
    return code_of(device.ask(Ping()))


@pytest.fixture
def device(world: World) -> Device:
    """A token of 90 days that is due to be renewed, used at its beginning."""
    made = world.device(expires=NOON + SEASON)
    assert used(made) == "OK"
    world.clock.advance(70 * DAY)
    return made


# Renewal


def test_a_renewal_needs_no_password_and_no_hash(device: Device) -> None:
    """The successor is of the same line, lives as long anew, and works; the old one still does."""
    world = device.world
    new = successor(device, asked(device))
    assert world.hasher.compared == []
    assert (new.token.id, new.token.scopes, new.token.label) == (device.token.id, "full", "laptop")
    assert new.token.expires == world.clock.now() + SEASON
    assert used(device) == "OK"
    assert used(new) == "OK"


def test_a_successors_first_use_gives_the_old_token_ten_minutes(
    device: Device, folder: Path
) -> None:
    """Also after a restart; then it hears a signed EXPIRED."""
    world = device.world
    new = successor(device, asked(device))
    world.clock.advance(3 * DAY)
    assert used(device) == "OK"
    assert used(new) == "OK"
    world.clock.advance(599)
    assert used(device) == "OK"
    with opened_world(folder) as again:
        again.clock.wall = world.clock.wall
        assert used(Device(again, device.token, device.keys)) == "OK"
        again.clock.advance(1)
        assert used(Device(again, device.token, device.keys)) == "EXPIRED"
        assert used(Device(again, new.token, new.keys)) == "OK"


def test_a_lost_answer_locks_nobody_out(device: Device) -> None:
    """Asked again, and again: another successor each time, of which the newest few are kept."""
    world = device.world
    lost = []
    for _ in range(3 * MAX_UNUSED_SUCCESSORS):
        world.clock.advance(0.001)
        lost.append(successor(device, asked(device)))
    world.clock.advance(DAY)
    world.accounts.sweep(world.clock.now())
    kept = [each for each in lost if world.accounts.token(each.keys.kid) is not None]
    assert kept == lost[-MAX_UNUSED_SUCCESSORS:]
    assert used(device) == "OK"
    assert used(successor(device, asked(device))) == "OK"


def test_a_repeated_renewal_gets_the_same_successor(device: Device) -> None:
    """The same bytes, sent again because the answer was late."""
    world, form = device.world, renewal(device)
    login = world.proven_login(form, root_of(device), world.offer())
    first = world.send(login)
    assert world.send(login, login) == 2 * first
    assert len(world.accounts.list_tokens(world.accounts.list_users()[0])) == 2


def test_two_renewals_at_once_both_work(device: Device) -> None:
    """Two programs under one login: neither ends the other's token."""
    world, form = device.world, renewal(device)
    logins = [world.proven_login(form, root_of(device), world.offer()) for _ in range(2)]
    replies = {parse_envelope(reply).rid: reply for reply in world.send(*logins)}
    one, two = (
        successor(device, opened_grant(login, form, replies[parse_envelope(login).rid]))
        for login in logins
    )
    assert [used(each) for each in (one, two, device)] == ["OK"] * 3
    world.clock.advance(DAY)
    assert [used(each) for each in (one, two, device)] == ["OK", "OK", "EXPIRED"]


def test_an_unused_successor_dies_with_the_old_token(device: Device) -> None:
    """Nobody has it; until then it may still be used."""
    world = device.world
    unused = successor(device, asked(device))
    world.clock.advance(19 * DAY)
    world.accounts.sweep(world.clock.now())
    assert world.accounts.token(unused.keys.kid) is not None
    world.clock.advance(DAY + 1)
    world.accounts.sweep(world.clock.now())
    assert world.accounts.token(unused.keys.kid) is None
    assert world.send(unused.request(Ping())) == []


def test_a_year_after_the_last_password_it_ends(world: World) -> None:
    """Renewed by itself as often as it is due, and then a person is asked again."""
    device = world.device(expires=NOON + SEASON)
    assert used(device) == "OK"
    for _ in range(200):
        if used(device) != "OK":
            break
        answer = asked(device)
        if isinstance(answer, Grant):
            device = successor(device, answer)
        world.clock.advance(3 * DAY)
    assert used(device) == "EXPIRED"
    assert device.token.expires == NOON + 366 * DAY * 1000


@pytest.mark.parametrize(
    ("expires", "fixed", "days"), [(SEASON, True, 80), (0, False, 80), (SEASON, False, 10)]
)
def test_a_renewal_that_is_not_due_is_refused(
    world: World, expires: int, fixed: bool, days: int
) -> None:
    """A fixed end is never moved, never needs no renewal, and a young token has time."""
    device = world.device(expires=expires and NOON + expires, fixed=fixed)
    assert used(device) == "OK"
    world.clock.advance(days * DAY)
    answer = asked(device)
    assert isinstance(answer, Refusal)
    assert answer.code == "INVALID"
    assert answer.note


def test_a_renewed_token_is_renewed_no_more(device: Device) -> None:
    """Once its successor is used: it has ten minutes left."""
    assert used(successor(device, asked(device))) == "OK"
    assert code_of(asked(device)) == "INVALID"


def test_a_renewal_is_never_refused_for_too_many_tokens(device: Device) -> None:
    """That would lock out who did nothing."""
    for _ in range(MAX_LIVE_LINES - 1):
        device.world.device()
    assert code_of(device.ask(Mint("cron", "write", 1000, fixed=False))) == "QUOTA"
    assert used(successor(device, asked(device))) == "OK"


# Proofs


def test_a_wrong_proof_is_denied(device: Device) -> None:
    """Another token's, none, and an unknown token alike; counted, and no password is touched."""
    world, form = device.world, renewal(device)
    other = world.device()
    offer = world.offer()
    logins = [
        (form, world.sealed_login(form, offer)),
        (form, world.proven_login(form, root_of(other), offer)),
        (replace(form, kid=b"unknown!"), None),
    ]
    for sent, made in logins:
        login = made or world.proven_login(sent, root_of(device), offer)
        answer = world.granted(login, sent)
        assert answer == Refusal(ErrorCode.DENIED, "", world.clock.now())
    assert world.dropped(Drop.BAD_PROOF) == 3
    assert world.hasher.compared == []


def test_the_proof_of_another_login_proves_nothing(device: Device) -> None:
    """Taken over into a LOGIN of one's own, with its reply key or another, or to another offer."""
    world, form = device.world, renewal(device)
    offer = world.offer()
    login = parse_envelope(world.proven_login(form, root_of(device), offer))
    prekey = world.prekeys.find(decode_login(login).statement_id, world.clock.now())
    assert prekey is not None
    opened = open_login(login, decode_login(login), prekey.statement, prekey.private)
    proof = opened.split(b"\xa5proof\xc4\x20")[1][:32]
    stolen = replace(form, proof=proof)
    assert encode_form(stolen) == opened
    for again in (stolen, replace(stolen, key=b"j" * 32)):
        sealed = encode_login(new_id(), world.clock.now(), world.offer(), NONCE, again)
        assert code_of(world.granted(sealed, again)) == "DENIED"
    turned = replace(change(device), proof=proof)
    sealed = encode_login(login.rid, login.timestamp, offer, NONCE, turned)
    assert code_of(world.granted(sealed, turned)) == "DENIED"


@pytest.mark.parametrize("end", ["revoked", "expired", "removed"])
def test_an_ended_token_is_told_so(device: Device, end: str) -> None:
    """To who proves it only."""
    world = device.world
    alice = world.accounts.find_user(ALICE)
    assert alice is not None
    if end == "removed":
        world.accounts.remove_user(alice, world.clock.now())
    if end == "revoked":
        assert device.ask(Revoke(device.token.id)) == Revoked(1)
    if end == "expired":
        world.clock.advance(20 * DAY)
    expected = "EXPIRED" if end == "expired" else "REVOKED"
    for form in (renewal(device), change(device)):
        assert code_of(asked(device, form)) == expected
        assert code_of(world.login(form)) == "DENIED"


def test_a_captured_renewal_is_worth_nothing(device: Device) -> None:
    """From elsewhere, or later: the offer to begin again, and no second token."""
    world, form = device.world, renewal(device)
    login = world.proven_login(form, root_of(device), world.offer())
    assert code_of(world.granted(login, form)) == "OK"
    [reply] = world.send(login, source=ELSEWHERE)
    decode_offer(parse_envelope(reply))
    world.clock.advance(61)
    [reply] = world.send(login)
    decode_offer(parse_envelope(reply))


def test_guessing_at_a_password_does_not_stop_renewals(device: Device) -> None:
    """They are not counted by those throttles."""
    world = device.world
    for _ in range(int(PER_USER_AND_NETWORK.burst)):
        world.login(form_of(password="wrong"))
    assert code_of(world.login(form_of())) == "RATE"
    assert used(successor(device, asked(device))) == "OK"


# A new password


def test_a_new_password_ends_every_other_token(device: Device) -> None:
    """The old password is worth nothing any more; this device goes on, and its year is new."""
    world = device.world
    other, cron = world.device(), world.device(scopes="write")
    sibling = successor(device, asked(device))
    new = successor(device, asked(device, change(device)))
    assert [used(each) for each in (other, cron, sibling)] == ["REVOKED"] * 3
    assert used(device) == "OK"
    assert used(new) == "OK"
    assert new.token.authenticated == world.clock.now()
    assert code_of(world.login(form_of(password=PASSWORD))) == "DENIED"
    assert code_of(world.login(form_of(password=NEW))) == "OK"
    world.clock.advance(601)
    assert used(device) == "EXPIRED"
    assert used(new) == "OK"


def test_the_other_tokens_may_be_kept(device: Device) -> None:
    """If the person says so."""
    other = device.world.device()
    new = successor(device, asked(device, change(device, keep=True)))
    assert [used(each) for each in (other, device, new)] == ["OK"] * 3
    assert code_of(device.world.login(form_of(password=NEW))) == "OK"


def test_a_wrong_current_password_changes_nothing(
    device: Device, caplog: pytest.LogCaptureFixture
) -> None:
    """It is a guess, throttled and logged as at a log-in: a stolen token is no way around it."""
    caplog.set_level(logging.DEBUG, "diaryserver")
    world, other = device.world, device.world.device()
    burst = int(PER_USER_AND_NETWORK.burst)
    codes = [code_of(asked(device, change(device, "wrong secret"))) for _ in range(burst + 1)]
    assert codes == ["DENIED"] * burst + ["RATE"]
    assert caplog.messages == ["login refused: user=alice from=192.0.2.1"] * burst
    assert code_of(asked(device, change(device))) == "RATE"
    assert (used(device), used(other)) == ("OK", "OK")
    world.clock.advance(PER_USER_AND_NETWORK.seconds_each)
    assert code_of(world.login(form_of())) == "OK"


def test_of_two_new_passwords_at_once_the_first_holds(world: World) -> None:
    """Whoever knew the old one, and asks while it is being replaced, does not have the last word.

    Here the owner keeps the other tokens, so that only the password tells the two apart.
    """
    alice = world.user(password="slow")
    thief = world.device(alice)
    slow = SlowHasher()
    world.serve_logins(world.accounts, slow)
    form = change(thief, "slow", "a thief's choice")
    login = world.proven_login(form, root_of(thief), world.offer())
    replies: list[bytes] = []

    async def both() -> None:
        world.router.receive(login, HERE, replies.append)
        await asyncio.to_thread(slow.begun.wait, 20)
        set_password = world.accounts.set_password
        await world.workers.accounts.run(set_password, alice, f"hash of {NEW}", NOON, keep=True)
        slow.free.set()
        await world.router.finish()

    world.run(both)
    assert code_of(opened_grant(login, form, replies[0])) == "DENIED"
    assert len(world.accounts.list_tokens(alice)) == 1
    assert code_of(world.login(form_of(password=NEW))) == "OK"


def test_a_short_new_password_costs_no_attempt(device: Device) -> None:
    """INVALID before anything is compared."""
    for _ in range(10):
        assert code_of(asked(device, change(device, password="seven77"))) == "INVALID"
    assert device.world.hasher.compared == []


@pytest.mark.parametrize("scopes", ["write", "read write"])
def test_only_a_full_token_changes_the_password(world: World, scopes: str) -> None:
    """Whatever password its holder knows."""
    device = world.device(scopes=scopes)
    assert code_of(asked(device, change(device))) == "SCOPE"
    assert world.hasher.compared == []


def test_a_fixed_end_stays_when_the_password_changes(world: World) -> None:
    """And never stays never."""
    for expires in (NOON + SEASON, 0):
        device = world.device(expires=expires, fixed=expires > 0)
        current = PASSWORD if expires else NEW
        new = successor(device, asked(device, change(device, current, NEW, keep=True)))
        assert (new.token.expires, used(new)) == (expires, "OK")


def test_a_password_changed_by_a_lost_answer_is_known(device: Device) -> None:
    """Whoever gets no answer asks again with the new one: nothing is lost."""
    asked(device, change(device))
    assert code_of(asked(device, change(device))) == "DENIED"
    assert used(successor(device, asked(device, change(device, NEW, NEW)))) == "OK"


# Logging in


def test_a_login_says_whether_its_end_is_fixed(world: World) -> None:
    """Then it is never renewed."""
    world.user()
    for fixed in (True, False):
        grant = world.login(form_of(lifetime=SEASON, fixed=fixed))
        assert isinstance(grant, Grant)
        token = world.accounts.token(grant.kid)
        assert token is not None
        assert (token.fixed, token.life, token.authenticated) == (fixed, SEASON, NOON)


def test_an_invite_for_somebody_with_a_password_ends_all_tokens(world: World) -> None:
    """Whoever needed it may have lost more than a password."""
    old = world.device()
    alice = world.accounts.find_user(ALICE)
    assert alice is not None
    code = world.accounts.invite(alice, NOON + 1000)
    for _ in range(MAX_LIVE_LINES - 1):
        world.device()
    assert code_of(world.login(form_of(password="a new one", invite=code))) == "OK"
    assert used(old) == "REVOKED"
    assert code_of(world.login(form_of(password="a new one"))) == "OK"


def minted(device: Device, label: str) -> Device:
    """Have a token mint another one."""
    grant = device.ask(Mint(label, "full", 0, fixed=False))
    assert isinstance(grant, Grant), grant
    return successor(device, grant)


def test_minted_lines_do_not_lock_the_owner_out(world: World) -> None:
    """A thief's 63 lines, used or not, and the right password still logs in; it says what ended.

    One that was never used goes first, then the one used longest ago, and a wrong password ends
    nothing.
    """
    world.user()
    stolen = world.device(label="laptop")
    assert used(stolen) == "OK"
    lines = [minted(stolen, f"thief {number}") for number in range(MAX_LIVE_LINES - 1)]
    for line in (*lines[5:], *lines[:4]):
        world.clock.advance(1)
        assert used(line) == "OK"
    assert code_of(stolen.ask(Mint("one more", "full", 0, fixed=False))) == "QUOTA"
    assert code_of(world.login(form_of(password="wrong"))) == "DENIED"
    ended = []
    for _ in range(4):
        grant = world.login(form_of(label="phone"))
        assert isinstance(grant, Grant), grant
        ended.append(grant.ended)
    assert ended == ["thief 4", "thief 5", "thief 6", "thief 7"]
    assert [used(each) for each in (lines[4], lines[7])] == ["REVOKED"] * 2
    assert [used(each) for each in (stolen, lines[8])] == ["OK"] * 2


def test_a_login_ends_none_while_there_is_room(world: World) -> None:
    """Sixty-four are the most."""
    world.user()
    for number in range(MAX_LIVE_LINES):
        world.clock.advance(1)
        grant = world.login(form_of(label=f"device {number}"))
        assert isinstance(grant, Grant)
        assert grant.ended == ""


def test_the_password_alone_is_enough_however_many_devices_there_are(world: World) -> None:
    """Without minted lines the device goes that was used longest ago, all of its line."""
    world.user()
    first = world.device(label="first", expires=NOON + SEASON)
    assert used(first) == "OK"
    world.clock.advance(70 * DAY)
    renewed_one = successor(first, asked(first))
    others = [world.device(label=f"device {number}") for number in range(MAX_LIVE_LINES - 1)]
    for each in (renewed_one, *others, renewed_one):
        world.clock.advance(1)
        assert used(each) == "OK"
    for label, line in (("device 0", others[:1]), ("device 1", others[1:2])):
        grant = world.login(form_of())
        assert isinstance(grant, Grant)
        assert grant.ended == label
        assert [used(each) for each in line] == ["REVOKED"]
        assert used(successor(first, grant)) == "OK"
    assert used(renewed_one) == "OK"


def test_a_minted_line_with_a_password_behind_it_counts_as_begun_by_one(world: World) -> None:
    """Whoever changed the password with it has shown that it is the owner's."""
    world.user()
    laptop = world.device()
    assert used(laptop) == "OK"
    line = minted(laptop, "phone")
    assert used(line) == "OK"
    new = successor(line, asked(line, change(line, keep=True)))
    assert used(new) == "OK"
    assert not new.token.minted
    cron = [minted(new, f"cron {number}") for number in range(MAX_LIVE_LINES - 2)]
    for each in cron:
        world.clock.advance(1)
        assert used(each) == "OK"
    grant = world.login(form_of(password=NEW))
    assert isinstance(grant, Grant)
    assert grant.ended == "cron 0"


def test_a_disabled_user_is_denied_like_an_unknown_one(world: World) -> None:
    """By password and by invite, after the same work."""
    alice = world.user()
    code = world.accounts.invite(alice, NOON + 1000)
    with world.accounts._transaction():
        world.accounts._connection.execute("UPDATE users SET disabled = 1")
    forms: list[LoginForm] = [form_of(), form_of(password="a new one", invite=code)]
    for form in forms:
        refused = world.login(form)
        assert refused == world.login(replace(form, user=Username("nobody")))
        assert code_of(refused) == "DENIED"
    hashes = [hashed for hashed, _ in world.hasher.compared]
    assert hashes == ["hash of nothing"] * 2


# A rotated master key


@pytest.mark.parametrize("life", [0, SEASON])
def test_a_rotation_is_told_and_renewal_leads_out_of_it(world: World, life: int) -> None:
    """Every reply hints; the successor lives as long as it was meant to, under the new key."""
    device = world.device(expires=life and NOON + life)
    assert used(device) == "OK"
    month = world.clock.now() + 30 * DAY * 1000
    world.accounts.rotate(world.clock.now(), month)
    request = device.request(Ping())
    [reply] = world.send(request)
    plaintext = open_reply(device.keys, parse_envelope(reply), request[-TAG_BYTES:])
    assert decode_hinted_reply(Identity, plaintext)[1]
    new = successor(device, asked(device))
    assert (new.token.generation, new.token.expires) == (2, life and world.clock.now() + life)
    assert used(new) == "OK"
    world.clock.advance(30 * DAY)
    world.accounts.sweep(world.clock.now())
    assert world.accounts.token(device.keys.kid) is None
    assert used(new) == "OK"


def test_what_is_not_renewed_ends_with_its_key(world: World) -> None:
    """EXPIRED from the deadline on, though it was to live for ever; then nobody can sign for it."""
    device = world.device()
    assert used(device) == "OK"
    world.accounts.rotate(world.clock.now(), world.clock.now() + DAY * 1000)
    world.clock.advance(DAY)
    assert used(device) == "EXPIRED"
    assert code_of(asked(device)) == "EXPIRED"
    world.accounts.sweep(world.clock.now())
    assert world.send(device.request(Ping())) == []
