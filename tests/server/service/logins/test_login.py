"""Logging in, attacked line by line: who is served, what is said, what it costs, what is kept."""

import asyncio
import logging
import sqlite3
import threading
from pathlib import Path
from typing import Final

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from diaryserver.service.counters import Drop
from diaryserver.service.logins.cookies import COOKIE_LIFE_MILLISECONDS
from diaryserver.service.logins.gate import MAX_WAITING
from diaryserver.service.logins.guessing import PER_USER_AND_NETWORK
from diaryserver.service.logins.login import MAX_UNDECIDED
from diaryserver.service.logins.offering import OFFERS_PER_NETWORK
from diaryserver.service.logins.prekeys import PREKEY_LIFE_MILLISECONDS, Prekeys
from diaryserver.service.source import Source
from protocol.channel import seal_request
from protocol.envelope import MAX_DATAGRAM, Kind, parse_envelope
from protocol.errors import ErrorCode
from protocol.identifiers import Day, Username
from protocol.invite import InviteEnd
from protocol.keys import derive_token_keys
from protocol.messages.account import Grant, Identity, Ping
from protocol.messages.base import Refusal
from protocol.messages.writing import Put
from protocol.offer import Hello, Offer, decode_offer, encode_hello, verify_offer
from tests.server.fakes import NOON, FakeHasher, SlowHasher, new_id
from tests.server.world import (
    ALICE,
    ELSEWHERE,
    HERE,
    NONCE,
    PASSWORD,
    Device,
    Inbox,
    World,
    code_of,
    flipped,
    form_of,
    opened_grant,
    opened_world,
)

MINUTE: Final = 60_000
DENIED: Final = Refusal(ErrorCode.DENIED, "", NOON)
GRANT_BYTES: Final = 350


def tokens(world: World) -> int:
    """Give how many tokens there are, of anybody."""
    return sum(len(world.accounts.list_tokens(user)) for user in world.accounts.list_users())


def is_offer(reply: bytes, datagram: bytes) -> bool:
    """Tell whether a reply is a signed OFFER to that datagram and no larger than it."""
    envelope = parse_envelope(reply)
    verify_offer(decode_offer(envelope))
    return envelope.rid == parse_envelope(datagram).rid and len(reply) <= len(datagram)


def test_a_password_gets_a_token_that_works(world: World) -> None:
    """With the scopes, the label and the life that were asked for."""
    alice = world.user()
    grant = world.login(form_of(scopes="read write", label="phone", lifetime=5 * MINUTE))
    assert isinstance(grant, Grant)
    assert (grant.scopes, grant.lowest, grant.time) == ("read write", 1, NOON)
    assert grant.expires == NOON + 5 * MINUTE
    [token] = world.accounts.list_tokens(alice)
    assert (token.kid, token.label, token.expires) == (grant.kid, "phone", grant.expires)
    device = Device(world, token, derive_token_keys(grant.root, grant.kid))
    assert device.ask(Ping()) == Identity(ALICE, "read write", grant.expires, NOON)


@pytest.mark.parametrize(("lifetime", "expires"), [(0, 0), (1, NOON + 1)])
def test_a_life_of_zero_never_ends(world: World, lifetime: int, expires: int) -> None:
    """And one of a millisecond does."""
    world.user()
    grant = world.login(form_of(lifetime=lifetime))
    assert isinstance(grant, Grant)
    assert grant.expires == expires


def test_an_invite_sets_the_password_and_is_spent(world: World) -> None:
    """It works once; from then on the password does."""
    alice = world.accounts.add_user(ALICE, NOON)
    code = world.accounts.invite(alice, NOON + MINUTE)
    assert isinstance(world.login(form_of(password="a new one", invite=code)), Grant)
    assert code_of(world.login(form_of(password="another one", invite=code))) == "DENIED"
    assert code_of(world.login(form_of(password="another one"))) == "DENIED"
    assert code_of(world.login(form_of(password="a new one"))) == "OK"


