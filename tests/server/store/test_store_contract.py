"""What every entry store promises, whatever it keeps entries in."""

import gzip
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from diaryserver.service.ports.entries import Appended, Outcome, Writing
from diaryserver.store.files import FileEntryStore
from protocol.dayfile import Restored, Written
from protocol.errors import (
    ConflictError,
    DiaryError,
    NotFoundError,
    RefusedError,
    StaleError,
)
from protocol.identifiers import Day, EntryId, Username
from protocol.messages.diary import DayRow
from protocol.stamp import Stamp
from tests.server.fakes import NOON, new_id
from tests.server.store_contract import (
    ALICE,
    BOB,
    EVERYTHING,
    FIRST,
    LAST,
    STORES,
    TODAY,
    TOMORROW,
    Diaries,
    again,
    amending,
    compress_all,
    entry,
    folder_in_memory,
    fresh,
    refused,
    removing,
    restoring,
)

DAY_MILLISECONDS: Final = 86_400_000


@pytest.fixture(params=sorted(STORES))
def diaries(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Diaries]:
    """A store with nothing in it."""
    with Diaries(STORES[request.param], tmp_path / "data") as opened:
        yield opened


def test_what_was_appended_is_read_back(diaries: Diaries) -> None:
    """An entry comes back with its id, its time on the writer's wall clock, its text and star."""
    entry_id = new_id()
    assert diaries.put("hello\n\tworld", entry_id, off=480) == fresh(TODAY)
    [record] = diaries.records(TODAY)
    assert record == Written(Stamp(NOON, 480), entry_id, "hello\n\tworld")


def test_it_is_there_after_a_restart(diaries: Diaries) -> None:
    """What append returned for survives the process."""
    diaries.put("kept")
    diaries.reopen()
    assert diaries.texts(TODAY) == ["kept"]


def test_a_repetition_is_answered_and_not_stored_again(diaries: Diaries) -> None:
    """The same id and content: the original answer, marked duplicate, and one entry."""
    entry_id = new_id()
    assert diaries.put("once", entry_id) == fresh(TODAY)
    assert diaries.put("once", entry_id) == again(TODAY)
    assert diaries.texts(TODAY) == ["once"]


def test_a_repetition_is_known_after_a_restart(diaries: Diaries) -> None:
    """Duplicates are found on the disk, not in a memory that a restart empties."""
    entry_id = new_id()
    diaries.put("once", entry_id)
    diaries.reopen()
    assert diaries.put("once", entry_id) == again(TODAY)
    assert diaries.texts(TODAY) == ["once"]


@pytest.mark.parametrize("reopened", [False, True])
def test_a_repetition_is_known_after_clear(diaries: Diaries, reopened: bool) -> None:
    """A cleared entry that is sent again stays cleared, for ever."""
    entry_id = new_id()
    diaries.put("cleared", entry_id)
    diaries.clear(TODAY)
    if reopened:
        diaries.reopen()
    assert diaries.put("cleared", entry_id) == again(TODAY)
    assert diaries.rows() == []
    diaries.put("new")
    assert diaries.put("cleared", entry_id) == again(TODAY)
    assert diaries.texts(TODAY) == ["new"]


def test_a_repetition_is_known_after_two_clears(diaries: Diaries) -> None:
    """Each cleared generation keeps its ids."""
    ids = [new_id() for _ in range(3)]
    for number, entry_id in enumerate(ids):
        diaries.put(f"text {number}", entry_id)
        if number < 2:
            diaries.clear(TODAY)
    diaries.reopen()
    for number, entry_id in enumerate(ids):
        assert diaries.put(f"text {number}", entry_id) == again(TODAY)
    assert diaries.texts(TODAY) == ["text 2"]


