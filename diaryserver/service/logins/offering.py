"""Offers: who gets one, and what proves that they did.

An OFFER costs 20 us, and whoever asks for it has proven nothing, not even an address. Rules: nobody
waits for what others ask: each network has its limit, networks that are known have a part of their
own, and so have HELLOs against LOGINs with a cookie that proves nothing; what the crowd may have
grows a tenfold while no signed requests come, since nobody else wants the core then.
"""

from collections.abc import Callable
from typing import Final

from diaryserver.service.logins.cookies import CookieJar
from diaryserver.service.logins.known import KnownNetworks
from diaryserver.service.logins.prekeys import Prekey, Prekeys
from diaryserver.service.ports.clock import Clock
from diaryserver.service.source import Source
from diaryserver.service.throttle import Limit, Throttle, network_of
from protocol.identifiers import EntryId
from protocol.login import SealedLogin
from protocol.offer import encode_prepared_offer

OFFERS_PER_NETWORK: Final = Limit(400, 1 / 400)
"""More than a company's Monday morning, and what a log-in needs that asks every quarter second amid
three hundred forged HELLOs a second of its own network."""

OFFERS_WHILE_BUSY: Final = Limit(1000, 1 / 2000)
"""Of all networks together, while signed requests come: a twentieth of one core."""

OFFERS_WHILE_IDLE: Final = Limit(10_000, 1 / 20_000)
"""Otherwise: less than half of a core that nobody else wants."""

OFFERS_TO_KNOWN: Final = Limit(1000, 1 / 1000)
"""Of all known networks together, at any time."""


class Offering:
    """Makes offers and knows them again, without remembering any."""

    def __init__(
        self,
        clock: Clock,
        prekeys: Prekeys,
        known: KnownNetworks,
        random_bytes: Callable[[int], bytes],
        is_busy: Callable[[], bool],
    ) -> None:
        """`random_bytes(n)` is the system's source of chance; `is_busy`: signed requests come."""
        self._clock = clock
        self._prekeys = prekeys
        self._known = known
        self._is_busy = is_busy
        self._cookies = CookieJar(random_bytes(32))
        self._by_network = Throttle(OFFERS_PER_NETWORK, random_bytes(32))
        self._to_known = Throttle(OFFERS_TO_KNOWN, random_bytes(32), slots=1)
        self._to_all = {
            (is_hello, is_busy): Throttle(limit, random_bytes(32), slots=1)
            for is_hello in (True, False)
            for is_busy, limit in ((True, OFFERS_WHILE_BUSY), (False, OFFERS_WHILE_IDLE))
        }

    def may_offer(self, source: Source, *, is_hello: bool) -> bool:
        """Spend what an offer to `source` costs; give False if that is used up."""
        network, now = network_of(source.host), self._clock.monotonic()
        if not self._by_network.take(network, now):
            return False
        if network in self._known and self._to_known.take("", now):
            return True
        return self._to_all[is_hello, self._is_busy()].take("", now)

    def offer(self, rid: EntryId, source: Source, nonce: bytes) -> bytes:
        """Give an OFFER's datagram."""
        now = self._clock.now()
        cookie = self._cookies.make(source.packed(), nonce, now)
        return encode_prepared_offer(rid, now, cookie, self._prekeys.current(now).prepared)

    def prekey_of(self, login: SealedLogin, source: Source) -> Prekey | None:
        """Give the prekey that a LOGIN is sealed to, if both it and the cookie are still good."""
        now = self._clock.now()
        if not self._cookies.is_valid(login.cookie, source.packed(), login.nonce, now):
            return None
        return self._prekeys.find(login.statement_id, now)
