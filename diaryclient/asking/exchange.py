"""One question to a server and its answer over datagrams that may get lost: the pure core.

Long, since it is one state machine, whose halves would know all of each other.

    for outgoing in exchange.datagrams_to_send(now): ...
    exchange.receive(envelope, now)

Rules: neither clock, chance nor socket in here; the shell (`diaryclient.asking.session`) calls
again at `next_deadline` at the latest. Only what is authentic and answers a datagram that was sent
changes anything; all else is ignored in silence. A repetition is a new datagram about the same id,
with a tag of its own, so an answer tells which of them it answers and Karn's ambiguity does not
arise.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from diaryclient.clock import Instant
from diaryclient.errors import SilentServerError
from diaryclient.home.logins import Login
from protocol.channel import open_reply, seal_encoded_request
from protocol.envelope import TAG_BYTES, Envelope, Kind
from protocol.errors import NOT_YET, DiaryError, MalformedError, RefusedError
from protocol.identifiers import EntryId
from protocol.keys import TokenKeys
from protocol.messages.base import Refusal, Reply, Request
from protocol.messages.coding import decode_hinted_reply, encode_request

if TYPE_CHECKING:
    from diaryclient.asking.enquiry import Enquiry

PATIENCE: Final = 6.0
"""Seconds that a person at a prompt waits without progress, at most."""

LONGEST_TIMEOUT: Final = 3.0
"""Seconds; longer pauses would leave a restarting server unasked until the patience ends."""

QUICK_TIMEOUT: Final = 0.25
"""Seconds between attempts once the server has shown that it is up: a dozen more of them in what is
left of the patience tell a forgotten token from bad luck, even where half of them are lost."""

SHORTEST_TIMEOUT: Final = 0.2
"""Seconds; less only doubles the load of a server that is writing to a slow disk."""

ENOUGH_OVERTAKEN: Final = 3
"""Answers to what was sent later, after which an attempt is taken for lost (RFC 5681): fewer may
have overtaken it on the way."""

REFUSED_PAUSE: Final = 0.1
"""Seconds until the next attempt when the other machine says that nothing listens."""

Chance: TypeAlias = Callable[[int], bytes]
"""Gives that many unpredictable bytes, as `os.urandom`."""


class Outgoing(NamedTuple):
    """A datagram and the number of its attempt, from 0; None: to every address of the server."""

    datagram: bytes
    attempt: int | None


class RoundTrip:
    """The retransmission timeout of RFC 6298, shared by all exchanges of a session."""

    def __init__(self, chance: Chance) -> None:
        """Start unmeasured; `chance` spreads first timeouts, lest a crowd repeat as one."""
        self._chance = chance
        self._smoothed: float | None = None
        self._variation = 0.0

    def measured(self, seconds: float) -> None:
        """Learn from one answer."""
        if self._smoothed is None:
            self._smoothed, self._variation = seconds, seconds / 2
        else:
            self._variation += (abs(self._smoothed - seconds) - self._variation) / 4
            self._smoothed += (seconds - self._smoothed) / 8

    def timeout(self) -> float:
        """Give the seconds to wait before a first repetition: unmeasured, 0.5 to 1.0 by chance."""
        if self._smoothed is None:
            return 0.5 + self._chance(1)[0] / 510
        timeout = self._smoothed + 4 * self._variation
        return min(max(timeout, SHORTEST_TIMEOUT), LONGEST_TIMEOUT)


class Exchange(ABC):
    """Repeats a datagram, ever more slowly, until it is over or the patience ends.

    `failure` is why it ended without an answer. `waiting_since` is the monotonic second at which
    the last attempt was sent, if nothing is known of it yet.
    """

    def __init__(
        self, rid: EntryId, round_trip: RoundTrip, began: float, patience: float = PATIENCE
    ) -> None:
        """Begin at the monotonic second `began`; the first attempt is due at once."""
        self.rid = rid
        self.attempts = 0
        self.is_over = False
        self.failure: DiaryError | None = None
        self.waiting_since: float | None = None
        self._round_trip = round_trip
        self._patience = patience
        self._due = began
        self._deadline = began + patience
        self._timeout = round_trip.timeout()
        self._longest = LONGEST_TIMEOUT
        self._overtaken = 0

    def datagrams_to_send(self, now: Instant) -> list[Outgoing]:
        """Give what is due; past the patience, nothing, and the exchange is over."""
        if self.is_over:
            return []
        if now.monotonic >= self._deadline:
            self.give_up(self._silence())
            return []
        if now.monotonic < self._due:
            return []
        self.attempts += 1
        self.waiting_since = now.monotonic
        self._overtaken = 0
        self._due = now.monotonic + self._timeout
        self._timeout = min(2 * self._timeout, self._longest)
        return [Outgoing(self._datagram(now), self.attempts - 1)]

    def next_deadline(self) -> float:
        """Give the monotonic second by which `datagrams_to_send` wants to be called again."""
        return min(self._due, self._deadline)

    def lost(self, now: Instant) -> None:
        """Be told that the last attempt reached nobody: try again soon."""
        self.waiting_since = None
        self._due = min(self._due, now.monotonic + REFUSED_PAUSE)

    def refused(self, failure: DiaryError, now: Instant) -> None:  # noqa: ARG002 - it is the end
        """Be told that no datagram gets through any more, on no path: `failure` says why."""
        self.give_up(failure)

    def overtaken(self, sent: float, now: Instant) -> None:
        """Be told that another exchange has the answer to what it sent at the second `sent`."""
        if self.waiting_since is None or self.waiting_since >= sent:
            return
        self._overtaken += 1
        if self._overtaken == ENOUGH_OVERTAKEN:
            self._due = now.monotonic
            self._timeout = self._round_trip.timeout()  # the way is open

    def postpone(self, seconds: float) -> None:
        """Be told that nobody listened for so long, so that it was no silence of the server."""
        self._due += seconds
        self._deadline += seconds

    def give_up(self, failure: DiaryError) -> None:
        """End without an answer."""
        self.is_over = True
        self.failure = failure

    @abstractmethod
    def receive(self, envelope: Envelope, now: Instant) -> bool:
        """Take in a datagram with this exchange's id; tell whether it could be believed."""

    @abstractmethod
    def _datagram(self, now: Instant) -> bytes:
        """Give the next attempt's datagram."""

    @abstractmethod
    def _silence(self) -> DiaryError:
        """Say what it means that the patience ended."""

    def _hurry(self, seconds: float) -> None:
        """Repeat each `seconds`, but for the first time, which is up to twice as late by chance."""
        self._longest = seconds
        self._timeout = min(max(seconds, self._timeout / 2), 2 * seconds)

    def _allow_time(self, now: float) -> None:
        self.waiting_since = None
        self._due = now
        self._deadline = now + self._patience
        self._timeout = self._round_trip.timeout()


