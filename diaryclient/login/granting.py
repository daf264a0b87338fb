"""HELLO, OFFER, LOGIN, GRANT, one after the other: how a token comes from a server.

Rules: whatever the form is (a password, an invite, the proof of an older token), it is sealed only
after the server's identity was checked.
"""

from collections.abc import Callable

from diaryclient.asking.exchange import PATIENCE, Chance
from diaryclient.asking.handshake import Filler, Greeting, LoginExchange, check_terms
from diaryclient.asking.session import Session
from diaryclient.clock import Clock
from protocol.address import Address
from protocol.identifiers import EntryId
from protocol.identity import fingerprint
from protocol.keys import ROOT_BYTES
from protocol.messages.account import Grant


def obtain_grant(  # noqa: PLR0913 - the surroundings, one argument each
    session: Session,
    address: Address,
    fill: Filler,
    check: Callable[[str], None],
    *,
    clock: Clock,
    chance: Chance,
    patience: float = PATIENCE,
    offset: int = 0,
) -> tuple[Grant, str]:
    """Give the token that the server grants for a form, and the server's fingerprint.

    `check` gets the fingerprint and raises if it is not to be trusted. Each half may take
    `patience` seconds; `offset` is the server's clock minus this one, in ms. Raise the server's
    RefusedError, UnreachableError, ClocksDifferError, or MalformedError.
    """
    now = clock.instant()
    rid = EntryId.make(now.wall + offset, chance(10))
    greeting = Greeting(
        address,
        rid,
        session.round_trip,
        chance,
        now.monotonic,
        patience=patience,
        offset=offset,
    )
    for _ in session.run([greeting]):
        pass
    offer = greeting.result()
    identity = fingerprint(offer.statement.identity)
    check(identity)
    now = clock.instant()
    check_terms(offer, now.wall + offset, address)
    exchange = LoginExchange(
        greeting, chance(ROOT_BYTES), fill, session.round_trip, now.monotonic, patience
    )
    for _ in session.run([exchange]):
        pass
    return exchange.result(), identity
