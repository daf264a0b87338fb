"""What every entry store promises about room: how much is taken up, and that no more ever is."""

import gzip
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from diaryserver.service.ports.entries import Appended, Outcome, Writing
from diaryserver.service.quotas import NO_LIMIT, Quotas
from diaryserver.store.days.written_form import format_writing
from diaryserver.store.quota import in_blocks
from protocol.errors import QuotaError
from protocol.identifiers import Day, EntryId
from protocol.messages.base import MAX_NOTE_BYTES
from protocol.messages.usage import Used
from tests.server.fakes import NOON, new_id
from tests.server.store_contract import (
    ALICE,
    BOB,
    EVERYTHING,
    STORES,
    TODAY,
    TOMORROW,
    Diaries,
    again,
    amending,
    entry,
    folder_in_memory,
    fresh,
    refused,
    removing,
    restoring,
)

A_DAY: Final = 86_400_000
DAYS: Final = (TODAY, TOMORROW, Day("2026-11-24"))
TIGHT: Final = Quotas(bytes=6 * 4096, entries=9, day_bytes=2500, day_entries=5)


@pytest.fixture(params=sorted(STORES))
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Diaries]:
    """A store with tight limits and nothing in it."""
    with Diaries(STORES[request.param], tmp_path / "data", TIGHT) as diaries:
        yield diaries


def used(diaries: Diaries, day: Day = TODAY) -> Used:
    """Ask what is taken up."""
    return diaries.store.usage(ALICE, day)


def fill(diaries: Diaries) -> list[Writing]:
    """Write as many entries as a diary may have, over three days."""
    entries = [entry("x", at=NOON + number % 3 * A_DAY) for number in range(TIGHT.entries)]
    assert {type(each) for each in diaries.store.append_batch(entries)} == {Appended}
    return entries


def test_an_empty_diary_takes_up_nothing(opened: Diaries) -> None:
    """The limits are told all the same."""
    assert used(opened) == Used(0, 0, 0, 0, TIGHT.bytes, TIGHT.entries, 2500, 5)


def test_without_a_limit_the_limit_is_0(tmp_path: Path) -> None:
    """Except for a day's bytes: a day is read whole."""
    limits = Quotas(NO_LIMIT, NO_LIMIT, 2**24, NO_LIMIT)
    with Diaries(STORES["files"], tmp_path / "data", limits) as diaries:
        found = used(diaries)
        assert (found.max_bytes, found.max_entries, found.max_day_entries) == (0, 0, 0)
        assert found.max_day_bytes == 2**24


def test_a_full_diary_takes_no_entry_and_knows_what_it_has(opened: Diaries) -> None:
    """The refused is stored nowhere, what is stored is answered as ever, others write on."""
    stored = fill(opened)
    more = entry("one too many")
    [refusal] = opened.store.append_batch([more])
    assert isinstance(refusal, QuotaError)
    assert str(refusal) == "the diary is full: 9 of 9 entries"
    assert opened.store.append_batch(stored) == [again(each.day) for each in stored]
    assert opened.put(user=BOB) == fresh(TODAY)
    opened.reopen()
    assert isinstance(opened.store.append_batch([more])[0], QuotaError)
    assert opened.store.append_batch(stored) == [again(each.day) for each in stored]
    assert opened.texts(TODAY) == ["x"] * 3
    assert used(opened).entries == TIGHT.entries


def test_changes_are_no_entries(opened: Diaries) -> None:
    """In a diary that is full of entries they can still be changed, which takes up bytes."""
    one = fill(opened)[0]
    before = used(opened)
    opened.change(removing(one.id))
    after = used(opened)
    assert (after.entries, after.day_entries) == (before.entries, before.day_entries)
    assert after.day_bytes > before.day_bytes


def test_a_full_day_is_named(opened: Diaries) -> None:
    """Other days take entries."""
    for _ in range(5):
        opened.put()
    refusal = opened.put()
    assert isinstance(refusal, QuotaError)
    assert str(refusal) == "2026-11-22 is full: 5 of 5 entries"
    refusal = opened.put("x" * 2500, at=NOON + A_DAY)
    assert isinstance(refusal, QuotaError)
    assert str(refusal) == "2026-11-23 is full: 0 bytes of 2.4 KiB"
    assert opened.put(at=NOON + A_DAY) == fresh(TOMORROW)


def test_clearing_makes_room_for_entries_and_none_on_the_disk(opened: Diaries) -> None:
    """So nobody fills a disk by clearing and writing, and clearing and recovering."""
    for number in range(6):
        opened.put(f"{number}")
        opened.clear(TODAY)
        assert used(opened).entries == 0
    refusal = opened.put()
    assert isinstance(refusal, QuotaError)
    assert str(refusal) == "the diary is full: 24.0 KiB of 24.0 KiB"
    archived = opened.store.list_archives(ALICE, "", EVERYTHING).rows[0]
    before = opened.rows()
    assert (
        refused(lambda: opened.store.recover(ALICE, TODAY, archived.generation, archived.name))
        is QuotaError
    )
    assert opened.rows() == before


def test_what_came_back_counts_again(opened: Diaries) -> None:
    """The day's file and its archive both take up room."""
    opened.put("one")
    opened.put("two")
    before = used(opened)
    opened.clear(TODAY)
    [row] = opened.store.list_archives(ALICE, "", EVERYTHING).rows
    assert used(opened).bytes == before.bytes
    opened.store.recover(ALICE, TODAY, row.generation, row.name)
    after = used(opened)
    assert (after.bytes, after.entries) == (2 * before.bytes, before.entries)


