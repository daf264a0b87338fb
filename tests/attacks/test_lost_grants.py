"""A log-in whose GRANT was lost is granted again for ten minutes: what others make of that.

The attacker here has recorded every datagram, knows the rid, which is in the clear, the invite and
both passwords, has an account and whatever token the device had, and floods. What is missing is the
reply key: 32 bytes by chance, which the client seals to the server and keeps to itself.
"""

from dataclasses import replace

import pytest

from diaryserver.accounts.changetable import MAX_TOKEN_CHANGES
from diaryserver.service.logins.guessing import PER_USER_AND_NETWORK
from diaryserver.service.ports.accounts import TokenChange
from protocol.envelope import Kind, parse_envelope
from protocol.identifiers import EntryId, Username
from protocol.login import encode_login, login_binding, prove
from protocol.messages.account import Grant
from protocol.messages.forms import LoginForm, PasswordForm
from tests.server.fakes import NOON, new_id
from tests.server.service.logins.test_lost_answers import (
    NEW,
    TEN_MINUTES,
    Case,
    alice_in,
    case,
    house,
)
from tests.server.world import ALICE, ELSEWHERE, NONCE, World, code_of, opened_grant

__all__ = ["case", "house"]

BOB = Username("bob")
OWN_KEY = b"j" * 32


def forged(world: World, case: Case, form: LoginForm | PasswordForm, rid: EntryId) -> bytes:
    """Seal a form elsewhere, proven by the token that was stolen from the device."""
    offer, now = world.offer(ELSEWHERE, rid), world.clock.now()
    if isinstance(form, PasswordForm):
        binding = login_binding(rid, now, offer, NONCE)
        form = replace(form, proof=prove(case.root, PasswordForm, form.kid, form.key, binding))
    return encode_login(rid, now, offer, NONCE, form)


def tried(case: Case, **changed: object) -> tuple[str, int]:
    """Try a log-in like the lost one, but for what is `changed`: give the code and its length."""
    world = case.house.world
    form = replace(case.form, key=OWN_KEY, **changed)  # type: ignore[arg-type]
    login = forged(world, case, form, case.rid)
    [reply] = world.send(login, source=ELSEWHERE)
    assert parse_envelope(reply).kind is Kind.GRANT
    return code_of(opened_grant(login, form, reply)), len(reply)


def kept(world: World) -> set[bytes]:
    """Give the key ids of alice's tokens."""
    return {token.kid for token in world.accounts.list_tokens(alice_in(world))}


def regranted(case: Case, lost: Grant) -> bool:
    """Tell whether who made the log-in still gets the same token."""
    again = case.again()
    return isinstance(again, Grant) and (again.kid, again.root) == (lost.kid, lost.root)


def test_nobody_gets_a_lost_grant_without_the_reply_key(case: Case) -> None:
    """Under its rid, with the invite, or the device's token, and either password."""
    lost = case.lose()
    world = case.house.world
    before = kept(world)
    assert tried(case)[0] == "DENIED"
    if isinstance(case.form, PasswordForm):
        assert tried(case, current=NEW, password=case.form.current)[0] == "CONFLICT"
    assert kept(world) == before
    assert regranted(case, lost)


def test_nobody_learns_whether_a_lost_grant_can_be_had(case: Case) -> None:
    """Code, length and work are the same while it is remembered, later, and under another rid."""
    case.lose()
    world = case.house.world
    seen = []
    for seconds in (0, TEN_MINUTES + 1):
        world.clock.advance(seconds)
        for rid in (case.rid, new_id()):
            world.hasher.compared.clear()
            case.rid, own = rid, case.rid
            seen.append((*tried(case), len(world.hasher.compared)))
            case.rid = own
    assert len(set(seen)) == 1


def test_no_other_user_pushes_a_lost_grant_out(case: Case) -> None:
    """Whatever bob changes, and under the same rid: each user has a table of their own."""
    bob = case.house.world.accounts.add_user(BOB, NOON)
    lost = case.lose()
    accounts, now = case.house.world.accounts, case.house.world.clock.now()
    with accounts._connection.transaction():
        for number in range(MAX_TOKEN_CHANGES + 1):
            rid = case.rid if number == 0 else new_id()
            accounts._changes.keep(TokenChange(bob.uid, rid, bytes(32), now + number))
    assert regranted(case, lost)


def test_repetitions_are_bounded_whoever_sends_them(case: Case) -> None:
    """Forged ones are guesses, and are throttled; true ones make no second token."""
    lost = case.lose()
    world = case.house.world
    before = kept(world)
    burst = int(PER_USER_AND_NETWORK.burst)
    codes = [tried(case)[0] for _ in range(burst + 20)]
    assert codes == ["DENIED"] * burst + ["RATE"] * 20
    for _ in range(50):
        assert regranted(case, lost)
    assert kept(world) == before


@pytest.mark.parametrize("deed", ["passwd", "revoke", "remove", "remove and add"])
def test_what_an_operator_has_ended_is_granted_to_nobody_again(case: Case, deed: str) -> None:
    """Not even to who made the log-in, with the key and the password of then."""
    case.lose()
    world, now = case.house.world, case.house.world.clock.now()
    accounts, alice = world.accounts, alice_in(case.house.world)
    if deed == "passwd":
        accounts.set_password(alice, "hash of the operator's", now, keep=False)
    if deed == "revoke":
        for token in accounts.list_tokens(alice):
            accounts.revoke(alice, token.id, TokenChange(alice.uid, new_id(), bytes(32), now))
    if deed.startswith("remove"):
        accounts.invite(
            alice, now
        )  # by a chance that repeats after a restart, but not from here on
        accounts.remove_user(alice, now)
    if deed == "remove and add":
        world.user(ALICE, NEW)
    is_ended = isinstance(case.form, PasswordForm)
    assert code_of(case.again()) == ("REVOKED" if is_ended else "DENIED")
