"""Finds the entries that a person asks for, in the order that they are to be shown in.

Rules: reads no more days than it must; pages come as soon as their days are read. Whoever wants
the newest N reads from the end until there are N.
"""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from diaryclient.diary.open_diary import OpenDiary
from diaryclient.diary.reading import DayEntries
from diaryclient.entries.endings import WHOLE_ID, parse_ending, resolve
from diaryclient.entries.entry import DiaryEntry, count_tags, split_title
from diaryclient.entries.histories import EntryHistory
from diaryclient.entries.selection import Selection
from diaryclient.errors import NoSuchEntryError
from diaryclient.screen.display import format_head
from protocol.dayfile import Foreign
from protocol.identifiers import FIRST_DAY, LAST_DAY, Day


@dataclass(frozen=True, slots=True)
class Page:
    """Entries that are shown together, and lines of the same file that are none."""

    entries: list[DiaryEntry]
    foreign: list[Foreign] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Query:
    """What to show: the days from `first` to `last`, both included, and which of their entries.

    `newest`: no more than so many, the newest; None sets no limit. `is_reversed`: the newest comes
    first. `anniversary`: only this day of every year until then, whatever `first` and `last` are.
    """

    first: Day = FIRST_DAY
    last: Day = LAST_DAY
    selection: Selection = field(default_factory=Selection)
    newest: int | None = None
    is_reversed: bool = False
    anniversary: Day | None = None


def browse(diary: OpenDiary, query: Query) -> Iterator[Page]:
    """Give the pages, without empty ones. Lines that are no entries come only without conditions.

    Raise as `OpenDiary.entries`.
    """
    goes_backwards = query.is_reversed or query.newest is not None
    days = _days(diary, query, goes_backwards=goes_backwards)
    pages = filter(_has_content, (_page(diary, query, day) for day in days))
    if not goes_backwards:
        return pages
    newest = _cut(pages, query.newest)
    if query.is_reversed:
        return (Page(page.entries[::-1], page.foreign) for page in newest)
    return reversed(list(newest))


def search_pages(
    diary: OpenDiary, words: str, first: Day, last: Day, newest: int | None = None
) -> Iterator[Page]:
    """Give what the server finds, as it comes; with `newest`, only so many of the newest, at last.

    Raise as `OpenDiary.search`.
    """
    pages = (Page(_as_read(diary, day)) for day in diary.search(words, first, last))
    return pages if newest is None else iter(_last_pages(pages, newest))


def _last_pages(pages: Iterator[Page], newest: int) -> list[Page]:
    kept = deque[Page]()
    count = 0
    for page in pages:
        kept.append(page)
        count += len(page.entries)
        while count - len(kept[0].entries) >= newest:
            count -= len(kept.popleft().entries)
    if kept:
        kept[0] = Page(kept[0].entries[max(0, count - newest) :])
    return list(kept)


def tag_counts(diary: OpenDiary) -> Mapping[str, int]:
    """Give how many entries have each tag, the most frequent first.

    Raise as `OpenDiary.entries`.
    """
    days = diary.entries(FIRST_DAY, LAST_DAY)
    return count_tags(entry for day in days for entry in _as_read(diary, day))


def find_entry(diary: OpenDiary, ending: str) -> DiaryEntry:
    """Give the entry whose id ends so.

    The whole diary is read, since no other id may end so; only a whole id ends the search. Raise
    UsageError if several do, which it lists, or NoSuchEntryError; else as `OpenDiary.entries`.
    """
    return resolve(
        ending,
        _until_found(diary, parse_ending(ending)),
        lambda entry: entry.id,
        lambda entry, name: format_head(entry.written, name, entry.title),
    )


def find_history(diary: OpenDiary, ending: str, *, with_removed: bool = False) -> EntryHistory:
    """Give what became of the entry whose id ends so; `with_removed`: also if it is removed now.

    Raise as `find_entry`.
    """
    return find_histories(diary, [ending], with_removed=with_removed)[0]


def find_histories(
    diary: OpenDiary, endings: Sequence[str], *, with_removed: bool = False
) -> list[EntryHistory]:
    """Give the same for several endings, each entry once; the diary is read once, too."""
    wanted = dict.fromkeys(map(parse_ending, endings))
    found = list(_histories_until_found(diary, tuple(wanted)))
    chosen = (_choose(ending, found, with_removed=with_removed) for ending in wanted)
    return list({each.id: each for each in chosen}.values())


def _choose(ending: str, found: list[EntryHistory], *, with_removed: bool) -> EntryHistory:
    candidates = [each for each in found if each.id.hex().endswith(ending)]
    standing = [each for each in candidates if with_removed or not each.is_removed]
    if candidates and not standing:
        raise NoSuchEntryError(f"{ending} is removed; to bring it back: diaryclient undo {ending}")
    return resolve(ending, standing, lambda each: each.id, _row)


def _row(history: EntryHistory, name: str) -> str:
    current = history.current
    title, _ = split_title(current.text)
    return format_head(current, name, title) + " (removed)" * history.is_removed


def _histories_until_found(diary: OpenDiary, endings: tuple[str, ...]) -> Iterator[EntryHistory]:
    whole = {ending for ending in endings if len(ending) == WHOLE_ID}
    is_whole = len(whole) == len(endings)
    for history in diary.newest_histories(FIRST_DAY, LAST_DAY):
        if history.id.hex().endswith(endings):
            yield history
            whole.discard(history.id.hex())
            if is_whole and not whole:
                return


def _until_found(diary: OpenDiary, ending: str) -> Iterator[DiaryEntry]:
    for page in browse(diary, Query(is_reversed=True)):
        for entry in page.entries:
            if entry.id.hex().endswith(ending):
                yield entry
                if len(ending) == WHOLE_ID:
                    return


def _days(diary: OpenDiary, query: Query, *, goes_backwards: bool) -> Iterator[DayEntries]:
    if query.anniversary:
        days = diary.anniversaries(query.anniversary)
        return reversed(list(days)) if goes_backwards else days
    if goes_backwards:
        return diary.newest_entries(query.first, query.last)
    return diary.entries(query.first, query.last)


def _page(diary: OpenDiary, query: Query, day: DayEntries) -> Page:
    entries = _as_read(diary, day)
    if query.selection.is_everything and query.newest is None:
        return Page(entries, day.foreign)
    return Page([entry for entry in entries if query.selection.matches(entry)])


def _as_read(diary: OpenDiary, day: DayEntries) -> list[DiaryEntry]:
    return [DiaryEntry(written, diary.login.user) for written in day.entries]


def _has_content(page: Page) -> bool:
    return bool(page.entries or page.foreign)


def _cut(pages: Iterator[Page], newest: int | None) -> Iterator[Page]:
    """Give pages that come newest first until there are enough entries."""
    if newest is None:
        yield from pages
        return
    left = newest
    for page in pages:
        kept = page.entries[-left:]
        yield Page(kept)
        left -= len(kept)
        if left == 0:
            return
