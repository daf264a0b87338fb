"""The versions of an entry tell the same as the rules of the day file."""

from hypothesis import given
from hypothesis import strategies as st

from diaryclient.entries.histories import Deed, EntryHistory, entry_histories
from protocol.dayfile import (
    Amended,
    Foreign,
    Record,
    Removed,
    Restored,
    Written,
    fold,
    histories,
)
from protocol.identifiers import Day, EntryId
from protocol.messages.changes import version_of
from protocol.stamp import Stamp
from tests.client.fakes import START

DAY = Day("2026-11-22")
IDS = st.builds(lambda number: EntryId.make(START, bytes([number] * 10)), st.integers(0, 3))
STAMPS = st.builds(Stamp, st.integers(START, START + 9), st.just(480))
TEXTS = st.sampled_from("abc")
RECORDS: st.SearchStrategy[list[Record | Foreign]] = st.lists(
    st.one_of(
        st.builds(Written, STAMPS, IDS, TEXTS, st.booleans()),
        st.builds(Amended, STAMPS, IDS, IDS, TEXTS, st.booleans()),
        st.builds(Removed, STAMPS, IDS, IDS),
        st.builds(Restored, STAMPS, IDS, IDS),
        st.just(Foreign(1, b"scribble")),
    ),
    max_size=20,
)


def entry_id(number: int) -> EntryId:
    """Give an id that ends in a number."""
    return EntryId.make(START + number, bytes(9) + bytes([number]))


@given(RECORDS)
def test_histories_end_where_the_day_file_ends(records: list[Record | Foreign]) -> None:
    """What stands, what is removed, and the version that a change must name."""
    found = entry_histories(DAY, records)
    assert [each.current for each in found if not each.is_removed] == fold(records)
    for entry, expected in histories(records).items():
        [history] = [each for each in found if each.id == entry]
        assert history.base == version_of(expected.last)
        assert history.has_changes == expected.has_changes
        *_, last = history.versions()
        assert (last.text, last.starred) == (history.current.text, history.current.starred)
        assert (last.id, last.is_removed) == (expected.last, expected.is_removed)


def test_each_version_is_what_was_shown_then() -> None:
    """A restoration takes back a removal, then the amendments, one after the other."""
    entry = Written(Stamp(START, 480), entry_id(0), "first", starred=True)
    changes = (
        Amended(Stamp(START + 1, 480), entry_id(1), entry.id, "second"),
        Removed(Stamp(START + 2, 480), entry_id(2), entry.id),
        Restored(Stamp(START + 3, 480), entry_id(3), entry.id),
        Restored(Stamp(START + 4, 480), entry_id(4), entry.id),
    )
    versions = list(EntryHistory(DAY, entry, changes).versions())
    assert [(each.deed, each.text, each.starred, each.is_removed) for each in versions] == [
        (Deed.WRITTEN, "first", True, False),
        (Deed.AMENDED, "second", False, False),
        (Deed.REMOVED, "second", False, True),
        (Deed.RESTORED, "second", False, False),
        (Deed.RESTORED, "first", True, False),
    ]
    assert [each.id for each in versions] == [entry_id(number) for number in range(5)]
