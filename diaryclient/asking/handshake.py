"""The two halves of a login as exchanges: HELLO -> OFFER, then LOGIN -> GRANT. Pure, as `exchange`.

Rules: an OFFER counts only with its identity's signature; whether the identity is the right one is
decided between the halves (`diaryclient.login.granting`), before a credential is sealed. A repeated
LOGIN is the same bytes, so that the server knows it again; a new one is made only for a fresh OFFER
or after BUSY or STORAGE, and three of them at most. All have one rid and one reply key, by which a
server that was restarted meanwhile knows what it granted.
"""

from collections.abc import Callable
from typing import Final, TypeAlias

from diaryclient.asking.exchange import PATIENCE, Chance, Exchange, RoundTrip
from diaryclient.clock import Instant
from diaryclient.errors import ClocksDifferError, LostAnswerError, SilentServerError
from protocol.address import Address
from protocol.envelope import VERSION, Envelope, Kind, parse_envelope
from protocol.errors import NOT_YET, DiaryError, MalformedError, RefusedError
from protocol.identifiers import EntryId
from protocol.login import encode_login, login_binding, open_grant
from protocol.messages.account import Grant
from protocol.messages.base import MAX_SKEW_MILLISECONDS, Refusal
from protocol.messages.coding import decode_reply
from protocol.messages.forms import Form
from protocol.offer import NONCE_BYTES, Hello, Offer, decode_offer, encode_hello, verify_offer

ASKING_SECONDS: Final = 0.25
"""Between two HELLOs, or LOGINs: under a flood of forged ones most datagrams of a log-in are lost,
and of 20 that are asked in a patience one gets through. They are 24 of 1200 bytes at most, then
silence, so there is no need to slow down as for requests without number (RFC 8085, 3.1.1)."""

MOST_LOGINS: Final = 3
"""A cookie lives a minute and a prekey an hour: more than two in a row cannot have run out."""

Filler: TypeAlias = Callable[[bytes, bytes], Form]
"""Makes a form of the reply key and of what binds it to one LOGIN (`protocol.login.prove`)."""


def check_terms(offer: Offer, now: int, address: Address) -> None:
    """Check that an offer is of today and of our version; `now` is ms since the epoch.

    Raise ClocksDifferError (which an old, replayed offer causes as well) or MalformedError.
    """
    statement = offer.statement
    earliest = statement.not_before - MAX_SKEW_MILLISECONDS
    latest = statement.not_after + MAX_SKEW_MILLISECONDS
    if not earliest <= now <= latest:
        which = "behind" if now < earliest else "ahead of"
        raise ClocksDifferError(
            f"this device's clock is {which} that of {address} by more than two minutes; "
            "set the right one of the two and log in again"
        )
    if not statement.lowest <= VERSION <= statement.highest:
        raise MalformedError(
            f"{address} speaks versions {statement.lowest} to {statement.highest} of the protocol, "
            f"this program only {VERSION}"
        )


class Greeting(Exchange):
    """HELLO -> OFFER; `offer` is signed, by whomever."""

    def __init__(  # noqa: PLR0913 - each is a fact of its own
        self,
        address: Address,
        rid: EntryId,
        round_trip: RoundTrip,
        chance: Chance,
        began: float,
        *,
        patience: float = PATIENCE,
        offset: int = 0,
    ) -> None:
        """Begin at the monotonic second `began`; `offset` is the server's clock minus this one."""
        super().__init__(rid, round_trip, began, patience)
        self._hurry(ASKING_SECONDS)
        self.nonce = chance(NONCE_BYTES)
        self.offer: Offer | None = None
        self.address = address
        self.offset = offset

    def result(self) -> Offer:
        """Give the offer; raise why none came."""
        if self.offer is None:
            raise self.failure or MalformedError("the exchange is not over")
        return self.offer

    def receive(self, envelope: Envelope, now: Instant) -> bool:  # noqa: ARG002 - the first ends it
        """As Exchange."""
        offer = _signed_offer(envelope)
        if offer is None:
            return False
        self.is_over, self.offer = True, offer
        return True

    def _datagram(self, now: Instant) -> bytes:
        return encode_hello(self.rid, now.wall + self.offset, Hello(self.nonce, VERSION, VERSION))

    def _silence(self) -> DiaryError:
        return SilentServerError(
            f"no answer from {self.address} within {self._patience:.0f} seconds"
        )


