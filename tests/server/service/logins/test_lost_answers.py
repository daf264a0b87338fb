"""A log-in that was kept, and whose GRANT was lost with the process: who made it gets it again.

A restart stands between: the server has forgotten cookies, prekeys and GRANTs, and the client
seals a new LOGIN, under the same rid and with the same reply key, to a fresh offer.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from diaryserver.service.counters import Drop
from diaryserver.service.logins.guessing import PER_USER_AND_NETWORK
from diaryserver.service.ports.accounts import UNUSED_LIFE_MILLISECONDS, User
from protocol.envelope import Kind, parse_envelope
from protocol.identifiers import EntryId, Username
from protocol.keys import derive_token_keys
from protocol.login import encode_login, login_binding, prove
from protocol.messages.account import Grant, Mint, Ping
from protocol.messages.base import Refusal
from protocol.messages.forms import LoginForm, PasswordForm, RenewalForm
from tests.server.fakes import NOON, new_id
from tests.server.world import (
    ALICE,
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

DAY: Final = 86_400_000
TEN_MINUTES: Final = UNUSED_LIFE_MILLISECONDS / 1000
NEW: Final = "battery staple"


class House:
    """A server that can be restarted, and its clock, which goes on."""

    def __init__(self, folder: Path) -> None:
        """Start on what lies in `folder`."""
        self._folder = folder
        self._starts = 0
        self._stack = ExitStack()
        self.world = self._stack.enter_context(opened_world(folder))

    def restart(self) -> World:
        """Kill it and start it: what is on the disk is all that is left."""
        wall = self.world.clock.wall
        self.close()
        self.world = self._stack.enter_context(opened_world(self._folder))
        self.world.clock.wall = wall
        self._starts += 1
        self.world.serve_logins(self.world.accounts, self.world.hasher, seed=100 + self._starts)
        return self.world

    def close(self) -> None:
        """Stop."""
        self._stack.close()


@pytest.fixture
def house(folder: Path) -> Iterator[House]:
    """A server without users."""
    opened = House(folder)
    yield opened
    opened.close()


def sealed(world: World, form: LoginForm | PasswordForm, rid: EntryId, root: bytes = b"") -> bytes:
    """Seal a form to a fresh offer, proven by a token's root if it is to be."""
    offer = world.offer(rid=rid)
    now = world.clock.now()
    if isinstance(form, PasswordForm):
        binding = login_binding(rid, now, offer, NONCE)
        form = replace(form, proof=prove(root, PasswordForm, form.kid, form.key, binding))
    return encode_login(rid, now, offer, NONCE, form)


def answer(
    world: World, form: LoginForm | PasswordForm, rid: EntryId, root: bytes = b""
) -> Grant | Refusal:
    """Do the same and open the GRANT."""
    return world.granted(sealed(world, form, rid, root), form)


def device_of(world: World, grant: Grant | Refusal) -> Device:
    """Give the device that got a token."""
    assert isinstance(grant, Grant), grant
    token = world.accounts.token(grant.kid)
    assert token is not None
    return Device(world, token, derive_token_keys(grant.root, grant.kid))


def alice_in(world: World) -> User:
    """Give the one user."""
    alice = world.accounts.find_user(ALICE)
    assert alice is not None
    return alice


