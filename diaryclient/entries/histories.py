"""What became of one entry: every version that it had, as the records of its day tell.

Rules: pure. A change names the version that it was made to, so that of two devices which change an
entry the second is told (`protocol.messages.changes`); whoever wants to change an entry must
therefore know its history, not only its text.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from protocol.dayfile import Amended, Change, Foreign, History, Record, Removed, Written
from protocol.identifiers import Day, EntryId
from protocol.messages.changes import version_of
from protocol.stamp import Stamp


class Deed(StrEnum):
    """How a version came to be."""

    WRITTEN = "written"
    AMENDED = "amended"
    REMOVED = "removed"
    RESTORED = "restored"


@dataclass(frozen=True, slots=True)
class Version:
    """An entry as it stood after one record; `id` and `stamp` are that record's.

    The first one's stamp is when the entry happened, which may be long before it was written.
    """

    deed: Deed
    id: EntryId
    stamp: Stamp
    text: str
    starred: bool
    is_removed: bool


@dataclass(frozen=True, slots=True)
class EntryHistory:
    """An entry as it was written, and the changes that name it, in the order of `day`'s file."""

    day: Day
    entry: Written
    changes: tuple[Change, ...] = ()

    @property
    def id(self) -> EntryId:
        """The entry's id."""
        return self.entry.id

    @property
    def current(self) -> Written:
        """The entry as it stands now, whether it is removed or not."""
        return self._folded().current

    @property
    def is_removed(self) -> bool:
        """Whether it is hidden now."""
        return self._folded().is_removed

    @property
    def has_changes(self) -> bool:
        """Whether there is a change left that can be taken back."""
        return self._folded().has_changes

    @property
    def base(self) -> bytes:
        """Its version, which a change to it names."""
        return version_of(self._folded().last)

    def changed(self, change: Change) -> "EntryHistory":
        """Give the history that has one change more."""
        return replace(self, changes=(*self.changes, change))

    def versions(self) -> Iterator[Version]:
        """Give every version, the first text first."""
        folding = History.begin(self.entry)
        yield _version(Deed.WRITTEN, self.entry, folding)
        for change in self.changes:
            folding.take(change)
            yield _version(deed_of(change), change, folding)

    def _folded(self) -> History:
        folding = History.begin(self.entry)
        for change in self.changes:
            folding.take(change)
        return folding


def entry_histories(day: Day, records: Iterable[Record | Foreign]) -> list[EntryHistory]:
    """Give the history of each entry of a day, by time, then in file order, removed ones too.

    What names an entry that is not there, or not yet, belongs to none. Of two entries with one id
    the first counts.
    """
    entries: dict[EntryId, Written] = {}
    changes: dict[EntryId, list[Change]] = {}
    for record in records:
        if isinstance(record, Written):
            entries.setdefault(record.id, record)
        elif not isinstance(record, Foreign) and record.original in entries:
            changes.setdefault(record.original, []).append(record)
    found = [EntryHistory(day, each, tuple(changes.get(each.id, ()))) for each in entries.values()]
    return sorted(found, key=lambda history: history.entry.stamp.at)


def _version(deed: Deed, record: Record, folding: History) -> Version:
    current = folding.current
    return Version(deed, record.id, record.stamp, current.text, current.starred, folding.is_removed)


def deed_of(change: Change) -> Deed:
    """Tell what a change did."""
    if isinstance(change, Amended):
        return Deed.AMENDED
    return Deed.REMOVED if isinstance(change, Removed) else Deed.RESTORED
