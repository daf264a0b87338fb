"""Entries that were stored before the time in their id had come: by a clock that is ahead.

A client whose clock is a day ahead is told so, corrects the entry's time and stores it. Its first
datagram is signed for tomorrow: whoever kept it could send it then, and the id would be on two
days. So the day of such an entry is remembered for ever, and on another day the id is a repetition.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from diaryserver.service.ports.entries import Writing
from diaryserver.store.days.cache import DayCache
from diaryserver.store.days.daystate import record_ids
from diaryserver.store.days.pieces import naming
from diaryserver.store.disk.diary_folders import DiaryFolders
from diaryserver.store.journal.writer import JournaledWriter, NewLines
from protocol.identifiers import Day, EntryId, Username
from protocol.messages.base import MAX_SKEW_MILLISECONDS


def is_ahead(writing: Writing) -> bool:
    """Tell whether an entry's id has a time at which its datagram would be taken again."""
    return (
        writing.change is None
        and writing.id.milliseconds > writing.received + MAX_SKEW_MILLISECONDS
    )


@dataclass(frozen=True, slots=True)
class EntriesAhead:
    """The entries of all diaries that were stored ahead, by the store's own parts."""

    folders: DiaryFolders
    writer: JournaledWriter
    cache: DayCache

    def other_day(self, writing: Writing) -> Day | None:
        """Give the other day on which this entry is stored already.

        Raise OSError, or UnfinishedError if that is not to be looked up now.
        """
        if writing.change is not None:
            return None
        day = self.folders.ledger.day_ahead(writing.user, writing.id)
        if day is None or day == writing.day:
            return None
        return day if self._is_stored(writing.user, day, writing.id) else None

    def note(
        self, batch: Iterable[NewLines], ahead: Mapping[tuple[Username, EntryId], Day]
    ) -> None:
        """Remember the days of those entries `ahead` that are about to be stored; raise OSError."""
        rows = [
            (new.user, entry_id, new.day)
            for new in batch
            for entry_id in new.lines
            if ahead.get((new.user, entry_id)) == new.day
        ]
        if rows:
            self.folders.ledger.note_ahead(rows)

    def _is_stored(self, user: Username, day: Day, entry_id: EntryId) -> bool:
        """Ask the files: what was only about to be stored then may have failed."""
        self.writer.catch_up(user)
        try:
            with self.folders.user(user) as folder:
                waiting = self.writer.waiting(user, day)
                state = self.cache.state(folder, day)
                if state.holds(entry_id) or entry_id in record_ids(waiting):
                    return True
                if state.lacks(entry_id):
                    return False
                folder.looking.check()
                return entry_id in record_ids(naming(entry_id, folder.read_day(day).text))
        except FileNotFoundError:
            return False