class Case:
    """A log-in of one kind whose GRANT is about to be lost."""

    def __init__(self, house: House, kind: str) -> None:
        """`kind` is "invite" or "passwd"."""
        self.house = house
        self.rid = new_id()
        self.root = b""
        world = house.world
        self.form: LoginForm | PasswordForm
        if kind == "invite":
            alice = world.accounts.add_user(ALICE, NOON)
            code = world.accounts.invite(alice, NOON + DAY)
            self.form = form_of(password=NEW, invite=code)
        else:
            device = world.device()
            assert code_of(device.ask(Ping())) == "OK"
            self.root = world.accounts.root(device.token)
            kid = device.token.kid
            self.form = PasswordForm(
                kid=kid,
                proof=bytes(32),
                current=PASSWORD,
                password=NEW,
                keep=False,
                key=REPLY_KEY,
                lowest=1,
                highest=1,
            )

    def lose(self) -> Grant:
        """Have it granted, lose the answer with the process, and give what nobody heard."""
        grant = self.again(self.form)
        assert isinstance(grant, Grant), grant
        self.house.restart()
        return grant

    def again(
        self, form: LoginForm | PasswordForm | None = None, rid: EntryId | None = None
    ) -> Grant | Refusal:
        """Repeat it to the present server."""
        return answer(self.house.world, form or self.form, rid or self.rid, self.root)


@pytest.fixture(params=["invite", "passwd"])
def case(house: House, request: pytest.FixtureRequest) -> Case:
    """Either of the two that change what a person logs in with."""
    return Case(house, request.param)


def test_a_lost_grant_is_given_again_after_a_restart(case: Case) -> None:
    """The same token, which works; there is no second one, and the new password holds."""
    lost = case.lose()
    grant = case.again()
    assert isinstance(grant, Grant)
    assert (grant.kid, grant.root, grant.expires) == (lost.kid, lost.root, lost.expires)
    world = case.house.world
    kept = {token.kid for token in world.accounts.list_tokens(alice_in(world))}
    assert kept == {grant.kid} | ({case.form.kid} if isinstance(case.form, PasswordForm) else set())
    assert code_of(device_of(world, grant).ask(Ping())) == "OK"
    assert code_of(world.login(form_of(password=NEW))) == "OK"


def test_it_is_given_again_as_often_as_it_is_lost(case: Case) -> None:
    """And however late in its ten minutes."""
    lost = case.lose()
    for _ in range(3):
        grant = case.again()
        assert isinstance(grant, Grant)
        assert grant.kid == lost.kid
        case.house.restart()
    case.house.world.clock.advance(TEN_MINUTES)
    assert code_of(case.again()) == "OK"


def test_two_logins_of_one_rid_at_once_get_one_token(case: Case) -> None:
    """A repetition that overtakes the decision of the first is no wrong password."""
    world = case.house.world
    logins = [sealed(world, case.form, case.rid, case.root) for _ in range(2)]
    kids = set()
    for reply in world.send(*logins):
        for login in logins:
            try:
                grant = opened_grant(login, case.form, reply)
            except Exception:  # noqa: BLE001, S112 - it answers the other one
                continue
            assert isinstance(grant, Grant), grant
            kids.add(grant.kid)
    assert len(kids) == 1


@pytest.mark.parametrize("fault", ["password", "rid", "key", "used", "late", "disabled"])
def test_what_is_no_repetition_is_denied(case: Case, fault: str) -> None:
    """Another password, rid or reply key; a token in use; after ten minutes; a disabled user."""
    lost = case.lose()
    world = case.house.world
    form, rid = case.form, case.rid
    if fault == "password":
        form = replace(form, password="another one")
    if fault == "rid":
        rid = new_id()
    if fault == "key":
        form = replace(form, key=b"j" * 32)
    if fault == "used":
        assert code_of(device_of(world, lost).ask(Ping())) == "OK"
        case.house.restart()
    if fault == "late":
        world.clock.advance(TEN_MINUTES + 0.001)
    if fault == "disabled":
        world.accounts.disable_user(alice_in(world), world.clock.now())
    refused = case.again(form, rid)
    is_ended = fault == "disabled" and isinstance(form, PasswordForm)
    assert code_of(refused) == ("REVOKED" if is_ended else "DENIED")


