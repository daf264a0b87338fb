"""What is told of a day to somebody who looks at it from time to time."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from diaryclient.browsing.news import DayView, News, Told, replaced
from diaryclient.entries.histories import Deed
from protocol.dayfile import Amended, Foreign, Record, Removed, Restored, Written, fold
from protocol.identifiers import Day, EntryId
from protocol.stamp import Stamp

DAY = Day("2026-11-22")
AT = 1_795_344_000_000
STAMP = Stamp(AT, 0)


def name(number: int) -> EntryId:
    """Give an id."""
    return EntryId.make(AT, number.to_bytes(10))


ENTRIES = st.integers(0, 3).map(name)
"""Few, so that most changes are of the same ones."""

DEEDS = st.sampled_from(["+", "~", "-", "^", "?"])
FILES = st.lists(st.tuples(DEEDS, ENTRIES, st.booleans()), max_size=30)


def records_of(
    file: Sequence[tuple[str, EntryId, bool]], first: int = 100
) -> list[Record | Foreign]:
    """Give such a file's records; each text and each change's id is the only one of its kind."""
    found: list[Record | Foreign] = []
    for number, (deed, entry, star) in enumerate(file, first):
        text = f"text {number}"
        records: dict[str, Record | Foreign] = {
            "+": Written(STAMP, entry, text, star),
            "~": Amended(STAMP, name(number), entry, text, star),
            "-": Removed(STAMP, name(number), entry),
            "^": Restored(STAMP, name(number), entry),
            "?": Foreign(number, b"no entry"),
        }
        found.append(records[deed])
    return found


class Reader:
    """Somebody who knows of a day what was told, and nothing else."""

    def __init__(self) -> None:
        self.knows: dict[EntryId, Written] = {}

    def hears(self, news: News) -> None:
        """Take in what is told."""
        if news.was_cleared:
            self.knows.clear()
        for change in news.changes:
            if change.deed is Deed.REMOVED:
                self.knows.pop(change.id, None)
            elif change.entry:
                self.knows[change.id] = change.entry
        for entry in news.written.entries:
            assert entry.id not in self.knows
            self.knows[entry.id] = entry


def told_texts(news: News) -> list[str]:
    """Give every text in it."""
    entries = [each.entry for each in news.changes if each.entry]
    return [each.text for each in [*entries, *news.written.entries]]


def standing(records: Sequence[Record | Foreign]) -> dict[EntryId, Written]:
    """Give how a file stands."""
    return {each.id: each for each in fold(records)}


@given(FILES, st.lists(st.integers(0, 30)))
def test_who_is_told_the_news_knows_the_day_as_it_stands(
    file: list[tuple[str, EntryId, bool]], looks: list[int]
) -> None:
    """However often they look; nothing that was changed since or removed is told."""
    records, view, told, reader = records_of(file), DayView(), Told(), Reader()
    known = 0
    for end in sorted({*looks, len(records)}):
        news = view.take(DAY, records[known:end], told)
        known = max(known, min(end, len(records)))
        now = standing(records[:known])
        reader.hears(news)
        assert reader.knows == now
        assert view.entries() == fold(records[:known])
        assert {each.text for each in now.values()}.issuperset(told_texts(news))


@given(FILES, FILES, st.integers(0, 30))
def test_a_file_that_took_anothers_place_is_told_by_what_differs(
    before: list[tuple[str, EntryId, bool]], after: list[tuple[str, EntryId, bool]], kept: int
) -> None:
    """Cleared, recovered, restored from a backup: whatever a generation stands for."""
    old = records_of(before)
    new = [*old[:kept], *records_of(after, 200)]
    told, reader, first = Told(), Reader(), DayView()
    reader.hears(first.take(DAY, old, told))
    now = DayView()
    news = now.take(DAY, new, told)
    news = replaced(first, now, news, told)
    reader.hears(news)
    assert reader.knows == standing(new)
    assert news.was_cleared == (bool(fold(old)) and not standing(old).keys() & standing(new).keys())


@given(FILES, st.integers(0, 30))
def test_nothing_is_told_twice(file: list[tuple[str, EntryId, bool]], begin: int) -> None:
    """Records that come again, as those of a day that was recovered, are no news."""
    records, told = records_of(file), Told()
    DayView().take(DAY, records, told)
    news = DayView(records[:begin]).take(DAY, records[begin:], told)
    assert (news.written.entries, news.changes) == ([], [])