@pytest.mark.parametrize("place", ["same file", "reopened", "cleared"])
def test_other_content_under_an_id_is_a_conflict(diaries: Diaries, place: str) -> None:
    """An id names one entry: another text or time under it is refused, and changes nothing."""
    entry_id = new_id()
    diaries.put("first", entry_id)
    if place == "cleared":
        diaries.clear(TODAY)
    if place != "same file":
        diaries.reopen()
    for outcome in (
        diaries.put("second", entry_id),
        diaries.put("first", entry_id, at=NOON + 1),
        diaries.put("first", entry_id, off=1),
        diaries.put("first\n", entry_id),
    ):
        assert isinstance(outcome, ConflictError)
    assert diaries.put("first", entry_id) == again(TODAY)


def test_a_star_is_part_of_the_content(diaries: Diaries) -> None:
    """A starred entry is another one than the same without a star."""
    plain = entry("text")
    starred = plain._replace(starred=True)
    assert diaries.store.append_batch([starred]) == [fresh(TODAY)]
    [record] = diaries.records(TODAY)
    assert isinstance(record, Written)
    assert record.starred
    [outcome] = diaries.store.append_batch([plain])
    assert isinstance(outcome, ConflictError)


def test_when_it_was_received_is_not_part_of_the_content(diaries: Diaries) -> None:
    """A repetition is received later than the original and is a repetition all the same."""
    entry_id = new_id()
    first, second = entry("x", entry_id), entry("x", entry_id, received=NOON + DAY_MILLISECONDS)
    assert diaries.store.append_batch([first]) == [fresh(TODAY)]
    assert diaries.store.append_batch([second]) == [again(TODAY)]


def test_the_same_id_on_two_days_is_two_entries(diaries: Diaries) -> None:
    """Entries are told apart by user, day and id."""
    entry_id = new_id()
    assert diaries.put("x", entry_id) == fresh(TODAY)
    assert diaries.put("y", entry_id, at=NOON + DAY_MILLISECONDS) == fresh(TOMORROW)
    assert diaries.texts(TODAY) == ["x"]
    assert diaries.texts(TOMORROW) == ["y"]


def test_the_same_id_of_two_users_is_two_entries(diaries: Diaries) -> None:
    """Nobody can occupy another user's id."""
    entry_id = new_id()
    assert diaries.put("hers", entry_id) == fresh(TODAY)
    assert diaries.put("his", entry_id, user=BOB) == fresh(TODAY)
    assert diaries.texts(TODAY) == ["hers"]
    assert diaries.texts(TODAY, BOB) == ["his"]


def test_a_batch_keeps_its_order(diaries: Diaries) -> None:
    """What came first stands first, for each user and day, however batches interleave them."""
    batch = [
        entry(f"{user} {number}", user=user, at=NOON + day * DAY_MILLISECONDS)
        for number in range(20)
        for user in (ALICE, BOB)
        for day in (0, 1)
    ]
    outcomes = diaries.store.append_batch(batch)
    assert outcomes == [fresh(TODAY), fresh(TOMORROW)] * 40
    for user in (ALICE, BOB):
        for day in (TODAY, TOMORROW):
            assert diaries.texts(day, user) == [f"{user} {number}" for number in range(20)]


def test_a_batch_answers_each_of_its_entries(diaries: Diaries) -> None:
    """Repetitions and conflicts, inside the batch or with what is stored, get their answers."""
    stored, new = new_id(), new_id()
    diaries.put("stored", stored)
    outcomes = diaries.store.append_batch(
        [
            entry("new", new),
            entry("stored", stored),
            entry("new", new),
            entry("other", new),
            entry("other", stored),
            entry("last"),
        ]
    )
    assert outcomes[:3] == [fresh(TODAY), again(TODAY), again(TODAY)]
    assert [type(outcome) for outcome in outcomes[3:5]] == [ConflictError, ConflictError]
    assert outcomes[5] == fresh(TODAY)
    assert diaries.texts(TODAY) == ["stored", "new", "last"]


