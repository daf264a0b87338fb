"""The entry store on day files; implements `service.ports.entries.EntryStore`.

Long, since it is one port: each method is short, and what is done to days stands in the modules
beside.

Rules: an entry's duplicate record is its own line in the day's file, or its row in the ledger when
it left that file: there is no window after which an id is forgotten. What is broken in one place of
a diary fails only what needs that place.
"""

import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from typing import Final

from diaryserver.service.alarm import Alarm
from diaryserver.service.ports.entries import (
    Appended,
    Matches,
    Outcome,
    UnfinishedError,
    WordQuery,
    Writing,
)
from diaryserver.service.quotas import NO_LIMIT
from diaryserver.store.ahead import EntriesAhead, is_ahead
from diaryserver.store.clearing import ClearedDays
from diaryserver.store.compressing import DayCompressor
from diaryserver.store.days.cache import DayCache
from diaryserver.store.days.daystate import DayState, entry_ids, record_ids
from diaryserver.store.days.written_form import compare_digest, compare_with
from diaryserver.store.deciding import Additions, Decisions, need_no_file
from diaryserver.store.disk.diary_folders import DiaryFolders
from diaryserver.store.disk.user_folder import UserFolder, day_file
from diaryserver.store.failing import storage_error
from diaryserver.store.following import ChangedDays
from diaryserver.store.journal.writer import JournaledWriter, NewLines
from diaryserver.store.ledger.ledger import Ledger
from diaryserver.store.quota import DiaryRoom, DiaryRooms
from diaryserver.store.searching import Position, Search
from protocol.dayfile import parse_day_file
from protocol.errors import BusyError, NotFoundError, StaleError, StorageError
from protocol.identifiers import Day, EntryId, Username
from protocol.messages.archive import ArchiveList
from protocol.messages.diary import Chunk, DayList, DayRow
from protocol.messages.following import Tailed
from protocol.messages.usage import Used


@dataclass(frozen=True, slots=True)
class _Group:
    """What of a batch goes to one day file: where it stands in the batch, what became of it.

    `fresh` are the lines of what is new.
    """

    indexes: list[int]
    outcomes: list[Outcome]
    fresh: NewLines | None


