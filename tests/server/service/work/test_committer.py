"""The committer: what is handed to the store, and what is not."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from itertools import cycle
from pathlib import Path

import pytest

from diaryserver.engine import open_entries
from diaryserver.service.ports.entries import Appended, Outcome, Writing
from diaryserver.service.work.committer import MAX_BATCH, MAX_PENDING, MAX_PENDING_OF_ONE, Committer
from diaryserver.service.work.threads import Worker
from protocol.errors import BusyError, TokenRevokedError
from tests.server.fakes import FrozenClock
from tests.server.store_contract import ALICE, BOB, entry


def test_an_entry_that_was_under_way_when_its_user_was_removed_begins_no_new_diary(
    tmp_path: Path,
) -> None:
    """It is refused, nothing is written under the old name, and others of its batch are kept."""
    users = {ALICE, BOB}
    worker = Worker("entries")

    async def write_while_alice_is_removed() -> None:
        with open_entries(tmp_path) as store:
            committer = Committer(
                store, worker, lambda user, _: user in users, FrozenClock().monotonic
            )
            both = (committer.append(entry("hers", user=ALICE)), committer.append(entry(user=BOB)))
            users.discard(ALICE)
            hers, his = await asyncio.gather(*both, return_exceptions=True)
        assert isinstance(hers, TokenRevokedError)
        assert not isinstance(his, BaseException)

    try:
        asyncio.run(write_while_alice_is_removed())
    finally:
        worker.close()
    assert [path.name for path in (tmp_path / "diaries").iterdir()] == ["bob"]


def test_what_came_under_a_token_that_ended_meanwhile_is_refused(tmp_path: Path) -> None:
    """A row's outcome is its own: the same user's under another token is kept."""
    ended: set[bytes] = set()
    worker = Worker("entries")

    async def write_while_a_token_is_revoked() -> None:
        with open_entries(tmp_path) as store:
            committer = Committer(
                store, worker, lambda _, kid: kid not in ended, FrozenClock().monotonic
            )
            both = [committer.append(entry(kid.decode())._replace(kid=kid)) for kid in (b"a", b"b")]
            ended.add(b"a")
            first, second = await asyncio.gather(*both, return_exceptions=True)
        assert isinstance(first, TokenRevokedError)
        assert not isinstance(second, BaseException)

    try:
        asyncio.run(write_while_a_token_is_revoked())
    finally:
        worker.close()
    [path] = (tmp_path / "diaries" / "alice").glob("*.log")
    assert path.read_bytes().endswith(b"+ b\n")


def test_nothing_is_refused_while_the_user_is_there(tmp_path: Path) -> None:
    """An append returns once the entry is durable."""
    worker = Worker("entries")

    async def write() -> bool:
        with open_entries(tmp_path) as store:
            committer = Committer(store, worker, lambda _, __: True, FrozenClock().monotonic)
            return (await committer.append(entry(user=ALICE))).duplicate

    try:
        assert not asyncio.run(write())
    finally:
        worker.close()


class CountingStore:
    """Stores nothing and says yes; remembers how long its batches were."""

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.caught_up = asyncio.Event()
        self.loop: asyncio.AbstractEventLoop

    def bounded(self, may_look: Callable[[], bool]) -> AbstractContextManager[None]:  # noqa: ARG002 - it never looks
        """As EntryStore."""
        return nullcontext()

    def append_batch(self, batch: Sequence[Writing]) -> list[Outcome]:
        """As EntryStore."""
        self.sizes.append(len(batch))
        return [Appended(writing.day, duplicate=False) for writing in batch]

    def catch_up(self) -> None:
        """As EntryStore."""
        self.loop.call_soon_threadsafe(self.caught_up.set)


async def submitted(committer: Committer, size: int, party: str = "") -> int:
    """Submit so many entries; give how many outcomes came, -1 if there was no room."""
    outcomes: asyncio.Future[Sequence[Outcome]] = asyncio.get_running_loop().create_future()
    try:
        committer.submit([entry()] * size, outcomes.set_result, party)
    except BusyError:
        return -1
    return len(await outcomes)


def committing(store: CountingStore, *groups: int, parties: Sequence[str] = ("",)) -> list[int]:
    """Hand groups of entries over, all at once, of these parties in turn.

    Give how many outcomes each got, -1 for busy.
    """
    worker = Worker("entries")

    async def commit() -> list[int]:
        committer = Committer(store, worker, lambda _, __: True, FrozenClock().monotonic)  # type: ignore[arg-type]
        each = zip(groups, cycle(parties), strict=False)
        return await asyncio.gather(*(submitted(committer, *group) for group in each))

    try:
        return asyncio.run(commit())
    finally:
        worker.close()


def test_what_came_together_is_written_together() -> None:
    """Groups share a write up to its length, and none is torn apart; a long one goes alone."""
    store = CountingStore()
    groups = [40] * 7 + [0, MAX_BATCH + 50, 1]
    assert committing(store, *groups) == groups
    assert store.sizes == [240, 40, MAX_BATCH + 50, 1]


def test_a_group_that_finds_no_room_is_taken_not_at_all() -> None:
    """Later ones that fit are; and the room comes back."""
    store, half = CountingStore(), MAX_PENDING // 2
    groups = half, half - 10, 11, 10, 1
    taken = committing(store, *groups, parties=["alice", "bob", "carol", "carol", "carol"])
    assert taken == [half, half - 10, -1, 10, -1]
    assert sum(store.sizes) == MAX_PENDING


def test_nobody_alone_takes_the_room_of_all() -> None:
    """Half of it is a party's; then it is told to wait, and another one is not."""
    store, most = CountingStore(), MAX_PENDING_OF_ONE
    assert committing(store, most, 1, 1, parties=["mallory", "alice"]) == [most, 1, -1]


