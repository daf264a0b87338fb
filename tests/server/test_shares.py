"""What looks into files is done in slices, in turns, and stops nobody who only appends."""

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import repeat
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diaryserver.engine import open_entries
from diaryserver.service.ports.entries import Appended, Outcome, UnfinishedError, WordQuery, Writing
from diaryserver.service.work.committer import MAX_PENDING_OF_ONE, Committer
from diaryserver.service.work.slices import SLICE_SECONDS, Slices
from diaryserver.service.work.threads import Worker
from diaryserver.service.work.turns import BUSY_SECONDS, REST, URGENT, Turns
from diaryserver.store.days.cache import DayCache
from diaryserver.store.days.daystate import PIECE_BYTES
from diaryserver.store.days.pieces import MAX_CHANGES, records_on
from diaryserver.store.disk.disk import Disk
from diaryserver.store.disk.gzipped import PIECE_BYTES as DECOMPRESSED_BYTES
from diaryserver.store.disk.looking import MAX_BEGUN, MAX_IDLE, SMALL_BYTES, Looking, Pieces
from diaryserver.store.disk.user_folder import DAY_SUFFIX, day_file
from diaryserver.store.files import FileEntryStore
from protocol.dayfile import Amended, Record, Written, format_record
from protocol.errors import BusyError, QuotaError
from protocol.identifiers import Username
from tests.server.fakes import NOON, FrozenClock, new_id
from tests.server.store_contract import ALICE, BOB, TODAY, amending, compress_all, entry, removing

MALLORY = Username("mallory")
_Result = TypeVar("_Result")


def never() -> bool:
    """Give no leave."""
    return False


def leave(pieces: int) -> Callable[[], bool]:
    """Give leave so many times; the first is asked when the call begins."""
    left = iter([True] * pieces)
    return lambda: next(left, False)


def is_open(outcome: Outcome) -> bool:
    """Tell whether there is no outcome yet."""
    return isinstance(outcome, UnfinishedError)


# The store's part: what it does without leave, and with a little


@contextmanager
def full_of_old(folder: Path, number: int = 40) -> Iterator[tuple[FileEntryStore, list[Writing]]]:
    """Open a store that knows two ids of a day by heart, with so many entries on it."""
    with open_entries(folder, cache=DayCache(newest=2)) as store:
        old = [entry(str(each), user=MALLORY) for each in range(number)]
        store.append_batch(old)
        yield store, sorted(old, key=lambda each: each.id)


def test_without_leave_only_what_needs_no_file_is_decided(tmp_path: Path) -> None:
    """The rest waits with what stands behind it for its day; nothing of that is stored."""
    with full_of_old(tmp_path) as (store, old):
        news = entry("behind it", user=MALLORY), entry("of another", user=ALICE)
        with store.bounded(never):
            outcomes = store.append_batch([old[0], *news])
            again = store.append_batch([old[0], *news])
        assert list(map(is_open, outcomes)) == [True, True, False]
        assert all(map(is_open, again))
        assert store.append_batch([news[0], old[0]]) == [
            Appended(TODAY, duplicate=False),
            Appended(TODAY, duplicate=True),
        ]


def test_a_first_entry_of_a_day_waits_behind_nobody(tmp_path: Path) -> None:
    """A small day, or none, is loaded without leave: one of a user in a call, and no more."""
    with open_entries(tmp_path) as store, store.bounded(never):
        first, second = entry(user=ALICE), entry(at=NOON - 86_400_000, user=ALICE)
        his = entry(user=BOB)
        assert list(map(is_open, store.append_batch([first, second, his]))) == [False, True, False]