class FileEntryStore:
    """Diaries as day files; every method is called by one thread at a time."""

    def __init__(  # noqa: PLR0913 - the composition root hands in each part
        self,
        folders: DiaryFolders,
        writer: JournaledWriter,
        alarm: Alarm,
        cache: DayCache,
        changed: ChangedDays,
        rooms: DiaryRooms,
    ) -> None:
        """All are the store's own from now on, but for `folders`, which its opener closes."""
        self._folders = folders
        self._writer = writer
        self._alarm = alarm
        self._cache = cache
        self._changed = changed
        self._rooms = rooms
        cache.on_surprise = rooms.forget
        self.compressor: Final = DayCompressor(folders, writer, cache)
        self._ahead = EntriesAhead(folders, writer, cache)
        self._cleared = ClearedDays(folders, writer, alarm, cache, changed, rooms)

    @property
    def ledger(self) -> Ledger:
        """What is remembered of records that left their file; for the store's thread only."""
        return self._folders.ledger

    def bounded(self, may_look: Callable[[], bool]) -> AbstractContextManager[None]:
        """Look into files only as long as `may_look` says so."""
        return self._folders.looking.bounded(may_look)

    def append_batch(self, batch: Sequence[Writing]) -> list[Outcome]:
        """Store entries and changes durably with one sync for all of them."""
        outcomes: dict[int, Outcome] = {}
        places: dict[tuple[Username, Day], list[int]] = {}
        ahead: dict[tuple[Username, EntryId], Day] = {}
        unfinished: set[tuple[Username, Day]] = set()
        for index, writing in enumerate(batch):
            known = self._stored_elsewhere(writing, ahead)
            if isinstance(known, UnfinishedError):
                unfinished.add((writing.user, writing.day))
            if unfinished and (writing.user, writing.day) in unfinished:
                outcomes[index] = UnfinishedError()
            elif known is None:
                places.setdefault((writing.user, writing.day), []).append(index)
            else:
                outcomes[index] = known
        rooms: dict[Username, DiaryRoom] = {}
        groups = [self._prepare(*key, batch, indexes, rooms) for key, indexes in places.items()]
        if ahead:
            groups = self._noted_ahead(groups, batch, ahead)
        failure = self._commit([group.fresh for group in groups if group.fresh])
        for group in groups:
            final = _refused(group, batch, failure) if failure else group
            outcomes.update(zip(final.indexes, final.outcomes, strict=True))
        return [outcomes[index] for index in range(len(batch))]

    def list_days(self, user: Username, first: Day, last: Day, limit: int) -> DayList:
        """Give the first `limit` days that have a file, or lines that wait for one."""
        self._writer.catch_up(user)
        try:
            with self._folders.user(user) as folder:
                days = sorted(self._days(folder, user, first, last))
                rows = [self._row(folder, user, day) for day in days[:limit]]
        except FileNotFoundError:
            return DayList((), more=False)
        except OSError as error:
            raise self._storage_error("listing", user, error) from error
        return DayList(tuple(rows), more=len(days) > limit)

    def create_day(self, user: Username, day: Day) -> None:
        """Give a day an empty file, durably, unless it has one."""
        self._writer.catch_up(user)
        try:
            with self._folders.user(user, create=True) as folder:
                if not self._cache.state(folder, day).is_compressed:
                    os.close(folder.open_file(day_file(day), os.O_WRONLY | os.O_CREAT))
                folder.sync()
            self._folders.sync_new()
        except OSError as error:
            raise self._storage_error("writing", user, error) from error

    def read(self, user: Username, day: Day, generation: int, offset: int, limit: int) -> Chunk:
        """Give raw bytes from `offset`, fewer at the end of the file, none behind it."""
        self._writer.catch_up(user)
        try:
            with self._folders.user(user) as folder:
                waiting = self._writer.waiting(user, day)
                state = self._cache.state(folder, day)
                # First: who reads a day that was cleared meanwhile is to look again.
                if state.generation != generation:
                    raise StaleError
                if not state.inode and not waiting:
                    raise NotFoundError
                data = _read_at(folder, day, state, offset, limit)
                start = max(0, offset - state.size)
                data += waiting[start : start + limit - len(data)]
                return Chunk(data, state.size + len(waiting))
        except FileNotFoundError:
            raise NotFoundError from None
        except OSError as error:
            raise self._storage_error("reading", user, error) from error

    def search(self, user: Username, query: WordQuery, cursor: bytes, limit: int) -> Matches:
        """Search day after day, from where the cursor says."""
        self._writer.catch_up(user)
        start = Position.decode(cursor) if cursor else None
        earliest = max(query.first, start.day) if start else query.first
        try:
            with self._folders.user(user) as folder:
                days = self._days(folder, user, earliest, query.last)
                waiting = partial(self._writer.waiting, user)
                return Search(folder, waiting, query.words, limit).run(days, start)
        except FileNotFoundError:
            return Matches((), b"")
        except OSError as error:
            raise self._storage_error("searching", user, error) from error

    def tail(self, user: Username, cursor: bytes, limit: int) -> Tailed:
        """Tell what was changed since the cursor; without a change no disk is touched."""
        since = self._changed.since(user, cursor, limit)
        if since.days:
            self._writer.catch_up(user)
        try:
            rows = self._rows(user, since.days) if since.days else ()
        except OSError as error:
            raise self._storage_error("listing", user, error) from error
        return Tailed(rows, since.cursor, since.more, since.lost)

    def usage(self, user: Username, day: Day) -> Used:
        """Tell what a diary and a day take up, and what they may."""
        try:
            room = self._rooms.counted(user)
        except OSError as error:
            raise self._storage_error("measuring", user, error) from error
        rows = self.list_days(user, day, day, 1).rows
        size, entries = (rows[0].size, rows[0].entries) if rows else (0, 0)
        limits = room.limits
        most = (limits.bytes, limits.entries, limits.day_bytes, limits.day_entries)
        return Used(
            room.bytes, room.entries, size, entries, *(0 if n == NO_LIMIT else n for n in most)
        )

    def clear(self, user: Username, day: Day, generation: int, rid: EntryId) -> str:
        """Set a day aside; the archive's name holds `rid`, the record of having done so."""
        return self._cleared.clear(user, day, generation, rid)

    def list_archives(self, user: Username, after: str, limit: int) -> ArchiveList:
        """Give what was cleared, behind the name `after`."""
        return self._cleared.list(user, after, limit)

    def recover(self, user: Username, day: Day, generation: int, name: str) -> int:
        """Bring a cleared day back, and give how many entries it has; its archive stays."""
        return self._cleared.recover(user, day, generation, name)

    def retire(self, user: Username, uid: bytes) -> str:
        """Move a whole diary aside."""
        # What the journal still had would begin the diary anew after a crash.
        self.settle()
        self._folders.looking.forget()
        self._cache.forget_user(user)
        self._changed.forget(user)
        self._rooms.forget(user)
        try:
            return self._folders.retire(user, uid)
        except OSError as error:
            raise self._storage_error("retiring", user, error) from error

    def forget_strays(self, is_user: Callable[[Username], bool]) -> None:
        """Drop what is remembered of diaries of removed users; raise OSError."""
        self._folders.forget_strays(is_user)

    def purge(self, user: Username, uid: bytes) -> None:
        """Delete a whole diary."""
        place = self.retire(user, uid)
        try:
            self._folders.purge(user, uid)
        except OSError as error:
            left = f"what is left of it lies in {place or 'removed'}"
            raise StorageError(f"not all of the diary could be deleted; {left}") from error

    def catch_up(self) -> None:
        """Give the day files all lines that are durable in the journal only."""
        self._writer.catch_up()

    def checkpoint(self) -> None:
        """Make the day files durable, so that the journal may be dropped."""
        self._writer.checkpoint()

    def settle(self) -> None:
        """Make the day files hold all that was acknowledged, durably, or raise StorageError."""
        try:
            self._writer.settle()
        except OSError as error:
            raise StorageError(f"the server's disk: {error.strerror or error}") from error

    def absorb(self, user: Username, day: Day, data: bytes) -> int:
        """Append the records of `data` whose ids the day's file lacks; see `ClearedDays`."""
        return self._cleared.absorb(user, day, data)

    def _prepare(
        self,
        user: Username,
        day: Day,
        batch: Sequence[Writing],
        indexes: list[int],
        rooms: dict[Username, DiaryRoom],
    ) -> _Group:
        group = [batch[index] for index in indexes]
        diary = rooms.get(user)
        try:
            if diary is None:  # before anything of the batch takes some of it
                diary = rooms[user] = self._rooms.room(user, len(batch))
        except (UnfinishedError, OSError) as error:
            return self._undecided(user, day, group, indexes, error)
        trailing = self._writer.trailing(user, day)
        if trailing is not None and need_no_file(group, trailing.state):
            additions = Additions(day, diary, trailing.state, trailing.size)
            outcomes = [additions.decide(writing) for writing in group]
            return _Group(indexes, outcomes, _new_lines(user, day, trailing.state, additions))
        self._writer.catch_up(user)
        try:
            with self._folders.user(user, create=True) as folder:
                waiting = self._writer.waiting(user, day)
                state = self._cache.state(folder, day)
                if waiting:
                    outcomes = [_while_waiting(day, state, waiting, writing) for writing in group]
                    return _Group(indexes, outcomes, None)
                if state.is_compressed:
                    folder.read_compressed(day)  # remembered then, or begun in vain in the middle
                decisions = Decisions(folder, day, diary, state)
                outcomes = self._decide(decisions, group)
                if decisions.additions.lines:
                    state.become_plain(folder, day)
                fresh = _new_lines(user, day, state, decisions.additions)
                return _Group(indexes, outcomes, fresh)
        except (UnfinishedError, OSError) as error:
            return self._undecided(user, day, group, indexes, error)

    def _undecided(
        self,
        user: Username,
        day: Day,
        group: Sequence[Writing],
        indexes: list[int],
        error: UnfinishedError | OSError,
    ) -> _Group:
        outcome: Outcome
        if isinstance(error, UnfinishedError):
            # Another one: what was raised holds on to frames, and these to the texts of whole days.
            outcome = UnfinishedError(*error.args)
        else:
            self._cache.forget(user, day)
            self._rooms.forget(user)
            outcome = self._storage_error("writing", user, error)
        return _Group(indexes, [outcome for _ in group], None)

    def _stored_elsewhere(
        self, writing: Writing, ahead: dict[tuple[Username, EntryId], Day]
    ) -> Outcome | None:
        """Answer for what is stored on another day; keep in `ahead` what shall be known later."""
        try:
            day = self._ahead.other_day(writing)
        except UnfinishedError:
            return UnfinishedError()
        except OSError as error:
            return self._storage_error("comparing with", writing.user, error)
        if day is not None:
            return Appended(day, duplicate=True)
        if is_ahead(writing):
            first = ahead.setdefault((writing.user, writing.id), writing.day)
            if first != writing.day:
                return BusyError("the entry is just being written on another day")
        return None

    def _noted_ahead(
        self,
        groups: list[_Group],
        batch: Sequence[Writing],
        ahead: Mapping[tuple[Username, EntryId], Day],
    ) -> list[_Group]:
        """Remember the days of entries ahead; if that fails, theirs alone are not stored."""
        try:
            self._ahead.note((group.fresh for group in groups if group.fresh), ahead)
        except OSError as error:
            users = {user for user, _ in ahead}
            for user in users:
                self._rooms.forget(user)
            failure = self._storage_error("writing", min(users), error)
            return [
                _refused(group, batch, failure) if _has_any(group, ahead) else group
                for group in groups
            ]
        return groups

    def _commit(self, batch: list[NewLines]) -> StorageError | None:
        if not batch:
            return None
        for new in batch:
            self._changed.note(new.user, new.day)
        try:
            self._folders.sync_new()
            self._writer.commit(batch)
        except OSError as error:
            for new in batch:
                self._rooms.forget(new.user)
            return self._storage_error("writing", batch[0].user, error)
        for new in batch:
            self._cache.note_ids((new.user, new.day), new.state, new.lines, new.changes)
        self._alarm.works()
        return None

    def _decide(self, decisions: Decisions, group: Sequence[Writing]) -> list[Outcome]:
        outcomes: list[Outcome] = []
        for writing in group:
            try:
                outcomes.append(decisions.decide(writing))
            except UnfinishedError:
                # What stands behind it must not overtake it.
                return outcomes + [UnfinishedError()] * (len(group) - len(outcomes))
            except OSError as error:
                # Only this one: what cannot be compared must not keep new entries out.
                outcomes.append(self._storage_error("comparing with", writing.user, error))
        return outcomes

    def _days(self, folder: UserFolder, user: Username, first: Day, last: Day) -> Iterable[Day]:
        """Give the days that have a file, or lines that wait for one, in order."""
        days = folder.days(first, last)
        waiting = {day for day in self._writer.waiting_days(user) if first <= day <= last}
        return sorted({*days, *waiting}) if waiting else days

    def _rows(self, user: Username, days: Iterable[Day]) -> tuple[DayRow, ...]:
        try:
            with self._folders.user(user) as folder:
                return tuple(self._row(folder, user, day) for day in days)
        except FileNotFoundError:
            return ()

    def _row(self, folder: UserFolder, user: Username, day: Day) -> DayRow:
        waiting = self._writer.waiting(user, day)
        state = self._cache.state(folder, day)
        entries = state.entries + len(entry_ids(waiting))
        return DayRow(day, state.generation, entries, state.size + len(waiting))

    def _storage_error(self, doing: str, user: Username, error: OSError) -> StorageError:
        return storage_error(self._alarm, self._writer, doing, user, error)


