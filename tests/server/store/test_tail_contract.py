"""What every entry store promises to those who follow a diary: every new record, each once."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from diaryserver.engine import UNLIMITED, open_entries
from diaryserver.service.ports.entries import EntryStore, Writing
from diaryserver.service.quotas import Quotas
from diaryserver.store.days.written_form import format_writing
from diaryserver.store.following import ChangedDays
from protocol.dayfile import Foreign, Record
from protocol.identifiers import Day, EntryId
from protocol.messages.diary import DayRow
from tests.server.fakes import NOON, new_id, seeded
from tests.server.follower import Follower
from tests.server.store_contract import (
    ALICE,
    BOB,
    EVERYTHING,
    STORES,
    TODAY,
    TOMORROW,
    Diaries,
    Opener,
    amending,
    entry,
    folder_in_memory,
    removing,
    restoring,
)

A_DAY: Final = 86_400_000
_chance = seeded(11)


def open_forgetful_files(folder: Path, limits: Quotas = UNLIMITED) -> Iterator[EntryStore]:
    """Day files of a server that remembers two days of one diary."""
    folder.mkdir(mode=0o700, exist_ok=True)
    changed = ChangedDays(_chance, max_followed=1, max_days=2)
    with open_entries(folder, limits, changed=changed) as entries:
        yield entries


OPENERS: Final[dict[str, Opener]] = STORES | {"forgetful files": open_forgetful_files}


@pytest.fixture(params=sorted(STORES))
def diaries(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Diaries]:
    """A store with nothing in it."""
    with Diaries(STORES[request.param], tmp_path / "data") as opened:
        yield opened


def changed(diaries: Diaries, cursor: bytes, limit: int = EVERYTHING) -> list[DayRow]:
    """Give the rows since a cursor that is known."""
    tailed = diaries.store.tail(ALICE, cursor, limit)
    assert not tailed.lost
    return list(tailed.rows)


def now(diaries: Diaries) -> bytes:
    """Give a cursor that begins now."""
    begun = diaries.store.tail(ALICE, b"", 1)
    assert (begun.rows, begun.more, begun.lost) == ((), False, False)
    return begun.cursor


def test_a_changed_day_is_given_as_it_is_listed(diaries: Diaries) -> None:
    """Once, after whatever number of entries and changes; a quiet one is not."""
    original = last = new_id()
    diaries.put("there before", original)
    diaries.put("stays as it is", at=NOON - A_DAY)
    cursor = now(diaries)
    assert changed(diaries, cursor) == []
    for number in range(3):
        diaries.put(f"text {number}", at=NOON + A_DAY)
        diaries.change(amending(original, f"{number}", last))
        last = diaries.records(TODAY)[-1].id
    assert sorted(changed(diaries, cursor), key=lambda row: row.day) == diaries.rows()[1:]


def test_a_cursor_may_be_given_again(diaries: Diaries) -> None:
    """The answer was lost: it comes again, with what was changed since."""
    cursor = now(diaries)
    diaries.put("one")
    first = changed(diaries, cursor)
    assert changed(diaries, cursor) == first == diaries.rows()
    diaries.put("two")
    assert changed(diaries, cursor) == diaries.rows() != first


def test_a_repetition_or_a_refusal_changes_no_byte(diaries: Diaries) -> None:
    """What may be given for it is the day as the follower has it."""
    entry_id = new_id()
    diaries.put("one", entry_id)
    rows, cursor = diaries.rows(), now(diaries)
    diaries.put("one", entry_id)
    diaries.put("other", entry_id)
    assert changed(diaries, cursor) in ([], rows)


def test_rows_come_in_parts_the_longest_ago_first(diaries: Diaries) -> None:
    """A day that changes again moves behind the others, and none is missed on the way."""
    cursor = now(diaries)
    for days in (3, 0, 1):
        diaries.put("x", at=NOON + days * A_DAY)
    first = diaries.store.tail(ALICE, cursor, 1)
    assert [row.day for row in first.rows] == [Day("2026-11-25")]
    assert first.more
    diaries.put("y", at=NOON + 3 * A_DAY)
    rest = diaries.store.tail(ALICE, first.cursor, 3)
    assert [row.day for row in rest.rows] == [TODAY, TOMORROW, Day("2026-11-25")]
    assert not rest.more
    assert changed(diaries, rest.cursor) == []


def test_a_cleared_day_is_given_without_bytes(diaries: Diaries) -> None:
    """In its next generation; and with them again when it is written to."""
    diaries.put("x")
    cursor = now(diaries)
    diaries.clear(TODAY)
    assert changed(diaries, cursor) == [DayRow(TODAY, 1, 0, 0)]
    diaries.put("y")
    assert changed(diaries, cursor) == diaries.rows()


def test_nobody_is_told_of_another_diary(diaries: Diaries) -> None:
    """Neither that it changed nor, by a cursor of its owner, anything else."""
    cursor, his = now(diaries), diaries.store.tail(BOB, b"", 1).cursor
    diaries.put("his", user=BOB)
    assert changed(diaries, cursor) == []
    assert diaries.store.tail(ALICE, his, 1).lost
    assert diaries.store.tail(BOB, cursor, 1).lost


@pytest.mark.parametrize("cursor", [b"x", bytes(16), b"\xff" * 16, bytes(32)])
def test_a_cursor_that_nobody_gave_is_lost(diaries: Diaries, cursor: bytes) -> None:
    """Also before anybody tailed; the one it is answered with goes on."""
    lost = diaries.store.tail(ALICE, cursor, 9)
    assert (lost.rows, lost.more, lost.lost) == ((), False, True)
    diaries.put("x")
    assert changed(diaries, lost.cursor) == diaries.rows()


def test_a_cursor_from_what_will_be_is_lost(diaries: Diaries) -> None:
    """One that a client made up must not hide what comes."""
    begun = now(diaries)
    made_up = begun[:-1] + bytes((begun[-1] + 1,))
    assert diaries.store.tail(ALICE, made_up, 9).lost


def test_a_cursor_of_a_removed_diary_is_lost(diaries: Diaries) -> None:
    """A new user of the name is told nothing of the old one's days."""
    cursor = now(diaries)
    diaries.put("old")
    diaries.store.retire(ALICE, bytes(16))
    assert diaries.store.tail(ALICE, cursor, 9).lost


