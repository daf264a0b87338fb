"""Days on their way into the archive and back.

Rules: what was cleared stays in the archive, also when it was brought back. The ledger says that
a day is cleared before its file moves, and remembers the request for ever, so that a repetition
clears nothing again, whoever moved the archive away meanwhile.
"""

import zlib
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Final

from diaryserver.service.alarm import Alarm
from diaryserver.service.quotas import Quotas
from diaryserver.store.days.archives import list_archives
from diaryserver.store.days.aside import RECORDS_AT_ONCE, meet, place_of, put_aside
from diaryserver.store.days.cache import DayCache
from diaryserver.store.days.contents import digests, proof_of
from diaryserver.store.days.daystate import DayState, count_entries
from diaryserver.store.days.pieces import absent_records, count_ids
from diaryserver.store.disk.diary_folders import DiaryFolders
from diaryserver.store.disk.looking import SMALL_BYTES, Pieces
from diaryserver.store.disk.plainness import make_plain
from diaryserver.store.disk.user_folder import ARCHIVE, UserFolder, archived_file, day_file
from diaryserver.store.failing import storage_error
from diaryserver.store.following import ChangedDays
from diaryserver.store.journal.writer import JournaledWriter
from diaryserver.store.ledger.ledger import Cleared, Ledger, OtherFile
from diaryserver.store.quota import DiaryRoom, DiaryRooms
from protocol.errors import (
    BusyError,
    ConflictError,
    NotFoundError,
    QuotaError,
    StaleError,
    StorageError,
)
from protocol.identifiers import Day, EntryId, Username
from protocol.messages.archive import ArchiveList

MAX_CLEARS: Final = 1_000
"""Of a day: each has an archive, a row in the ledger, and a generation before the next epoch's."""


