"""The entry store on day files; implements `service.ports.EntryStore`.

Rules: an entry's duplicate record is its own line, in the day's file or in its archives: there is
no window after which an id is forgotten. What answers a repetition was made durable before, or is
now (`store.appending`). What is broken in one place of a diary fails only what needs that place.
"""

import os
from collections import OrderedDict
from collections.abc import Collection, Sequence
from typing import Final

from diaryserver.service.alarm import Alarm
from diaryserver.service.ports import Append, Appended, Outcome
from diaryserver.store.appending import append_durably, compare_stored, content, format_append
from diaryserver.store.daystate import DayState, load_day
from diaryserver.store.folders import Folders, UserFolder, archived_file, day_file
from protocol.errors import (
    ConflictError,
    NotFoundError,
    QuotaError,
    StaleError,
    StorageError,
)
from protocol.identifiers import Day, EntryId, Username
from protocol.messages import MAX_GENERATION, Chunk, DayList, DayRow

MAX_CACHED_DAYS: Final = 20_000
MAX_CACHED_IDS: Final = 500_000
"""About 50 MiB of ids; a day that is not cached is read again, nothing else happens."""

MAX_DAY_BYTES: Final = 16 * 2**20
"""Some 15,000 of the longest entries a day and user; a day file is read whole to look for an id."""


