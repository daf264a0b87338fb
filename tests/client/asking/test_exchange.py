"""One request and its reply over a network that loses, doubles, reorders and forges."""

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diaryclient.asking.enquiry import ENOUGH_UNANSWERED, Enquiry
from diaryclient.asking.exchange import PATIENCE, RequestExchange, RoundTrip
from diaryclient.asking.session import Session
from diaryclient.errors import (
    IdentityChangedError,
    NotLoggedInError,
    SlowServerError,
    UnreachableError,
)
from protocol.channel import seal_reply, seal_request
from protocol.envelope import Kind, parse_envelope
from protocol.errors import (
    BadTimeError,
    BusyError,
    ErrorCode,
    MalformedError,
    QuotaError,
    StorageError,
    TokenExpiredError,
    TokenRevokedError,
)
from protocol.identifiers import Day, EntryId
from protocol.keys import derive_token_keys
from protocol.messages.account import Ping
from protocol.messages.base import MAX_SKEW_MILLISECONDS, Refusal
from protocol.messages.diary import Read
from protocol.messages.writing import Put, Stored
from tests.client.desk import Desk
from tests.client.fakes import ADDRESS, ROOT, START, FakeClock, FakeServer, login_to, seeded
from tests.client.lossy_link import LossyTransport, Weather
from tests.client.network import FakeTransport, arrives, lost, session_with

PUT_DAY = Day("2026-11-18")
RID = EntryId.make(START, bytes(10))
PUT = Put(at=START, off=60, text="a text")
TIMES = st.lists(st.floats(0, 2), max_size=2)


def request(
    server: FakeServer, what: Put | Ping | Read = PUT, patience: float = PATIENCE
) -> RequestExchange:
    """Give an exchange that begins now, under the token that the server knows."""
    return RequestExchange(
        login_to(server),
        server.keys,
        what,
        RID,
        round_trip=RoundTrip(seeded()),
        chance=seeded(),
        began=server.clock.monotonic,
        patience=patience,
    )


def run(transport: FakeTransport, exchange: RequestExchange) -> RequestExchange:
    """Run one exchange to its end."""
    assert list(session_with(transport).run([exchange])) == [exchange]
    return exchange


def test_an_answer_comes_back() -> None:
    """A request over a good network is answered by the first attempt."""
    server = FakeServer(FakeClock())
    exchange = run(FakeTransport(server.clock, [server]), request(server))
    assert isinstance(exchange.result(), Stored)
    assert exchange.attempts == 1
    assert exchange.seconds == pytest.approx(0.02)


@given(there=st.lists(TIMES, max_size=8), back=st.lists(TIMES, max_size=8))
def test_any_network_gives_one_entry_or_an_honest_error(
    there: list[list[float]], back: list[list[float]]
) -> None:
    """Lost, doubled and late datagrams: stored once and said so, or nothing claimed in 6 s."""
    server = FakeServer(FakeClock())
    ways, answers = iter(there), iter(back)
    transport = FakeTransport(
        server.clock,
        [server],
        there=lambda datagram: [(delay, datagram) for delay in next(ways, [])],
        back=lambda datagram: [(delay, datagram) for delay in next(answers, [])],
    )
    exchange = run(transport, request(server))
    assert server.clock.monotonic <= PATIENCE
    assert len(server.contents) <= 1
    assert {rid for rid, _ in server.requests} <= {RID}
    if exchange.answer:
        assert server.contents == {RID: PUT}
    else:
        with pytest.raises((UnreachableError, NotLoggedInError)):
            exchange.result()


def test_silence_is_repeated_ever_more_slowly_and_ends_after_six_seconds() -> None:
    """First pause 0.5 to 1 s, then doubling to 3 s at most; every attempt has a tag of its own."""
    server = FakeServer(FakeClock())
    transport = FakeTransport(server.clock, [server], there=lost)
    with pytest.raises(UnreachableError, match=r"no answer from diary.test:8888 within 6 seconds"):
        run(transport, request(server)).result()
    requests = [(at, data) for at, _, data in transport.sent if data[2] == Kind.REQUEST]
    times = [at for at, _ in requests]
    pauses = [later - earlier for earlier, later in pairwise(times)]
    assert 0.5 <= pauses[0] <= 1.0
    assert pauses == pytest.approx([min(pauses[0] * 2**n, 3.0) for n in range(len(pauses))])
    assert len({parse_envelope(data).tag for _, data in requests}) == len(requests)
    assert server.clock.monotonic == pytest.approx(PATIENCE)


