"""What an interactive diary says."""

import re
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from diaryclient.browsing.news import ChangeTold, News
from diaryclient.diary.reading import DayEntries
from diaryclient.entries.histories import Deed
from diaryclient.home.outbox import Entry
from diaryclient.interactive import notices
from protocol.dayfile import Foreign, Written
from protocol.identifiers import Day, EntryId
from protocol.stamp import Stamp

DAY = Day("2026-11-22")
AT = 1_795_344_000_000
ID = EntryId.make(AT, b"\0" * 8 + b"\xfb\x39")
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=80)
IDS = st.binary(min_size=10, max_size=10).map(lambda chance: EntryId.make(AT, chance))
STAMPS = st.builds(Stamp, st.integers(AT, AT + 80_000_000), st.just(0))
WRITTEN = st.builds(Written, STAMPS, IDS, TEXTS, st.booleans())
FOREIGN = st.builds(Foreign, st.integers(1, 99), st.binary(max_size=40))
CHANGES = st.builds(ChangeTold, st.sampled_from(Deed), IDS, st.none() | WRITTEN)
LINE = re.compile(
    r"((amended|removed|restored|written) )?(\d\d:\d\d )?[0-9a-f]{5,32}( .*)?|\| .*|\? .*"
    r"|today was cleared elsewhere"
)


def harmless(line: str) -> bool:
    """Tell whether nothing in a line moves the cursor."""
    return not any(unicodedata.category(each) == "Cc" for each in line.replace("\t", ""))


@given(
    st.lists(WRITTEN, max_size=8),
    st.lists(FOREIGN, max_size=8),
    st.lists(CHANGES, max_size=8),
    st.booleans(),
)
def test_no_text_of_others_leaves_its_place(
    written: list[Written],
    foreign: list[Foreign],
    changes: list[ChangeTold],
    was_cleared: bool,
) -> None:
    """Every line is a time and an id, or stands behind a mark; controls are escaped."""
    found = News(DayEntries(DAY, written, foreign), changes, was_cleared)
    for notice in notices.news(found):
        for line in notice.split("\n"):
            assert LINE.fullmatch(line)
            assert harmless(line)


@given(st.lists(WRITTEN, max_size=8, unique_by=lambda entry: entry.id), st.lists(FOREIGN))
def test_today_is_a_heading_and_every_entry(entries: list[Written], foreign: list[Foreign]) -> None:
    """One notice each; the heading says when there is nothing."""
    heading, *shown = notices.today("alice@a.test:8888", DayEntries(DAY, entries, foreign))
    assert heading.startswith("2026-11-22 alice@a.test:8888")
    assert heading.endswith("no entries yet") == (not entries and not foreign)
    assert len(shown) == len(entries) + len(foreign)


def test_answers_are_short() -> None:
    """They fit on the narrowest screen."""
    entry = Entry(ID, AT, 60, "a text")
    assert notices.saved(entry) == "saved 0fb39 11:40"
    assert notices.queued(ID) == "queued 0fb39"
    assert notices.queued(ID, "nothing listens") == "queued 0fb39: nothing listens"
    assert notices.left_behind(1).startswith("1 entry waits")
    assert notices.left_behind(2).startswith("2 entries wait")


def test_a_question_says_how_much_is_at_stake() -> None:
    """As far as it is known."""
    assert notices.question(3) == "clear today's 3 entries? [y/N] "
    assert notices.question(1) == "clear today's 1 entry? [y/N] "
    assert notices.question(None) == notices.question(0) == "clear today? [y/N] "


def test_entries_that_wait_carry_their_date_unless_it_is_today() -> None:
    """One that has waited for days is told apart."""
    entries = [Entry(ID, AT - 86_400_000, 0, "old"), Entry(ID, AT, 0, "new\nlines", star=True)]
    assert notices.waiting(entries, DAY) == [
        "queued, not on the server yet:",
        "2026-11-21 10:40 0fb39 old",
        "10:40 0fb39 * new\n| lines",
    ]
    assert notices.waiting([], DAY) == []