def test_a_long_day_is_loaded_piece_by_piece(tmp_path: Path) -> None:
    """A piece a call, the next call goes on, and the day is known as if it was read at once."""
    text = "x" * 1000
    with open_entries(tmp_path) as store:
        written = [entry(text) for _ in range(SMALL_BYTES * 8 // 1000)]
        store.append_batch(written)
        store.catch_up()
        [row] = store.list_days(ALICE, TODAY, TODAY, 1).rows
    calls = 0
    with open_entries(tmp_path) as store:
        while True:
            calls += 1
            with store.bounded(leave(1)):
                try:
                    rows = store.list_days(ALICE, TODAY, TODAY, 1).rows
                except UnfinishedError:
                    continue
                break
    assert rows == (row,)
    assert calls >= row.size // PIECE_BYTES


class NotingDisk(Disk):
    """Notes which files are opened."""

    def __init__(self) -> None:
        """None yet."""
        super().__init__()
        self.opened: list[str] = []

    def open(self, name: str, flags: int, folder: int) -> int:
        """As Disk."""
        self.opened.append(name)
        return super().open(name, flags, folder)


def test_of_many_long_days_one_is_read_and_no_text_is_held(tmp_path: Path) -> None:
    """28 full days took a gigabyte: each was read in each call, and held by what was raised."""
    text, days = "x" * 1000, range(1, 6)
    with open_entries(tmp_path) as store:
        batches = [
            [entry(text, at=NOON - day * 86_400_000) for _ in range(SMALL_BYTES * 8 // 1000)]
            for day in days
        ]
        for batch in batches:
            store.append_batch(batch)
    disk, outcomes = NotingDisk(), list[Outcome]()
    with open_entries(tmp_path, disk=disk) as store:
        for _ in range(2):  # in the first call how much room the diary takes up is looked at
            disk.opened.clear()
            with store.bounded(leave(1)):
                outcomes = store.append_batch([batch[0] for batch in batches])
            assert all(map(is_open, outcomes))
        read = [name for name in disk.opened if name.endswith(DAY_SUFFIX)]
        assert read == [day_file(batches[0][0].day)]
        raised = [each for each in outcomes if isinstance(each, UnfinishedError)]
        assert [each.__traceback__ for each in raised] == [None for _ in days]


def test_a_look_that_is_over_gives_the_search_a_cursor(tmp_path: Path) -> None:
    """Each call looks through one piece, and all together find what one call does."""
    with open_entries(tmp_path) as store:
        store.append_batch([entry(f"needle {number} " + "x" * 2000) for number in range(90)])
        query, found, cursor, calls = WordQuery("needle", TODAY, TODAY), 0, b"", 0
        while True:
            with store.bounded(leave(1)):
                matches = store.search(ALICE, query, cursor, 10**6)
            found, cursor, calls = found + len(matches.entries), matches.cursor, calls + 1
            if not cursor:
                break
        assert found == 90
        assert calls >= 90


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 60), st.booleans()), max_size=12), st.integers(1, 3))
def test_in_slices_the_same_becomes_of_a_batch(wanted: list[tuple[int, bool]], pieces: int) -> None:
    """Whatever it asks, and however short they are: old ids, new ones, other texts under both."""
    with TemporaryDirectory() as one, TemporaryDirectory() as other:
        seen = []
        ids = [new_id() for _ in range(61)]
        for folder, bound in ((one, 0), (other, pieces)):
            with open_entries(Path(folder), cache=DayCache(newest=2)) as store:
                store.append_batch([entry("old", entry_id=each) for each in ids[:40]])
                batch = [entry("new" if new else "old", entry_id=ids[n]) for n, new in wanted]
                seen.append(list(map(str, in_slices(store, batch, bound))))
    assert seen[0] == seen[1]


def test_a_long_day_is_cleared_and_brought_back_piece_by_piece(tmp_path: Path) -> None:
    """A piece a call; and nothing of it is forgotten, nor lost, nor there twice."""
    with open_entries(tmp_path, cache=DayCache(newest=2)) as store:
        written = [entry(f"{number} " + "x" * 500) for number in range(400)]
        store.append_batch(written)
        rid = new_id()

        def clear() -> str:
            return store.clear(ALICE, TODAY, 0, rid)

        name, calls = finally_given(store, clear)
        assert calls > 1
        assert {name} == {row.name for row in store.list_archives(ALICE, "", 9).rows}
        assert store.append_batch(written) == [Appended(TODAY, duplicate=True)] * 400
        for _ in range(2):
            back, calls = finally_given(store, lambda: store.recover(ALICE, TODAY, 1, name))
            assert back == 400
            assert calls > 10
        [row] = store.list_days(ALICE, TODAY, TODAY, 1).rows
        assert row.entries == 400