@pytest.mark.parametrize("code", [ErrorCode.BUSY, ErrorCode.STORAGE])
def test_not_yet_is_asked_again_under_the_same_id(code: ErrorCode) -> None:
    """BUSY and STORAGE mean that the outcome is open: the same id, until it is decided."""
    server = FakeServer(FakeClock())
    server.refusals.extend([code, code])
    exchange = run(FakeTransport(server.clock, [server]), request(server))
    assert isinstance(exchange.result(), Stored)
    assert [rid for rid, _ in server.requests] == [RID] * 3


@pytest.mark.parametrize(
    ("code", "error"), [(ErrorCode.BUSY, BusyError), (ErrorCode.STORAGE, StorageError)]
)
def test_a_server_that_stays_busy_is_called_busy(code: ErrorCode, error: type[Exception]) -> None:
    """After six seconds the reason is the server's, not "unreachable", and no HELLO was sent."""
    server = FakeServer(FakeClock())
    server.refusals.extend([code] * 20)
    with pytest.raises(error):
        run(FakeTransport(server.clock, [server]), request(server)).result()
    assert set(server.kinds) == {Kind.REQUEST}


def test_a_refusal_ends_at_once() -> None:
    """What is refused is not asked again."""
    server = FakeServer(FakeClock())
    server.refusals.append(ErrorCode.QUOTA)
    with pytest.raises(QuotaError):
        run(FakeTransport(server.clock, [server]), request(server)).result()
    assert len(server.requests) == 1


def test_a_server_that_does_not_know_the_token_is_not_called_unreachable() -> None:
    """Half of the patience in silence: one HELLO; its pinned OFFER tells that the login is gone."""
    server = FakeServer(FakeClock(), knows_token=False)
    with pytest.raises(NotLoggedInError, match=r"diaryclient login diary.test:8888 alice"):
        run(FakeTransport(server.clock, [server]), request(server)).result()
    assert server.kinds.count(Kind.HELLO) == 1


def test_an_offer_after_silence_is_a_reason_to_ask_again_at_once() -> None:
    """Whoever loses every request but the HELLO by bad luck is not told to log in again."""
    server = FakeServer(FakeClock())

    def there(datagram: bytes) -> list[tuple[float, bytes]]:
        is_lost = datagram[2] == Kind.REQUEST and server.clock.monotonic < PATIENCE / 2
        return [] if is_lost else [(0.01, datagram)]

    transport = FakeTransport(server.clock, [server], there=there)
    exchange = run(transport, request(server))
    assert isinstance(exchange.result(), Stored)
    assert server.clock.monotonic < PATIENCE / 2 + 0.1


def test_a_server_with_another_identity_is_named() -> None:
    """An OFFER under another identity than the pinned one says what was shown instead."""
    server = FakeServer(FakeClock(), knows_token=False)
    exchange = request(server)
    server.identity = FakeServer(server.clock).identity
    with pytest.raises(IdentityChangedError, match=server.fingerprint.replace("+", r"\+")):
        run(FakeTransport(server.clock, [server]), exchange).result()


@pytest.mark.parametrize("seed", range(3))
def test_a_bad_link_is_not_taken_for_a_forgotten_token(seed: int) -> None:
    """At 30 % lost each way, none of hundreds of writes hears that the server forgot its login."""
    wrong = 0
    for number in range(400):
        server = FakeServer(FakeClock())
        weather = Weather(loss=0.3, duplicate=0, reorder=0, delay=0.05)
        link = LossyTransport(server.clock, server, random.Random(1000 * seed + number), weather)
        session = Session(ADDRESS, link, server.clock, seeded(number))
        [exchange] = session.run([request(server)])
        wrong += isinstance(exchange.failure, NotLoggedInError)
    assert wrong == 0


def test_too_few_unanswered_requests_prove_nothing() -> None:
    """An OFFER that comes late leaves no time to tell a forgotten token from bad luck."""
    server = FakeServer(FakeClock(), knows_token=False)
    transport = FakeTransport(
        server.clock, [server], back=lambda data: [(1.8 if data[2] == Kind.OFFER else 0.01, data)]
    )
    with pytest.raises(UnreachableError):
        run(transport, request(server)).result()
    unanswered = {at for at, _, data in transport.sent if data[2] == Kind.REQUEST and at >= 4.8}
    assert 0 < len(unanswered) < ENOUGH_UNANSWERED


