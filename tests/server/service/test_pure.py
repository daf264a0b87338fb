"""The small parts that need nothing but arguments: cookies, prekeys, throttles, alarms."""

import logging
from typing import Final

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from diaryserver.service.alarm import Alarm
from diaryserver.service.counters import Counters, Drop
from diaryserver.service.door import refusal
from diaryserver.service.logins.cookies import COOKIE_LIFE_MILLISECONDS, CookieJar
from diaryserver.service.logins.prekeys import (
    OVERLAP_MILLISECONDS,
    PREKEY_LIFE_MILLISECONDS,
    Prekeys,
)
from diaryserver.service.ports.throttles import Bucket
from diaryserver.service.source import Source
from diaryserver.service.throttle import Limit, Throttle, network_of
from protocol.envelope import VERSION
from protocol.errors import REFUSALS, InvalidRequestError, RefusedError
from protocol.messages.account import Grant
from protocol.messages.base import MAX_NOTE_BYTES
from protocol.messages.coding import decode_reply, encode_reply
from protocol.offer import COOKIE_BYTES, Offer, statement_id, verify_offer
from tests.server.fakes import NOON, FrozenClock

NONCE: Final = b"n" * 32
HERE: Final = Source("192.0.2.1", 40_000).packed()
IDENTITY: Final = Ed25519PrivateKey.from_private_bytes(b"i" * 32)


# Cookies


def test_a_cookie_lives_a_minute() -> None:
    """Both ends included, and not before it was made: the clock was set back, or it is forged."""
    jar = CookieJar(b"s" * 32)
    cookie = jar.make(HERE, NONCE, NOON)
    assert len(cookie) == COOKIE_BYTES
    for age in (0, 1, COOKIE_LIFE_MILLISECONDS):
        assert jar.is_valid(cookie, HERE, NONCE, NOON + age)
    for age in (-1, COOKIE_LIFE_MILLISECONDS + 1):
        assert not jar.is_valid(cookie, HERE, NONCE, NOON + age)


@pytest.mark.parametrize(
    "source",
    [Source("192.0.2.2", 40_000), Source("192.0.2.1", 40_001), Source("::ffff:192.0.2.1", 40_000)],
)
def test_a_cookie_is_for_one_address_and_port(source: Source) -> None:
    """Somebody else's cookie proves nothing about me."""
    jar = CookieJar(b"s" * 32)
    assert not jar.is_valid(jar.make(HERE, NONCE, NOON), source.packed(), NONCE, NOON)


def test_a_cookie_is_for_one_nonce_and_one_server() -> None:
    """And the secret changes with each start."""
    jar = CookieJar(b"s" * 32)
    cookie = jar.make(HERE, NONCE, NOON)
    assert not jar.is_valid(cookie, HERE, b"m" * 32, NOON)
    assert not CookieJar(b"t" * 32).is_valid(cookie, HERE, NONCE, NOON)