class RequestExchange(Exchange):
    """A request under a token and its reply.

    BUSY and STORAGE say "not yet": the same id is asked again until the patience ends. At half of a
    silent patience one HELLO goes along, and probes beside the requests that follow its OFFER: they
    tell whether the server is slow, has forgotten the token, or is another one; how stands in
    `diaryclient.asking.enquiry`.

    `sent` and `seconds` tell when the answered attempt was sent and how long its answer took,
    `hints_renewal` whether the answer says that the token is due for renewal.
    """

    def __init__(  # noqa: PLR0913 - each is a fact of its own
        self,
        login: Login,
        keys: TokenKeys,
        request: Request,
        rid: EntryId,
        *,
        round_trip: RoundTrip,
        chance: Chance,
        began: float,
        patience: float = PATIENCE,
    ) -> None:
        """Ask `request` under the id `rid`; `login` gives the clock's offset and the names."""
        super().__init__(rid, round_trip, began, patience)
        self.request = request
        self.answer: Reply | None = None
        self.sent = Instant(0, began)
        self.seconds = 0.0
        self.hints_renewal = False
        self._login = login
        self._keys = keys
        self._chance = chance
        self._plaintext: bytes | None = None
        self._tags: dict[bytes, Instant] = {}
        self._not_yet: RefusedError | None = None
        self._asks_who_is_there = began + patience / 2
        self._enquiry: Enquiry | None = None

    def result(self) -> Reply:
        """Give the answer; raise what the server refused with or why none came."""
        if self.answer is None:
            raise self.failure or MalformedError("the exchange is not over")
        return self.answer

    def datagrams_to_send(self, now: Instant) -> list[Outgoing]:
        """As Exchange, and once the HELLO, and a probe beside each attempt that may need one."""
        due = super().datagrams_to_send(now)
        if due and self._enquiry and self._enquiry.wants_probe:
            due.append(Outgoing(self._enquiry.probe(now), self.attempts - 1))
        if not self.is_over and self._wants_to_ask() and now.monotonic >= self._asks_who_is_there:
            due.append(Outgoing(self._hello(now), None))
        return due

    def next_deadline(self) -> float:
        """As Exchange."""
        deadline = super().next_deadline()
        return min(deadline, self._asks_who_is_there) if self._wants_to_ask() else deadline

    def receive(self, envelope: Envelope, now: Instant) -> bool:
        """As Exchange."""
        if envelope.kind is Kind.OFFER:
            return self._receive_offer(envelope, now)
        for tag, sent in self._tags.items():
            try:
                plaintext = open_reply(self._keys, envelope, tag)
            except MalformedError:
                continue
            self._receive_reply(plaintext, sent, now)
            return True
        return self._receive_probed(envelope, now)

    def _receive_reply(self, plaintext: bytes, sent: Instant, now: Instant) -> None:
        self.sent, self.seconds = sent, now.monotonic - sent.monotonic
        self._round_trip.measured(self.seconds)
        self.waiting_since = None
        try:
            answer, hints_renewal = decode_hinted_reply(self.request.reply, plaintext)
        except MalformedError:
            words = f"{self._login.address} answered what this program does not understand"
            self.give_up(MalformedError(f"{words}; one of the two may be too old"))
            return
        if not isinstance(answer, Refusal):
            self.hints_renewal = hints_renewal
            self.is_over, self.answer = True, answer
        elif answer.code in NOT_YET:
            self._not_yet = answer.error()
        else:
            self.give_up(answer.error())

    def _datagram(self, now: Instant) -> bytes:
        timestamp = now.wall + self._login.offset
        if self._plaintext is None:
            self._plaintext = encode_request(self.request)
        datagram = seal_encoded_request(self._keys, self.rid, timestamp, self._plaintext)
        self._tags[datagram[-TAG_BYTES:]] = now
        return datagram

    def _silence(self) -> DiaryError:
        if self._not_yet:
            return self._not_yet
        if self._enquiry:
            return self._enquiry.verdict(self._patience)
        return SilentServerError(
            f"no answer from {self._login.address} within {self._patience:.0f} seconds"
        )

    def _wants_to_ask(self) -> bool:
        return self._enquiry is None and self._not_yet is None

    def _hello(self, now: Instant) -> bytes:
        from diaryclient.asking.enquiry import Enquiry  # noqa: PLC0415 - slow to import, and seldom needed
        from protocol.offer import NONCE_BYTES  # noqa: PLC0415 - as above

        self._enquiry = Enquiry(self._login, self._keys, self.rid)
        return self._enquiry.hello(now, self._chance(NONCE_BYTES))

    def _receive_offer(self, envelope: Envelope, now: Instant) -> bool:
        if self._enquiry is None:
            return False  # nobody asked
        was_up = self._enquiry.is_up
        is_pinned = self._enquiry.receive_offer(envelope)
        if is_pinned and not was_up:
            # The server is up, so it is worth asking quickly: the silence may have been bad luck.
            self._due = now.monotonic
            self._timeout = self._longest = QUICK_TIMEOUT
        return is_pinned

    def _receive_probed(self, envelope: Envelope, now: Instant) -> bool:
        answered = self._enquiry.receive_reply(envelope) if self._enquiry else None
        if answered is None:
            return False
        sent, end = answered
        self._round_trip.measured(now.monotonic - sent.monotonic)
        if end:
            self.give_up(end)
        elif self._longest == QUICK_TIMEOUT:
            # The request is in the server or was lost; asking for it quickly hastens nothing.
            self._longest = LONGEST_TIMEOUT
            self._timeout = self._round_trip.timeout()
            self._due = now.monotonic + self._timeout
        return True