def test_archives_are_counted_piece_by_piece(tmp_path: Path) -> None:
    """Whether the day knows by heart what of them it has, or has to be read as well."""
    for newest in (2, 1000):
        (tmp_path / str(newest)).mkdir()
        with open_entries(tmp_path / str(newest), cache=DayCache(newest=newest)) as store:
            written = [entry("x" * 500) for _ in range(100)]
            store.append_batch(written)
            name = store.clear(ALICE, TODAY, 0, new_id())
            store.append_batch([entry("another")])
            for absent in (100, 0):
                found, calls = finally_given(store, lambda: store.list_archives(ALICE, "", 9))
                assert [(row.entries, row.absent) for row in found.rows] == [(100, absent)]
                assert calls > 3
                store.recover(ALICE, TODAY, 1, name)


def test_a_compressed_day_is_decompressed_piece_by_piece(tmp_path: Path) -> None:
    """Whatever is asked of it: its row, its bytes, a search, a repetition, an entry more."""
    with open_entries(tmp_path, cache=DayCache(newest=2)) as store:
        written = [entry(f"needle {number} " + "x" * 3000) for number in range(400)]
        store.append_batch(written)
        [row] = store.list_days(ALICE, TODAY, TODAY, 1).rows
        text = store.read(ALICE, TODAY, 0, 0, row.size).data
        compress_all(store)
    asked: list[tuple[Callable[[FileEntryStore], object], object]] = [
        (lambda store: store.list_days(ALICE, TODAY, TODAY, 1).rows, (row,)),
        (lambda store: store.read(ALICE, TODAY, 0, 0, row.size).data, text),
        (lambda store: len(store.search(ALICE, WordQuery("399", TODAY, TODAY), b"", 9).entries), 0),
        (lambda store: decided(store, written[0]), Appended(TODAY, duplicate=True)),
        (lambda store: decided(store, entry("more")), Appended(TODAY, duplicate=False)),
    ]
    for ask, answer in asked:
        with open_entries(tmp_path, cache=DayCache(newest=2)) as store:
            found, calls = finally_given(store, partial(ask, store))
            assert found == answer
            assert calls > row.size // DECOMPRESSED_BYTES


def decided(store: FileEntryStore, writing: Writing) -> Outcome:
    """Give what becomes of a writing; raise UnfinishedError."""
    [outcome] = store.append_batch([writing])
    if isinstance(outcome, UnfinishedError):
        raise outcome
    return outcome


def test_a_day_with_48_archives_is_met_one_piece_of_an_archive_after_another(
    tmp_path: Path,
) -> None:
    """None of them is known to the ledger; meanwhile others' entries are stored in each call."""
    old = [entry(str(number), user=MALLORY) for number in range(48)]
    with open_entries(tmp_path) as store:
        for generation, each in enumerate(old):
            store.append_batch([each])
            store.clear(MALLORY, TODAY, generation, new_id())
    (tmp_path / "ledger.sqlite3").unlink()
    with open_entries(tmp_path) as store:
        calls = 0
        outcomes: list[Outcome] = [UnfinishedError()]
        while is_open(outcomes[0]):
            calls += 1
            with store.bounded(never):
                [hers] = store.append_batch([entry(user=ALICE)])
            assert hers == Appended(TODAY, duplicate=False)
            with store.bounded(leave(1)):
                outcomes = store.append_batch([old[0]])
        assert outcomes[0] == Appended(TODAY, duplicate=True)
        assert calls >= 48


