"""Throttles: token buckets in tables of a fixed size.

Names that do not exist are throttled like those that do, or the difference would tell them apart;
hashing into a fixed number of buckets bounds the memory whatever an attacker invents. Two keys
that share a bucket share its tokens; the hash has a secret, so that nobody can choose to share.
"""

import hashlib
from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final

from diaryserver.service.ports.throttles import Bucket

SLOTS: Final = 8192
"""Times 16 bytes: 128 KiB for each throttle."""

IPV4_NETWORK_BITS: Final = 24
IPV6_NETWORK_BITS: Final = 56
"""What one customer usually holds, so that changing addresses inside it gains nothing."""

MAX_REMEMBERED_HOSTS: Final = 4096
"""Reading an address takes 6 us, more than all else that is done for a datagram of a flood."""


@dataclass(frozen=True, slots=True)
class Limit:
    """So many at once, and one more every `seconds_each`."""

    burst: float
    seconds_each: float


class Throttle:
    """One table of buckets.

    Times are seconds of any clock. One that steps back refills nothing, and starts from there: it
    neither gives tokens away nor locks anybody out until it has caught up.
    """

    def __init__(self, limit: Limit, secret: bytes, slots: int = SLOTS, name: str = "") -> None:
        """`secret` (at most 64 bytes) keys the hash that chooses a bucket; `name` is for a store.

        The name is no part of the hash: two throttles with one secret put a key into one slot.
        """
        self.name = name
        self._limit = limit
        self._secret = secret
        self._spent = array("d", bytes(8 * slots))
        self._since = array("d", bytes(8 * slots))
        self._slot_of = lru_cache(MAX_REMEMBERED_HOSTS)(self._hashed)

    def take(self, key: str, now: float) -> bool:
        """Spend one token of `key`'s bucket; give False if there is none."""
        slot = self.slot(key)
        refilled = max(0.0, now - self._since[slot]) / self._limit.seconds_each
        spent = max(0.0, self._spent[slot] - refilled)
        self._since[slot] = now
        self._spent[slot] = spent
        if spent + 1 > self._limit.burst:
            return False
        self._spent[slot] = spent + 1
        return True

    def give_back(self, key: str) -> None:
        """Return a token that `take` spent: the attempt was no failure."""
        slot = self.slot(key)
        self._spent[slot] = max(0.0, self._spent[slot] - 1)

    def slot(self, key: str) -> int:
        """Give the number of `key`'s bucket."""
        return self._slot_of(key)

    def _hashed(self, key: str) -> int:
        digest = hashlib.blake2b(key.encode(), digest_size=8, key=self._secret).digest()
        return int.from_bytes(digest, "big") % len(self._spent)

    def bucket(self, slot: int) -> Bucket:
        """Give a bucket as a store keeps it."""
        return Bucket(self.name, slot, self._spent[slot], self._since[slot])

    def restore(self, buckets: Iterable[Bucket]) -> None:
        """Take back what was kept; what another table size or limit left is cut to this one's."""
        for bucket in buckets:
            if bucket.throttle == self.name and 0 <= bucket.slot < len(self._spent):
                self._spent[bucket.slot] = min(bucket.spent, self._limit.burst)
                self._since[bucket.slot] = bucket.since


@lru_cache(MAX_REMEMBERED_HOSTS)
def network_of(host: str) -> str:
    """Give the network that an IP address (without scope) is counted under."""
    address = ip_address(host.partition("%")[0])
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is None:
            return str(ip_network((address, IPV6_NETWORK_BITS), strict=False))
        address = address.ipv4_mapped
    return str(ip_network((address, IPV4_NETWORK_BITS), strict=False))