@given(st.integers(0, 8 * COOKIE_BYTES - 1), st.integers(0, 2**62))
def test_a_changed_cookie_is_none(bit: int, now: int) -> None:
    """Any bit of it, its time too."""
    jar = CookieJar(b"s" * 32)
    cookie = bytearray(jar.make(HERE, NONCE, now))
    cookie[bit // 8] ^= 1 << bit % 8
    assert not jar.is_valid(bytes(cookie), HERE, NONCE, now)


# Prekeys


def test_a_prekey_is_offered_for_an_hour() -> None:
    """Then another one is, and the first still opens logins for five minutes."""
    prekeys = Prekeys(IDENTITY)
    first = prekeys.current(NOON)
    assert prekeys.current(NOON + PREKEY_LIFE_MILLISECONDS - 1) is first
    replaced = NOON + PREKEY_LIFE_MILLISECONDS
    second = prekeys.current(replaced)
    assert second is not first
    name = statement_id(first.statement)
    assert prekeys.find(name, replaced + OVERLAP_MILLISECONDS - 1) is first
    assert prekeys.find(name, replaced + OVERLAP_MILLISECONDS) is None
    assert prekeys.find(name, replaced) is None, "what was forgotten stays forgotten"
    assert prekeys.find(statement_id(second.statement), replaced) is second


def test_a_statement_says_how_long_it_holds_and_is_signed() -> None:
    """By the identity that clients pin."""
    prekey = Prekeys(IDENTITY).current(NOON)
    statement = prekey.statement
    verify_offer(Offer(bytes(COOKIE_BYTES), statement, prekey.signature))
    assert statement.identity == IDENTITY.public_key().public_bytes_raw()
    assert statement.prekey == prekey.private.public_key().public_bytes_raw()
    assert (statement.not_before, statement.not_after) == (
        NOON,
        NOON + PREKEY_LIFE_MILLISECONDS + OVERLAP_MILLISECONDS,
    )
    assert (statement.lowest, statement.highest) == (VERSION, VERSION)


def test_a_clock_set_back_keeps_no_old_key_alive() -> None:
    """A key made in what is the future now is dropped, and few are ever kept."""
    prekeys = Prekeys(IDENTITY)
    first = prekeys.current(NOON)
    assert prekeys.current(NOON - 1) is not first
    assert prekeys.find(statement_id(first.statement), NOON) is None
    for step in range(50):
        prekeys.current(NOON + step * PREKEY_LIFE_MILLISECONDS // 3)
    assert len(prekeys._kept) <= 2


# Throttles


def test_a_throttle_gives_a_burst_and_then_one_at_a_time() -> None:
    """And never more than the burst, however long nobody asked."""
    throttle = Throttle(Limit(3, 10), b"secret")
    assert [throttle.take("a", 0) for _ in range(4)] == [True, True, True, False]
    assert [throttle.take("a", 10), throttle.take("a", 10)] == [True, False]
    assert not throttle.take("a", 19.9)
    assert throttle.take("a", 20)
    assert [throttle.take("a", 9999) for _ in range(4)] == [True, True, True, False]


def test_what_is_given_back_can_be_taken_again() -> None:
    """Never more than the burst."""
    throttle = Throttle(Limit(2, 10), b"secret")
    throttle.give_back("a")
    assert [throttle.take("a", 0) for _ in range(3)] == [True, True, False]
    throttle.give_back("a")
    assert [throttle.take("a", 0) for _ in range(2)] == [True, False]


def test_keys_have_buckets_of_their_own_in_a_table_of_one_size() -> None:
    """Whatever is invented, the table does not grow; and nobody can choose whom to share with."""
    throttle = Throttle(Limit(1, 10), b"secret", slots=64)
    taken = [throttle.take(f"user {number}", 0) for number in range(1000)]
    assert 30 < sum(taken) <= 64
    other = Throttle(Limit(1, 10), b"other", slots=64)
    assert taken != [other.take(f"user {number}", 0) for number in range(1000)]


def test_a_clock_that_steps_back_neither_gives_nor_locks() -> None:
    """Nothing is refilled by it, and one token comes after the usual time, not after a year."""
    throttle = Throttle(Limit(2, 10), b"secret")
    year = 365 * 86_400.0
    assert [throttle.take("a", year) for _ in range(3)] == [True, True, False]
    assert not throttle.take("a", 0)
    assert not throttle.take("a", 9)
    assert throttle.take("a", 19)


def test_a_throttle_restored_goes_on_as_it_was() -> None:
    """And what another table left is not taken for its own."""
    before = Throttle(Limit(2, 10), b"secret", name="mine")
    before.take("a", 5)
    before.take("a", 5)
    kept = before.bucket(before.slot("a"))
    after, other = (Throttle(Limit(2, 10), b"secret", name=name) for name in ("mine", "other"))
    for throttle in (after, other):
        throttle.restore([kept, Bucket("mine", 10**6, 2, 5), Bucket("mine", -1, 2, 5)])
    assert not after.take("a", 5)
    assert after.take("a", 15)
    assert other.take("a", 5)


@pytest.mark.parametrize(
    ("host", "network"),
    [
        ("192.0.2.77", "192.0.2.0/24"),
        ("::ffff:192.0.2.77", "192.0.2.0/24"),
        ("2001:db8:1:2ff::9", "2001:db8:1:200::/56"),
        ("fe80::1%eth0", "fe80::/56"),
        ("::1", "::/56"),
    ],
)
def test_an_address_counts_as_its_network(host: str, network: str) -> None:
    """What one customer usually holds."""
    assert network_of(host) == network


# Counters, alarms, refusals


def test_counters_report_what_was_added() -> None:
    """Once, in words, and nothing when nothing was."""
    counters = Counters()
    assert counters.report() == ""
    counters.count(Drop.MALFORMED)
    counters.count(Drop.MALFORMED)
    counters.count(Drop.BAD_SIGNATURE)
    assert counters.report() == "bad-signature=1 malformed=2"
    assert counters.report() == ""
    counters.count(Drop.MALFORMED)
    assert counters.report() == "malformed=1"
    assert counters.totals[Drop.MALFORMED] == 3


def test_an_alarm_says_first_failure_count_and_recovery(caplog: pytest.LogCaptureFixture) -> None:
    """And between them is quiet for ten seconds."""
    clock = FrozenClock()
    alarm = Alarm(logging.getLogger("test"), "works again", clock.monotonic)
    alarm.works()
    assert caplog.messages == []
    alarm.failed("broken")
    for _ in range(5):
        clock.advance(1)
        alarm.failed("broken")
        alarm.works()
    assert caplog.messages == ["broken"]
    clock.advance(5)
    alarm.failed("still broken")
    assert caplog.messages[1:] == ["still broken (and 5 more failures since this was last said)"]
    clock.advance(10)
    alarm.works()
    alarm.works()
    assert caplog.messages[2:] == ["works again"]
    alarm.failed("broken anew")
    assert caplog.messages[3:] == ["broken anew"]


@pytest.mark.parametrize("note", ["x" * 500, "é" * 119, "\ud800", ""])
def test_a_refusal_always_fits(note: str) -> None:
    """Whatever an error says, what goes out is a refusal that clients can read."""
    for error in REFUSALS.values():
        message = refusal(error(note), NOON)
        assert len(message.note.encode()) <= MAX_NOTE_BYTES
        assert decode_reply(Grant, encode_reply(message)) == message


def test_a_refusal_keeps_its_code() -> None:
    """And carries the server's time."""
    message = refusal(InvalidRequestError("why"), NOON)
    assert (message.code, message.note, message.time) == (InvalidRequestError.code, "why", NOON)
    assert isinstance(message.error(), RefusedError)