def test_a_short_new_password_leaves_the_invite_alone(world: World) -> None:
    """The person tries again; nothing was guessed, so nothing is throttled."""
    alice = world.accounts.add_user(ALICE, NOON)
    code = world.accounts.invite(alice, NOON + MINUTE)
    for _ in range(10):
        answer = world.login(form_of(password="seven77", invite=code))
        assert code_of(answer) == "INVALID"
    assert code_of(world.login(form_of(password="eight888", invite=code))) == "OK"


def test_a_client_of_other_versions_is_refused(world: World) -> None:
    """Under the seal, so that nobody can talk the two into an older one."""
    world.user()
    assert code_of(world.login(form_of(lowest=2, highest=9))) == "INVALID"
    assert tokens(world) == 0


# HELLO


def test_a_hello_gets_an_offer_not_larger_than_itself(world: World) -> None:
    """And leaves nothing behind; a captured one gets another offer, to whoever sends it."""
    hello = encode_hello(new_id(), NOON, Hello(NONCE, 1, 15))
    for source in (HERE, HERE, ELSEWHERE):
        [reply] = world.send(hello, source=source)
        assert is_offer(reply, hello)
        assert len(reply) == 261


def test_a_hello_of_other_versions_is_silence(world: World) -> None:
    """Counted, so that an operator can see it."""
    assert world.send(encode_hello(new_id(), NOON, Hello(NONCE, 2, 15))) == []
    assert world.dropped(Drop.NO_COMMON_VERSION) == 1


def test_a_hello_with_any_bit_changed_is_silence(world: World) -> None:
    """Or cut anywhere: an amplifier would answer to less than 1200 bytes."""
    hello = encode_hello(new_id(), NOON, Hello(NONCE, 1, 1))
    for changed in (*flipped(hello), *(hello[:length] for length in range(len(hello)))):
        world.clock.advance(1)  # a flood would not be looked at
        assert world.send(changed) == []
    assert world.dropped(Drop.HELLO_FLOOD) == 0
    assert len(hello) == MAX_DATAGRAM


# Cookies and prekeys


@pytest.mark.parametrize("fault", ["forged", "stale", "foreign address", "foreign nonce", "early"])
def test_a_cookie_that_proves_nothing_gets_a_fresh_offer(world: World, fault: str) -> None:
    """Before anything costly is done; with the fresh one the login works."""
    world.user()
    form = form_of()
    offer = world.offer(ELSEWHERE if fault == "foreign address" else HERE)
    if fault == "forged":
        offer = Offer(bytes(24), offer.statement, offer.signature)
    if fault == "foreign nonce":
        other = encode_hello(new_id(), NOON, Hello(b"m" * 32, 1, 1))
        offer = decode_offer(parse_envelope(world.send(other)[0]))
    if fault == "stale":
        world.clock.advance(COOKIE_LIFE_MILLISECONDS / 1000 + 1)
    if fault == "early":
        world.clock.advance(-1)
    login = world.sealed_login(form, offer)
    [reply] = world.send(login)
    assert is_offer(reply, login)
    assert (world.hasher.compared, tokens(world)) == ([], 0)
    assert world.dropped(Drop.BAD_LOGIN) == 0
    fresh = decode_offer(parse_envelope(reply))
    assert code_of(world.login(form, offer=fresh)) == "OK"


def test_a_login_sealed_to_another_servers_key_gets_a_fresh_offer(world: World) -> None:
    """Or to a key that this server never had."""
    world.user()
    other = Prekeys(Ed25519PrivateKey.from_private_bytes(b"o" * 32)).current(NOON)
    cookie = world.offer().cookie
    login = world.sealed_login(form_of(), Offer(cookie, other.statement, other.signature))
    [reply] = world.send(login)
    assert is_offer(reply, login)
    assert tokens(world) == 0


def test_a_prekey_replaced_mid_flight_still_opens(world: World) -> None:
    """Whoever was typing when the hour was over logs in."""
    world.user()
    world.offer()
    world.clock.advance(PREKEY_LIFE_MILLISECONDS / 1000 - 1)
    before = world.offer()
    world.clock.advance(30)
    after = world.offer()
    assert before.statement != after.statement
    assert code_of(world.login(form_of(), offer=before)) == "OK"
    assert code_of(world.login(form_of(), offer=after)) == "OK"


