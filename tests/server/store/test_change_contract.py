"""What every entry store promises on changes: amend, remove, take back."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from diaryserver.service.ports.entries import Appended, Writing
from protocol.dayfile import Amended, Removed, Restored
from protocol.errors import BusyError, ConflictError, NotFoundError, RefusedError, StaleError
from protocol.identifiers import EntryId
from protocol.messages.diary import DayRow
from protocol.stamp import Stamp
from tests.server.fakes import NOON, new_id, stamp
from tests.server.store_contract import (
    BOB,
    STORES,
    TODAY,
    TOMORROW,
    Diaries,
    again,
    amending,
    entry,
    fresh,
    removing,
    restoring,
)

DAY_MILLISECONDS: Final = 86_400_000
Change = Callable[[EntryId, EntryId | None, EntryId | None], Writing]
CHANGES: Final[dict[str, Change]] = {
    "amend": lambda original, base, own: amending(original, "changed", base, own),
    "remove": removing,
    "restore": restoring,
}
every_change = pytest.mark.parametrize("make", CHANGES.values(), ids=CHANGES)


@pytest.fixture(params=sorted(STORES))
def diaries(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Diaries]:
    """A store with nothing in it."""
    with Diaries(STORES[request.param], tmp_path / "data") as opened:
        yield opened


def put(diaries: Diaries, text: str = "first") -> EntryId:
    """Write an entry of today and give its id."""
    entry_id = new_id()
    assert diaries.put(text, entry_id) == fresh(TODAY)
    return entry_id


def changed(diaries: Diaries, make: Change) -> tuple[EntryId, Writing]:
    """Write an entry, and amend it, so that each change has something to act on; do the change."""
    original, amendment = put(diaries), new_id()
    assert diaries.change(amending(original, "amended", None, amendment)) == fresh(TODAY)
    alteration = make(original, amendment, new_id())
    assert diaries.change(alteration) == fresh(TODAY)
    return original, alteration


def refusal(diaries: Diaries, alteration: Writing) -> type[RefusedError]:
    """Give how a change is refused; nothing may have been written."""
    before = diaries.rows()
    outcome = diaries.change(alteration)
    assert diaries.rows() == before
    assert not isinstance(outcome, Appended)
    return type(outcome)


def test_an_amendment_gives_an_entry_another_text_and_star(diaries: Diaries) -> None:
    """Its time, its day and its id stay, and the first text is still in the file."""
    original, change_id = put(diaries), new_id()
    alteration = amending(original, "second\n\ttext", None, change_id, starred=True)
    assert diaries.change(alteration) == fresh(TODAY)
    assert diaries.texts(TODAY) == ["first"]
    assert diaries.shown(TODAY) == ["second\n\ttext"]
    assert diaries.records(TODAY)[1] == Amended(
        Stamp(NOON, 0), change_id, original, "second\n\ttext", starred=True
    )


def test_a_removed_entry_is_hidden_and_comes_back(diaries: Diaries) -> None:
    """Nothing is destroyed: a restoration shows it as it was."""
    original, gone, back = put(diaries), new_id(), new_id()
    assert diaries.change(removing(original, None, gone)) == fresh(TODAY)
    assert diaries.shown(TODAY) == []
    assert diaries.change(restoring(original, gone, back)) == fresh(TODAY)
    assert diaries.shown(TODAY) == ["first"]
    assert diaries.records(TODAY)[1:] == [
        Removed(stamp(), gone, original),
        Restored(stamp(), back, original),
    ]


def test_amendments_are_taken_back_one_by_one(diaries: Diaries) -> None:
    """The last first, until there is nothing more to take back; then others can be made."""
    original = base = put(diaries)
    for text in ("second", "third"):
        change_id = new_id()
        assert diaries.change(amending(original, text, base, change_id)) == fresh(TODAY)
        base = change_id
    for text in ("second", "first"):
        change_id = new_id()
        assert diaries.change(restoring(original, base, change_id)) == fresh(TODAY)
        assert diaries.shown(TODAY) == [text]
        base = change_id
    assert refusal(diaries, restoring(original, base)) is NotFoundError
    assert diaries.change(amending(original, "third again", base)) == fresh(TODAY)
    assert diaries.shown(TODAY) == ["third again"]


def test_an_entry_removed_after_an_amendment_comes_back_amended(diaries: Diaries) -> None:
    """One restoration takes one change back."""
    original, amended, gone, back = put(diaries), new_id(), new_id(), new_id()
    diaries.change(amending(original, "second", None, amended))
    diaries.change(removing(original, amended, gone))
    diaries.change(restoring(original, gone, back))
    assert diaries.shown(TODAY) == ["second"]
    assert diaries.change(restoring(original, back)) == fresh(TODAY)
    assert diaries.shown(TODAY) == ["first"]


@every_change
@pytest.mark.parametrize("reopened", [False, True])
def test_a_change_made_to_another_version_is_stale(
    diaries: Diaries, make: Change, reopened: bool
) -> None:
    """Another device was first: nothing is written, whatever it had done."""
    original, _ = changed(diaries, make)
    if reopened:
        diaries.reopen()
    for later in CHANGES.values():
        for base in (original, new_id()):
            assert refusal(diaries, later(original, base, None)) is StaleError


@every_change
def test_what_is_not_there_is_not_changed(diaries: Diaries, make: Change) -> None:
    """An unknown id, another day, another user, a cleared day: nothing is created either."""
    original = put(diaries)
    assert refusal(diaries, make(new_id(), None, None)) is NotFoundError
    assert refusal(diaries, make(original, None, None)._replace(day=TOMORROW)) is NotFoundError
    assert refusal(diaries, make(original, None, None)._replace(user=BOB)) is NotFoundError
    assert diaries.rows(BOB) == []
    diaries.clear(TODAY)
    assert refusal(diaries, make(original, None, None)) is NotFoundError
    assert diaries.rows() == []


@every_change
def test_a_change_is_no_entry(diaries: Diaries, make: Change) -> None:
    """It cannot be changed itself; and it is not counted as an entry."""
    _, alteration = changed(diaries, make)
    for other in CHANGES.values():
        assert refusal(diaries, other(alteration.id, None, None)) is NotFoundError
    size = len(diaries.raw(TODAY))
    assert diaries.rows() == [DayRow(TODAY, 0, 1, size)]
    diaries.reopen()
    assert diaries.rows() == [DayRow(TODAY, 0, 1, size)]


def test_a_removed_entry_is_not_changed_before_it_is_back(diaries: Diaries) -> None:
    """Neither amended nor removed again."""
    original, gone = put(diaries), new_id()
    diaries.change(removing(original, None, gone))
    assert refusal(diaries, amending(original, "x", gone)) is NotFoundError
    assert refusal(diaries, removing(original, gone)) is NotFoundError


def test_nothing_to_take_back_is_said(diaries: Diaries) -> None:
    """An entry that nobody changed stays as it is."""
    assert refusal(diaries, restoring(put(diaries))) is NotFoundError


@every_change
@pytest.mark.parametrize("place", ["same file", "reopened", "cleared", "cleared and reopened"])
def test_a_repeated_change_is_answered_and_not_made_again(
    diaries: Diaries, make: Change, place: str
) -> None:
    """The same id and content: the original answer, for ever, whatever happened since."""
    original, alteration = changed(diaries, make)
    is_gone = isinstance(alteration.change, Removed)
    later = (
        restoring(original, alteration.id)
        if is_gone
        else amending(original, "later", alteration.id)
    )
    assert diaries.change(later) == fresh(TODAY)
    if place.startswith("cleared"):
        diaries.clear(TODAY)
        diaries.put("new")
    if place.endswith("reopened"):
        diaries.reopen()
    before = diaries.raw(TODAY)
    assert diaries.change(alteration) == again(TODAY)
    assert alteration.change is not None
    received_later = replace(alteration.change, stamp=stamp(NOON + DAY_MILLISECONDS))
    assert diaries.change(alteration._replace(change=received_later)) == again(TODAY)
    assert diaries.raw(TODAY) == before


@every_change
@pytest.mark.parametrize("place", ["same file", "reopened", "cleared"])
def test_another_content_under_the_id_of_a_change_is_a_conflict(
    diaries: Diaries, make: Change, place: str
) -> None:
    """Another change, another entry changed, another text or zone, or an entry."""
    other = put(diaries, "other")
    original, alteration = changed(diaries, make)
    own, change = alteration.id, alteration.change
    assert change is not None
    others: list[Writing] = [
        make(other, None, own),
        amending(original, "yet another", None, own),
        alteration._replace(change=replace(change, stamp=stamp(NOON, 60))),
        entry("an entry", own),
    ]
    if place == "cleared":
        diaries.clear(TODAY)
    if place == "reopened":
        diaries.reopen()
    rows = diaries.rows()
    others += [each(original, None, own) for each in CHANGES.values() if each is not make]
    assert {type(outcome) for outcome in diaries.store.append_batch(others)} == {ConflictError}
    assert diaries.rows() == rows


def test_an_id_is_taken_by_the_first_of_a_batch(diaries: Diaries) -> None:
    """An entry, a change and another change under one id: one is done, the others conflict."""
    original, own = put(diaries), new_id()
    outcomes = diaries.store.append_batch(
        [amending(original, "x", None, own), entry("x", own), removing(original, own, own)]
    )
    assert outcomes[0] == fresh(TODAY)
    assert [type(outcome) for outcome in outcomes[1:]] == [ConflictError, ConflictError]
    assert diaries.shown(TODAY) == ["x"]


def test_a_change_under_the_id_of_an_entry_is_a_conflict(diaries: Diaries) -> None:
    """Entries and changes share the ids of a day; on another day it is another id."""
    first, second = put(diaries), put(diaries)
    assert refusal(diaries, amending(first, "x", None, second)) is ConflictError
    assert refusal(diaries, amending(first, "x", None, first)) is ConflictError
    diaries.put("tomorrow", first, at=NOON + DAY_MILLISECONDS)
    own = new_id()
    diaries.put("tomorrow", own, at=NOON + DAY_MILLISECONDS)
    assert diaries.change(amending(first, "x", None, own)) == fresh(TODAY)


def test_a_batch_is_decided_in_its_order(diaries: Diaries) -> None:
    """A change sees the entry and the changes that stand before it in the batch, and no later."""
    original, first, second, late = put(diaries), new_id(), new_id(), new_id()
    outcomes = diaries.store.append_batch(
        [
            amending(original, "too early", first, late),
            amending(original, "first", None, first),
            removing(original),
            amending(original, "first", None, first),
            removing(original, first, second),
            entry("his", user=BOB),
            restoring(original, second),
        ]
    )
    assert [type(outcomes[place]) for place in (0, 2)] == [StaleError, StaleError]
    assert outcomes[1] == fresh(TODAY)
    assert outcomes[3:] == [again(TODAY), fresh(TODAY), fresh(TODAY), fresh(TODAY)]
    assert diaries.shown(TODAY) == ["first"]
    # What was refused was not stored: its id is still free.
    latest = diaries.records(TODAY)[-1].id
    assert diaries.change(amending(original, "late", latest, late)) == fresh(TODAY)


def test_a_change_may_have_to_wait_until_its_entry_is_written(diaries: Diaries) -> None:
    """Sent together with it, before the entry was acknowledged: done, or to be sent again."""
    original, own = new_id(), new_id()
    alteration = amending(original, "second", None, own)
    first, second = diaries.store.append_batch([entry("first", original), alteration])
    assert first == fresh(TODAY)
    assert second == fresh(TODAY) or isinstance(second, BusyError)
    assert isinstance(diaries.change(alteration), Appended)
    assert diaries.shown(TODAY) == ["second"]


def test_a_change_belongs_to_its_entrys_day(diaries: Diaries) -> None:
    """Whenever it is made: an edit never moves an entry."""
    original = put(diaries)
    alteration = amending(original, "a year later", received=NOON + 365 * DAY_MILLISECONDS)
    assert diaries.change(alteration) == fresh(TODAY)
    assert [row.day for row in diaries.rows()] == [TODAY]
    assert diaries.shown(TODAY) == ["a year later"]


def test_the_text_of_one_entry_cannot_change_another(diaries: Diaries) -> None:
    """A text that looks like a change of another entry is a text."""
    original = put(diaries)
    line = f"2026-11-22T12:00:00.000+00:00 {new_id().hex()} -{original.hex()}"
    for text in (line, f"x\n{line}", f"x\n\t{line}\n"):
        put(diaries, text)
        own = put(diaries)
        diaries.change(amending(own, text))
    assert diaries.shown(TODAY).count("first") == 1
    assert diaries.change(removing(original)) == fresh(TODAY)
