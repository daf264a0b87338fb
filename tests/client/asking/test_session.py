"""Several exchanges over several addresses of one server."""

from itertools import count

import pytest

from diaryclient.asking.exchange import SHORTEST_TIMEOUT, RequestExchange
from diaryclient.asking.session import Session
from diaryclient.asking.window import FIRST
from diaryclient.errors import UnreachableError
from protocol.envelope import Kind
from protocol.errors import ErrorCode
from protocol.identifiers import EntryId
from protocol.messages.account import Ping
from tests.client.fakes import START, FakeClock, FakeServer, login_to, seeded
from tests.client.network import FakeTransport, Fate, arrives, lost, session_with


def pings(server: FakeServer, session: Session, count: int) -> list[RequestExchange]:
    """Give so many exchanges that begin now."""
    return [
        RequestExchange(
            login_to(server),
            server.keys,
            Ping(),
            EntryId.make(START, bytes(9) + bytes((number,))),
            round_trip=session.round_trip,
            chance=seeded(number),
            began=server.clock.monotonic,
        )
        for number in range(count)
    ]


def test_nothing_listening_is_known_at_once() -> None:
    """When every address refused two attempts, nobody waits six seconds."""
    server = FakeServer(FakeClock())
    transport = FakeTransport(server.clock, [None, None])
    session = session_with(transport)
    [exchange] = session.run(pings(server, session, 1))
    with pytest.raises(UnreachableError, match=r"nothing listens at diary\.test:8888"):
        exchange.result()
    assert server.clock.monotonic < 1.0
    assert [path for _, path, _ in transport.sent] == [0, 1, 0, 1]


def test_the_address_that_answers_is_found_and_kept() -> None:
    """A dead first address costs one short pause, once."""
    server = FakeServer(FakeClock())
    transport = FakeTransport(server.clock, [None, server])
    session = session_with(transport)
    for _ in range(3):
        [exchange] = session.run(pings(server, session, 1))
        exchange.result()
    assert [path for _, path, _ in transport.sent] == [0, 1, 1, 1]
    assert server.clock.monotonic < 0.3


def test_a_silent_address_costs_one_timeout() -> None:
    """An address that drops everything is passed over by the next attempt."""
    clock = FakeClock()
    server, silent = FakeServer(clock), FakeServer(clock, knows_token=False)
    transport = FakeTransport(clock, [silent, server])
    session = session_with(transport)
    [exchange] = session.run(pings(server, session, 1))
    exchange.result()
    assert clock.monotonic <= 1.1


class Restarting(FakeTransport):
    """A transport to a server that is just not there at every other datagram."""

    def __post_init__(self) -> None:
        """Remember the server."""
        super().__post_init__()
        self._server = self.servers[0]

    def send(self, datagram: bytes, path: int) -> None:
        """As Transport."""
        self.servers[path] = self._server if len(self.sent) % 2 else None
        super().send(datagram, path)


def test_refusals_count_only_in_a_row() -> None:
    """A server that was away for a moment, now and then, is not given up."""
    server = FakeServer(FakeClock())
    session = session_with(Restarting(server.clock, [server]))
    for number in range(5):
        [exchange] = session.run([pings(server, session, number + 1)[number]])
        assert exchange.answer


def test_the_window_is_kept_and_all_are_answered() -> None:
    """At most four requests are in flight, and every exchange comes back once."""
    server = FakeServer(FakeClock())
    transport = FakeTransport(server.clock, [server])
    session = session_with(transport)
    exchanges = pings(server, session, 20)
    done = list(session.run(iter(exchanges)))
    assert sorted(one.rid for one in done) == sorted(one.rid for one in exchanges)
    assert all(one.answer for one in done)
    in_first_moment = [at for at, _, _ in transport.sent if at == 0]
    assert len(in_first_moment) == FIRST


