"""Guessing at passwords: what it costs whom, and what a restart remembers of it."""

import asyncio
import itertools
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeVar

import pytest

from diaryserver.accounts.connection import Connection
from diaryserver.accounts.schema import open_database
from diaryserver.accounts.throttles import SqliteThrottles
from diaryserver.service.alarm import QUIET_SECONDS, Alarm
from diaryserver.service.logins.guessing import (
    EVERYWHERE,
    PER_NETWORK,
    PER_USER_AND_NETWORK,
    Guess,
    LoginThrottle,
)
from diaryserver.service.logins.trust import (
    MAX_PLACES,
    MAX_PLACES_PER_USER,
    REFRESH_MILLISECONDS,
    TrustedPlaces,
)
from diaryserver.service.ports.throttles import Bucket, Place
from diaryserver.service.work.threads import Worker
from protocol.errors import StorageError
from tests.server.fakes import NOON

HERE: Final = "192.0.2.0/24"
THERE: Final = "198.51.100.0/24"
BURST: Final = int(PER_USER_AND_NETWORK.burst)
SECRET: Final = bytes(32)
_T = TypeVar("_T")


@dataclass
class Memory:
    """A store that can be told to fail, and counts its writes."""

    kept: dict[tuple[str, int], Bucket] = field(default_factory=dict)
    trusted: dict[tuple[bytes, bytes], Place] = field(default_factory=dict)
    writes: int = 0
    is_broken: bool = False

    def buckets(self) -> list[Bucket]:
        """As ThrottleStore."""
        return list(self.kept.values())

    def keep_buckets(self, buckets: Sequence[Bucket]) -> None:
        """As ThrottleStore."""
        self._write()
        self.kept |= {(each.throttle, each.slot): each for each in buckets}

    def places(self) -> list[Place]:
        """As ThrottleStore."""
        return list(self.trusted.values())

    def keep_place(self, place: Place, forgotten: Sequence[Place]) -> None:
        """As ThrottleStore."""
        self._write()
        self.trusted[place.user, place.network] = place
        for each in forgotten:
            del self.trusted[each.user, each.network]

    def _write(self) -> None:
        if self.is_broken:
            raise StorageError("no disk")
        self.writes += 1


class Lane:
    """A throttle on a store, with a thread for it, and what a login does to it."""

    def __init__(self, store: Memory | SqliteThrottles, worker: Worker) -> None:
        """Start it, or start it again."""
        times = itertools.count(step=QUIET_SECONDS + 1)
        alarm = Alarm(logging.getLogger(__name__), "kept again", lambda: float(next(times)))
        self.throttle = LoginThrottle(SECRET, store, worker, alarm)

    def guess(self, user: str = "alice", network: str = HERE) -> Guess:
        """Give an attempt."""
        return self.throttle.guess(user, network)

    def take(self, user: str = "alice", network: str = HERE, now: int = NOON) -> bool:
        """Ask whether an attempt may be made."""
        return self.throttle.take(self.guess(user, network), now)

    async def fail(self, user: str = "alice", network: str = HERE, now: int = NOON) -> bool:
        """Guess wrong, if that is let."""
        guess = self.guess(user, network)
        if not self.throttle.take(guess, now):
            return False
        await self.throttle.keep_failure(guess)
        return True

    async def succeed(self, user: str = "alice", network: str = HERE, now: int = NOON) -> bool:
        """Log in, if that is let."""
        guess = self.guess(user, network)
        if not self.throttle.take(guess, now):
            return False
        await self.throttle.keep_success(guess, now)
        self.throttle.give_back(guess)
        return True


@pytest.fixture
def worker() -> Iterator[Worker]:
    """The accounts' thread."""
    started = Worker("accounts")
    yield started
    started.close()


@pytest.fixture
def memory() -> Memory:
    """A store."""
    return Memory()


@pytest.fixture
def lane(memory: Memory, worker: Worker) -> Lane:
    """A throttle that nobody has spent of."""
    return Lane(memory, worker)


# Who waits for whom


def test_a_user_is_throttled_in_one_network_only(lane: Lane) -> None:
    """Someone who guesses alice's password elsewhere does not lock her out here."""
    assert [lane.take() for _ in range(BURST + 1)] == [True] * BURST + [False]
    assert lane.take(network=THERE)
    assert lane.take("bob")


def test_a_network_is_throttled_whatever_names_it_tries(lane: Lane) -> None:
    """Unknown names count like known ones."""
    assert sum(lane.take(f"user{number}") for number in range(100)) == PER_NETWORK.burst


