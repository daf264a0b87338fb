"""Writing so that it stays: first the journal, with one sync for a batch, then the day files.

Rules: once the journal has an entry it is committed, whatever happens to its day file. The files of
a small batch follow at once; those of larger ones when `catch_up` is called, within a second, many
lines with one write, and before the store reads any of them. A day file that cannot follow is cut
back to where it was, and its lines wait: reads see them on top of the file, that day takes no new
entry, and every look at it and every checkpoint tries again, without a restart. A checkpoint makes
all day files durable and drops the journal but for what waits.
"""

import errno
import os
import zlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from diaryserver.service.alarm import Alarm
from diaryserver.store.days.daystate import DayState
from diaryserver.store.disk.diary_folders import DiaryFolders
from diaryserver.store.disk.user_folder import UserFolder, day_file
from diaryserver.store.journal.journal import CHECKPOINT_BYTES, MAX_BYTES, Journal
from diaryserver.store.journal.records import Base, JournalRecord, Line
from diaryserver.store.journal.replay import DayKey, apply_records, read_journal
from diaryserver.store.journal.trailing import Trailing, TrailingFiles
from protocol.identifiers import Day, EntryId, Username

FILES_AT_ONCE: Final = 8
"""So few files, 15 us each, follow within their batch: at rest, an entry is in its file when it is
acknowledged."""

_CHANGED_OUTSIDE: Final = (errno.ESTALE, errno.ENOENT, errno.EEXIST)
"""Since it was looked at, a day file was edited, moved away, or made by somebody else."""

_LOST_BY: Final = (errno.EIO, errno.ENOSPC, errno.EDQUOT, errno.EROFS)
"""How a sync tells, once, that what was written before did not reach the disk."""

MAX_TRAILING: Final = 4096
"""More would keep the next batch waiting for more than 60 ms when they follow."""


@dataclass(frozen=True, slots=True)
class NewLines:
    """Lines for one day file, by id, and what is known of the file.

    `changes` are the ids of those lines that change an entry.
    """

    user: Username
    day: Day
    state: DayState
    lines: dict[EntryId, bytes]
    changes: Collection[EntryId] = ()


