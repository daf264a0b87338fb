"""Collects appends while the store writes, and hands them over batch by batch.

Long, since batches and turns hand groups to each other.

An acknowledgement waits for the disk; while one batch is being made durable on the store's thread,
the loop goes on receiving, and all that arrives meanwhile shares the next write. What the store
cannot decide without looking into files, a repetition or a change, goes on in its party's turns;
whatever comes for the same user and day meanwhile waits behind it. Soon after a write
the store is asked to catch up: until then an entry may be durable, and not yet where people look.
"""

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final, TypeAlias

from diaryserver.service.alarm import Alarm
from diaryserver.service.ports.entries import (
    Appended,
    EntryStore,
    Outcome,
    UnfinishedError,
    Writing,
)
from diaryserver.service.work.slices import Slices
from diaryserver.service.work.threads import MAX_TURNS, Worker
from protocol.errors import BusyError, RefusedError, StorageError, TokenRevokedError
from protocol.identifiers import Day, Username

MAX_BATCH: Final = 256
"""Beyond it a batch gains nothing more: one sync costs as much as writing some 250 lines."""

MAX_PENDING: Final = 4096
"""About 5 MB of signed entries, and what `service.plain.plain` lets in flight; at 10,000 appends a
second the last of them waits 0.4 s."""

MAX_PENDING_OF_ONE: Final = MAX_PENDING // 2
"""Of a party: nobody keeps the others out alone."""

CATCH_UP_SECONDS: Final = 0.5
"""So an entry is in its day file within a second, and a file is opened twice a second at most."""

Done: TypeAlias = Callable[[Sequence[Outcome]], None]


@dataclass(slots=True)
class _Group:
    """What came together, whose turn it has, what was decided of it, and who is told all that."""

    writings: Sequence[Writing]
    done: Done
    party: str
    outcomes: list[Outcome | None] = field(default_factory=list)
    turns: int = 0

    def __post_init__(self) -> None:
        self.outcomes = [None] * len(self.writings)

    def days(self) -> set[tuple[Username, Day]]:
        """Give what is held back behind it."""
        return {(writing.user, writing.day) for writing in self.writings}

    def left(self) -> list[int]:
        """Give the places of what is undecided."""
        return [place for place, outcome in enumerate(self.outcomes) if outcome is None]

    def take(self, outcomes: Iterable[Outcome]) -> bool:
        """Take the outcomes of what was left; tell whether all is decided."""
        for place, outcome in zip(self.left(), outcomes, strict=True):
            if not isinstance(outcome, UnfinishedError):
                self.outcomes[place] = outcome
        return None not in self.outcomes

    def end(self, outcome: RefusedError) -> None:
        """Let this be the outcome of all that is left."""
        for place in self.left():
            self.outcomes[place] = outcome

    def decided(self) -> list[Outcome]:
        """Give all outcomes, once there are."""
        return [outcome for outcome in self.outcomes if outcome is not None]


logger = logging.getLogger(__name__)