def test_what_says_that_a_diary_is_full_fits_a_refusal() -> None:
    """With the largest numbers that there are."""
    words = f"{TODAY} is full: {NO_LIMIT:,} of {NO_LIMIT:,} entries"
    assert len(words.encode()) <= MAX_NOTE_BYTES


def measured(diaries: Diaries) -> int:
    """Look how much room alice's files take up, compressed ones as if they were plain."""
    files = (diaries.folder / "diaries" / ALICE).rglob("*")
    return sum(in_blocks(len(text_of(path))) for path in files if path.is_file())


def text_of(path: Path) -> bytes:
    """Read a file of any form."""
    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()


class RoomMachine(RuleBasedStateMachine):
    """Whatever is done to a diary: its figures are those of a full look, and within its limits."""

    @initialize(store=st.sampled_from(sorted(STORES)))
    def open(self, store: str) -> None:
        """Begin with nothing."""
        self.folder = folder_in_memory()
        self.copies = 0
        self.diaries = Diaries(STORES[store], self.folder / "0", TIGHT)
        self.diaries.__enter__()
        self.stored: dict[EntryId, Writing] = {}

    def teardown(self) -> None:
        """Look at last, and clean up."""
        if hasattr(self, "diaries"):
            self.look()
            self.diaries.__exit__()
            shutil.rmtree(self.folder)

    @rule(
        sizes=st.lists(st.sampled_from([1, 1, 300, 900]), min_size=1, max_size=4),
        shift=st.integers(0, 2),
        at_once=st.booleans(),
    )
    def put(self, sizes: list[int], shift: int, *, at_once: bool) -> None:
        """Write some, in one batch or one after the other, so that lines trail."""
        entries = [entry("x" * size, at=NOON + shift * A_DAY) for size in sizes]
        batches = [entries] if at_once else [[each] for each in entries]
        outcomes = [each for batch in batches for each in self.diaries.store.append_batch(batch)]
        for written, outcome in zip(entries, outcomes, strict=True):
            self._judge(written, outcome)

    def _judge(self, written: Writing, outcome: Outcome) -> None:
        if isinstance(outcome, Appended):
            assert not outcome.duplicate
            self.stored[written.id] = written
        else:
            assert isinstance(outcome, QuotaError)

    @rule(size=st.sampled_from([1, 300, 900]), shift=st.integers(0, 2))
    def put_one_and_foretell(self, size: int, shift: int) -> None:
        """It is refused if, and only if, it does not fit; refused, it leaves no trace."""
        written = entry("x" * size, at=NOON + shift * A_DAY)
        line = format_writing(written)
        before = used(self.diaries, written.day)
        grown = in_blocks(before.day_bytes + len(line)) - in_blocks(before.day_bytes)
        fits = (
            before.entries < TIGHT.entries
            and before.day_entries < TIGHT.day_entries
            and before.day_bytes + len(line) <= TIGHT.day_bytes
            and before.bytes + grown <= TIGHT.bytes
        )
        [outcome] = self.diaries.store.append_batch([written])
        assert isinstance(outcome, Appended) == fits
        self._judge(written, outcome)
        if not fits:
            assert used(self.diaries, written.day) == before

    @rule(data=st.data())
    def repeat(self, data: st.DataObject) -> None:
        """What was stored once is known for ever."""
        if self.stored:
            one = data.draw(st.sampled_from(list(self.stored.values())))
            assert self.diaries.store.append_batch([one]) == [again(one.day)]

    @rule(data=st.data(), size=st.sampled_from([1, 900]))
    def change(self, data: st.DataObject, size: int) -> None:
        """Amend, remove or restore; refused or not, nothing else is asked here."""
        if self.stored:
            one = data.draw(st.sampled_from(list(self.stored.values())))
            changes = (
                amending(one.id, "y" * size, day=one.day),
                removing(one.id, day=one.day),
                restoring(one.id, day=one.day),
            )
            self.diaries.change(data.draw(st.sampled_from(changes)))

    @rule(day=st.sampled_from(DAYS))
    def clear(self, day: Day) -> None:
        """Set a day aside."""
        if any(row.day == day for row in self.diaries.rows()):
            self.diaries.clear(day, new_id())

    @rule(data=st.data())
    def recover(self, data: st.DataObject) -> None:
        """Bring one back, if there is room."""
        rows = self.diaries.store.list_archives(ALICE, "", EVERYTHING).rows
        if rows:
            row = data.draw(st.sampled_from(rows))
            kind = refused(
                lambda: self.diaries.store.recover(ALICE, row.day, row.generation, row.name)
            )
            assert kind in {None, QuotaError}

    @rule()
    def restart(self) -> None:
        """Close and open."""
        self.diaries.reopen()

    @rule()
    def crash(self) -> None:
        """Go on with what a killed process leaves."""
        self.copies += 1
        self.diaries.reopen_copy(self.folder / f"{self.copies}")

    @rule()
    def checkpoint(self) -> None:
        """As happens every 30 s."""
        self.diaries.store.checkpoint()

    @rule()
    def look(self) -> None:
        """Compare with what a full look gives."""
        rows = {row.day: row for row in self.diaries.rows()}
        for day in DAYS:
            found = used(self.diaries, day)
            assert found.bytes == measured(self.diaries) <= TIGHT.bytes
            assert found.entries == sum(row.entries for row in rows.values()) <= TIGHT.entries
            own = (rows[day].size, rows[day].entries) if day in rows else (0, 0)
            assert (found.day_bytes, found.day_entries) == own
            assert found.day_bytes <= TIGHT.day_bytes
            assert found.day_entries <= TIGHT.day_entries


TestRoom = RoomMachine.TestCase
TestRoom.settings = settings(stateful_step_count=20)