@pytest.mark.parametrize("patience", [PATIENCE, 4.0])
def test_a_forgotten_token_is_named_within_the_patience(patience: float) -> None:
    """Enough requests after the OFFER, and no second more than for silence."""
    server = FakeServer(FakeClock(), knows_token=False)
    transport = FakeTransport(server.clock, [server])
    with pytest.raises(NotLoggedInError):
        run(transport, request(server, patience=patience)).result()
    assert server.clock.monotonic == pytest.approx(patience)
    after = {at for at, _, data in transport.sent if data[2] == Kind.REQUEST and at > patience / 2}
    assert len(after) >= ENOUGH_UNANSWERED


@pytest.mark.parametrize("what", [PUT, Read(PUT_DAY, 0, 0)])
def test_a_slow_server_is_not_said_to_have_forgotten_the_login(what: Put | Read) -> None:
    """Its disk takes longer than the patience, but it refuses probes at once: it is only slow."""
    server = FakeServer(FakeClock(), silent_to=type(what))
    transport = FakeTransport(server.clock, [server])
    with pytest.raises(SlowServerError, match="knows this login, but is slow"):
        run(transport, request(server, what)).result()
    assert server.clock.monotonic == pytest.approx(PATIENCE)
    # Known from the first probe on, so it is not pestered by more of them.
    assert [type(each) for _, each in server.requests].count(Ping) == 1


def test_one_answered_probe_outweighs_many_lost_ones() -> None:
    """The last of six that comes through proves that the token is known."""
    server = FakeServer(FakeClock(), silent_to=Put)
    probed: list[float] = []

    def back(datagram: bytes) -> list[tuple[float, bytes]]:
        if datagram[2] == Kind.REPLY:
            probed.append(server.clock.monotonic)
        return arrives(datagram) if len(probed) in {0, ENOUGH_UNANSWERED} else lost(datagram)

    with pytest.raises(SlowServerError):
        run(FakeTransport(server.clock, [server], back=back), request(server)).result()


@pytest.mark.parametrize("code", [ErrorCode.REVOKED, ErrorCode.EXPIRED])
def test_a_probe_that_hears_of_an_ended_login_ends_the_request(code: ErrorCode) -> None:
    """It was heard, and refused."""
    server = FakeServer(FakeClock(), silent_to=Put)
    server.account.tokens[server.keys.kid].ended = code
    exchange = run(FakeTransport(server.clock, [server]), request(server))
    assert isinstance(exchange.failure, TokenRevokedError | TokenExpiredError)
    assert server.clock.monotonic < PATIENCE / 2 + 0.1


def test_a_probe_is_refused_by_every_clock_that_is_allowed(desk: Desk) -> None:
    """It is never carried out, whatever the server's clock and ours say."""
    login = login_to(desk.server)
    enquiry = Enquiry(login, desk.server.keys, RID)
    for ahead in (-MAX_SKEW_MILLISECONDS, 0, MAX_SKEW_MILLISECONDS):
        desk.server.ahead = ahead
        probe = parse_envelope(enquiry.probe(desk.clock.instant()))
        assert abs(probe.timestamp - desk.server.now) > MAX_SKEW_MILLISECONDS


def test_a_lent_token_is_told_where_a_new_one_comes_from() -> None:
    """Nobody can log in with DIARY_TOKEN."""
    server = FakeServer(FakeClock(), knows_token=False)
    lent = login_to(server)._replace(is_stored=False)
    for identity, error in ((server.identity, NotLoggedInError), (None, IdentityChangedError)):
        server.identity = identity or FakeServer(server.clock).identity
        exchange = RequestExchange(
            lent,
            server.keys,
            PUT,
            RID,
            round_trip=RoundTrip(seeded()),
            chance=seeded(),
            began=server.clock.monotonic,
        )
        with pytest.raises(error, match="put another token into DIARY_TOKEN"):
            run(FakeTransport(server.clock, [server]), exchange).result()


def test_a_late_answer_beats_the_suspicion() -> None:
    """A reply after the OFFER still counts: the token is known, the server was only slow."""
    server = FakeServer(FakeClock())
    transport = FakeTransport(
        server.clock,
        [server],
        back=lambda data: [(4.0 if data[2] == Kind.REPLY else 0.1, data)],
    )
    assert isinstance(run(transport, request(server)).result(), Stored)
    assert Kind.HELLO in server.kinds


def test_every_flipped_bit_and_every_cut_is_ignored() -> None:
    """A reply that is not exactly the server's changes nothing."""
    server = FakeServer(FakeClock())
    exchange = request(server)
    now = server.clock.instant()
    [outgoing] = exchange.datagrams_to_send(now)
    [reply] = server.receive(outgoing.datagram)
    changed = [
        bytes((*reply[:at], reply[at] ^ 1 << bit, *reply[at + 1 :]))
        for at in range(len(reply))
        for bit in range(8)
    ]
    for datagram in [*changed, *(reply[:length] for length in range(len(reply)))]:
        try:
            envelope = parse_envelope(datagram)
        except MalformedError:
            continue
        assert not exchange.receive(envelope, now)
    assert not exchange.is_over
    assert exchange.receive(parse_envelope(reply), now)
    assert exchange.answer