def test_what_one_throttle_refuses_costs_nothing_in_the_others(lane: Lane) -> None:
    """Or a full network would use up the few attempts that each of its users has."""
    for number in range(int(PER_NETWORK.burst)):
        assert lane.take(f"user{number}")
    assert not any(lane.take() for _ in range(20))
    later = round(PER_NETWORK.seconds_each * 1000)
    assert lane.take(now=NOON + later)
    assert lane.take(now=NOON + 2 * later)


@pytest.mark.parametrize("is_restarted", [False, True])
def test_strangers_cannot_lock_out_who_was_here_before(
    lane: Lane, memory: Memory, worker: Worker, is_restarted: bool
) -> None:
    """Not by guessing at her from everywhere, nor at others from her own network."""

    async def scene() -> Lane:
        assert await lane.succeed()
        for number in range(300):
            await lane.fail(network=f"10.0.{number}.0/24")
        for number in range(100):
            await lane.fail(f"user{number}")
        return Lane(memory, worker) if is_restarted else lane

    after = asyncio.run(scene())
    assert not after.take("carol", "10.9.9.0/24")
    assert not after.take("carol")
    assert not after.take(network=THERE)
    assert [after.take() for _ in range(BURST + 1)] == [True] * BURST + [False]


def test_who_is_trusted_guesses_at_others_as_a_stranger(lane: Lane) -> None:
    """An account of one's own opens no side door to another's."""
    asyncio.run(lane.succeed("mallory"))
    assert lane.guess("mallory").is_trusted
    assert not lane.guess("alice").is_trusted
    assert not lane.guess("mallory", THERE).is_trusted


def test_one_user_cannot_use_up_what_those_who_were_here_before_share(lane: Lane) -> None:
    """With wrong guesses at the own name from all of the networks that one may have."""

    async def scene() -> None:
        for number in range(100):
            await lane.succeed("mallory", f"10.0.{number}.0/24")
        await lane.succeed()
        failed = [await lane.fail("mallory", f"10.0.{number % 100}.0/24") for number in range(1000)]
        assert sum(failed[:100]) >= MAX_PLACES_PER_USER
        assert await lane.succeed()

    asyncio.run(scene())


def test_success_gives_back(lane: Lane) -> None:
    """A person who logs in all day from one place is never throttled."""

    async def scene() -> None:
        assert all([await lane.succeed() for _ in range(1000)])

    asyncio.run(scene())


# Over a restart


def test_a_restart_gives_no_attempts_back(lane: Lane, memory: Memory, worker: Worker) -> None:
    """Nor does a clock that stepped back meanwhile; time heals as before."""

    async def scene() -> None:
        assert [await lane.fail() for _ in range(BURST + 1)] == [True] * BURST + [False]

    asyncio.run(scene())
    assert not Lane(memory, worker).take()
    assert not Lane(memory, worker).take(now=NOON - 86_400_000)
    healed = round(PER_USER_AND_NETWORK.seconds_each * 1000)
    again = Lane(memory, worker)
    assert again.take(now=NOON + healed)
    assert not again.take(now=NOON + healed)


def test_a_guess_counts_for_all_networks_together_after_a_restart(
    lane: Lane, memory: Memory, worker: Worker
) -> None:
    """A flood goes on where it was."""

    async def scene() -> None:
        for number in range(int(EVERYWHERE.burst)):
            assert await lane.fail(network=f"10.0.{number}.0/24")

    asyncio.run(scene())
    assert not Lane(memory, worker).take("bob", THERE)


def test_failures_at_once_are_written_together(lane: Lane, memory: Memory) -> None:
    """Each is durable when it is answered, and a flood costs the disk few writes."""

    async def scene() -> None:
        await asyncio.gather(*(lane.fail(network=f"10.0.{number}.0/24") for number in range(100)))

    asyncio.run(scene())
    assert len(memory.kept) == 201 - _shared_slots(memory)
    assert memory.writes <= 3


def _shared_slots(memory: Memory) -> int:
    return 201 - len({(each.throttle, each.slot) for each in memory.kept.values()})


def test_a_store_that_fails_costs_no_login(
    lane: Lane, memory: Memory, worker: Worker, caplog: pytest.LogCaptureFixture
) -> None:
    """It is said; what could not be written is counted here, and written with the next."""
    memory.is_broken = True

    async def scene() -> None:
        for _ in range(BURST):
            assert await lane.fail()
        assert not await lane.fail()
        assert await lane.succeed("bob")
        assert lane.guess("bob").is_trusted
        memory.is_broken = False
        assert await lane.fail("carol")

    asyncio.run(scene())
    failure = "throttles are not kept over a restart: no disk"
    assert caplog.messages == [failure] * (BURST + 1) + ["kept again"]
    assert not Lane(memory, worker).take()