def test_garbage_and_answers_to_nobody_are_ignored() -> None:
    """Datagrams that are none of ours neither end nor prolong anything."""
    server = FakeServer(FakeClock())
    transport = FakeTransport(
        server.clock,
        [server],
        back=lambda data: [(0.1, b""), (0.1, bytes(1201)), (0.1, data[:-1]), (0.2, data)],
    )
    session = session_with(transport)
    [exchange] = session.run(pings(server, session, 1))
    assert exchange.answer


def test_closing_the_session_closes_the_transport() -> None:
    """No socket is left open."""
    transport = FakeTransport(FakeClock(), [None])
    session_with(transport).close()
    assert transport.closed


def test_the_hello_asks_every_address() -> None:
    """Whether anybody is there is asked everywhere at once."""
    server = FakeServer(FakeClock())
    transport = FakeTransport(server.clock, [server, server], there=lost)
    session = session_with(transport)
    list(session.run(pings(server, session, 1)))
    hellos = [path for _, path, data in transport.sent if data[2] == Kind.HELLO]
    assert hellos == [0, 1]


def test_a_caller_that_pauses_loses_nothing() -> None:
    """A pager that nobody scrolls for a minute does not make the server unreachable."""
    server = FakeServer(FakeClock())
    session = session_with(FakeTransport(server.clock, [server]))
    done = 0
    for exchange in session.run(pings(server, session, n + 1)[n] for n in range(6)):
        assert exchange.answer
        server.clock.monotonic += 60
        done += 1
    assert done == 6


def test_runs_within_runs_get_their_own_answers() -> None:
    """Asking something else between two answers loses neither, and costs no repetition."""
    server = FakeServer(FakeClock())
    transport = FakeTransport(server.clock, [server])
    session = session_with(transport)
    outer, inner = pings(server, session, 12)[:6], iter(pings(server, session, 12)[6:])
    for exchange in session.run(outer):
        assert exchange.answer
        assert all(one.answer for one in session.run([next(inner)]))
    assert len(transport.sent) == 12
    assert session._active == {}


def losing(number: int) -> Fate:
    """Lose the first copy of the datagram with this place in the order of sending."""
    places = count()
    return lambda datagram: lost(datagram) if next(places) == number else arrives(datagram)


def test_what_later_answers_overtake_is_sent_again_at_once() -> None:
    """Long before its timeout; and it counts as a loss, once."""
    server = FakeServer(FakeClock())
    transport = FakeTransport(server.clock, [server], there=losing(2))
    session = session_with(transport)
    assert all(one.answer for one in session.run(pings(server, session, 20)))
    assert len(transport.sent) == 21
    assert server.clock.monotonic < SHORTEST_TIMEOUT


def test_what_came_in_another_order_is_not_sent_again() -> None:
    """Two answers that overtook it prove nothing; nor does what was sent at the same moment."""
    server = FakeServer(FakeClock())
    places = count()
    late = FakeTransport(
        server.clock,
        [server],
        there=lambda data: [(0.015 if next(places) == 3 else 0.01, data)],
    )
    session = session_with(late)
    assert all(one.answer for one in session.run(pings(server, session, 6)))
    assert len(late.sent) == 6


def test_a_loss_halves_the_window_and_not_yet_does_not() -> None:
    """BUSY is an answer: the way is open."""
    server = FakeServer(FakeClock())
    session = session_with(FakeTransport(server.clock, [server], there=losing(0)))
    assert all(one.answer for one in session.run(pings(server, session, 1)))
    assert session.window.size == FIRST // 2
    busy = session_with(FakeTransport(server.clock, [server]))
    server.refusals.extend([ErrorCode.BUSY] * 3)
    assert all(one.answer for one in busy.run(pings(server, busy, 1)))
    assert busy.window.size == FIRST


def test_after_a_rest_the_window_is_small_again() -> None:
    """A laptop that was closed may be in another network."""
    server = FakeServer(FakeClock())
    session = session_with(FakeTransport(server.clock, [server]))
    assert all(one.answer for one in session.run(pings(server, session, 40)))
    assert session.window.size > FIRST
    server.clock.monotonic += 60
    assert all(one.answer for one in session.run(pings(server, session, 1)))
    assert session.window.size == FIRST