class FileEntryStore:
    """Diaries as day files; every method is called by one thread at a time."""

    def __init__(
        self,
        folders: Folders,
        alarm: Alarm,
        max_days: int = MAX_CACHED_DAYS,
        max_ids: int = MAX_CACHED_IDS,
    ) -> None:
        """`folders` stay open as long as the store; `alarm` says when the disk fails."""
        self._max_days = max_days
        self._max_ids = max_ids
        self._folders = folders
        self._alarm = alarm
        self._days: OrderedDict[tuple[Username, Day], DayState] = OrderedDict()
        self._cached_ids = 0

    def append_batch(self, appends: Sequence[Append]) -> list[Outcome]:
        """Store entries durably, one write and one sync for each day file they go to."""
        outcomes: dict[int, Outcome] = {}
        groups: dict[tuple[Username, Day], list[int]] = {}
        for index, append in enumerate(appends):
            groups.setdefault((append.user, append.stamp.day), []).append(index)
        for (user, day), indexes in groups.items():
            group = [appends[index] for index in indexes]
            outcomes.update(zip(indexes, self._append_group(user, day, group), strict=True))
        return [outcomes[index] for index in range(len(appends))]

    def list_days(self, user: Username, first: Day, last: Day, limit: int) -> DayList:
        """Give the first `limit` days that have a file."""
        try:
            with self._folders.user(user) as folder:
                days = [day for day in folder.days() if first <= day <= last]
                rows = [self._row(folder, user, day) for day in days[:limit]]
        except FileNotFoundError:
            return DayList((), more=False)
        except OSError as error:
            raise self._storage_error("listing", user, error) from error
        return DayList(tuple(rows), more=len(days) > limit)

    def create_day(self, user: Username, day: Day) -> None:
        """Give a day an empty file, durably, unless it has one."""
        try:
            with self._folders.user(user, create=True) as folder:
                flags = os.O_WRONLY | os.O_CREAT
                os.close(folder.open_file(day_file(day), flags))
                folder.sync()
        except OSError as error:
            raise self._storage_error("writing", user, error) from error

    def read(self, user: Username, day: Day, generation: int, offset: int, limit: int) -> Chunk:
        """Give raw bytes from `offset`, fewer at the end of the file, none behind it."""
        try:
            with self._folders.user(user) as folder:
                state = self._state(folder, user, day)
                # First: who reads a day that was cleared meanwhile is to look again.
                if state.generation != generation:
                    raise StaleError
                if not state.inode:
                    raise NotFoundError
                with os.fdopen(folder.open_file(day_file(day), os.O_RDONLY), "rb") as file:
                    return Chunk(os.pread(file.fileno(), limit, offset), state.size)
        except FileNotFoundError:
            raise NotFoundError from None
        except OSError as error:
            raise self._storage_error("reading", user, error) from error

    def clear(self, user: Username, day: Day, generation: int, rid: EntryId) -> str:
        """Set a day aside; the archive's name holds `rid`, the record of having done so."""
        try:
            with self._folders.user(user) as folder:
                if done := folder.find_archived(rid):
                    if done[0] != day:
                        raise ConflictError("this id cleared another day")
                    folder.sync_archive()
                    return done[1]
                state = self._state(folder, user, day)
                if state.generation != generation:
                    raise StaleError
                if not state.inode:
                    raise NotFoundError
                if generation >= MAX_GENERATION:
                    raise QuotaError("this day was cleared too often")
                name = archived_file(day, generation, rid)
                folder.archive(day_file(day), name)
                self._forget(user, day)
                return name
        except FileNotFoundError:
            raise NotFoundError from None
        except OSError as error:
            raise self._storage_error("clearing", user, error) from error

    def retire(self, user: Username, uid: bytes) -> str:
        """Move a whole diary aside."""
        for name, day in list(self._days):
            if name == user:
                self._forget(user, day)
        try:
            return self._folders.retire(user, uid)
        except OSError as error:
            raise self._storage_error("retiring", user, error) from error

    def _append_group(self, user: Username, day: Day, group: list[Append]) -> list[Outcome]:
        try:
            with self._folders.user(user, create=True) as folder:
                state = self._state(folder, user, day)
                outcomes, fresh = self._sort_out(folder, day, state, group)
                if fresh:
                    append_durably(folder, day, state, b"".join(fresh.values()))
                    self._alarm.works()
                    self._note_ids(state, fresh)
                return outcomes
        except OSError as error:
            self._forget(user, day)
            failure = self._storage_error("writing", user, error)
            return [failure for _ in group]

    def _sort_out(
        self, folder: UserFolder, day: Day, state: DayState, group: list[Append]
    ) -> tuple[list[Outcome], dict[bytes, bytes]]:
        """Give each append's outcome, and the lines, by id, of those that are new."""
        outcomes: list[Outcome] = []
        fresh: dict[bytes, bytes] = {}
        accepted: dict[bytes, Append] = {}
        size = state.size
        for append in group:
            if append.id in accepted:
                same = content(append) == content(accepted[append.id])
                outcomes.append(Appended(day, duplicate=True) if same else ConflictError())
            elif append.id in state.ids or append.id in state.archived:
                outcomes.append(self._compare(folder, day, state, append))
            else:
                line = format_append(append)
                if size + len(line) > MAX_DAY_BYTES:
                    outcomes.append(QuotaError(f"a day holds {MAX_DAY_BYTES // 2**20} MiB"))
                    continue
                size += len(line)
                accepted[append.id], fresh[append.id] = append, line
                outcomes.append(Appended(day, duplicate=False))
        return outcomes, fresh

    def _compare(self, folder: UserFolder, day: Day, state: DayState, append: Append) -> Outcome:
        try:
            return compare_stored(folder, day, state, append)
        except OSError as error:
            # Only this one: an archive that cannot be read must not keep new entries out.
            return self._storage_error("comparing with", append.user, error)

    def _row(self, folder: UserFolder, user: Username, day: Day) -> DayRow:
        state = self._state(folder, user, day)
        return DayRow(day, state.generation, len(state.ids), state.size)

    def _state(self, folder: UserFolder, user: Username, day: Day) -> DayState:
        state = self._days.get((user, day))
        if state is not None and state.is_current(folder, day):
            self._days.move_to_end((user, day))
            return state
        self._forget(user, day)
        state = load_day(folder, day)
        self._days[user, day] = state
        self._cached_ids += state.weight()
        while len(self._days) > 1 and (
            len(self._days) > self._max_days or self._cached_ids > self._max_ids
        ):
            _, oldest = self._days.popitem(last=False)
            self._cached_ids -= oldest.weight()
        return state

    def _note_ids(self, state: DayState, ids: Collection[bytes]) -> None:
        state.ids.update(ids)
        self._cached_ids += len(ids)

    def _forget(self, user: Username, day: Day) -> None:
        state = self._days.pop((user, day), None)
        if state is not None:
            self._cached_ids -= state.weight()

    def _storage_error(self, doing: str, user: Username, error: OSError) -> StorageError:
        self._alarm.failed(f"{doing} the diary of {user} failed: {error.strerror or error}")
        return StorageError(f"the server's disk: {error.strerror or 'not usable'}")
