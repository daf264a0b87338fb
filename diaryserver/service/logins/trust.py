"""Which user has logged in from which network: there, others' guessing locks nobody out.

Trust is of a user in a network, never of a network: who has an account of their own must not be
trusted when they guess at another's. It is kept as keyed digests, so that neither memory nor disk
says who was where.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable
from typing import Final

from diaryserver.service.ports.throttles import Place

MAX_PLACES: Final = 4096
"""Of all users together, about 300 bytes each; the least recent is forgotten first."""

MAX_PLACES_PER_USER: Final = 16
"""Home, work, a telephone's networks; one user, logging in from everywhere, cannot crowd the
others out."""

REFRESH_MILLISECONDS: Final = 86_400_000
"""A place seen again is written once a day: the order of forgetting needs no more."""

_DIGEST_BYTES: Final = 16


class TrustedPlaces:
    """The places, in memory; whoever uses this writes what changes."""

    def __init__(self, secret: bytes, places: Iterable[Place] = ()) -> None:
        """`secret` (at most 64 bytes) keys the digests of these and all later places."""
        self._secret = secret
        self._seen: dict[bytes, dict[bytes, int]] = {}
        self._users: Counter[bytes] = Counter()
        self._count = 0
        for place in sorted(places, key=lambda each: each.seen):
            self._keep(place)

    def is_trusted(self, user: str, network: str) -> bool:
        """Tell whether a login of `user` from `network` succeeded before."""
        return self._digest(network) in self._seen.get(self._digest(user), {})

    def has_any(self, network: str) -> bool:
        """Tell whether a login of anybody from `network` succeeded before."""
        return self._digest(network) in self._users

    def trust(self, user: str, network: str, now: int) -> tuple[Place, list[Place]] | None:
        """Remember a success at `now` (ms); give what to write, if anything.

        That is the place, and those that are forgotten for it.
        """
        place = Place(self._digest(user), self._digest(network), now)
        before = self._seen.get(place.user, {}).get(place.network)
        if before is not None and abs(now - before) < REFRESH_MILLISECONDS:
            return None
        return place, self._keep(place)

    def _keep(self, place: Place) -> list[Place]:
        networks = self._seen.setdefault(place.user, {})
        if networks.pop(place.network, None) is None:
            self._count += 1
            self._users[place.network] += 1
        networks[place.network] = place.seen  # the last one of the dictionary is the most recent
        forgotten = []
        if len(networks) > MAX_PLACES_PER_USER:
            forgotten.append(self._forget_oldest_of(place.user))
        elif self._count > MAX_PLACES:
            forgotten.append(self._forget_oldest_of(min(self._seen, key=self._oldest)))
        return forgotten

    def _oldest(self, user: bytes) -> int:
        return next(iter(self._seen[user].values()))

    def _forget_oldest_of(self, user: bytes) -> Place:
        networks = self._seen[user]
        network = next(iter(networks))
        self._count -= 1
        place = Place(user, network, networks.pop(network))
        self._users[network] -= 1
        if not self._users[network]:
            del self._users[network]
        if not networks:
            del self._seen[user]
        return place

    def _digest(self, text: str) -> bytes:
        return hashlib.blake2b(
            text.encode(), digest_size=_DIGEST_BYTES, key=self._secret, person=b"place"
        ).digest()