def test_soon_after_a_write_the_store_catches_up() -> None:
    """It is asked to after each write, and nobody's answer waits for it."""
    store, worker = CountingStore(), Worker("entries")

    async def commit() -> None:
        store.loop = asyncio.get_running_loop()
        committer = Committer(store, worker, lambda _, __: True, FrozenClock().monotonic, 0)  # type: ignore[arg-type]
        for _ in range(2):
            await committer.append(entry())
            async with asyncio.timeout(10):
                await store.caught_up.wait()
            store.caught_up.clear()

    try:
        asyncio.run(commit())
    finally:
        worker.close()


class HeldWorker:
    """Writes at once; holds what it is asked to run until it is let go."""

    def __init__(self) -> None:
        self.asked = asyncio.Queue[asyncio.Event]()

    def start(
        self,
        work: Callable[[], list[Outcome]],
        done: Callable[[list[Outcome]], None],
        failed: Callable[[BaseException], None],
    ) -> None:
        """As Worker."""
        try:
            done(work())
        except BaseException as error:  # noqa: BLE001 - as Worker
            failed(error)

    async def run(self, work: Callable[[], None]) -> None:
        """As Worker."""
        held = asyncio.Event()
        self.asked.put_nowait(held)
        await held.wait()
        work()


def test_what_is_written_while_the_store_catches_up_is_caught_up_with_too() -> None:
    """It may have come too late for that one: nobody has to write again before `cat` shows it."""

    async def commit() -> None:
        store, worker = CountingStore(), HeldWorker()
        store.loop = asyncio.get_running_loop()
        committer = Committer(store, worker, lambda _, __: True, FrozenClock().monotonic, 0)  # type: ignore[arg-type]
        await committer.append(entry())
        held = await worker.asked.get()
        await committer.append(entry())
        held.set()
        async with asyncio.timeout(10):
            (await worker.asked.get()).set()

    asyncio.run(commit())


def test_an_answer_that_fails_takes_no_other_one_with_it(caplog: pytest.LogCaptureFixture) -> None:
    """It is said, once; the others of its batch, and of later ones, are told theirs."""
    store, worker = CountingStore(), Worker("entries")

    def fail(outcomes: Sequence[Outcome]) -> None:
        raise ValueError(len(outcomes))

    async def commit() -> list[int]:
        store.loop = asyncio.get_running_loop()
        committer = Committer(store, worker, lambda _, __: True, FrozenClock().monotonic)  # type: ignore[arg-type]
        committer.submit([entry()], fail)
        return [await submitted(committer, 2), await submitted(committer, 3)]

    try:
        assert asyncio.run(commit()) == [2, 3]
    finally:
        worker.close()
    assert [record.message for record in caplog.records] == [
        "what was written could not be answered"
    ]