def test_what_answers_another_datagram_is_ignored() -> None:
    """Reflected requests, replies under another token, and replies to unsent tags do not count."""
    server = FakeServer(FakeClock())
    exchange, now = request(server), server.clock.instant()
    [outgoing] = exchange.datagrams_to_send(now)
    unsent = seal_request(server.keys, RID, START - 1, PUT)
    [old_refusal] = server.receive(unsent)
    other_keys = derive_token_keys(ROOT, b"kid-0002")
    answer = Stored(PUT_DAY, dup=False)
    foreign = seal_reply(other_keys, parse_envelope(outgoing.datagram), START, answer)
    for datagram in (outgoing.datagram, old_refusal, foreign):
        assert not exchange.receive(parse_envelope(datagram), now)
    assert not exchange.is_over


def test_a_badtime_counts_only_for_the_datagram_it_answers() -> None:
    """Forged, changed, or an old one about the same id: none of them moves the clock's offset."""
    server = FakeServer(FakeClock())
    exchange, now = request(server), server.clock.instant()
    [outgoing] = exchange.datagrams_to_send(now)
    sent = parse_envelope(outgoing.datagram)
    answer = Refusal(ErrorCode.BADTIME, "", START + 3_600_000)
    strangers = derive_token_keys(bytes(32), server.keys.kid)._replace(kid=server.keys.kid)
    forged = seal_reply(strangers, sent, START, answer)
    early = parse_envelope(seal_request(server.keys, RID, START - 3_600_000, PUT))
    old = seal_reply(server.keys, early, START, answer)
    genuine = seal_reply(server.keys, sent, START, answer)
    changed = bytes((*genuine[:40], genuine[40] ^ 1, *genuine[41:]))
    for datagram in (forged, old, changed):
        assert not exchange.receive(parse_envelope(datagram), now)
    assert not exchange.is_over
    assert exchange.receive(parse_envelope(genuine), now)
    assert isinstance(exchange.failure, BadTimeError)
    assert exchange.failure.server_time == START + 3_600_000


def test_a_signed_answer_of_the_wrong_kind_is_an_error_and_no_silence() -> None:
    """A server of another version is not called unreachable."""
    server = FakeServer(FakeClock())
    exchange, now = request(server, Ping()), server.clock.instant()
    [outgoing] = exchange.datagrams_to_send(now)
    answer = Stored(PUT_DAY, dup=False)
    reply = seal_reply(server.keys, parse_envelope(outgoing.datagram), START, answer)
    assert exchange.receive(parse_envelope(reply), now)
    with pytest.raises(MalformedError, match="one of the two may be too old"):
        exchange.result()


@given(st.lists(st.floats(0, 100), min_size=1))
def test_the_timeout_follows_what_was_measured_within_bounds(measured: list[float]) -> None:
    """RFC 6298, never below 0.2 s and never above 3 s."""
    round_trip = RoundTrip(seeded())
    assert 0.5 <= round_trip.timeout() <= 1.0
    for seconds in measured:
        round_trip.measured(seconds)
    assert 0.2 <= round_trip.timeout() <= 3.0
    steady = RoundTrip(seeded())
    for _ in range(100):
        steady.measured(0.5)
    assert steady.timeout() == pytest.approx(0.5, abs=0.01)


def test_an_offer_that_nobody_asked_for_says_nothing() -> None:
    """Before the HELLO was sent, an OFFER is somebody's noise."""
    server = FakeServer(FakeClock())
    exchange = request(server)
    exchange.receive(parse_envelope(server.offer(RID)), server.clock.instant())
    with pytest.raises(UnreachableError):
        run(FakeTransport(server.clock, [server], there=lost), exchange).result()


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_strangers_offer_does_not_hide_the_servers(order: tuple[int, int]) -> None:
    """Anybody can sign an OFFER with a key of their own; the pinned one counts, early or late."""
    server = FakeServer(FakeClock(), knows_token=False)
    both = [server, FakeServer(server.clock)]
    transport = FakeTransport(
        server.clock,
        [server],
        back=lambda _: [(0.1 * n, both[which].offer(RID)) for n, which in enumerate(order)],
    )
    with pytest.raises(NotLoggedInError):
        run(transport, request(server)).result()
