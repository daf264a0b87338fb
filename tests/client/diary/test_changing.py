"""Changes of entries over a network in memory: made once, never over somebody else's."""

from collections.abc import Callable
from functools import partial

import pytest

from diaryclient.browsing.browsing import find_histories, find_history
from diaryclient.diary.open_diary import OpenDiary
from diaryclient.entries.histories import EntryHistory
from diaryclient.errors import NoSuchEntryError, TextTooLongError, UnreachableError
from protocol.errors import NotFoundError, StaleError, UsageError
from protocol.identifiers import FIRST_DAY, LAST_DAY, EntryId
from protocol.messages.changes import Amend
from protocol.messages.writing import MAX_LONG_TEXT_BYTES
from tests.client.desk import Desk
from tests.client.network import arrives, lost


def written(diary: OpenDiary, text: str) -> EntryHistory:
    """Write an entry and give its history."""
    entry = diary.put(diary.compose(text))
    history = diary.history(entry.stamp.day, entry.id)
    assert history is not None
    return history


def amendments(desk: Desk) -> list[EntryId]:
    """Give the ids of the requests to amend."""
    return [rid for rid, request in desk.server.requests if isinstance(request, Amend)]


def test_changes_follow_each_other(desk: Desk) -> None:
    """Each is made to the history that the last one gave, without reading again."""
    diary = desk.diary()
    history = written(diary, "first")
    history = diary.amend(history, "second", star=True)
    assert desk.texts() == ["second"]
    history = diary.remove(history)
    assert (desk.texts(), history.is_removed) == ([], True)
    history = diary.restore(diary.restore(history))
    assert desk.texts() == ["first"]
    assert diary.history(history.day, history.id) == history
    assert not history.has_changes


def test_a_lost_answer_makes_no_second_change(desk: Desk) -> None:
    """The request is repeated under the same id."""
    diary = desk.diary()
    history = written(diary, "first")
    answers: list[bytes] = []

    def back(datagram: bytes) -> list[tuple[float, bytes]]:
        answers.append(datagram)
        return lost(datagram) if len(answers) == 1 else arrives(datagram)

    desk.transport.back = back
    amended = diary.amend(history, "second", star=False)
    assert len(amendments(desk)) == 2
    assert len(set(amendments(desk))) == 1
    assert diary.history(history.day, history.id) == amended


def test_silence_leaves_it_open_and_a_repetition_is_harmless(desk: Desk) -> None:
    """The change was made; whoever looks again sees it, and nothing is done twice."""
    diary = desk.diary()
    history = written(diary, "first")
    desk.transport.back = lost
    with pytest.raises(UnreachableError):
        diary.amend(history, "second", star=False)
    desk.transport.back = arrives
    assert desk.texts() == ["second"]
    with pytest.raises(StaleError):
        diary.amend(history, "second", star=False)


@pytest.mark.parametrize(
    "change",
    [partial(OpenDiary.amend, text="mine", star=False), OpenDiary.remove, OpenDiary.restore],
    ids=["amend", "remove", "restore"],
)
def test_of_two_devices_the_second_is_told(
    desk: Desk, change: Callable[[OpenDiary, EntryHistory], EntryHistory]
) -> None:
    """Whatever it wants to do."""
    diary, other = desk.diary(1), desk.diary(2)
    history = written(diary, "first")
    other.amend(history, "theirs", star=False)
    with pytest.raises(StaleError):
        change(diary, history)
    assert desk.texts() == ["theirs"]


def test_a_day_that_was_cleared_has_nothing_to_change(desk: Desk) -> None:
    """The entry is gone from it."""
    diary = desk.diary()
    history = written(diary, "first")
    [row] = diary.days(FIRST_DAY, LAST_DAY)
    diary.clear(row)
    with pytest.raises(NotFoundError):
        diary.remove(history)
    assert diary.history(history.day, history.id) is None


def test_a_text_that_is_too_long_is_not_sent(desk: Desk) -> None:
    """The longest is."""
    diary = desk.diary()
    history = written(diary, "first")
    with pytest.raises(TextTooLongError, match="262145 bytes, an entry at most 262144"):
        diary.amend(history, "x" * (MAX_LONG_TEXT_BYTES + 1), star=False)
    assert amendments(desk) == []
    diary.amend(history, "x" * MAX_LONG_TEXT_BYTES, star=False)
    assert desk.texts() == ["x" * MAX_LONG_TEXT_BYTES]


def test_removed_entries_are_found_only_by_those_who_ask_for_them(desk: Desk) -> None:
    """They make no name ambiguous for the others; the way back is told."""
    diary = desk.diary()
    gone, kept = written(diary, "gone"), written(diary, "kept")
    gone = diary.remove(gone)
    with pytest.raises(NoSuchEntryError, match=f"diaryclient undo {gone.id.hex()[-8:]}$"):
        find_history(diary, gone.id.hex()[-8:])
    assert find_history(diary, gone.id.hex()[-8:], with_removed=True) == gone
    with pytest.raises(UsageError, match=r"gone \(removed\)"):
        find_history(diary, _common_end(diary, gone, kept), with_removed=True)


def _common_end(diary: OpenDiary, *found: EntryHistory) -> str:
    """Write until two ids end in the same digit; give it, or that of `found` if they do."""
    first = found[0].id.hex()[-1]
    for _ in range(200):
        if written(diary, "another").id.hex()[-1] == first:
            return first
    raise AssertionError("no two ids end in the same digit")


def test_several_are_found_at_once(desk: Desk) -> None:
    """Each once, in the order of the names; one that is missing fails all."""
    diary = desk.diary()
    one, two = written(diary, "one"), written(diary, "two")
    names = [two.id.hex(), one.id.hex().upper(), two.id.hex()[-12:]]
    assert find_histories(diary, names) == [two, one]
    with pytest.raises(NoSuchEntryError):
        find_histories(diary, [one.id.hex(), "0" * 20])