def test_a_prekey_forgotten_mid_flight_gets_a_fresh_offer(world: World) -> None:
    """It is gone from memory, so nobody can open that login any more; the cookie is good."""
    world.user()
    old = world.offer()
    world.clock.advance(2 * PREKEY_LIFE_MILLISECONDS / 1000)
    new = world.offer()
    login = world.sealed_login(form_of(), Offer(new.cookie, old.statement, old.signature))
    [reply] = world.send(login)
    assert is_offer(reply, login)
    assert decode_offer(parse_envelope(reply)).statement == new.statement
    assert tokens(world) == 0


# Repetitions and captures


def test_a_repeated_login_gets_the_same_grant(world: World) -> None:
    """The same bytes: one hash, one token, however often and however much later in its minute."""
    world.user()
    login = world.sealed_login(form_of(), world.offer())
    first = world.send(login)
    world.clock.advance(59)
    assert world.send(login, login) == 2 * first
    assert len(world.hasher.compared) == 1
    assert tokens(world) == 1


def test_a_repeated_refusal_is_the_same_refusal(world: World) -> None:
    """And costs no second guess."""
    world.user()
    login = world.sealed_login(form_of(password="wrong"), world.offer())
    first = world.send(login)
    assert world.send(login, login, login) == 3 * first
    assert len(world.hasher.compared) == 1


def test_a_login_repeated_while_it_is_decided_is_dropped(world: World) -> None:
    """Its first copy will be answered."""
    world.user()
    login = world.sealed_login(form_of(), world.offer())
    assert len(world.send(login, login, login)) == 1
    assert world.dropped(Drop.IN_FLIGHT) == 2
    assert tokens(world) == 1


@pytest.mark.parametrize("when", ["elsewhere", "later", "after a restart"])
def test_a_captured_login_is_worth_nothing(world: World, when: str) -> None:
    """Sent again by somebody else, after its minute, or to a restarted server: no second token."""
    world.user()
    login = world.sealed_login(form_of(), world.offer())
    [grant] = world.send(login)
    assert len(grant) == GRANT_BYTES
    source = ELSEWHERE if when == "elsewhere" else HERE
    if when == "later":
        world.clock.advance(61)
    if when == "after a restart":
        world.serve_logins(world.accounts, world.hasher, seed=99)
    [reply] = world.send(login, source=source)
    assert is_offer(reply, login)
    assert tokens(world) == 1


def test_what_a_server_says_is_no_question(world: World) -> None:
    """OFFER and GRANT sent back to it are silence."""
    world.user()
    hello = encode_hello(new_id(), NOON, Hello(NONCE, 1, 1))
    [offer] = world.send(hello)
    login = world.sealed_login(form_of(), decode_offer(parse_envelope(offer)))
    [grant] = world.send(login)
    assert world.send(offer, grant) == []
    assert world.dropped(Drop.UNEXPECTED_KIND) == 2


def test_a_login_with_any_bit_changed_is_worth_nothing(world: World) -> None:
    """Silence, or the offer to begin again: no token, no hash, and nothing larger than it was."""
    world.user()
    login = world.sealed_login(form_of(), world.offer())
    kinds = set()

    def note(reply: bytes) -> None:
        assert len(reply) <= len(login)
        kinds.add(parse_envelope(reply).kind)

    async def bring_all() -> None:
        for changed in flipped(login):
            world.clock.steady += 1  # so that the throttle of key agreements hides nothing
            world.router.receive(changed, HERE, note)
            await world.router.finish()

    world.run(bring_all)
    assert kinds == {Kind.OFFER}
    assert (tokens(world), world.hasher.compared) == (0, [])
    assert world.dropped(Drop.BAD_LOGIN) > 8000
    assert code_of(world.granted(login, form_of())) == "OK"


def test_a_cut_login_is_silence(world: World) -> None:
    """At each byte."""
    login = world.sealed_login(form_of(), world.offer())
    assert world.send(*(login[:length] for length in range(len(login)))) == []


# What a refusal tells


