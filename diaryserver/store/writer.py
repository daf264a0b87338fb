"""Writing so that it stays: first the journal, with one sync for a batch, then the day files.

Rules: once the journal has an entry it is committed, whatever happens to its day file. A day file
that cannot follow is cut back to where it was, and its lines wait: reads see them on top of the
file, that day takes no new entry, and every batch and checkpoint tries again, without a restart. A
checkpoint makes all day files durable and drops the journal but for what waits.
"""

import errno
import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from diaryserver.service.alarm import Alarm
from diaryserver.store.daystate import DayState
from diaryserver.store.folders import Folders, UserFolder, day_file
from diaryserver.store.journal import CHECKPOINT_BYTES, MAX_BYTES, Journal
from diaryserver.store.records import Base, JournalRecord, Line
from diaryserver.store.replay import DayKey, apply_records, read_journal
from protocol.identifiers import Day, EntryId, Username


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

    def __init__(self, journal: Journal, folders: Folders, alarm: Alarm) -> None:
        """Replay what the last run left; raise OSError if the disk does not take it."""
        self._journal = journal
        self._folders = folders
        self._alarm = alarm
        self._is_suspect = False
        self._inodes: dict[DayKey, int] = {}
        self._waiting: dict[DayKey, list[JournalRecord]] = {}
        if journal.segments():
            self._waiting = apply_records(read_journal(journal), folders)
            self._drop_journal()

    def commit(self, batch: Sequence[NewLines]) -> None:
        """Return once all lines are durable; raise OSError if none of them is.

        The day files have them then too, or they wait.
        """
        if self._journal.size > MAX_BYTES:
            raise OSError(errno.EBUSY, "the journal is full: no checkpoint succeeds")
        records: list[JournalRecord] = []
        for new in batch:
            records += self._records_of(new)
        self._journal.commit(records)
        for new in batch:
            self._follow(new)
        if self._journal.size > CHECKPOINT_BYTES:
            self.checkpoint()

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
        if not self._journal.segments():
            return
        self._drain(dict(self._waiting))
        try:
            if self._is_suspect:
                records = self._journal.records
                # What cannot be written again waits, and so stays in the journal.
                self._waiting.update(apply_records(records, self._folders, rewrite=True))
            self._drop_journal()
            self._is_suspect = False
            self._alarm.works()
        except OSError as error:
            self._is_suspect = True
            self._alarm.failed(f"the day files could not be synced: {error.strerror}")

    def settle(self) -> None:
        """Leave nothing to the journal: all is durable in the day files, or raise OSError."""
        self.checkpoint()
        if self._journal.records:
            raise OSError(errno.EBUSY, "what was acknowledged still waits for its day file")

    def close(self) -> None:
        """Checkpoint and close: after an orderly stop the journal is empty."""
        try:
            self.checkpoint()
        finally:
            self._journal.close()

    def _records_of(self, new: NewLines) -> list[JournalRecord]:
        key = new.user, new.day
        name = (new.user, new.day, new.state.generation)
        records: list[JournalRecord] = []
        if self._inodes.get(key, -1) != new.state.inode:
            records.append(Base(*name, new.state.inode, new.state.size))
        records += [Line(*name, entry_id, data) for entry_id, data in new.lines.items()]
        return records

    def _follow(self, new: NewLines) -> None:
        key, state = (new.user, new.day), new.state
        base = Base(new.user, new.day, state.generation, state.inode, state.size)
        try:
            with self._folders.user(new.user, create=True) as folder:
                self._append(folder, new)
            self._inodes[key] = state.inode
            self._alarm.works()
        except OSError as error:
            self._inodes.pop(key, None)
            lines = self._records_of(new)
            self._waiting[key] = [base, *(line for line in lines if isinstance(line, Line))]
            self._alarm.failed(
                f"the diary of {new.user} takes no entries, they wait: {error.strerror or error}"
            )

    def _append(self, folder: UserFolder, new: NewLines) -> None:
        state = new.state
        flags = os.O_WRONLY | os.O_APPEND | (0 if state.inode else os.O_CREAT | os.O_EXCL)
        descriptor = folder.open_file(day_file(new.day), flags)
        try:
            if state.inode and not state.is_of(os.fstat(descriptor)):
                raise OSError(errno.ESTALE, "somebody else is changing the day file")
            try:
                self._folders.disk.write(descriptor, b"".join(new.lines.values()))
            except OSError:
                self._folders.disk.truncate(descriptor, state.size)
                raise
            state.note(os.fstat(descriptor))
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
        self._journal.forget([record for each in self._waiting.values() for record in each])
        self._inodes.clear()