def finally_given(store: FileEntryStore, call: Callable[[], _Result]) -> tuple[_Result, int]:
    """Give what a call gives when it is repeated, with leave for a piece, and how often it was."""
    calls = 0
    while True:
        calls += 1
        assert store.append_batch([entry(user=BOB)]) == [Appended(TODAY, duplicate=False)]
        with store.bounded(leave(1)), suppress(UnfinishedError):
            return call(), calls


def in_slices(store: FileEntryStore, batch: Sequence[Writing], pieces: int) -> list[Outcome]:
    """Have a batch decided, in calls with so much leave each, or in one."""
    outcomes: list[Outcome] = [UnfinishedError() for _ in batch]
    for _ in range(1 + 10 * len(batch)):
        left = [number for number, outcome in enumerate(outcomes) if is_open(outcome)]
        with store.bounded(leave(pieces)) if pieces else nullcontext():
            found = store.append_batch([batch[number] for number in left])
        for number, outcome in zip(left, found, strict=True):
            outcomes[number] = outcome
    assert not any(map(is_open, outcomes))
    return outcomes


def three_pieces() -> Pieces[str]:
    """Look thrice."""
    yield
    yield
    return "found"


def test_long_looks_that_are_kept_are_bounded() -> None:
    """Of five at once four go on; the fifth begins anew, and is kept when there is room."""
    looking = Looking()

    def turn(key: int) -> str:
        with looking.bounded(leave(1)):
            try:
                return looking.finish(("day", f"user {key}"), three_pieces)
            except UnfinishedError:
                return ""

    for _ in range(2):
        assert [turn(key) for key in range(MAX_BEGUN + 1)] == [""] * (MAX_BEGUN + 1)
    assert [turn(key) for key in range(MAX_BEGUN + 1)] == ["found"] * MAX_BEGUN + [""]
    assert [turn(MAX_BEGUN), turn(MAX_BEGUN)] == ["", "found"]


def test_a_long_look_that_nobody_goes_on_with_makes_room() -> None:
    """Who asked may be gone: after a thousand calls it is dropped for another one."""
    looking = Looking()
    for key in range(MAX_BEGUN):
        with looking.bounded(leave(1)), pytest.raises(UnfinishedError):
            looking.finish(("day", f"user {key}"), three_pieces)
    for _ in range(MAX_IDLE + 1):
        with looking.bounded(leave(1)):
            looking.check()
    for _ in range(2):
        with looking.bounded(leave(1)), pytest.raises(UnfinishedError):
            looking.finish(("day", "another"), three_pieces)
    with looking.bounded(leave(1)):
        assert looking.finish(("day", "another"), three_pieces) == "found"


def test_nobody_keeps_all_long_looks_for_himself() -> None:
    """Of what changes all the time one of a kind is kept, and several kinds make room."""
    looking = Looking()

    def turn(*key: object) -> str:
        with looking.bounded(leave(1)):
            try:
                return looking.finish(key, three_pieces)
            except UnfinishedError:
                return ""

    for number in range(10):
        for kind in ("row", "offer", "text", "aside", "scan"):
            assert turn(kind, "mallory", number) == ""
    assert [turn("scan", "alice", 1) for _ in range(3)] == ["", "", "found"]
    found = ""
    for number in range(3):
        found = turn("scan", "alice", 2)
        for kind in ("row", "offer", "text", "aside"):
            turn(kind, "mallory", 10 + number)
    assert found == "found"


# The turns


def test_while_others_append_who_looks_has_a_share() -> None:
    """After each piece of work comes a rest eleven times as long; appends do not wait for it."""
    turns = Turns()
    for party in ("mallory", "mallory", URGENT, URGENT):
        turns.put(nothing, party)
    assert turns.take(1.0) == (nothing, True)
    turns.worked(1.0, 1.004)
    assert turns.rest(1.004) == pytest.approx(REST * 0.004)
    assert turns.take(1.005) == (nothing, True)
    with pytest.raises(IndexError):
        turns.take(1.005)
    assert turns.take(1.004 + REST * 0.004 + 0.001) == (nothing, False)