def _new_lines(user: Username, day: Day, state: DayState, additions: Additions) -> NewLines | None:
    lines, changes = additions.lines, additions.changes
    return NewLines(user, day, state, lines, changes) if lines else None


def _has_any(group: _Group, ids: Collection[tuple[Username, EntryId]]) -> bool:
    new = group.fresh
    return new is not None and any((new.user, entry_id) in ids for entry_id in new.lines)


def _refused(group: _Group, batch: Sequence[Writing], failure: StorageError) -> _Group:
    """Give a group of which nothing new is stored."""
    fresh = group.fresh.lines if group.fresh else {}
    outcomes: list[Outcome] = [
        failure if isinstance(outcome, Appended) and batch[index].id in fresh else outcome
        for index, outcome in zip(group.indexes, group.outcomes, strict=True)
    ]
    return _Group(group.indexes, outcomes, None)


def _read_at(folder: UserFolder, day: Day, state: DayState, offset: int, limit: int) -> bytes:
    if not state.inode or offset >= state.size:
        return b""
    if state.is_compressed:
        return folder.read_compressed(day).text[offset : offset + limit]
    with os.fdopen(folder.open_file(day_file(day), os.O_RDONLY), "rb") as file:
        return os.pread(file.fileno(), min(limit, state.size - offset), offset)


def _while_waiting(day: Day, state: DayState, waiting: bytes, writing: Writing) -> Outcome:
    """Answer what is known to be durable; what is new must wait for what came before it."""
    digest = state.digest_aside(writing.id)
    if digest is not None:
        return compare_digest(day, digest, writing)
    if not state.holds(writing.id) and writing.id in record_ids(waiting):
        return compare_with(parse_day_file(waiting), day, writing)
    return BusyError("entries of this day still wait for its file")