def test_after_a_restart_a_follower_lists_once(diaries: Diaries) -> None:
    """Then its polls are short again; what came meanwhile is there, in whatever day."""
    follower = Follower(diaries, ALICE)
    diaries.put("before")
    follower.finish()
    diaries.reopen()
    diaries.put("a year ago", at=NOON - 365 * A_DAY)
    diaries.put("after")
    for _ in range(3):
        follower.finish()
    assert follower.listings == 2
    assert follower.records() == held(diaries)


def test_who_falls_behind_is_told(tmp_path: Path) -> None:
    """When more days changed than the server remembers; who keeps up is not bothered."""
    with Diaries(open_forgetful_files, tmp_path / "data") as diaries:
        behind = cursor = now(diaries)
        for days in range(5):
            diaries.put("x", at=NOON + days * A_DAY)
            tailed = diaries.store.tail(ALICE, cursor, 9)
            assert [row.day for row in tailed.rows] == [diaries.rows()[-1].day]
            cursor = tailed.cursor
        assert diaries.store.tail(ALICE, behind, 9).lost


def test_what_the_operator_brings_back_is_given(tmp_path: Path) -> None:
    """A recovery on a running server writes beside the journal."""
    (tmp_path / "data").mkdir()
    with open_entries(tmp_path / "data") as store:
        cursor = store.tail(ALICE, b"", 1).cursor
        assert store.absorb(ALICE, TODAY, format_writing(entry("recovered"))) == 1
        assert [row.day for row in store.tail(ALICE, cursor, 9).rows] == [TODAY]


def test_memory_is_bounded() -> None:
    """Diaries and days; the diary whose owner asked least recently is forgotten first."""
    changed_days = ChangedDays(seeded(1), max_followed=2, max_days=10, max_in_all=12)
    hers, his = (changed_days.since(user, b"", 1).cursor for user in (ALICE, BOB))
    for number in range(8):
        changed_days.note(ALICE, Day(f"2026-11-{number + 1:02}"))
        changed_days.note(BOB, Day(f"2026-11-{number + 1:02}"))
    assert changed_days.since(ALICE, hers, 9).lost
    assert not changed_days.since(BOB, his, 9).lost
    changed_days.since(ALICE, b"", 1)
    assert not changed_days.since(BOB, his, 9).lost
    for user in (TODAY, TOMORROW):
        changed_days.since(user, b"", 1)  # type: ignore[arg-type]
    assert changed_days.since(BOB, his, 9).lost