def test_many_who_look_rest_less_and_where_nobody_appends_none_does() -> None:
    """Of a hundred users who look, each has his share; alone, they have everything."""
    turns = Turns()
    for number in range(100):
        turns.put(nothing, f"user{number}")
    turns.worked(5.0, 5.01)
    assert turns.rest(5.01) == 0
    turns.put(nothing)
    turns.take(6.0)
    turns.worked(6.0, 6.01)
    assert turns.rest(6.01) == pytest.approx(REST * 0.01 / 100)
    turns.worked(6.0 + BUSY_SECONDS, 6.5)
    assert turns.rest(6.5) == 0


def nothing() -> None:
    """Do nothing."""


def test_what_is_not_done_in_its_turn_goes_on_behind_the_others() -> None:
    """In front of all else that its party wants; and it ends."""
    said: list[str] = []
    left = {"long": 3}

    def long() -> str:
        said.append("long")
        left["long"] -= 1
        if left["long"]:
            raise UnfinishedError
        return "done"

    async def ask() -> str:
        worker, gate = Worker("test"), threading.Event()
        first = asyncio.create_task(worker.run(gate.wait))
        asked = asyncio.create_task(worker.of("mallory").run(long))
        others = [
            asyncio.create_task(worker.of(party).run(said.append, party))
            for party in ("mallory", "alice", "bob")
        ]
        await asyncio.sleep(0)
        gate.set()
        await asyncio.gather(first, *others)
        result = await asked
        worker.close()
        return result

    assert asyncio.run(ask()) == "done"
    assert said == ["long", "alice", "bob", "long", "long", "mallory"]


def test_a_slice_ends_by_the_clock() -> None:
    """What the store is told is the time: there is leave for five milliseconds, then none."""
    clock, told = FrozenClock(), []

    @contextmanager
    def bounded(may_look: Callable[[], bool]) -> Iterator[None]:
        told.append(may_look())
        clock.advance(SLICE_SECONDS * 0.9)
        told.append(may_look())
        clock.advance(SLICE_SECONDS * 0.2)
        told.append(may_look())
        yield

    async def ask() -> None:
        worker, store = Worker("test"), FakeStore()
        store.bounded = bounded  # type: ignore[method-assign]
        await Slices(worker.of("alice"), store, clock.monotonic).run(nothing)  # type: ignore[arg-type]
        worker.close()

    asyncio.run(ask())
    assert told == [True, True, False]


# The committer's part


@dataclass
class FakeStore:
    """Decides without leave what is not in `old`; of those, one a call with leave."""

    old: set[object] = field(default_factory=set)
    stored: list[str] = field(default_factory=list)
    calls: list[list[str]] = field(default_factory=list)
    has_leave: bool = True

    @contextmanager
    def bounded(self, may_look: Callable[[], bool]) -> Iterator[None]:
        """As EntryStore."""
        self.has_leave = may_look()
        yield
        self.has_leave = True

    def append_batch(self, batch: Sequence[Writing]) -> list[Outcome]:
        """As EntryStore."""
        outcomes: list[Outcome] = []
        held = set()
        left = int(self.has_leave)
        for writing in batch:
            key = writing.user, writing.day
            is_old = writing.id in self.old
            if key in held or (is_old and not left):
                held.add(key)
                outcomes.append(UnfinishedError())
                continue
            left -= is_old
            self.stored.append(writing.text)
            outcomes.append(Appended(writing.day, duplicate=is_old))
        self.calls.append([writing.text for writing in batch])
        return outcomes

    def catch_up(self) -> None:
        """As EntryStore."""