# Places


def test_a_place_is_written_once_a_day(lane: Lane, memory: Memory) -> None:
    """However often somebody logs in there."""

    async def scene() -> None:
        for _ in range(50):
            await lane.succeed()
        assert memory.writes == 1
        await lane.succeed(now=NOON + REFRESH_MILLISECONDS)
        assert memory.writes == 2

    asyncio.run(scene())


def test_a_user_has_so_many_places_and_the_least_recent_goes() -> None:
    """What is forgotten in memory is named, so that the store forgets it too."""
    places = TrustedPlaces(SECRET)
    kept: dict[bytes, Place] = {}
    for number in range(MAX_PLACES_PER_USER + 3):
        change = places.trust("alice", f"10.0.{number}.0/24", NOON + number)
        assert change is not None
        kept[change[0].network] = change[0]
        for forgotten in change[1]:
            del kept[forgotten.network]
    trusted = [places.is_trusted("alice", f"10.0.{number}.0/24") for number in range(19)]
    assert trusted == [False] * 3 + [True] * MAX_PLACES_PER_USER
    again = TrustedPlaces(SECRET, kept.values())
    assert [again.is_trusted("alice", f"10.0.{number}.0/24") for number in range(19)] == trusted


def test_the_places_of_all_are_bounded() -> None:
    """The least recent of anybody is forgotten, and only that."""
    places = TrustedPlaces(SECRET)
    forgotten = []
    for number in range(MAX_PLACES + 2):
        change = places.trust(f"user{number}", HERE, NOON + number)
        assert change is not None
        forgotten += change[1]
    assert len(forgotten) == 2
    assert [places.is_trusted(f"user{number}", HERE) for number in (0, 1, 2, MAX_PLACES + 1)] == [
        False,
        False,
        True,
        True,
    ]


def test_names_and_networks_are_kept_as_digests_of_a_secret() -> None:
    """Another server's secret, other digests: a stolen table answers no question."""
    changes = [TrustedPlaces(bytes([key]) * 32).trust("alice", HERE, NOON) for key in (1, 2)]
    first, second = (change[0] for change in changes if change is not None)
    assert first.user != second.user
    assert first.network != second.network
    assert len({first.user, first.network}) == 2


# On SQLite


@contextmanager
def opened(folder: Path) -> Iterator[SqliteThrottles]:
    """Open the database as a start does."""
    connection = open_database(folder / "accounts.sqlite3")
    yield SqliteThrottles(Connection(connection))
    connection.close()


def reopened(folder: Path, ask: Callable[[SqliteThrottles], _T]) -> _T:
    """Ask after a restart."""
    with opened(folder) as throttles:
        return ask(throttles)


def test_the_database_keeps_the_newest_of_each(tmp_path: Path) -> None:
    """Buckets are replaced, forgotten places are gone."""
    old, new = Bucket("network", 5, 1.0, 1.5), Bucket("network", 5, 2.5, 3.5)
    places = [Place(bytes([number]) * 16, b"n" * 16, NOON) for number in range(3)]
    with opened(tmp_path) as throttles:
        throttles.keep_buckets([old, Bucket("all", 5, 1.0, 2.0)])
        throttles.keep_buckets([new])
        throttles.keep_place(places[0], [])
        throttles.keep_place(places[1], [places[0]])
        throttles.keep_place(places[2], [])
    assert new in reopened(tmp_path, SqliteThrottles.buckets)
    assert len(reopened(tmp_path, SqliteThrottles.buckets)) == 2
    assert reopened(tmp_path, SqliteThrottles.places) == places[1:]


def test_neither_names_nor_addresses_are_in_the_database(tmp_path: Path, worker: Worker) -> None:
    """Of those who failed as of those who succeeded."""
    with opened(tmp_path) as throttles:
        lane = Lane(throttles, worker)

        async def scene() -> None:
            await lane.fail("a-name-that-was-tried", HERE)
            await lane.succeed("a-name-that-was-right", THERE)

        asyncio.run(scene())
    stored = (tmp_path / "accounts.sqlite3").read_bytes()
    for text in (b"a-name-that", b"192.0.2", b"198.51.100"):
        assert text not in stored