@dataclass(frozen=True, slots=True)
class ClearedDays:
    """The archives of all diaries, by the store's own parts; used by its thread."""

    folders: DiaryFolders
    writer: JournaledWriter
    alarm: Alarm
    cache: DayCache
    changed: ChangedDays
    rooms: DiaryRooms

    def clear(self, user: Username, day: Day, generation: int, rid: EntryId) -> str:
        """Set a day aside, as `EntryStore.clear`."""
        self.writer.catch_up(user)
        try:
            with self.folders.user(user) as folder:
                if done := self._done(folder, day, rid):
                    if done.day != day:
                        raise ConflictError("this id cleared another day")
                    return archived_file(day, done.replaced, rid)
                self._check_clearable(folder, day, generation)
                return self._set_aside(folder, day, rid)
        except FileNotFoundError:
            raise NotFoundError from None
        except OSError as error:
            self.rooms.forget(user)
            raise storage_error(self.alarm, self.writer, "clearing", user, error) from error

    def _done(self, folder: UserFolder, day: Day, rid: EntryId) -> Cleared | None:
        """Give what this request cleared before, durably; None if it did not."""
        meet(folder, day)  # what was cut off is synced then; else it was before the ledger said so
        return folder.ledger.clear_of(folder.user, rid)

    def _set_aside(self, folder: UserFolder, day: Day, rid: EntryId) -> str:
        self.writer.ensure_trust()
        user, ledger = folder.user, folder.ledger
        if _was_edited(ledger, user, day):
            # The journal knows as of before what is cleared now, and replay would bring it back.
            self.writer.settle()
        done = self._put_aside(folder, day)  # of the text as it is from here on
        entries = self.cache.state(folder, day).entries
        make_plain(folder, day)
        self.changed.note(user, day)
        # The journal may go before this file is synced as a day file again; and the ledger must not
        # say before its name is durable that it is on its way.
        folder.sync_file(day_file(day))
        folder.sync()
        found = folder.read_day(day)
        count = ledger.count_of(user, ledger.generation(user, day))
        name = archived_file(day, count, rid)
        file = OtherFile(place_of(ARCHIVE, name), found.status.st_size)
        clear = Cleared(day, count, rid, proof_of(found.text))
        ledger.begin_clear(user, clear, file, digests(found.text[done:]))
        self.cache.forget(user, day)
        folder.archive(day_file(day), name)
        ledger.finish_clear(user, day)
        self.rooms.note_cleared(user, entries)
        return name

    def _put_aside(self, folder: UserFolder, day: Day) -> int:
        """Let the ledger know the records of a long day in pieces; give how many bytes it knows."""
        state = self.cache.state(folder, day)
        if state.size <= SMALL_BYTES:
            folder.looking.check()
            return 0
        # By its generation: meanwhile more may be written to it, and is put aside in the end.
        key = "aside", folder.user, day, state.generation
        read = partial(_durable_text, folder, day, state.file_name(day))
        return folder.looking.finish(key, partial(put_aside, folder.ledger, folder.user, day, read))

    def list(self, user: Username, after: str, limit: int) -> ArchiveList:
        """Give what was cleared, behind the name `after`."""
        self.writer.catch_up(user)
        try:
            with self.folders.user(user) as folder:
                again = partial(self.folders.user, user)
                return list_archives(folder, again, partial(self.cache.state, folder), after, limit)
        except FileNotFoundError:
            return ArchiveList((), more=False)
        except OSError as error:
            raise storage_error(self.alarm, self.writer, "listing", user, error) from error

    def recover(self, user: Username, day: Day, generation: int, name: str) -> int:
        """Bring a cleared day back, and give how many entries it has."""
        self.writer.catch_up(user)
        try:
            with self.folders.user(user) as folder:
                if self.cache.state(folder, day).generation != generation:
                    raise StaleError
                status = folder.status(name, ARCHIVE)
                if name not in {other for _, other in folder.archived(day)} or status is None:
                    raise NotFoundError("no archive of this day has this name")
        except FileNotFoundError:
            raise NotFoundError("no archive of this day has this name") from None
        except OSError as error:
            raise storage_error(self.alarm, self.writer, "recovering", user, error) from error
        offered = name, status.st_ino, status.st_size, status.st_ctime_ns
        read = partial(self._archive, user, name)
        return self._absorb(user, day, offered, read, is_limited=True).entries

    def absorb(self, user: Username, day: Day, data: bytes) -> int:
        """Append the records of `data` whose ids the day's file lacks, durably; give how many.

        An id in an archive is no obstacle, unlike in `append_batch`: so a cleared day comes back.
        Doing it again adds nothing. It is the operator's, so of the limits only the one on a day's
        bytes holds. Raise QuotaError or StorageError.
        """
        offered = len(data), zlib.crc32(data)
        return len(self._absorb(user, day, offered, lambda: data, is_limited=False).absent)

    def _archive(self, user: Username, name: str) -> bytes:
        with self.folders.user(user) as folder:
            return folder.read_file(name, ARCHIVE)

    def _absorb(
        self,
        user: Username,
        day: Day,
        offered: Hashable,
        read: Callable[[], bytes],
        *,
        is_limited: bool,
    ) -> "_Offer":
        """Bring back what is `offered`, and what `read` gives."""
        try:
            diary = self.rooms.counted(user) if is_limited else DiaryRoom(Quotas(), 0, 0)
            offer = self._compared(user, day, offered, read)
        except OSError as error:
            raise storage_error(self.alarm, self.writer, "recovering", user, error) from error
        try:
            self.writer.settle()
        except OSError as error:
            raise StorageError(f"the server's disk: {error.strerror or error}") from error
        try:
            with self.folders.user(user, create=True) as folder:
                state = self.cache.state(folder, day)
                if (state.generation, state.size) != (offer.generation, offer.size):
                    raise BusyError("the day is just being written")
                lines = b"".join(offer.absent.values())
                size, entries, more = state.size, state.entries, offer.more_entries
                if lines and not diary.take(size, entries, len(lines), more):
                    raise diary.refusal(day, size, entries, len(lines), more)
                self.cache.forget(user, day)
                self.rooms.forget(user)
                if lines:
                    make_plain(folder, day)
                    self.changed.note(user, day)
                    # Whole or not at all: no journal knows of these lines.
                    present = folder.read_day(day).text if state.inode else b""
                    folder.write_aside(day_file(day), present + lines)
                    folder.finish(day_file(day))
                elif state.inode:
                    # What brought them back may have failed when they were readable.
                    folder.sync_file(state.file_name(day))
                    folder.sync()
            self.folders.sync_new()
        except OSError as error:
            raise storage_error(self.alarm, self.writer, "recovering", user, error) from error
        return offer

    def _compared(
        self, user: Username, day: Day, offered: Hashable, read: Callable[[], bytes]
    ) -> "_Offer":
        """Compare with the day as it will be once the journal is settled, in pieces."""
        self.writer.catch_up(user)
        with self.folders.user(user, create=True) as folder:
            self.writer.waiting(user, day)
            state = self.cache.state(folder, day)
            key = "offer", user, day, state.generation, state.size, offered
            return folder.looking.finish(key, partial(self._compare, user, day, state, read))

    def _compare(
        self, user: Username, day: Day, state: DayState, read: Callable[[], bytes]
    ) -> "Pieces[_Offer]":
        data = read()
        yield
        with self.folders.user(user) as folder:
            present = folder.read_day(day).text if state.inode else b""
        yield
        entries = yield from count_ids(data)
        absent = yield from absent_records(present, data)
        records, more = iter(absent.values()), 0
        while some := b"".join(islice(records, RECORDS_AT_ONCE)):
            more += count_entries(some)
            yield
        return _Offer(state.generation, state.size, entries, absent, more)

    def _check_clearable(self, folder: UserFolder, day: Day, generation: int) -> None:
        if self.writer.waiting(folder.user, day):
            raise BusyError("entries of this day still wait for its file")
        state = self.cache.state(folder, day)
        if state.generation != generation:
            raise StaleError
        if not state.inode:
            raise NotFoundError
        ledger = folder.ledger
        if len(ledger.cleared(folder.user, day)) >= MAX_CLEARS:
            raise QuotaError(f"this day was cleared {MAX_CLEARS} times, which is the most")


def _was_edited(ledger: Ledger, user: Username, day: Day) -> bool:
    """Tell whether the generation before this one ended otherwise than by a clear."""
    count = ledger.count_of(user, ledger.generation(user, day))
    return count > 0 and count - 1 not in ledger.cleared(user, day)


@dataclass(frozen=True, slots=True)
class _Offer:
    """Records for a day of that generation and size.

    How many entries they have, which records the day lacks, and how many entries are among these.
    """

    generation: int
    size: int
    entries: int
    absent: dict[EntryId, bytes]
    more_entries: int


def _durable_text(folder: UserFolder, day: Day, name: str) -> bytes:
    """Give a day's text, which a row of the ledger must not come before; raise OSError."""
    folder.sync_file(name)
    folder.sync()
    return folder.read_day(day).text