def committed(store: FakeStore, *groups: Sequence[Writing]) -> list[list[str]]:
    """Hand groups over at once; give the texts of each in the order in which they were told."""
    worker, told = Worker("entries"), []

    async def commit() -> None:
        committer = Committer(store, worker, lambda _, __: True, FrozenClock().monotonic)  # type: ignore[arg-type]
        ended = [asyncio.get_running_loop().create_future() for _ in groups]

        def done(number: int) -> Callable[[Sequence[Outcome]], None]:
            def tell(outcomes: Sequence[Outcome]) -> None:
                assert len(outcomes) == len(groups[number])
                told.append([writing.text for writing in groups[number]])
                ended[number].set_result(None)

            return tell

        for number, group in enumerate(groups):
            committer.submit(group, done(number))
        await asyncio.gather(*ended)

    try:
        asyncio.run(commit())
    finally:
        worker.close()
    return told


def test_old_ids_wait_for_their_turns_and_new_ones_do_not_wait_for_them() -> None:
    """However many batches of old ids came first; each is told its own, in the end."""
    old = [[entry(f"old {n} {m}", user=MALLORY) for m in range(9)] for n in range(60)]
    store = FakeStore({writing.id for batch in old for writing in batch})
    told = committed(store, *old, [entry("hers", user=ALICE)])
    assert told[0] == ["hers"]
    assert sorted(told[1:]) == sorted([w.text for w in batch] for batch in old)
    assert store.stored[0] == "hers"


def test_a_users_own_day_keeps_its_order() -> None:
    """What comes behind a repetition for the same day waits for it; for another day it need not."""
    repeated, behind = entry("repeated"), entry("behind")
    elsewhere = entry("elsewhere", at=NOON - 86_400_000)
    store = FakeStore({repeated.id})
    committed(store, [repeated], [behind], [elsewhere])
    assert store.stored == ["elsewhere", "repeated", "behind"]


def test_what_is_waiting_for_its_turn_is_bounded_as_well() -> None:
    """A user who sends nothing but repetitions is told to wait, as with new entries."""
    again = [entry(str(number), user=MALLORY) for number in range(5)]
    store = FakeStore({writing.id for writing in again})
    clock = FrozenClock()

    async def flood() -> None:
        worker, gate = Worker("entries"), threading.Event()
        committer = Committer(store, worker, lambda _, __: True, clock.monotonic)  # type: ignore[arg-type]
        stuck = asyncio.create_task(worker.run(gate.wait))
        for writing in repeat(again[0], MAX_PENDING_OF_ONE):
            committer.submit([writing], lambda _: None)
        with pytest.raises(BusyError, match="of your entries"):
            committer.submit(again, lambda _: None)
        gate.set()
        await stuck
        await committer.append(entry("hers", user=ALICE))
        worker.close()

    asyncio.run(flood())


def test_of_very_many_changes_the_first_and_the_last_are_read(tmp_path: Path) -> None:
    """An older version took any number: such an entry is refused changes, removed and found."""
    original, amendments = entry("first text"), 40 * MAX_CHANGES
    lines: list[Record] = [Written(original.stamp, original.id, "first text")]
    ids = [new_id() for _ in range(amendments)]
    more = [Amended(original.stamp, each, original.id, f"text {n}") for n, each in enumerate(ids)]
    data = b"".join(map(format_record, [*lines, *more]))
    assert len(records_on(original.id, data)) == MAX_CHANGES + 2
    with open_entries(tmp_path) as store:
        store.absorb(ALICE, TODAY, data)
        amend, remove = amending(original.id, "again", ids[-1]), removing(original.id, ids[-1])
        [refused] = store.append_batch([amend])
        assert isinstance(refused, QuotaError)
        query = WordQuery(f"text {amendments - 1}", TODAY, TODAY)
        cursor, found = b"", 0
        for _ in range(200):
            matches = store.search(ALICE, query, cursor, 10**5)
            cursor, found = matches.cursor, found + len(matches.entries)
            if not cursor:
                break
        assert found == 1
        assert store.append_batch([remove]) == [Appended(TODAY, duplicate=False)]
