"""Guessing at passwords: how often who may try, kept over a restart.

Rules: only a wrong guess costs anything, and it is durable before it is answered, so that a crash
gives nobody more attempts; what a store cannot take stays in memory, is said once, and is written
with the next. Strangers and those who were here before are counted in tables apart: whatever
strangers do, from wherever, they cannot use up an attempt of a user in a network that this user
logged in from. Whoever guesses from inside that very network can.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, ParamSpec

from diaryserver.service.alarm import Alarm
from diaryserver.service.logins.trust import TrustedPlaces
from diaryserver.service.ports.throttles import ThrottleStore
from diaryserver.service.throttle import Limit, Throttle
from diaryserver.service.work.threads import Worker
from protocol.errors import StorageError

PER_USER_AND_NETWORK: Final = Limit(5, 30)
"""Five slips of the finger, then 2,880 guesses a day: hopeless against eight characters."""

PER_NETWORK: Final = Limit(30, 5)
"""A family or a classroom behind one address; bounds guessing one password for many names.

For strangers only: a neighbour who tries other names must not keep out who was here before.
"""

EVERYWHERE: Final = Limit(200, 0.2)
"""At 40 ms a hash, 5 failures a second keep a fifth of one core busy and no more.

Counted apart for those who were here before. One user with all of their 16 networks spends 80 of
these at once and one in two seconds later, so that nobody alone keeps the others out.
"""

_Arguments = ParamSpec("_Arguments")
_STRANGERS: Final = "strangers"
_KNOWN: Final = "known"


@dataclass(frozen=True, slots=True)
class Guess:
    """Who tries to log in: the name as given, the network, whether that user was there before."""

    user: str
    network: str
    is_trusted: bool


class LoginThrottle:
    """The throttles of a password check: all of them spend a token, or none does."""

    def __init__(self, secret: bytes, store: ThrottleStore, worker: Worker, alarm: Alarm) -> None:
        """`secret` (32 bytes) is the same after a restart; `worker` is who may call the store."""
        self._store = store
        self._worker = worker
        self._alarm = alarm
        self._places = TrustedPlaces(secret, store.places())
        self._by_user = {
            is_trusted: Throttle(PER_USER_AND_NETWORK, secret, name=f"user {_side(is_trusted)}")
            for is_trusted in (True, False)
        }
        self._by_network = Throttle(PER_NETWORK, secret, name="network")
        self._everywhere = {
            is_trusted: Throttle(EVERYWHERE, secret, slots=1, name=f"all {_side(is_trusted)}")
            for is_trusted in (True, False)
        }
        kept = store.buckets()
        for throttle in (*self._by_user.values(), self._by_network, *self._everywhere.values()):
            throttle.restore(kept)
        self._unwritten: dict[tuple[str, int], Throttle] = {}
        self._writing = asyncio.Lock()

    def guess(self, user: str, network: str) -> Guess:
        """Give an attempt at `user`'s password from `network`."""
        return Guess(user, network, self._places.is_trusted(user, network))

    def has_seen(self, network: str) -> bool:
        """Tell whether anybody logged in from `network` before, also before a restart."""
        return self._places.has_any(network)

    def take(self, guess: Guess, now: int) -> bool:
        """Spend a token of each (`now`: ms of the wall clock, which a restart does not reset).

        Give False, spending none, if one of them has none left.
        """
        spent: list[tuple[Throttle, str]] = []
        for throttle, key in self._buckets(guess):
            if not throttle.take(key, now / 1000):
                for earlier, earlier_key in spent:
                    earlier.give_back(earlier_key)
                return False
            spent.append((throttle, key))
        return True

    def give_back(self, guess: Guess) -> None:
        """Return what `take` spent: nothing was guessed, or it was right."""
        for throttle, key in self._buckets(guess):
            throttle.give_back(key)

    async def keep_failure(self, guess: Guess) -> None:
        """Return once it is durable that `take` spent for a wrong guess, or the store failed.

        Failures that come while the disk is busy are written together.
        """
        for throttle, key in self._buckets(guess):
            slot = throttle.slot(key)
            self._unwritten[throttle.name, slot] = throttle
        async with self._writing:
            if not self._unwritten:
                return  # written along with an earlier one
            unwritten, self._unwritten = self._unwritten, {}
            buckets = [throttle.bucket(slot) for (_, slot), throttle in unwritten.items()]
            if not await self._wrote(self._store.keep_buckets, buckets):
                self._unwritten = unwritten | self._unwritten

    async def keep_success(self, guess: Guess, now: int) -> None:
        """Trust this user in this network from now on, durably unless the store fails."""
        change = self._places.trust(guess.user, guess.network, now)
        if change is not None:
            place, forgotten = change
            await self._wrote(self._store.keep_place, place, forgotten)

    async def _wrote(
        self,
        write: Callable[_Arguments, None],
        *arguments: _Arguments.args,
        **keywords: _Arguments.kwargs,
    ) -> bool:
        try:
            await self._worker.run(write, *arguments, **keywords)
        except StorageError as error:
            self._alarm.failed(f"throttles are not kept over a restart: {error}")
            return False
        self._alarm.works()
        return True

    def _buckets(self, guess: Guess) -> list[tuple[Throttle, str]]:
        by_user = (self._by_user[guess.is_trusted], f"{guess.user} {guess.network}")
        everywhere = (self._everywhere[guess.is_trusted], "")
        if guess.is_trusted:
            return [by_user, everywhere]
        return [by_user, (self._by_network, guess.network), everywhere]


def _side(is_trusted: bool) -> str:  # noqa: FBT001 - one of two
    return _KNOWN if is_trusted else _STRANGERS