def test_an_empty_batch_is_no_work(diaries: Diaries) -> None:
    """Nothing in, nothing out."""
    assert diaries.store.append_batch([]) == []


def test_days_are_listed_in_order_and_bounds_count(diaries: Diaries) -> None:
    """`first` and `last` are included, days without entries are not, other users' neither."""
    for days_later in (3, 0, 1, 5):
        diaries.put("x", at=NOON + days_later * DAY_MILLISECONDS)
    diaries.put("x", user=BOB, at=NOON + 2 * DAY_MILLISECONDS)
    listed = diaries.store.list_days(ALICE, Day("2026-11-23"), Day("2026-11-27"), EVERYTHING)
    assert [row.day for row in listed.rows] == ["2026-11-23", "2026-11-25", "2026-11-27"]
    assert not listed.more
    assert diaries.store.list_days(ALICE, TOMORROW, TODAY, EVERYTHING).rows == ()


def test_a_limited_list_says_that_there_is_more(diaries: Diaries) -> None:
    """`more` exactly when the limit left something out."""
    for days_later in range(3):
        diaries.put("x", at=NOON + days_later * DAY_MILLISECONDS)
    for limit, more in ((1, True), (2, True), (3, False), (4, False)):
        listed = diaries.store.list_days(ALICE, FIRST, LAST, limit)
        assert (len(listed.rows), listed.more) == (min(limit, 3), more)


def test_a_row_tells_generation_entries_and_size(diaries: Diaries) -> None:
    """The size is that of the bytes that reading gives; a clear raises the generation."""
    diaries.put("one")
    diaries.put("two\nlines")
    assert diaries.rows() == [DayRow(TODAY, 0, 2, len(diaries.raw(TODAY)))]
    diaries.clear(TODAY)
    assert diaries.rows() == []
    diaries.put("three")
    assert diaries.rows() == [DayRow(TODAY, 1, 1, len(diaries.raw(TODAY)))]


def test_a_user_without_a_diary_has_no_days(diaries: Diaries) -> None:
    """No error, and nothing is created for asking."""
    assert diaries.rows(BOB) == []
    assert refused(lambda: diaries.store.read(BOB, TODAY, 0, 0, 1)) is NotFoundError
    assert refused(lambda: diaries.store.clear(BOB, TODAY, 0, new_id())) is NotFoundError


def test_a_day_is_read_in_pieces(diaries: Diaries) -> None:
    """Any offset and limit give those bytes, and the whole size each time."""
    diaries.put("some text\nof two lines")
    diaries.put("电池")
    whole = diaries.raw(TODAY)
    for limit in (1, 7, 1040):
        pieces = [
            diaries.store.read(ALICE, TODAY, 0, offset, limit)
            for offset in range(0, len(whole), limit)
        ]
        assert b"".join(piece.data for piece in pieces) == whole
        assert {piece.size for piece in pieces} == {len(whole)}
    behind = diaries.store.read(ALICE, TODAY, 0, len(whole) + 5, 10)
    assert (behind.data, behind.size) == (b"", len(whole))


def test_what_is_read_only_grows(diaries: Diaries) -> None:
    """Within a generation, bytes once read never change: readers may go on where they were."""
    before = b""
    for number in range(5):
        diaries.put(f"text {number}")
        now = diaries.raw(TODAY)
        assert now.startswith(before)
        before = now


def test_reading_another_generation_is_stale(diaries: Diaries) -> None:
    """Who reads a day that was cleared meanwhile is told so, also before it has new entries."""
    diaries.put("old")
    diaries.clear(TODAY)
    assert refused(lambda: diaries.store.read(ALICE, TODAY, 0, 0, 1)) is StaleError
    diaries.put("new")
    assert refused(lambda: diaries.store.read(ALICE, TODAY, 0, 0, 1)) is StaleError
    assert refused(lambda: diaries.store.read(ALICE, TODAY, 2, 0, 1)) is StaleError
    assert diaries.store.read(ALICE, TODAY, 1, 0, EVERYTHING).data == diaries.raw(TODAY)