class LoginExchange(Exchange):
    """LOGIN -> GRANT, after `greeting` got its offer."""

    def __init__(  # noqa: PLR0913 - each is a fact of its own
        self,
        greeting: Greeting,
        key: bytes,
        fill: Filler,
        round_trip: RoundTrip,
        began: float,
        patience: float = PATIENCE,
    ) -> None:
        """Begin at the monotonic second `began`; each LOGIN seals a form that `fill` makes.

        `key` is the reply key, 32 random bytes.
        """
        super().__init__(greeting.rid, round_trip, began, patience)
        self._hurry(ASKING_SECONDS)
        self.grant: Grant | None = None
        self._greeting = greeting
        self._offer = greeting.result()
        self._key = key
        self._fill = fill
        self._logins: list[Envelope] = []
        self._datagrams: list[bytes] = []
        self._wants_new = True
        # Answers to repeated HELLOs may still be under way; they ask for no new LOGIN. An offer of
        # another prekey is none of them: the server was restarted.
        self._late_offers = greeting.attempts - 1
        self._not_yet: RefusedError | None = None
        self._is_refused = False

    def result(self) -> Grant:
        """Give the grant; raise what the server refused with or why none came."""
        if self.grant is None:
            raise self.failure or MalformedError("the exchange is not over")
        return self.grant

    def refused(self, failure: DiaryError, now: Instant) -> None:  # noqa: ARG002 - as silence
        """Go on: the server was there, and may have taken the credential before it went."""
        self._is_refused = True
        self.lost(now)

    def receive(self, envelope: Envelope, now: Instant) -> bool:
        """As Exchange."""
        self._is_refused = False
        if envelope.kind is Kind.OFFER:
            return self._receive_offer(envelope, now)
        for login in self._logins:
            try:
                plaintext = open_grant(self._key, login, envelope)
            except MalformedError:
                continue
            self._receive_grant(plaintext)
            return True
        return False

    def _receive_grant(self, plaintext: bytes) -> None:
        try:
            answer = decode_reply(Grant, plaintext)
        except MalformedError:
            self.give_up(MalformedError("the server granted what this program does not understand"))
            return
        if not isinstance(answer, Refusal):
            self.is_over, self.grant = True, answer
        elif answer.code in NOT_YET:
            # The server may repeat its answer to the same bytes: asking again takes a new LOGIN.
            self._not_yet = answer.error()
            self._wants_new = len(self._logins) < MOST_LOGINS
        else:
            self.give_up(answer.error())

    def _receive_offer(self, envelope: Envelope, now: Instant) -> bool:
        offer = _signed_offer(envelope)
        if offer is None or not self._is_trusted(offer, now):
            return False
        if self._late_offers > 0 and offer.statement == self._offer.statement:
            self._late_offers -= 1
        elif not self._wants_new and len(self._logins) < MOST_LOGINS:
            self._offer, self._wants_new = offer, True
            self._allow_time(now.monotonic)
            self._hurry(ASKING_SECONDS)
        return True

    def _is_trusted(self, offer: Offer, now: Instant) -> bool:
        # An old offer, replayed, may be sealed to a prekey that was stolen since.
        try:
            check_terms(offer, now.wall + self._greeting.offset, self._greeting.address)
        except DiaryError:
            return False
        return offer.statement.identity == self._offer.statement.identity

    def _datagram(self, now: Instant) -> bytes:
        if self._wants_new:
            at, nonce = now.wall + self._greeting.offset, self._greeting.nonce
            form = self._fill(self._key, login_binding(self.rid, at, self._offer, nonce))
            login = encode_login(self.rid, at, self._offer, nonce, form)
            self._datagrams.append(login)
            self._logins.append(parse_envelope(login))
            self._wants_new = False
        return self._datagrams[-1]

    def _silence(self) -> DiaryError:
        if self._not_yet:
            return self._not_yet
        if self._is_refused:
            return LostAnswerError(f"{self._greeting.address} went away before it answered")
        return LostAnswerError("the server answers, but not to this login; try again")


def _signed_offer(envelope: Envelope) -> Offer | None:
    try:
        offer = decode_offer(envelope)
        verify_offer(offer)
    except MalformedError:
        return None
    return offer
