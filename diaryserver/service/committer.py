"""Collects appends while the store writes, and hands them over batch by batch.

An acknowledgement waits for the disk; while one batch is being made durable on the store's thread,
the loop goes on receiving, and all that arrives meanwhile shares the next write.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

from diaryserver.service.alarm import Alarm
from diaryserver.service.ports import Append, Appended, EntryStore, Outcome
from diaryserver.service.threads import Worker
from protocol.errors import BusyError, StorageError, TokenRevokedError
from protocol.identifiers import Username

MAX_BATCH: Final = 256
"""Beyond it a batch gains nothing more: one sync costs as much as writing some 250 lines."""

MAX_PENDING: Final = 4096
"""About 5 MB of texts; at 10,000 appends a second the last of them waits 0.4 s."""

logger = logging.getLogger(__name__)


class Committer:
    """The way of appends from the event loop to an EntryStore, on the store's own worker."""

    def __init__(
        self,
        store: EntryStore,
        worker: Worker,
        has_user: Callable[[Username], bool],
        monotonic: Callable[[], float],
    ) -> None:
        """All outlive the committer; it is used from one event loop. `monotonic` gives seconds.

        `has_user` tells from memory whether there is a user of that name.
        """
        self._store = store
        self._has_user = has_user
        self._worker = worker
        self._alarm = Alarm(logger, "batches are written again", monotonic)
        self._pending: deque[tuple[Append, asyncio.Future[Appended]]] = deque()
        self._writer: asyncio.Task[None] | None = None

    async def append(self, append: Append) -> Appended:
        """Return once the entry is durable; raise BusyError, ConflictError or StorageError."""
        if len(self._pending) >= MAX_PENDING:
            raise BusyError
        future: asyncio.Future[Appended] = asyncio.get_running_loop().create_future()
        self._pending.append((append, future))
        if self._writer is None:
            self._writer = asyncio.create_task(self._write_pending())
        return await future

    async def _write_pending(self) -> None:
        try:
            while self._pending:
                count = min(MAX_BATCH, len(self._pending))
                batch = [self._pending.popleft() for _ in range(count)]
                await self._write(batch)
        finally:
            self._writer = None

    async def _write(self, batch: list[tuple[Append, asyncio.Future[Appended]]]) -> None:
        appends = [append for append, _ in batch]
        outcomes: list[Outcome]
        try:
            outcomes = await self._worker.run(self._append, appends)
            self._alarm.works()
        except Exception:  # noqa: BLE001 - said by the alarm; the senders must hear something
            self._alarm.failed("a batch failed, its senders are told: outcome unknown", trace=True)
            outcomes = [StorageError("the server failed; see its log") for _ in appends]
        for (_, future), outcome in zip(batch, outcomes, strict=True):
            _settle(future, outcome)

    def _append(self, appends: Sequence[Append]) -> list[Outcome]:
        # Asked here, on the store's thread: a diary is moved aside on it too, after its user is
        # gone, and an append that comes later must not begin a new diary under the old name.
        live = [self._has_user(append.user) for append in appends]
        known = [append for append, is_live in zip(appends, live, strict=True) if is_live]
        stored = iter(self._store.append_batch(known))
        return [next(stored) if is_live else TokenRevokedError() for is_live in live]


def _settle(future: asyncio.Future[Appended], outcome: Outcome) -> None:
    if future.cancelled():
        return
    if isinstance(outcome, Appended):
        future.set_result(outcome)
    else:
        future.set_exception(outcome)