def test_a_day_without_entries_is_not_found(diaries: Diaries) -> None:
    """Neither to read nor to clear."""
    diaries.put("x", at=NOON + DAY_MILLISECONDS)
    assert refused(lambda: diaries.store.read(ALICE, TODAY, 0, 0, 1)) is NotFoundError
    assert refused(lambda: diaries.store.clear(ALICE, TODAY, 0, new_id())) is NotFoundError


def test_clear_is_done_once_for_one_id(diaries: Diaries) -> None:
    """A repeated clear gives the same name and leaves alone what was written since."""
    rid = new_id()
    diaries.put("old")
    name = diaries.clear(TODAY, rid)
    diaries.put("new")
    assert diaries.store.clear(ALICE, TODAY, 0, rid) == name
    diaries.reopen()
    assert diaries.store.clear(ALICE, TODAY, 0, rid) == name
    assert diaries.store.clear(ALICE, TODAY, 1, rid) == name
    assert diaries.texts(TODAY) == ["new"]


def test_clear_of_another_generation_is_stale(diaries: Diaries) -> None:
    """Who clears what somebody else has cleared already does not clear what came after."""
    diaries.put("old")
    diaries.clear(TODAY)
    diaries.put("new")
    assert refused(lambda: diaries.store.clear(ALICE, TODAY, 0, new_id())) is StaleError
    assert diaries.texts(TODAY) == ["new"]


def test_one_id_clears_one_day(diaries: Diaries) -> None:
    """A clear's id cannot be used for another day."""
    rid = new_id()
    diaries.put("x")
    diaries.put("y", at=NOON + DAY_MILLISECONDS)
    diaries.clear(TODAY, rid)
    assert refused(lambda: diaries.store.clear(ALICE, TOMORROW, 0, rid)) is ConflictError
    assert diaries.texts(TOMORROW) == ["y"]


def test_a_day_can_be_created_empty(diaries: Diaries) -> None:
    """It is listed then; created again it keeps what it has."""
    diaries.store.create_day(ALICE, TODAY)
    assert diaries.rows() == [DayRow(TODAY, 0, 0, 0)]
    diaries.put("x")
    diaries.store.create_day(ALICE, TODAY)
    assert diaries.texts(TODAY) == ["x"]


def test_a_retired_diary_is_gone_and_the_name_free(diaries: Diaries) -> None:
    """What a new user of the name writes is theirs alone, the old ids included."""
    entry_id = new_id()
    diaries.put("old", entry_id)
    assert diaries.store.retire(ALICE, bytes(16))
    assert diaries.rows() == []
    assert diaries.put("new", entry_id) == fresh(TODAY)
    diaries.reopen()
    assert diaries.texts(TODAY) == ["new"]


def test_retiring_twice_loses_neither(diaries: Diaries) -> None:
    """A second diary of the same user, left by a fault, gets a place of its own; then none."""
    diaries.put("one")
    first = diaries.store.retire(ALICE, bytes(16))
    diaries.put("two")
    second = diaries.store.retire(ALICE, bytes(16))
    assert first
    assert second
    assert first != second
    assert diaries.store.retire(ALICE, bytes(16)) == ""


def content_of_file(path: Path) -> bytes:
    """Give a file's content, decompressed if need be."""
    data = path.read_bytes()
    return gzip.decompress(data) if path.suffix == ".gz" else data


