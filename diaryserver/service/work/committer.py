"""Collects appends while the store writes, and hands them over batch by batch.

An acknowledgement waits for the disk; while one batch is being made durable on the store's thread,
the loop goes on receiving, and all that arrives meanwhile shares the next write. Soon after a write
the store is asked to catch up: until then an entry may be durable, and not yet where people look.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, TypeAlias

from diaryserver.service.alarm import Alarm
from diaryserver.service.ports.entries import Appended, EntryStore, Outcome, Writing
from diaryserver.service.work.threads import Worker
from protocol.errors import BusyError, StorageError, TokenRevokedError
from protocol.identifiers import Username

MAX_BATCH: Final = 256
"""Beyond it a batch gains nothing more: one sync costs as much as writing some 250 lines."""

MAX_PENDING: Final = 4096
"""About 5 MB of signed entries, and what `service.plain.plain` lets in flight; at 10,000 appends a
second the last of them waits 0.4 s."""

CATCH_UP_SECONDS: Final = 0.5
"""So an entry is in its day file within a second, and a file is opened twice a second at most."""

Done: TypeAlias = Callable[[Sequence[Outcome]], None]
_Waiting: TypeAlias = tuple[Sequence[Writing], Done]
"""What came together, and who is told its outcomes."""

logger = logging.getLogger(__name__)


class Committer:
    """The way of appends from the event loop to an EntryStore, on the store's own worker."""

    def __init__(
        self,
        store: EntryStore,
        worker: Worker,
        has_user: Callable[[Username], bool],
        monotonic: Callable[[], float],
        catch_up_seconds: float = CATCH_UP_SECONDS,
    ) -> None:
        """All outlive the committer; it is used from one event loop. `monotonic` gives seconds.

        `has_user` tells from memory whether there is a user of that name.
        """
        self._store = store
        self._has_user = has_user
        self._worker = worker
        self._alarm = Alarm(logger, "batches are written again", monotonic)
        self._pending: deque[_Waiting] = deque()
        self._count = 0
        self._is_writing = False
        self._catch_up_seconds = catch_up_seconds
        self._catching_up: asyncio.Task[None] | None = None

    def submit(self, writings: Sequence[Writing], done: Done) -> None:
        """Call `done` with the outcomes once all are durable or refused.

        What is submitted first is written first. Raise BusyError, taking none.
        """
        if self._count + len(writings) > MAX_PENDING:
            raise BusyError
        self._pending.append((writings, done))
        self._count += len(writings)
        if not self._is_writing:
            # All that the loop receives in this turn shares the write.
            self._is_writing = True
            asyncio.get_running_loop().call_soon(self._write)

    async def append(self, writing: Writing) -> Appended:
        """Return once it is durable; raise the RefusedError that is its outcome, or BusyError."""
        outcomes: asyncio.Future[Sequence[Outcome]] = asyncio.get_running_loop().create_future()
        self.submit((writing,), partial(_set_result, outcomes))
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

    def _take(self) -> list[_Waiting]:
        """Take what came together, together, up to one batch; always the first."""
        taken: list[_Waiting] = []
        size = 0
        while self._pending and (not taken or size + len(self._pending[0][0]) <= MAX_BATCH):
            taken.append(self._pending.popleft())
            size += len(taken[-1][0])
        self._count -= size
        return taken

    def _write(self) -> None:
        taken = self._take()
        writings = [writing for group, _ in taken for writing in group]
        self._worker.start(
            partial(self._append, writings),
            partial(self._written, taken),
            partial(self._failed, taken),
        )

    def _written(self, taken: list[_Waiting], outcomes: Sequence[Outcome]) -> None:
        self._alarm.works()
        if self._catching_up is None:
            self._catching_up = asyncio.create_task(self._catch_up())
        self._go_on(taken, outcomes)

    def _failed(self, taken: list[_Waiting], error: BaseException) -> None:
        self._alarm.failed("a batch failed, its senders are told: outcome unknown", trace=error)
        unknown = StorageError("the server failed; see its log")
        self._go_on(taken, [unknown for group, _ in taken for _ in group])

    def _go_on(self, taken: list[_Waiting], outcomes: Sequence[Outcome]) -> None:
        """Have the store write what came meanwhile, and tell those whose turn it was."""
        self._is_writing = bool(self._pending)
        if self._pending:
            self._write()
        start = 0
        for group, done in taken:
            end = start + len(group)
            try:
                done(outcomes[start:end])
            except Exception:  # noqa: BLE001 - said by the alarm; the others must be told theirs
                self._alarm.failed("what was written could not be answered", trace=True)
            start = end

    def _append(self, writings: Sequence[Writing]) -> list[Outcome]:
        # Asked here, on the store's thread: a diary is moved aside on it too, after its user is
        # gone, and an append that comes later must not begin a new diary under the old name.
        live = [self._has_user(writing.user) for writing in writings]
        known = [writing for writing, is_live in zip(writings, live, strict=True) if is_live]
        stored = iter(self._store.append_batch(known))
        return [next(stored) if is_live else TokenRevokedError() for is_live in live]


def _set_result(outcomes: asyncio.Future[Sequence[Outcome]], found: Sequence[Outcome]) -> None:
    if not outcomes.cancelled():
        outcomes.set_result(found)