class Recorder:
    """Stands in front of the accounts and writes down what is called."""

    def __init__(self, accounts: object) -> None:
        self._accounts = accounts
        self.calls: list[str] = []

    def __getattr__(self, name: str) -> object:
        self.calls.append(name)
        return getattr(self._accounts, name)


def test_unknown_user_and_wrong_password_are_alike(world: World) -> None:
    """Same length, same code and words, same calls, one comparison; without a password too."""
    world.user()
    world.accounts.add_user(Username("invited"), NOON)
    seen = []
    for name in ("alice", "nobody", "invited"):
        recorder = Recorder(world.accounts)
        hasher = FakeHasher()
        world.serve_logins(recorder, hasher)  # type: ignore[arg-type]
        form = form_of(Username(name), "wrong")
        login = world.sealed_login(form, world.offer())
        [reply] = world.send(login)
        answer = opened_grant(login, form, reply)
        seen.append((len(reply), answer, recorder.calls, len(hasher.compared), hasher.hashed))
    assert seen[0] == seen[1] == seen[2]
    assert seen[0][0] == GRANT_BYTES
    assert seen[0][1] == Refusal(ErrorCode.DENIED, "", NOON)
    assert seen[0][3:] == (1, 0)


def test_unknown_user_and_wrong_invite_are_alike(world: World) -> None:
    """And as long as any other refusal, and as a token; another user's invite is a wrong one."""
    alice = world.accounts.add_user(ALICE, NOON)
    code = world.accounts.invite(alice, NOON + MINUTE)
    world.accounts.add_user(Username("bob"), NOON)
    assert code_of(world.login(form_of(password="a new one", invite=code))) == "OK"
    seen = []
    for name, invite in (("alice", bytes(16)), ("nobody", code), ("bob", code)):
        recorder = Recorder(world.accounts)
        world.serve_logins(recorder, world.hasher)  # type: ignore[arg-type]
        form = form_of(Username(name), "a new one", invite)
        login = world.sealed_login(form, world.offer())
        [reply] = world.send(login)
        seen.append((len(reply), opened_grant(login, form, reply), recorder.calls))
    assert seen[0] == seen[1] == seen[2]
    assert seen[0][:2] == (GRANT_BYTES, Refusal(ErrorCode.DENIED, "", NOON))


@pytest.mark.parametrize("end", InviteEnd)
def test_who_holds_an_invite_hears_how_it_ended(world: World, end: InviteEnd) -> None:
    """In a GRANT as long as any other, after a restart too; for others it stays a wrong one."""
    alice = world.accounts.add_user(ALICE, NOON)
    code = world.accounts.invite(alice, NOON + MINUTE)
    if end is InviteEnd.USED:
        assert code_of(world.login(form_of(password="a new one", invite=code))) == "OK"
    if end is InviteEnd.REPLACED:
        world.accounts.invite(alice, NOON + 2 * MINUTE)
    if end is InviteEnd.EXPIRED:
        world.clock.advance(60)
    if end is InviteEnd.WITHDRAWN:
        world.accounts.disable_user(alice, NOON)
        assert world.login(form_of(password="a new one", invite=code)) == DENIED
        world.accounts.enable_user(alice)
    for _ in range(2):
        form = form_of(password="a new one", invite=code, key=b"j" * 32)
        login = world.sealed_login(form, world.offer())
        [reply] = world.send(login)
        assert len(reply) == GRANT_BYTES
        answer = opened_grant(login, form, reply)
        assert answer == Refusal(ErrorCode.DENIED, end, world.clock.now())
        wrong = world.login(form_of(password="a new one", invite=code[::-1]))
        assert wrong == Refusal(ErrorCode.DENIED, "", world.clock.now())
        world.accounts.sweep(world.clock.now())


