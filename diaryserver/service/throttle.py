"""Throttles of failed logins: token buckets in tables of a fixed size.

Names that do not exist are throttled like those that do, or the difference would tell them apart;
hashing into a fixed number of buckets bounds the memory whatever an attacker invents. Two keys
that share a bucket share its tokens; the hash has a secret, so that nobody can choose to share.
"""

import hashlib
from array import array
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final

SLOTS: Final = 8192
"""Times 16 bytes: 128 KiB for each throttle."""

IPV4_NETWORK_BITS: Final = 24
IPV6_NETWORK_BITS: Final = 56
"""What one customer usually holds, so that changing addresses inside it gains nothing."""


@dataclass(frozen=True, slots=True)
class Limit:
    """So many at once, and one more every `seconds_each`."""

    burst: float
    seconds_each: float


PER_USER_AND_NETWORK: Final = Limit(5, 30)
"""Five slips of the finger, then 2,880 guesses a day: hopeless against eight characters."""

PER_NETWORK: Final = Limit(30, 5)
"""A family or a classroom behind one address; bounds guessing one password for many names."""

EVERYWHERE: Final = Limit(200, 0.2)
"""At 40 ms a hash, 5 failures a second keep a fifth of one core busy and no more.

Counted apart for networks with an earlier success, or strangers could lock those out.
"""


class Throttle:
    """One table of buckets."""

    def __init__(self, limit: Limit, secret: bytes, slots: int = SLOTS) -> None:
        """`secret` (at most 64 bytes) keys the hash that chooses a bucket."""
        self._limit = limit
        self._secret = secret
        self._spent = array("d", bytes(8 * slots))
        self._since = array("d", bytes(8 * slots))

    def take(self, key: str, now: float) -> bool:
        """Spend one token of `key`'s bucket; give False if there is none (`now`: monotonic s)."""
        slot = self._slot(key)
        refilled = (now - self._since[slot]) / self._limit.seconds_each
        spent = max(0.0, self._spent[slot] - refilled)
        self._since[slot] = now
        self._spent[slot] = spent
        if spent + 1 > self._limit.burst:
            return False
        self._spent[slot] = spent + 1
        return True

    def give_back(self, key: str) -> None:
        """Return a token that `take` spent: the attempt was no failure."""
        slot = self._slot(key)
        self._spent[slot] = max(0.0, self._spent[slot] - 1)

    def _slot(self, key: str) -> int:
        digest = hashlib.blake2b(key.encode(), digest_size=8, key=self._secret).digest()
        return int.from_bytes(digest, "big") % len(self._spent)


@dataclass(frozen=True, slots=True)
class Guess:
    """Who tries to log in: the user's name as given, the network, and whether that is trusted."""

    user: str
    network: str
    is_trusted: bool


class LoginThrottle:
    """The throttles of a password check: all of them spend a token, or none does."""

    def __init__(self, secret: bytes) -> None:
        """`secret` is 32 random bytes."""
        self._by_user = Throttle(PER_USER_AND_NETWORK, secret)
        self._by_network = Throttle(PER_NETWORK, secret)
        self._everywhere = {
            is_trusted: Throttle(EVERYWHERE, secret, slots=1) for is_trusted in (True, False)
        }

    def take(self, guess: Guess, now: float) -> bool:
        """Spend a token of each; give False, spending none, if one of them has none left."""
        spent: list[tuple[Throttle, str]] = []
        for throttle, key in self._buckets(guess):
            if not throttle.take(key, now):
                for earlier, earlier_key in spent:
                    earlier.give_back(earlier_key)
                return False
            spent.append((throttle, key))
        return True

    def give_back(self, guess: Guess) -> None:
        """Return what `take` spent: nothing was guessed, or it was right."""
        for throttle, key in self._buckets(guess):
            throttle.give_back(key)

    def _buckets(self, guess: Guess) -> list[tuple[Throttle, str]]:
        return [
            (self._by_user, f"{guess.user} {guess.network}"),
            (self._by_network, guess.network),
            (self._everywhere[guess.is_trusted], ""),
        ]


def network_of(host: str) -> str:
    """Give the network that an IP address (without scope) is counted under."""
    address = ip_address(host.partition("%")[0])
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is None:
            return str(ip_network((address, IPV6_NETWORK_BITS), strict=False))
        address = address.ipv4_mapped
    return str(ip_network((address, IPV4_NETWORK_BITS), strict=False))
