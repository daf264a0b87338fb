"""Runs exchanges over a transport: who waits for what, which answer belongs to whom.

Rules: bounded in everything: attempts by their deadlines, datagrams per wake-up by the transport,
exchanges in flight by the window. When every address of the server has refused twice, nothing
listens there, and nobody waits for the patience to end, but for who has sent a credential.
"""

import math
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final, NamedTuple, Protocol, TypeVar

from diaryclient.asking.exchange import LONGEST_TIMEOUT, Chance, Exchange, RoundTrip
from diaryclient.asking.window import Window
from diaryclient.clock import Clock, Instant
from diaryclient.errors import NobodyListensError, UnreachableError
from protocol.address import Address
from protocol.envelope import parse_envelope
from protocol.errors import MalformedError
from protocol.identifiers import EntryId

_REFUSALS: Final = 2
_Kind = TypeVar("_Kind", bound=Exchange)


class Arrival(NamedTuple):
    """What came back on the path to one address: a datagram, or None and why it cannot be used.

    `failure` is empty where the other machine said that nothing listens.
    """

    path: int
    datagram: bytes | None
    failure: str = ""


class Transport(Protocol):
    """Datagrams to one server, over one path for each of its addresses."""

    @property
    def paths(self) -> int:
        """How many addresses there are to try."""
        ...

    def send(self, datagram: bytes, path: int) -> None:
        """Send, or report the failure as an arrival of None."""
        ...

    def wait(self, seconds: float) -> list[Arrival]:
        """Give what has arrived, after at most `seconds`."""
        ...

    def close(self) -> None:
        """Give the sockets back."""
        ...


class Session:
    """A conversation with one server; the path that answered last is used first."""

    def __init__(
        self, address: Address, transport: Transport, clock: Clock, chance: Chance
    ) -> None:
        """Own `transport` from now on."""
        self.round_trip = RoundTrip(chance)
        self.window = Window()
        self._address = address
        self._transport = transport
        self._clock = clock
        self._best = 0
        self._last_sent = -math.inf
        self._active = dict[EntryId, Exchange]()
        self._refusals: Counter[int] = Counter()

    def close(self) -> None:
        """Close the transport."""
        self._transport.close()

    def run(self, exchanges: Iterable[_Kind]) -> Iterator[_Kind]:
        """Run exchanges, as many at once as the window allows, and give each when it is over.

        Who is given one may run others before the next: their answers find their way.
        """
        coming = iter(exchanges)
        own: list[_Kind] = []
        try:
            while True:
                own += self._begin(coming, len(own))
                if not own:
                    return
                self._step(own)
                over = [exchange for exchange in own if exchange.is_over]
                own = [exchange for exchange in own if not exchange.is_over]
                for exchange in over:
                    del self._active[exchange.rid]
                for exchange in over:
                    before = self._clock.instant().monotonic
                    yield exchange
                    self._postpone(own, self._clock.instant().monotonic - before)
        finally:
            for exchange in own:
                self._active.pop(exchange.rid, None)

    def _begin(self, coming: Iterator[_Kind], own: int) -> list[_Kind]:
        if not self._active:
            self._note_rest()
        # One goes on its way even if those who wait for it have used the window up.
        room = max(self.window.size - len(self._active), 0 if own else 1)
        begun = list(islice(coming, room))
        self._active |= {exchange.rid: exchange for exchange in begun}
        return begun

    def _note_rest(self) -> None:
        if self._clock.instant().monotonic - self._last_sent > LONGEST_TIMEOUT:
            self.window.rested()

    @staticmethod
    def _postpone(own: list[_Kind], seconds: float) -> None:
        # A pager that nobody scrolls is no silence of the server.
        for exchange in own:
            exchange.postpone(seconds)

    def _step(self, own: list[_Kind]) -> None:
        now = self._clock.instant()
        for exchange in own:
            before = exchange.waiting_since
            for outgoing in exchange.datagrams_to_send(now):
                if before is not None and outgoing.attempt is not None:
                    self.window.lost(before, now.monotonic)
                self._send(outgoing.datagram, outgoing.attempt)
                self._last_sent = now.monotonic
        if any(exchange.is_over for exchange in own):
            return
        deadline = min(exchange.next_deadline() for exchange in own)
        for arrival in self._transport.wait(max(0.0, deadline - now.monotonic)):
            self._take_in(arrival)

    def _send(self, datagram: bytes, attempt: int | None) -> None:
        paths = range(self._transport.paths) if attempt is None else (self._path(attempt),)
        for path in paths:
            self._transport.send(datagram, path)

    def _path(self, attempt: int) -> int:
        return (self._best + attempt) % self._transport.paths

    def _take_in(self, arrival: Arrival) -> None:
        now = self._clock.instant()
        if arrival.datagram is None:
            self._take_refusal(arrival)
            return
        try:
            envelope = parse_envelope(arrival.datagram)
        except MalformedError:
            return  # anybody can send us anything
        exchange = self._active.get(envelope.rid)
        if exchange is None or exchange.is_over:
            return
        sent = exchange.waiting_since
        if exchange.receive(envelope, now):
            self.window.answered(len(self._active))
            if sent is not None and exchange.attempts == 1:
                self._note_overtaken(sent, now)
            self._best = arrival.path
            self._refusals.clear()

    def _note_overtaken(self, sent: float, now: Instant) -> None:
        for exchange in self._active.values():
            if not exchange.is_over:
                exchange.overtaken(sent, now)

    def _take_refusal(self, arrival: Arrival) -> None:
        self._refusals[arrival.path] += 1
        nobody = all(self._refusals[each] >= _REFUSALS for each in range(self._transport.paths))
        now = self._clock.instant()
        for exchange in self._active.values():
            if nobody:
                exchange.refused(self._unreachable(arrival.failure), now)
            elif exchange.attempts and self._path(exchange.attempts - 1) == arrival.path:
                exchange.lost(now)

    def _unreachable(self, failure: str) -> UnreachableError:
        if failure:
            return UnreachableError(f"{self._address} cannot be reached: {failure}")
        return NobodyListensError(f"nothing listens at {self._address}")