def test_the_password_of_a_repetition_is_a_guess_as_any(case: Case) -> None:
    """Throttled, behind the gate; without the reply key none is compared for it at all."""
    case.lose()
    world = case.house.world
    burst = int(PER_USER_AND_NETWORK.burst)
    wrong = replace(case.form, password="another one")
    codes = [code_of(case.again(wrong)) for _ in range(burst + 1)]
    assert codes == ["DENIED"] * burst + ["RATE"]
    assert world.dropped(Drop.LOGIN_THROTTLED) == 1
    world.clock.advance(PER_USER_AND_NETWORK.seconds_each)
    case.house.restart().hasher.compared.clear()
    stranger = replace(case.form, key=b"j" * 32)
    assert code_of(case.again(stranger)) == "DENIED"
    compared = [password for _, password in case.house.world.hasher.compared]
    assert compared == ([] if isinstance(case.form, LoginForm) else [PASSWORD])


def test_another_user_gets_nothing_by_the_rid(house: House) -> None:
    """Nor by rid and reply key, with an invite or a password of their own."""
    bob = house.world.accounts.add_user(Username("bob"), NOON)
    code = house.world.accounts.invite(bob, NOON + DAY)
    case = Case(house, "invite")
    lost = case.lose()
    grant = case.again(form_of(Username("bob"), NEW, code))
    assert isinstance(grant, Grant)
    assert grant.kid != lost.kid
    assert code_of(case.again(form_of(Username("carol"), NEW, case.form.key[:16]))) == "DENIED"
    again = case.again()
    assert isinstance(again, Grant)
    assert again.kid == lost.kid


def test_a_rid_that_another_change_used_spends_no_invite(house: House) -> None:
    """CONFLICT, said to who holds the invite; under a rid of its own it works."""
    world = house.world
    device = world.device()
    rid = new_id()
    assert code_of(device.ask(Mint("cron", "write", 0, fixed=False), rid)) == "OK"
    code = world.accounts.invite(alice_in(world), NOON + DAY)
    form = form_of(password=NEW, invite=code)
    assert code_of(answer(world, form, rid)) == "CONFLICT"
    assert code_of(answer(world, form, new_id())) == "OK"


def test_a_password_that_stays_the_same_is_granted_again_too(house: House) -> None:
    """Old and new are one, so the repetition looks like a second change."""
    case = Case(house, "passwd")
    assert isinstance(case.form, PasswordForm)
    case.form = replace(case.form, password=PASSWORD)
    lost = case.lose()
    grant = case.again()
    assert isinstance(grant, Grant)
    assert grant.kid == lost.kid
    assert code_of(device_of(house.world, grant).ask(Ping())) == "OK"
    assert code_of(case.again()) == "CONFLICT"


def test_a_lost_renewal_is_asked_for_again(house: House) -> None:
    """Each LOGIN makes a successor, the token that is renewed lives on, and any of them works."""
    season = 90 * DAY
    device = house.world.device(expires=NOON + season)
    assert code_of(device.ask(Ping())) == "OK"
    house.world.clock.advance(70 * 86_400)
    rid = new_id()
    form = RenewalForm(device.token.kid, bytes(32), REPLY_KEY, 1, 1)
    grants = []
    for _ in range(2):
        world = house.world
        offer, now = world.offer(rid=rid), world.clock.now()
        binding = login_binding(rid, now, offer, NONCE)
        proof = prove(world.accounts.root(device.token), RenewalForm, form.kid, form.key, binding)
        proven = replace(form, proof=proof)
        grants.append(world.granted(encode_login(rid, now, offer, NONCE, proven), proven))
        house.restart()
    for grant in grants:
        assert code_of(device_of(house.world, grant).ask(Ping())) == "OK"


def test_a_restarted_server_opens_no_earlier_login(house: House) -> None:
    """What is repeated above is sealed anew: the old bytes get an offer, as before."""
    case = Case(house, "invite")
    login = sealed(house.world, case.form, case.rid)
    house.world.send(login)
    [reply] = house.restart().send(login)
    assert parse_envelope(reply).kind is Kind.OFFER
