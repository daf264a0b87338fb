"""What is new in a day's file to who looks at it: new entries, and changes of earlier ones.

Rules: pure. What is told of an entry is how it stands after all that was read: a text that was
changed since, or removed, is told to nobody. What was told once is not told again, whatever comes
back or begins anew. An entry that was hidden so far and is shown from now on is a new one.
"""

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from diaryclient.diary.reading import DayEntries
from diaryclient.entries.entry import split_title
from diaryclient.entries.histories import Deed, deed_of
from diaryclient.screen.display import safe_line, short_id
from protocol.dayfile import Change, Foreign, Record, Written, histories, standing
from protocol.identifiers import Day, EntryId

MOST_REMEMBERED: Final = 100_000
"""Ids of entries and changes that were told: about 20 MB, and years of writing. They matter only
where a day that was cleared comes back."""


@dataclass(frozen=True, slots=True)
class ChangeTold:
    """What was done to the entry `id`, which was shown before.

    `entry` is how it stands now; None if it is hidden, or a later change of the same news says it.
    """

    deed: Deed
    id: EntryId
    entry: Written | None = None

    def __str__(self) -> str:
        """Give `amended 4fb39 * Title`, safe for a terminal."""
        words = [self.deed, short_id(self.id)]
        if self.entry:
            title, _ = split_title(self.entry.text)
            words += ["*"] * self.entry.starred + [safe_line(title)]
        return " ".join(words)


@dataclass(frozen=True, slots=True)
class News:
    """What one look found of a day: entries as they stand now, and changes of earlier ones.

    `was_cleared`: nothing is left of what was shown of the day before.
    """

    written: DayEntries
    changes: list[ChangeTold] = field(default_factory=list)
    was_cleared: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to tell."""
        return not (
            self.written.entries or self.written.foreign or self.changes or self.was_cleared
        )


class Told:
    """The ids of entries and changes that somebody was told of, the latest `MOST_REMEMBERED`."""

    def __init__(self) -> None:
        """Nothing was told yet."""
        self._ids: OrderedDict[EntryId, None] = OrderedDict()

    def __contains__(self, record_id: EntryId) -> bool:
        """Tell whether it was told."""
        return record_id in self._ids

    def forget(self, ids: Iterable[EntryId]) -> None:
        """Let what was told be news again."""
        for each in ids:
            self._ids.pop(each, None)

    def add(self, ids: Iterable[EntryId]) -> None:
        """Remember what is told now."""
        self._ids.update((each, None) for each in ids)
        while len(self._ids) > MOST_REMEMBERED:
            self._ids.popitem(last=False)


class DayView:
    """A day as it stands, carried on record by record."""

    def __init__(self, records: Iterable[Record | Foreign] = ()) -> None:
        """Begin with what is known of the day's file, from its start on."""
        self._histories = histories(records)

    def entries(self) -> list[Written]:
        """Give the entries as they stand now, by time."""
        return standing(self._histories.values())

    def take(self, day: Day, records: Sequence[Record | Foreign], told: Told) -> News:
        """Go on with what stands next in the file, and give what is new; it counts as told then."""
        changes = list(self._acting(records))
        touched = dict.fromkeys(
            each.original if isinstance(each, Change) else each.id
            for each in records
            if not isinstance(each, Foreign)
        )
        shown = {each for each in touched if self._shown(each)}
        histories(records, self._histories)
        new = (each for each in touched if each not in shown and each not in told)
        entries = standing(self._histories[each] for each in new if each in self._histories)
        fresh = [
            each
            for each in changes
            if each.id not in told and (each.original in shown or each.original in told)
        ]
        news = News(
            DayEntries(day, entries, [each for each in records if isinstance(each, Foreign)]),
            self._tell(fresh),
        )
        told.add(each.id for each in changes)
        told.add(each.id for each in entries)
        return news

    def _acting(self, records: Iterable[Record | Foreign]) -> Iterator[Change]:
        """Give the changes that name an entry which stands before them."""
        written = set[EntryId]()
        for record in records:
            if isinstance(record, Written):
                written.add(record.id)
            elif isinstance(record, Change) and (
                record.original in written or record.original in self._histories
            ):
                yield record

    def _tell(self, changes: list[Change]) -> list[ChangeTold]:
        last = {change.original: change.id for change in changes}
        return [
            ChangeTold(
                deed_of(each),
                each.original,
                self._shown(each.original) if last[each.original] == each.id else None,
            )
            for each in changes
        ]

    def _shown(self, entry_id: EntryId) -> Written | None:
        history = self._histories.get(entry_id)
        return None if history is None or history.is_removed else history.current


def replaced(before: DayView, now: DayView, news: News, told: Told) -> News:
    """Give the news of a file that is no continuation of the one before.

    That is also what is gone, which is new again if it comes back, and what stands otherwise now.
    """
    shown = {each.id: each for each in before.entries()}
    left = {each.id: each for each in now.entries()}
    gone = [each for each in shown if each not in left]
    told.forget(gone)
    if gone and len(gone) == len(shown):
        return News(news.written, news.changes, was_cleared=True)
    named = {each.id for each in news.changes}
    others = [ChangeTold(Deed.REMOVED, each) for each in gone if each not in named]
    others += [
        ChangeTold(Deed.AMENDED, each.id, each)
        for each in left.values()
        if each.id in shown and each.id not in named and each != shown[each.id]
    ]
    return News(news.written, [*news.changes, *others])