def held(diaries: Diaries) -> dict[Day, list[Record | Foreign]]:
    """Give the records of the whole diary."""
    found = {row.day: list[Record | Foreign](diaries.records(row.day)) for row in diaries.rows()}
    return {day: records for day, records in found.items() if records}


def amending_to(text: str) -> Callable[..., Writing]:
    """Give what makes amendments to a text."""

    def make(original: EntryId, base: EntryId, *, day: Day) -> Writing:
        return amending(original, text, base, day=day)

    return make


class FollowerMachine(RuleBasedStateMachine):
    """Others write, clear and restart between any two requests of a follower who gives up often.

    It never meets a record twice, and once it is left in peace it has what the diary has.
    """

    name = "files"

    def __init__(self) -> None:
        super().__init__()
        self.folder = folder_in_memory()
        self.diaries = Diaries(OPENERS[self.name], self.folder / "data")
        self.follower = Follower(self.diaries, ALICE)
        self.polling: Iterator[bool] = iter(())

    @initialize(entries=st.integers(0, 3))
    def start(self, entries: int) -> None:
        """Open the store; there may be something in it."""
        self.diaries.__enter__()
        for days in range(entries):
            self.diaries.put("there before", at=NOON + days * A_DAY)

    def teardown(self) -> None:
        """Let the follower come to its end."""
        try:
            self.leaves_nothing_out()
        finally:
            self.diaries.__exit__()
            shutil.rmtree(self.folder)

    @rule(
        days=st.lists(st.integers(0, 4), min_size=1, max_size=4),
        text=st.sampled_from(("a", "b\nc", "long " * 30)),
    )
    def append(self, days: list[int], text: str) -> None:
        """Write entries into any days, some of somebody else."""
        batch = [entry(text, at=NOON + day * A_DAY) for day in days]
        self.diaries.store.append_batch([*batch, entry(text, user=BOB)])

    @rule(
        place=st.integers(0, 9),
        make=st.sampled_from((amending_to("c"), removing, restoring)),
    )
    def change(self, place: int, make: Callable[..., Writing]) -> None:
        """Change an entry; where it is none, or there is nothing to take back, it is refused."""
        rows = self.diaries.rows()
        if rows:
            day = rows[place % len(rows)].day
            records = self.diaries.records(day)
            original = records[place % len(records)].id
            named = [each.id for each in records if original in (each.id, _original(each))]
            self.diaries.change(make(original, named[-1], day=day))

    @rule(place=st.integers(0, 9))
    def clear(self, place: int) -> None:
        """Clear a day."""
        rows = self.diaries.rows()
        if rows:
            self.diaries.clear(rows[place % len(rows)].day)

    @rule()
    def restart(self) -> None:
        """Close and open."""
        self.diaries.reopen()

    @rule()
    def somebody_else_tails(self) -> None:
        """Another device of the same user, and another user."""
        for user in (ALICE, BOB):
            self.diaries.store.tail(user, b"", 1)

    @rule(requests=st.integers(1, 4))
    def follow(self, requests: int) -> None:
        """Let the follower ask so many times more."""
        for _ in range(requests):
            if not next(self.polling, False):
                self.polling = self.follower.poll()

    @rule()
    def give_up(self) -> None:
        """What it was about to ask is never answered; it will begin a new round."""
        self.polling = iter(())

    @rule()
    def leaves_nothing_out(self) -> None:
        """Undisturbed, it comes to what is there: all of it, and nothing else."""
        self.polling = iter(())
        self.follower.finish()
        assert self.follower.records() == held(self.diaries)


def _original(record: Record) -> EntryId | None:
    return getattr(record, "original", None)


class ForgetfulMachine(FollowerMachine):
    """The same on a server that forgets most of what it should remember."""

    name = "forgetful files"


TestFollowerMachine = FollowerMachine.TestCase
TestFollowerMachine.settings = settings(max_examples=40, stateful_step_count=30)
TestForgetfulMachine = ForgetfulMachine.TestCase
TestForgetfulMachine.settings = settings(max_examples=30, stateful_step_count=30)
