"""What becomes of what a batch wants written into one day file: a new line, or which answer.

Rules: decided in the order of the batch, so that a later writing sees the earlier ones. An id that
is stored names one content for ever, so a repetition is looked up before anything else is asked:
a change that was done once is answered as done, however the entry changed since.
"""

from collections.abc import Iterable
from functools import cached_property

from diaryserver.service.ports.entries import Appended, Outcome, Writing
from diaryserver.store.days.daystate import DayState, record_ids
from diaryserver.store.days.pieces import MAX_CHANGES, naming, records_on
from diaryserver.store.days.written_form import compare_stored, content, format_writing
from diaryserver.store.disk.user_folder import UserFolder
from diaryserver.store.quota import DiaryRoom
from protocol.dayfile import History, Record, Removed, Restored, histories
from protocol.errors import (
    BusyError,
    ConflictError,
    NotFoundError,
    QuotaError,
    RefusedError,
    StaleError,
)
from protocol.identifiers import Day, EntryId
from protocol.messages.changes import version_of


def need_no_file(batch: Iterable[Writing], state: DayState) -> bool:
    """Tell whether a day file's part of a batch is entries only, under ids that the day lacks."""
    return all(each.change is None and state.lacks(each.id) for each in batch)


class Additions:
    """The new lines of one day file's part of a batch; nothing is looked up in a file for them."""

    def __init__(self, day: Day, diary: DiaryRoom, state: DayState, trailing: int = 0) -> None:
        """`state` is the file's as it is now; so many bytes come behind it."""
        self.lines: dict[EntryId, bytes] = {}
        self.changes: dict[EntryId, bytes] = {}
        self._day = day
        self._diary = diary
        self._size = state.size + trailing
        self._entries = state.entries
        self._added: dict[EntryId, Writing] = {}

    def decide(self, writing: Writing) -> Outcome:
        """Give the outcome of what `need_no_file` allows, and take its line if it is new."""
        return self.repeated(writing) or self.add(writing)

    def repeated(self, writing: Writing) -> Outcome | None:
        """Answer what stands in this batch already; None if its id does not."""
        added = self._added.get(writing.id)
        if added is None:
            return None
        same = content(writing) == content(added)
        return Appended(self._day, duplicate=True) if same else ConflictError()

    def add(self, writing: Writing) -> Outcome:
        """Take the line of what is new, if the diary has room for it."""
        line = format_writing(writing)
        is_change = writing.change is not None
        size, entries = self._size, self._entries
        if not self._diary.take(size, entries, len(line), not is_change):
            return self._diary.refusal(self._day, size, entries, len(line), not is_change)
        self._size = size + len(line)
        self._entries = entries + (not is_change)
        self._added[writing.id] = writing
        self.lines[writing.id] = line
        if is_change:
            self.changes[writing.id] = line
        return Appended(self._day, duplicate=False)


class Decisions:
    """One day file's part of a batch; for a file that has all its lines."""

    def __init__(self, folder: UserFolder, day: Day, diary: DiaryRoom, state: DayState) -> None:
        """`state` is the file's as it is now."""
        self.additions = Additions(day, diary, state)
        self._folder = folder
        self._day = day
        self._state = state

    def decide(self, writing: Writing) -> Outcome:
        """Give the outcome, and take the line of what is new; raise OSError.

        Raise UnfinishedError for what is not to be looked up now.
        """
        known = self.additions.repeated(writing) or self._stored_before(writing)
        return known or self._refused(writing) or self.additions.add(writing)

    def _stored_before(self, writing: Writing) -> Outcome | None:
        state = self._state
        if writing.change is not None or not state.lacks(writing.id):
            self._folder.looking.check()
        if state.holds(writing.id):
            return compare_stored(self._folder, self._day, state, writing)
        if state.lacks(writing.id):
            return None
        found = naming(writing.id, self._text)
        if writing.id not in record_ids(found):
            return None
        return compare_stored(self._folder, self._day, state, writing, found)

    def _refused(self, writing: Writing) -> RefusedError | None:
        if writing.change is None:
            return None
        if writing.change.original in self.additions.lines:
            # Torn out of one write, the change could outlive its entry and act on nothing.
            return BusyError("the entry is just being written")
        records = self._records(writing.change.original)
        refusal = _refusal(writing, histories(records).get(writing.change.original))
        if refusal is None and not isinstance(writing.change, Removed):
            refusal = _too_many(records)
        return refusal

    def _records(self, original: EntryId) -> list[Record]:
        if self._state.records.find(original) is False:
            return []
        return records_on(original, b"".join((self._text, *self.additions.changes.values())))

    @cached_property
    def _text(self) -> bytes:
        return self._folder.read_day(self._day).text


def _too_many(records: list[Record]) -> RefusedError | None:
    if len(records) <= MAX_CHANGES:
        return None
    return QuotaError(
        f"this entry was changed {MAX_CHANGES} times, which is the most: remove it, or write anew"
    )


def _refusal(alteration: Writing, history: History | None) -> RefusedError | None:
    if history is None:
        return NotFoundError("there is no such entry on that day")
    if version_of(history.last) != alteration.base:
        return StaleError("the entry was changed meanwhile")
    if isinstance(alteration.change, Restored):
        return None if history.has_changes else NotFoundError("nothing to take back")
    return NotFoundError("the entry is removed") if history.is_removed else None