def test_a_purged_diary_is_gone_with_all_that_was_aside(diaries: Diaries, tmp_path: Path) -> None:
    """Of this uid: entries, archives, journal; another user's of the same name stays."""
    assert diaries.store.retire(ALICE, bytes(16)) == ""
    diaries.put("somebody else's, kept")
    diaries.store.retire(ALICE, b"\1" * 16)
    diaries.put("private one")
    diaries.store.retire(ALICE, bytes(16))
    diaries.put("private two")
    diaries.clear(TODAY)
    diaries.put("private three")
    diaries.store.purge(ALICE, bytes(16))
    assert diaries.rows() == []
    diaries.reopen()
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    stored = b"".join(map(content_of_file, files))
    assert b"private" not in stored
    assert b"kept" in stored
    diaries.store.purge(ALICE, bytes(16))


def amending_to(text: str) -> Callable[..., Writing]:
    """Give what makes amendments to a text."""

    def make(
        original: EntryId, base: EntryId, own: EntryId, *, user: Username, day: Day
    ) -> Writing:
        return amending(original, text, base, own, user=user, day=day)

    return make


def content_of(alteration: Writing) -> object:
    """Give what the model compares of a change."""
    change = alteration.change
    assert change is not None
    return type(change), change.original, getattr(change, "text", None)