def test_a_failed_login_is_one_line_without_a_secret(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """Always the same one, for programs that read logs; success, and what was not decided, none."""
    caplog.set_level(logging.DEBUG, "diaryserver")
    world.user()
    world.login(form_of())
    assert caplog.messages == []
    for _ in range(int(PER_USER_AND_NETWORK.burst) + 5):
        world.login(form_of(password="wrong secret"))
    line = "login refused: user=alice from=192.0.2.1"
    assert caplog.messages == [line] * int(PER_USER_AND_NETWORK.burst)
    assert world.dropped(Drop.LOGIN_THROTTLED) == 5


# Throttles and the gate


def test_guessing_is_throttled_and_time_heals(world: World) -> None:
    """Five slips, then RATE without a hash, also for the right password; elsewhere it works."""
    world.user()
    burst = int(PER_USER_AND_NETWORK.burst)
    codes = [code_of(world.login(form_of(password="wrong"))) for _ in range(burst + 2)]
    assert codes == ["DENIED"] * burst + ["RATE"] * 2
    assert code_of(world.login(form_of())) == "RATE"
    assert len(world.hasher.compared) == burst
    assert code_of(world.login(form_of(), source=ELSEWHERE)) == "OK"
    world.clock.advance(PER_USER_AND_NETWORK.seconds_each)
    assert code_of(world.login(form_of())) == "OK"


def test_a_restart_gives_no_guesses_and_forgets_no_trust(folder: Path) -> None:
    """The sixth wrong guess is refused by the next server too; who was here before still passes."""
    burst = int(PER_USER_AND_NETWORK.burst)
    with opened_world(folder) as world:
        world.user()
        assert code_of(world.login(form_of(), source=ELSEWHERE)) == "OK"
        codes = [code_of(world.login(form_of(password="wrong"))) for _ in range(burst)]
        assert codes == ["DENIED"] * burst
    with opened_world(folder) as world:
        assert code_of(world.login(form_of())) == "RATE"
        for number in range(201):
            world.login(form_of(password="wrong"), source=Source(f"10.0.{number}.1", 40_000))
        assert code_of(world.login(form_of(), source=Source("10.9.9.9", 40_000))) == "RATE"
        assert code_of(world.login(form_of(), source=ELSEWHERE)) == "OK"


def test_guessing_locks_out_no_token(world: World) -> None:
    """Devices that are logged in go on, wherever they are, whatever is guessed from there."""
    alice = world.user()
    device = world.device(alice)
    for _ in range(int(PER_USER_AND_NETWORK.burst) + 3):
        world.login(form_of(password="wrong"))
    assert code_of(world.login(form_of())) == "RATE"
    assert code_of(device.put()) == "OK"


def test_the_same_bytes_are_decided_once_the_throttle_lets_them(world: World) -> None:
    """RATE is no decision: it is not remembered and takes no place from those that are."""
    world.user()
    for _ in range(int(PER_USER_AND_NETWORK.burst)):
        world.login(form_of(password="wrong"))
    form = form_of()
    login = world.sealed_login(form, world.offer())
    assert code_of(world.granted(login, form)) == "RATE"
    world.clock.advance(PER_USER_AND_NETWORK.seconds_each)
    assert code_of(world.granted(login, form)) == "OK"


def test_success_gives_back(world: World) -> None:
    """Logging in all day long from one place is no guessing."""
    world.user()
    for _ in range(50):
        assert code_of(world.login(form_of())) == "OK"
        world.clock.advance(0.2)


def test_unknown_names_are_throttled_like_known_ones(world: World) -> None:
    """Or the difference would tell them apart."""
    world.user()
    codes = []
    for name in ("alice", "nobody"):
        form = form_of(Username(name), "wrong")
        codes.append([code_of(world.login(form)) for _ in range(8)])
    assert codes[0] == codes[1]


def test_strangers_do_not_lock_out_a_trusted_network(world: World) -> None:
    """They fill their half; the next of them hears BUSY; who logged in before logs in again."""
    world.user()
    slow = SlowHasher()
    world.serve_logins(world.accounts, slow)
    assert code_of(world.login(form_of(), source=ELSEWHERE)) == "OK"
    strangers = [Source(f"10.0.{number}.1", 40_000) for number in range(MAX_WAITING + 4)]
    form = form_of(password="slow")
    logins = [(world.sealed_login(form, world.offer(source)), source) for source in strangers]
    trusted = world.sealed_login(form_of(), world.offer(ELSEWHERE))
    refused, granted = Inbox(), Inbox()

    async def flood() -> None:
        for login, source in logins:
            world.router.receive(login, source, refused)
        world.router.receive(trusted, ELSEWHERE, granted)
        await granted.wait_for(1)
        assert len(refused.replies) == len(strangers) - MAX_WAITING
        slow.free.set()
        await world.router.finish()

    world.run(flood)
    assert code_of(opened_grant(trusted, form_of(), granted.replies[0])) == "OK"
    by_rid = {parse_envelope(login).rid: login for login, _ in logins}
    codes = [
        code_of(opened_grant(by_rid[parse_envelope(reply).rid], form, reply))
        for reply in refused.replies
    ]
    assert codes == ["BUSY"] * 4 + ["DENIED"] * MAX_WAITING


def test_a_flood_of_failures_everywhere_does_not_lock_out_a_trusted_network(world: World) -> None:
    """The throttle for all strangers together is none for those who were here before."""
    world.user()
    assert code_of(world.login(form_of(), source=ELSEWHERE)) == "OK"
    codes = [
        code_of(world.login(form_of(password="wrong"), source=Source(f"10.0.{number}.1", 40_000)))
        for number in range(210)
    ]
    assert codes == ["DENIED"] * 200 + ["RATE"] * 10
    assert code_of(world.login(form_of(), source=ELSEWHERE)) == "OK"


def test_busy_costs_no_attempt_and_is_decided_anew(world: World) -> None:
    """Nothing was guessed; the same bytes, sent again, get their answer when there is room."""
    world.user()
    slow = SlowHasher()
    world.serve_logins(world.accounts, slow)
    form = form_of(password="slow")
    sources = [Source(f"10.0.{number}.1", 40_000) for number in range(MAX_WAITING)]
    logins = [(world.sealed_login(form, world.offer(source)), source) for source in sources]
    mine = [world.sealed_login(form_of(), world.offer()) for _ in range(9)]
    inbox = Inbox()

    async def flood() -> None:
        for login, source in logins:
            world.router.receive(login, source, lambda _: None)
        for number, login in enumerate(mine, start=1):
            world.router.receive(login, HERE, inbox)
            await inbox.wait_for(number)
        slow.free.set()
        await world.router.finish()

    world.run(flood)
    codes = [
        code_of(opened_grant(login, form_of(), reply))
        for login, reply in zip(mine, inbox.replies, strict=True)
    ]
    assert codes == ["BUSY"] * 9
    assert code_of(world.granted(mine[0], form_of())) == "OK"


def test_logins_that_wait_for_a_dead_disk_are_bounded(world: World) -> None:
    """Beyond some hundreds the next hears BUSY at once; when the disk is back all are answered."""
    free = threading.Event()
    world.user()
    form = form_of(password="wrong")
    logins = []
    for number in range(MAX_UNDECIDED + 10):
        source = Source(f"10.{number // 250}.{number % 250}.1", 40_000)
        logins.append((world.sealed_login(form, world.offer(source)), source))
    replies: list[bytes] = []

    async def flood() -> None:
        stuck = asyncio.ensure_future(world.workers.accounts.run(free.wait, 20))
        for number, (login, source) in enumerate(logins):
            # Time heals what the throttle counts, and yet no cookie grows old.
            world.clock.wall = NOON + 50_000 * (number % 2)
            world.router.receive(login, source, replies.append)
        assert len(replies) == 10
        free.set()
        await stuck
        await world.router.finish()

    world.run(flood)
    assert len(replies) == len(logins)
    assert world.dropped(Drop.LOGIN_FLOOD) == 10


def test_key_agreements_are_throttled(world: World) -> None:
    """Beyond ten a second for a network there is silence, counted; other networks do not notice."""
    world.user()
    form = form_of(password="wrong")
    offer = world.offer()
    for _ in range(60):
        assert world.send(world.sealed_login(form, offer))
    assert world.send(world.sealed_login(form, offer)) == []
    assert world.dropped(Drop.LOGIN_FLOOD) == 1
    assert code_of(world.login(form_of(), source=ELSEWHERE)) == "OK"


def test_accounts_that_break_are_storage_and_one_traceback_at_most(
    world: World, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Outcome unknown; no guess was made, so none is counted."""
    world.user()
    offer = world.offer()
    other = sqlite3.connect(folder / "accounts.sqlite3")
    other.execute("ALTER TABLE users RENAME TO people")
    for _ in range(int(PER_USER_AND_NETWORK.burst) + 3):
        assert code_of(world.login(form_of(), offer=offer)) == "STORAGE"
    other.execute("ALTER TABLE people RENAME TO users")
    other.close()
    assert code_of(world.login(form_of(), offer=offer)) == "OK"
    assert PASSWORD not in caplog.text
    assert len(caplog.records) <= 1


# Removed while it happens


def test_a_user_removed_while_hashing_gets_no_token(world: World) -> None:
    """What holds when the token is minted counts."""
    alice = world.user()
    slow = SlowHasher()
    world.accounts.set_password_hash(alice, "hash of slow")
    world.serve_logins(world.accounts, slow)
    form = form_of(password="slow")
    login = world.sealed_login(form, world.offer())
    replies: list[bytes] = []

    async def remove() -> None:
        world.router.receive(login, HERE, replies.append)
        await asyncio.sleep(0)
        await world.workers.accounts.run(world.accounts.remove_user, alice, NOON)
        slow.free.set()
        await world.router.finish()

    world.run(remove)
    assert code_of(opened_grant(login, form, replies[0])) == "DENIED"
    assert world.accounts.list_tokens(alice) == []


@pytest.mark.parametrize("keep", [True, False])
def test_a_password_changed_while_it_is_compared_is_worth_nothing(
    world: World, *, keep: bool
) -> None:
    """Or who knows the old one would keep logging in until one token outlives the change."""
    alice = world.user(password="slow")
    slow = SlowHasher()
    world.serve_logins(world.accounts, slow)
    form = form_of(password="slow")
    login = world.sealed_login(form, world.offer())
    replies: list[bytes] = []

    async def change() -> None:
        world.router.receive(login, HERE, replies.append)
        await asyncio.to_thread(slow.begun.wait, 20)
        set_password = world.accounts.set_password
        await world.workers.accounts.run(set_password, alice, "hash of new", NOON, keep=keep)
        slow.free.set()
        await world.router.finish()

    world.run(change)
    assert code_of(opened_grant(login, form, replies[0])) == "DENIED"
    assert world.accounts.list_tokens(alice) == []


def test_a_name_used_again_opens_no_old_token(folder: Path) -> None:
    """The old one hears REVOKED, the new one reads an empty diary, also after a restart."""
    today = Day("2026-11-22")
    with opened_world(folder) as world:
        alice = world.user()
        old = world.device(alice)
        assert code_of(old.put("hers")) == "OK"
        world.accounts.remove_user(alice, NOON)
        world.entries.retire(ALICE, alice.uid)
        world.user()
        assert code_of(old.ask(Put(NOON, 0, "mine?"))) == "REVOKED"
        request = seal_request(old.keys, new_id(), NOON, Ping())
    with opened_world(folder) as world:
        [reply] = world.send(request)
        assert code_of(old.opened(reply, request, Ping())) == "REVOKED"
        assert world.entries.list_days(ALICE, today, today, 1).rows == ()


def test_a_flood_of_hellos_is_answered_so_often_and_keeps_nobody_else_out(world: World) -> None:
    """A network gets its number of OFFERs, more with time; who is elsewhere still logs in."""
    world.user()
    flood = [encode_hello(new_id(), NOON, Hello(NONCE, 1, 1))] * 1000
    assert len(world.send(*flood)) == OFFERS_PER_NETWORK.burst
    assert world.dropped(Drop.HELLO_FLOOD) == 1000 - OFFERS_PER_NETWORK.burst
    assert code_of(world.login(form_of(), source=ELSEWHERE)) == "OK"
    world.clock.advance(1)
    assert len(world.send(*flood)) == pytest.approx(1 / OFFERS_PER_NETWORK.seconds_each)