class JournaledWriter:
    """Commits lines and brings the day files after; used by one thread."""

    def __init__(
        self,
        journal: Journal,
        folders: DiaryFolders,
        alarm: Alarm,
        files_at_once: int = FILES_AT_ONCE,
    ) -> None:
        """Replay what the last run left; raise OSError if the disk does not take it."""
        self._journal = journal
        self._folders = folders
        self._alarm = alarm
        self._files_at_once = files_at_once
        self._is_suspect = False
        self._trailing = TrailingFiles()
        self._inodes: dict[DayKey, int] = {}
        self._waiting: dict[DayKey, list[JournalRecord]] = {}
        if journal.segments():
            # The last run may have seen a sync fail, and the cache what never reached the disk.
            self._waiting = apply_records(read_journal(journal), folders, rewrite=True)
            self._drop_journal()

    def commit(self, batch: Sequence[NewLines]) -> None:
        """Return once all lines are durable; raise OSError if none of them is.

        The day files have them then too, or when they follow.
        """
        if self._journal.size > MAX_BYTES:
            raise OSError(errno.EBUSY, "the journal is full: no checkpoint succeeds")
        records: list[JournalRecord] = []
        inodes: dict[DayKey, int] = {}
        committed = []
        for new in batch:
            key, state = (new.user, new.day), new.state
            if self._inodes.get(key, -1) != state.inode:
                records.append(Base(*key, state.generation, state.inode, state.size))
                inodes[key] = state.inode
            lines = [Line(*key, state.generation, *line) for line in new.lines.items()]
            records += lines
            committed.append((new, lines))
        self._journal.commit(records)
        self._inodes |= inodes
        for new, lines in committed:
            self._trailing.add(new.user, new.day, new.state, lines)
        if not self._files_at_once < len(self._trailing) <= MAX_TRAILING:
            self.catch_up()
        if self._journal.size > CHECKPOINT_BYTES:
            self.checkpoint()

    def trailing(self, user: Username, day: Day) -> Trailing | None:
        """Give what comes for the day's file; None if it has everything that can be written."""
        return self._trailing.find(user, day)

    def catch_up(self, user: Username | None = None) -> None:
        """Give the day files of a user, or all, the lines that come for them; else they wait."""
        for trailing in self._trailing.take(user):
            self._write(trailing)

    def note_failure(self, error: OSError) -> None:
        """Say what failed at a diary: was it a sync, what can be read may not be durable."""
        if error.errno in _LOST_BY:
            self._is_suspect = True

    def ensure_trust(self) -> None:
        """Return when what can be read of day files is what a sync makes durable; raise OSError.

        To be asked before a file is moved, and before what it holds is taken for its text: after a
        failed sync the lines of the journal are written again first.
        """
        if self._is_suspect:
            self.settle()

    def waiting(self, user: Username, day: Day) -> bytes:
        """Give the committed lines that the day's file lacks; try to write them first."""
        key = user, day
        if key in self._waiting:
            self._drain({key: self._waiting[key]})
        records = self._waiting.get(key, ())
        return b"".join(record.data for record in records if isinstance(record, Line))

    def waiting_days(self, user: Username) -> list[Day]:
        """Give the user's days that have lines which wait."""
        return [day for name, day in self._waiting if name == user]

    def checkpoint(self) -> None:
        """Make every day file durable, then drop the journal; a failure is tried again."""
        if self._journal.is_empty:
            return
        try:
            self.catch_up()
            self._drain(dict(self._waiting))
            failed: dict[DayKey, list[JournalRecord]] = {}
            if self._is_suspect:
                failed = apply_records(self._journal.records, self._folders, rewrite=True)
            # What cannot be written again waits, and so stays in the journal.
            self._waiting.update(failed)
            self._drop_journal()
            self._is_suspect = bool(failed)
            self._alarm.works()
        except OSError as error:
            self._is_suspect = True
            self._alarm.failed(f"the day files could not be synced: {error.strerror or error}")

    def settle(self) -> None:
        """Leave nothing to the journal: all is durable in the day files, or raise OSError."""
        self.checkpoint()
        if not self._journal.is_empty:
            raise OSError(errno.EBUSY, "what was acknowledged still waits for its day file")

    def close(self) -> None:
        """Checkpoint and close: after an orderly stop the journal is empty."""
        try:
            self.checkpoint()
        finally:
            self._journal.close()

    def _write(self, trailing: Trailing) -> None:
        key, state = (trailing.user, trailing.day), trailing.state
        base = Base(*key, state.generation, state.inode, state.size)
        try:
            with self._folders.user(trailing.user, create=True) as folder:
                self._append(folder, trailing)
            self._inodes[key] = state.inode
            self._alarm.works()
        except OSError as error:
            self._inodes.pop(key, None)
            if error.errno in _CHANGED_OUTSIDE:
                # Whatever the file is now, it is only given the lines that it lacks.
                self._waiting[key] = list(trailing.lines)
                self._drain({key: self._waiting[key]})
            else:
                self._waiting[key] = [base, *trailing.lines]
            if key in self._waiting:
                self._alarm.failed(
                    f"the diary of {trailing.user} takes no entries, they wait: "
                    f"{error.strerror or error}"
                )

    def _append(self, folder: UserFolder, trailing: Trailing) -> None:
        state = trailing.state
        data = b"".join([line.data for line in trailing.lines])
        flags = os.O_WRONLY | os.O_APPEND | (0 if state.inode else os.O_CREAT | os.O_EXCL)
        descriptor = folder.open_file(day_file(trailing.day), flags)
        try:
            if state.inode and not state.is_of(os.fstat(descriptor)):
                raise OSError(errno.ESTALE, "somebody else is changing the day file")
            try:
                self._folders.disk.write(descriptor, data)
            except OSError:
                self._folders.disk.truncate(descriptor, state.size)
                raise
            state.note(os.fstat(descriptor))
            state.checksum = zlib.crc32(data, state.checksum)
        finally:
            os.close(descriptor)

    def _drain(self, waiting: dict[DayKey, list[JournalRecord]]) -> None:
        records = [record for each in waiting.values() for record in each]
        failed = apply_records(records, self._folders)
        for key in waiting:
            if key not in failed:
                del self._waiting[key]
                self._inodes.pop(key, None)
        if waiting and not failed:
            self._alarm.works()

    def _drop_journal(self) -> None:
        self._folders.sync_all()
        self._inodes.clear()  # also if what follows fails: the next segment may hold nothing of it
        self._journal.forget([record for each in self._waiting.values() for record in each])