class StoreMachine(RuleBasedStateMachine):
    """Drives a store and a small model with the same steps; they must never differ."""

    name = "files"

    def __init__(self) -> None:
        super().__init__()
        self.folder = folder_in_memory()
        self.diaries = Diaries(STORES[self.name], self.folder / "data")
        self.ids = [new_id() for _ in range(8)]
        self.entries: dict[tuple[Username, Day, EntryId], object] = {}
        self.versions: dict[tuple[Username, Day, EntryId], list[EntryId]] = {}
        self.states: dict[tuple[Username, Day, EntryId], list[str | None]] = {}
        self.order: dict[tuple[Username, Day], list[EntryId]] = {}
        self.generations: dict[tuple[Username, Day], int] = {}
        self.clears: dict[tuple[Username, EntryId], tuple[Day, str]] = {}

    @initialize()
    def start(self) -> None:
        """Open the store."""
        self.diaries.__enter__()

    def teardown(self) -> None:
        """Close it and forget the files."""
        self.diaries.__exit__()
        shutil.rmtree(self.folder)

    @rule(
        batch=st.lists(
            st.tuples(
                st.sampled_from((ALICE, BOB)),
                st.integers(0, 3),
                st.sampled_from((NOON, NOON + DAY_MILLISECONDS)),
                st.sampled_from(("a", "b", "a\nb", "\n", "a\n2026-11-22T12:00:00.000+00:00 x + y")),
            ),
            min_size=1,
            max_size=5,
        )
    )
    def append(self, batch: list[tuple[Username, int, int, str]]) -> None:
        """Append entries, old and new ids mixed."""
        appends = [
            entry(text, self.ids[number], user=user, at=at) for user, number, at, text in batch
        ]
        outcomes = self.diaries.store.append_batch(appends)
        for append, outcome in zip(appends, outcomes, strict=True):
            key = (append.user, append.stamp.day, append.id)
            expected: Outcome | type[RefusedError] = fresh(append.stamp.day)
            if key in self.entries:
                same = self.entries[key] == (append.stamp, append.text)
                expected = again(append.stamp.day) if same else ConflictError
            else:
                self.entries[key] = (append.stamp, append.text)
                self.versions[key], self.states[key] = [append.id], [append.text]
                self.order.setdefault(key[:2], []).append(append.id)
            assert (
                outcome == expected if isinstance(outcome, Appended) else expected is type(outcome)
            )

    @rule(
        user=st.sampled_from((ALICE, BOB)),
        day=st.sampled_from((TODAY, TOMORROW)),
        numbers=st.tuples(st.integers(0, 3), st.integers(0, 7)),
        behind=st.sampled_from((0, 0, 0, 1)),
        make=st.sampled_from((amending_to("c"), amending_to("d"), removing, restoring)),
    )
    def change(
        self,
        user: Username,
        day: Day,
        numbers: tuple[int, int],
        behind: int,
        make: Callable[..., Writing],
    ) -> None:
        """Change an entry, now and then one that is not there, or a version that is over."""
        original, own = self.ids[numbers[0]], self.ids[numbers[1]]
        key = (user, day, original)
        versions = self.versions.get(key, [original])
        base = versions[max(0, len(versions) - 1 - behind)]
        alteration = make(original, base, own, user=user, day=day)
        outcome = self.diaries.store.append_batch([alteration])[0]
        expected = self.expected(key, alteration, base)
        assert outcome == expected if isinstance(outcome, Appended) else type(outcome) is expected
        if outcome == fresh(day):
            self.entries[user, day, own] = content_of(alteration)
            self.versions[key].append(own)
            states = self.states[key]
            if isinstance(alteration.change, Restored):
                states.pop()
            else:
                states.append(getattr(alteration.change, "text", None))

    def expected(
        self, key: tuple[Username, Day, EntryId], alteration: Writing, base: EntryId
    ) -> Outcome | type[RefusedError]:
        """Give the outcome of a change by the model."""
        user, day, original = key
        if (user, day, alteration.id) in self.entries:
            same = self.entries[user, day, alteration.id] == content_of(alteration)
            return again(day) if same else ConflictError
        if original not in self.order.get((user, day), ()):
            return NotFoundError
        if base != self.versions[key][-1]:
            return StaleError
        states = self.states[key]
        if isinstance(alteration.change, Restored):
            return fresh(day) if len(states) > 1 else NotFoundError
        return NotFoundError if states[-1] is None else fresh(day)

    @rule(
        user=st.sampled_from((ALICE, BOB)),
        day=st.sampled_from((TODAY, TOMORROW)),
        behind=st.integers(0, 1),
        number=st.integers(0, 3),
    )
    def clear(self, user: Username, day: Day, behind: int, number: int) -> None:
        """Clear a day, now and then with a generation that is over or an id used before."""
        rid = self.ids[number]
        generation = max(0, self.generations.get((user, day), 0) - behind)
        expected: type[DiaryError] | None = None
        if (user, rid) in self.clears:
            expected = None if self.clears[user, rid][0] == day else ConflictError
        elif not any(owner == user for owner, _ in self.order | self.generations):
            expected = NotFoundError
        elif generation != self.generations.get((user, day), 0):
            expected = StaleError
        elif not self.order.get((user, day)):
            expected = NotFoundError
        try:
            name = self.diaries.store.clear(user, day, generation, rid)
        except RefusedError as error:
            assert type(error) is expected  # noqa: PT017 - which error is the question
            return
        assert expected is None
        if (user, rid) not in self.clears:
            self.clears[user, rid] = (day, name)
            self.generations[user, day] = generation + 1
            self.order[user, day] = []
        assert name == self.clears[user, rid][1]

    @rule()
    def restart(self) -> None:
        """Close and open."""
        self.diaries.reopen()

    @rule()
    def compress(self) -> None:
        """Compress every day, which nobody may notice."""
        assert isinstance(self.diaries.store, FileEntryStore)
        compress_all(self.diaries.store)

    @precondition(lambda self: self.order)
    @invariant()
    def holds_what_the_model_holds(self) -> None:
        """Days, generations, order and texts are the model's."""
        for user in (ALICE, BOB):
            days = sorted(day for (owner, day), ids in self.order.items() if owner == user and ids)
            assert [row.day for row in self.diaries.rows(user)] == days
            for day in days:
                assert self.diaries.generation(day, user) == self.generations.get((user, day), 0)
                keys = [(user, day, each) for each in self.order[user, day]]
                texts = [self.states[key][0] for key in keys]
                assert self.diaries.texts(day, user) == texts
                shown = [self.states[key][-1] for key in keys]
                assert self.diaries.shown(day, user) == [text for text in shown if text is not None]


TestStoreMachine = StoreMachine.TestCase
TestStoreMachine.settings = settings(max_examples=60, stateful_step_count=25)