class Committer:
    """The way of appends from the event loop to an EntryStore, on the store's own worker."""

    def __init__(
        self,
        store: EntryStore,
        worker: Worker,
        may_write: Callable[[Username, bytes], bool],
        monotonic: Callable[[], float],
        catch_up_seconds: float = CATCH_UP_SECONDS,
    ) -> None:
        """All outlive the committer; it is used from one event loop. `monotonic` gives seconds.

        `may_write` tells from memory whether there is such a user, and the token has not ended.
        """
        self._store = store
        self._may_write = may_write
        self._monotonic = monotonic
        self._worker = worker
        self._alarm = Alarm(logger, "batches are written again", monotonic)
        self._pending: deque[_Group] = deque()
        self._waiting = 0
        self._waiting_of: Counter[str] = Counter()
        self._looking: dict[str, deque[_Group]] = {}
        self._held: Counter[tuple[Username, Day]] = Counter()
        self._is_writing = False
        self._catch_up_seconds = catch_up_seconds
        self._catching_up: asyncio.Task[None] | None = None

    def submit(self, writings: Sequence[Writing], done: Done, party: str = "") -> None:
        """Call `done` with the outcomes once all are durable or refused.

        `party` is whose turn it is if files must be looked into, the user's if it is empty. What is
        submitted first for a user and day is written first. Raise BusyError, taking none.
        """
        party = party or (writings[0].user if writings else "")
        size = len(writings)
        if self._waiting + size > MAX_PENDING:
            raise BusyError
        if self._waiting_of[party] + size > MAX_PENDING_OF_ONE:
            raise BusyError("too many of your entries wait already")
        group = _Group(writings, done, party)
        self._pending.append(group)
        self._count(group, 1)
        if not self._is_writing:
            # All that the loop receives in this turn shares the write.
            self._is_writing = True
            asyncio.get_running_loop().call_soon(self._write)

    async def append(self, writing: Writing, party: str = "") -> Appended:
        """Return once it is durable; raise the RefusedError that is its outcome, or BusyError."""
        outcomes: asyncio.Future[Sequence[Outcome]] = asyncio.get_running_loop().create_future()
        self.submit((writing,), partial(_set_result, outcomes), party)
        [outcome] = await outcomes
        if isinstance(outcome, Appended):
            return outcome
        raise outcome

    async def _catch_up(self) -> None:
        await asyncio.sleep(self._catch_up_seconds)
        # What is written from here on may come too late for this one, and plans another.
        self._catching_up = None
        try:
            await self._worker.run(self._store.catch_up)
        except Exception:  # noqa: BLE001 - said by the alarm; the next write tries again
            self._alarm.failed("the day files could not catch up", trace=True)

    def _take(self) -> list[_Group]:
        """Take what came together, together, up to one batch; always the first."""
        taken: list[_Group] = []
        size = 0
        while self._pending and (not taken or size + len(self._pending[0].writings) <= MAX_BATCH):
            group = self._pending.popleft()
            self._count(group, -1)
            if self._held and not self._held.keys().isdisjoint(group.days()):
                self._look_later(group)
                continue
            taken.append(group)
            size += len(group.writings)
        return taken

    def _count(self, group: _Group, sign: int) -> None:
        size = sign * len(group.writings)
        self._waiting += size
        self._waiting_of[group.party] += size
        if not self._waiting_of[group.party]:
            del self._waiting_of[group.party]

    def _write(self) -> None:
        taken = self._take()
        self._is_writing = bool(taken)
        if not taken:
            return
        writings = [writing for group in taken for writing in group.writings]
        self._worker.start(
            partial(self._append_new, writings),
            partial(self._written, taken),
            partial(self._failed, taken),
        )

    def _written(self, taken: list[_Group], outcomes: Sequence[Outcome]) -> None:
        self._catch_up_later()
        each = iter(outcomes)
        whole = []
        for group in taken:
            # Before what came meanwhile is taken, or that would overtake.
            if group.take([next(each) for _ in group.writings]):
                whole.append(group)
            else:
                self._look_later(group)
        self._write()
        self._tell(whole)

    def _failed(self, taken: list[_Group], error: BaseException) -> None:
        self._alarm.failed("a batch failed, its senders are told: outcome unknown", trace=error)
        self._end(taken, StorageError("the server failed; see its log"))
        self._write()
        self._tell(taken)

    def _look_later(self, group: _Group) -> None:
        """Let a group go on in its party's turns, and hold back what comes for its days."""
        self._count(group, 1)
        self._held.update(group.days())
        looking = self._looking.get(group.party)
        if looking is not None:
            looking.append(group)
            return
        self._looking[group.party] = deque([group])
        self._look_on(group.party)

    def _look_on(self, party: str) -> None:
        """Give a party its next turn, for as many of its groups as make a batch."""
        groups: list[_Group] = []
        size = 0
        for group in self._looking[party]:
            size += len(group.left())
            if groups and size > MAX_BATCH:
                break
            groups.append(group)
        groups[0].turns += 1
        try:
            Slices(self._worker.of(party), self._store, self._monotonic).start(
                partial(
                    self._append, [group.writings[n] for group in groups for n in group.left()]
                ),
                partial(self._looked, party, groups),
                partial(self._not_looked, party, groups),
            )
        except BusyError as error:
            self._not_looked(party, groups, error)

    def _looked(self, party: str, groups: list[_Group], outcomes: Sequence[Outcome]) -> None:
        self._catch_up_later()
        each = iter(outcomes)
        whole = [group for group in groups if group.take([next(each) for _ in group.left()])]
        if groups[0].turns >= MAX_TURNS and groups[0] not in whole:
            self._end(groups[:1], BusyError("it takes too long to look up what is stored"))
            whole.insert(0, groups[0])
        self._go_on(party, whole)

    def _not_looked(self, party: str, groups: list[_Group], error: BaseException) -> None:
        if isinstance(error, BusyError):
            self._end(groups, error)
        else:
            self._alarm.failed("entries failed, their sender is told: outcome unknown", trace=error)
            self._end(groups, StorageError("the server failed; see its log"))
        self._go_on(party, groups)

    def _go_on(self, party: str, ended: list[_Group]) -> None:
        """Let go what ended, and give the rest of the party another turn."""
        gone = {id(group) for group in ended}
        left = deque(group for group in self._looking[party] if id(group) not in gone)
        for group in ended:
            self._count(group, -1)
            self._let_go(group.days())
        if left:
            self._looking[party] = left
            self._look_on(party)
        else:
            del self._looking[party]
        self._tell(ended)

    def _end(self, groups: Iterable[_Group], outcome: RefusedError) -> None:
        for group in groups:
            group.end(outcome)

    def _let_go(self, days: Iterable[tuple[Username, Day]]) -> None:
        for day in days:
            self._held[day] -= 1
            if not self._held[day]:
                del self._held[day]

    def _catch_up_later(self) -> None:
        self._alarm.works()
        if self._catching_up is None:
            self._catching_up = asyncio.create_task(self._catch_up())

    def _tell(self, groups: Iterable[_Group]) -> None:
        for group in groups:
            try:
                group.done(group.decided())
            except Exception:  # noqa: BLE001 - said by the alarm; the others must be told theirs
                self._alarm.failed("what was written could not be answered", trace=True)

    def _append_new(self, writings: Sequence[Writing]) -> list[Outcome]:
        with self._store.bounded(_never):
            return self._append(writings)

    def _append(self, writings: Sequence[Writing]) -> list[Outcome]:
        # Asked here, on the store's thread: a diary is moved aside on it too, after its user is
        # gone, and an append that comes later must not begin a new diary under the old name.
        live = [self._may_write(writing.user, writing.kid) for writing in writings]
        known = [writing for writing, is_live in zip(writings, live, strict=True) if is_live]
        stored = iter(self._store.append_batch(known))
        return [next(stored) if is_live else TokenRevokedError() for is_live in live]


def _never() -> bool:
    return False


def _set_result(outcomes: asyncio.Future[Sequence[Outcome]], found: Sequence[Outcome]) -> None:
    if not outcomes.cancelled():
        outcomes.set_result(found)
