"""The entry store on day files; implements `service.ports.EntryStore`.

Rules: an append returns once write, sync and, for a new file, the folder's sync are done; a failed
one is cut off again, so that the file never holds what was not acknowledged and a retry is safe.
An entry's duplicate record is its own line, in the day's file or in its archives: there is no
window after which an id is forgotten.
"""

import logging
import os
from collections import OrderedDict
from collections.abc import Sequence
from typing import Final

from diaryserver.service.ports import Append, Appended, Outcome
from diaryserver.store.daystate import DayState, entry_ids, load_day
from diaryserver.store.folders import ARCHIVE, Folders, UserFolder, archived_file, day_file
from protocol.dayfile import Stamp, Written, format_record, parse_day_file
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

LATE_MILLISECONDS: Final = 2_000
"""When the received time differs by more from the id's, the line keeps it as `,r=`."""

logger = logging.getLogger(__name__)


class FileEntryStore:
    """Diaries as day files; every method is called by one thread at a time."""

    def __init__(self, folders: Folders) -> None:
        """`folders` stay open as long as the store."""
        self._folders = folders
        self._days: OrderedDict[tuple[Username, Day], DayState] = OrderedDict()
        self._cached_ids = 0
        self._is_failing = False

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
                if not state.inode:
                    raise NotFoundError
                if state.generation != generation:
                    raise StaleError
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
        return self._folders.retire(user, uid)

    def _append_group(self, user: Username, day: Day, group: list[Append]) -> list[Outcome]:
        try:
            with self._folders.user(user, create=True) as folder:
                state = self._state(folder, user, day)
                outcomes, lines = self._sort_out(folder, day, state, group)
                if lines:
                    self._write(folder, day, state, b"".join(lines))
                    self._note_recovery()
                    self._note_ids(
                        state, [entry_id for line in lines for entry_id in entry_ids(line)]
                    )
                return outcomes
        except OSError as error:
            self._forget(user, day)
            failure = self._storage_error("writing", user, error)
            return [failure for _ in group]

    def _sort_out(
        self, folder: UserFolder, day: Day, state: DayState, group: list[Append]
    ) -> tuple[list[Outcome], list[bytes]]:
        """Give each append's outcome, and the lines of those that are new."""
        outcomes: list[Outcome] = []
        fresh: dict[bytes, Append] = {}
        lines: list[bytes] = []
        size = state.size
        for append in group:
            if append.id in fresh:
                same = _content(append) == _content(fresh[append.id])
                outcomes.append(Appended(day, duplicate=True) if same else ConflictError())
            elif append.id in state.ids or append.id in state.archived:
                outcomes.append(_compare(folder, day, state, append))
            else:
                line = _format(append)
                size += len(line)
                if size > MAX_DAY_BYTES:
                    outcomes.append(QuotaError(f"a day holds {MAX_DAY_BYTES // 2**20} MiB"))
                    continue
                fresh[append.id] = append
                lines.append(line)
                outcomes.append(Appended(day, duplicate=False))
        return outcomes, lines

    def _write(self, folder: UserFolder, day: Day, state: DayState, data: bytes) -> None:
        """Append durably, or raise OSError and leave the file as it was."""
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
        descriptor = folder.open_file(day_file(day), flags)
        try:
            try:
                _write_all(descriptor, data)
                os.fdatasync(descriptor)
                if not state.inode:
                    folder.sync()
            except OSError:
                os.ftruncate(descriptor, state.size)
                raise
            state.inode = os.fstat(descriptor).st_ino
            state.size += len(data)
        finally:
            os.close(descriptor)

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
            len(self._days) > MAX_CACHED_DAYS or self._cached_ids > MAX_CACHED_IDS
        ):
            _, oldest = self._days.popitem(last=False)
            self._cached_ids -= oldest.weight()
        return state

    def _note_ids(self, state: DayState, ids: list[bytes]) -> None:
        state.ids.update(ids)
        self._cached_ids += len(ids)

    def _forget(self, user: Username, day: Day) -> None:
        state = self._days.pop((user, day), None)
        if state is not None:
            self._cached_ids -= state.weight()

    def _storage_error(self, doing: str, user: Username, error: OSError) -> StorageError:
        # A full disk fails every request: one line when it starts and one when it ends.
        if not self._is_failing:
            logger.error("%s the diary of %s failed: %s", doing, user, error.strerror or error)
        self._is_failing = True
        return StorageError(f"the server's disk: {error.strerror or 'not usable'}")

    def _note_recovery(self) -> None:
        if self._is_failing:
            logger.warning("the disk takes entries again")
        self._is_failing = False


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _format(append: Append) -> bytes:
    attributes = []
    if abs(append.received - append.id.milliseconds) > LATE_MILLISECONDS:
        attributes.append(("r", str(Stamp(append.received, 0))))
    if append.via:
        attributes.append(("v", append.via))
    entry = Written(append.stamp, append.id, append.text, append.starred, tuple(attributes))
    return format_record(entry)


def _content(append: Append) -> tuple[Stamp, str, bool]:
    return append.stamp, append.text, append.starred


def _compare(folder: UserFolder, day: Day, state: DayState, append: Append) -> Outcome:
    """Give the original answer if the stored entry is the same.

    The file is synced before: after a crash or a failed sync the line may have been readable but
    not durable. Duplicates are rare, so this may take its time.
    """
    if append.id in state.ids:
        name, subfolder = day_file(day), ""
    else:
        name, subfolder = state.archived[append.id], ARCHIVE
    with os.fdopen(folder.open_file(name, os.O_RDONLY, subfolder), "rb") as file:
        os.fsync(file.fileno())
        records = parse_day_file(file.read())
    folder.sync(subfolder)
    for record in records:
        if isinstance(record, Written) and record.id == append.id:
            same = (record.stamp, record.text, record.starred) == _content(append)
            return Appended(day, duplicate=True) if same else ConflictError()
    return ConflictError("a line damaged by hand has the same id")
