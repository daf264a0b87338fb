"""What the store of day files promises besides: what lies on the disk, whatever happens there."""

import logging
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diaryserver.engine import open_entries
from diaryserver.service.alarm import Alarm
from diaryserver.service.ports.entries import Appended
from diaryserver.service.quotas import MAX_DAY_BYTES
from diaryserver.store.days.archives import LOOK_BYTES
from diaryserver.store.days.cache import DayCache
from diaryserver.store.days.daystate import entry_ids
from diaryserver.store.days.pieces import MAX_CHANGES
from diaryserver.store.disk.disk import Disk
from protocol.dayfile import Amended, Written, format_record
from protocol.errors import ConflictError, NotFoundError, QuotaError, StaleError, StorageError
from protocol.identifiers import Day, EntryId
from protocol.messages.writing import (
    LAST_MILLISECONDS,
    MAX_LONG_TEXT_BYTES,
    MAX_OFFSET_MINUTES,
    MIN_MILLISECONDS,
)
from protocol.stamp import Stamp
from tests.server.fakes import NOON, FrozenClock, new_id
from tests.server.faults import SYNCS, disk_full_at, with_failing, with_read_only_disk
from tests.server.store_contract import (
    ALICE,
    BOB,
    EVERYTHING,
    FIRST,
    LAST,
    Diaries,
    again,
    amending,
    entry,
    fresh,
    open_files,
    refused,
    removing,
    restoring,
)

TODAY: Final = Day("2026-11-22")
HOUR: Final = 3_600_000


@pytest.fixture
def diaries(tmp_path: Path) -> Iterator[Diaries]:
    """A store with nothing in it."""
    with Diaries(open_files, tmp_path) as opened:
        yield opened


@pytest.fixture
def alice(tmp_path: Path) -> Path:
    """Where alice's diary lies."""
    return tmp_path / "diaries" / "alice"


@pytest.fixture
def today(alice: Path) -> Path:
    """Alice's file of the day."""
    return alice / "2026-11-22.log"


def line(text: str, entry_id: EntryId, now: int = NOON) -> bytes:
    """Give an entry's bytes, written by hand."""
    return format_record(Written(Stamp(now, 0), entry_id, text))


# What the file holds


def test_the_file_has_exactly_the_bytes_of_the_grammar(diaries: Diaries, today: Path) -> None:
    """One header line, further lines behind a TAB, escapes: what the format's document says."""
    first, second = new_id(), new_id()
    diaries.put("今天天气很好 @weather", first, off=480)
    diaries.put("a\n\nb\\\x1b[0m", second)
    assert (
        today.read_bytes()
        == (
            f"2026-11-22T20:00:00.000+08:00 {first.hex()} + 今天天气很好 @weather\n"
            f"2026-11-22T12:00:00.000+00:00 {second.hex()} + a\n\t\n\tb\\\\\\u{{1b}}[0m\n"
        ).encode()
    )


def test_a_star_and_attributes_stand_in_the_header(diaries: Diaries, today: Path) -> None:
    """`*` for a star; `r=` if received over two seconds after the id; `v=` for plain text."""
    ids = [new_id() for _ in range(4)]
    diaries.store.append_batch(
        [
            entry("star", ids[0], starred=True),
            entry("in time", ids[1], received=NOON + 2000),
            entry("late", ids[2], received=NOON + 2001),
            entry("early and plain", ids[3], received=NOON - 2001, via="legacy"),
        ]
    )
    headers = [line.split(" ", 2)[2] for line in today.read_text().splitlines()]
    assert headers == [
        "* star",
        "+ in time",
        "+,r=2026-11-22T12:00:02.001+00:00 late",
        "+,r=2026-11-22T11:59:57.999+00:00,v=legacy early and plain",
    ]


@pytest.mark.parametrize(
    ("at", "off", "day"),
    [
        (NOON, 14 * 60, "2026-11-23"),
        (NOON, 12 * 60, "2026-11-23"),
        (NOON, 12 * 60 - 1, "2026-11-22"),
        (NOON, -12 * 60, "2026-11-22"),
        (NOON - 1, -12 * 60, "2026-11-21"),
        (NOON - 12 * HOUR, -1, "2026-11-21"),
        (1_709_208_000_000, 0, "2024-02-29"),
        (MIN_MILLISECONDS, -MAX_OFFSET_MINUTES, "0001-01-01"),
        (LAST_MILLISECONDS, MAX_OFFSET_MINUTES, "9999-12-31"),
    ],
)
def test_the_writers_wall_clock_decides_the_day(
    diaries: Diaries, alice: Path, at: int, off: int, day: str
) -> None:
    """Whatever the server's zone is, and at both ends of the calendar."""
    assert diaries.put("x", at=at, off=off) == fresh(day)
    assert [path.name for path in alice.iterdir()] == [f"{day}.log"]


def test_files_and_folders_are_their_owners_alone(
    diaries: Diaries, tmp_path: Path, today: Path
) -> None:
    """0600 and 0700, also what is archived, quarantined and retired, under the widest umask."""
    previous = os.umask(0)
    try:
        diaries.put("x")
        diaries.clear(TODAY)
        diaries.put("y")
        today.write_bytes(today.read_bytes() + b"torn")
        diaries.put("z")
        diaries.put("x", user=BOB)
        diaries.store.retire(BOB, bytes(16))
    finally:
        os.umask(previous)
    found = list(tmp_path.rglob("*"))
    assert {path.name for path in found} >= {"alice", "archive", "quarantine", "removed"}
    for path in found:
        wanted = 0o700 if path.is_dir() else 0o600
        assert stat.S_IMODE(path.stat().st_mode) == wanted, path


def test_a_cleared_day_is_moved_not_destroyed(diaries: Diaries, alice: Path, today: Path) -> None:
    """The archive has the same bytes under a name that tells day, generation and request."""
    rid = new_id()
    diaries.put("kept")
    data = today.read_bytes()
    name = diaries.clear(TODAY, rid)
    assert name == f"2026-11-22.0.{rid.hex()}.log"
    assert (alice / "archive" / name).read_bytes() == data
    assert not today.exists()


def test_a_retired_diary_is_moved_as_it_is(diaries: Diaries, tmp_path: Path, today: Path) -> None:
    """Below `removed`, under the user's name and uid."""
    diaries.put("kept")
    data = today.read_bytes()
    place = diaries.store.retire(ALICE, b"\x01" * 16)
    assert place == f"removed/alice.{'01' * 16}"
    assert (tmp_path / place / today.name).read_bytes() == data
    assert not today.parent.exists()


@given(
    st.builds(
        Written,
        st.builds(
            Stamp,
            st.integers(MIN_MILLISECONDS, LAST_MILLISECONDS),
            st.integers(-MAX_OFFSET_MINUTES, MAX_OFFSET_MINUTES),
        ),
        st.builds(new_id),
        st.text(st.characters(exclude_categories=["Cs"])),
        st.booleans(),
        st.sampled_from(((), (("r", "2026-11-22T12:00:00.000+00:00"), ("v", "legacy")))),
    )
)
def test_the_id_of_any_entry_is_found_in_its_line(record: Written) -> None:
    """And no text can pretend to be another entry: exactly the one id is found."""
    assert entry_ids(format_record(record)) == [record.id]


# Torn, edited, renamed, deleted


@pytest.mark.parametrize("cut", [1, 5, 40, 64])
def test_a_torn_end_is_set_aside_and_never_merged(
    diaries: Diaries, alice: Path, today: Path, cut: int
) -> None:
    """What a crash cut off is no entry, no part of the next one, and is kept."""
    torn_id = new_id()
    diaries.put("whole")
    whole = today.read_bytes()
    torn = line("never acknowledged", torn_id)[:-cut]
    today.write_bytes(whole + torn)
    diaries.reopen()
    assert diaries.put("next") == fresh(TODAY)
    assert diaries.texts(TODAY) == ["whole", "next"]
    assert today.read_bytes().startswith(whole)
    [aside] = (alice / "quarantine").iterdir()
    assert aside.read_bytes() == torn
    assert diaries.put("never acknowledged", torn_id) == fresh(TODAY)


def test_two_torn_ends_of_one_length_are_both_kept(
    diaries: Diaries, alice: Path, today: Path
) -> None:
    """Nothing in the quarantine is ever replaced by something else."""
    for torn in (b"2026-11 one", b"2026-11 two"):
        alice.mkdir(parents=True, exist_ok=True)
        today.write_bytes(torn)
        assert diaries.rows()[0].size == 0
    kept = {path.read_bytes() for path in (alice / "quarantine").iterdir()}
    assert kept == {b"2026-11 one", b"2026-11 two"}


def test_lines_of_others_are_kept_and_read(diaries: Diaries, today: Path) -> None:
    """What a hand or another program wrote stays as it is, and new entries come behind it."""
    diaries.put("one")
    before = today.read_bytes() + b"a note by hand\n\xff\xfe not even text\n"
    today.write_bytes(before)
    diaries.put("two")
    assert diaries.raw(TODAY).startswith(before)
    assert diaries.rows()[0].entries == 2


def test_an_outside_edit_is_followed(diaries: Diaries, today: Path) -> None:
    """An entry edited away is new again; one that was added is known; whatever the length."""
    first, second = new_id(), new_id()
    diaries.put("text", first)
    today.write_bytes(line("text", second))  # as long as before, in the same inode
    assert diaries.put("text", second) == again(TODAY)
    assert diaries.put("text", first) == fresh(TODAY)


def test_an_edited_text_is_another_text(diaries: Diaries, today: Path) -> None:
    """A repetition of what was edited by hand does not undo the edit: it is a conflict."""
    entry_id = new_id()
    diaries.put("before", entry_id)
    today.write_bytes(line("after!", entry_id))
    assert isinstance(diaries.put("before", entry_id), ConflictError)
    today.write_bytes(line("after!", entry_id).replace(b"T12:", b"T99:"))
    assert isinstance(diaries.put("before", entry_id), ConflictError)
    assert diaries.put("new") == fresh(TODAY)


def test_a_renamed_file_is_followed(diaries: Diaries, alice: Path, today: Path) -> None:
    """As logrotate does it: the next entry goes into a new file of the old name."""
    diaries.put("old")
    today.rename(alice / "2026-11-22.log.1")
    assert diaries.rows() == []
    assert diaries.put("new") == fresh(TODAY)
    assert diaries.texts(TODAY) == ["new"]
    assert b"old" in (alice / "2026-11-22.log.1").read_bytes()


def test_a_deleted_file_or_folder_is_followed(diaries: Diaries, alice: Path, today: Path) -> None:
    """The next entry makes them anew."""
    diaries.put("gone")
    today.unlink()
    assert refused(lambda: diaries.store.read(ALICE, TODAY, 0, 0, 1)) is StaleError
    assert refused(lambda: diaries.store.read(ALICE, TODAY, 1, 0, 1)) is NotFoundError
    assert diaries.put("new") == fresh(TODAY)
    today.unlink()
    alice.rmdir()
    assert diaries.rows() == []
    assert diaries.put("newer") == fresh(TODAY)
    assert diaries.texts(TODAY) == ["newer"]


def test_a_replaced_file_is_followed(diaries: Diaries, today: Path) -> None:
    """As an editor saves: another inode under the same name."""
    entry_id = new_id()
    diaries.put("old", entry_id)
    other = today.with_name("other")
    other.write_bytes(today.read_bytes() + line("by hand", new_id()))
    other.rename(today)
    assert diaries.put("old", entry_id) == again(TODAY)
    diaries.put("new")
    assert diaries.texts(TODAY) == ["old", "by hand", "new"]


# What else may stand where a file should


@pytest.mark.parametrize("kind", ["symlink", "dangling", "fifo", "folder"])
def test_what_is_no_file_harms_nothing(
    diaries: Diaries, tmp_path: Path, alice: Path, today: Path, kind: str
) -> None:
    """In the place of a day file it fails that day only, leads nowhere and blocks nobody."""
    target = tmp_path / "target"
    alice.mkdir(parents=True)
    if kind == "fifo":
        os.mkfifo(today)
    elif kind == "folder":
        today.mkdir()
    else:
        if kind == "symlink":
            target.write_bytes(b"precious\n")
        today.symlink_to(target)
    assert isinstance(diaries.put("x"), StorageError)
    assert refused(lambda: diaries.store.read(ALICE, TODAY, 0, 0, 99)) is StorageError
    assert refused(lambda: diaries.store.clear(ALICE, TODAY, 0, new_id())) is StorageError
    assert diaries.put("y", at=NOON + 24 * HOUR) == fresh("2026-11-23")
    assert [row.day for row in diaries.rows()] == ["2026-11-23"]
    assert target.exists() == (kind == "symlink")
    if kind == "symlink":
        assert target.read_bytes() == b"precious\n"


@pytest.mark.parametrize("kind", ["symlink", "file"])
def test_what_is_no_folder_harms_nothing(
    diaries: Diaries, tmp_path: Path, alice: Path, kind: str
) -> None:
    """In the place of a user's folder it fails that user only, and nothing is written behind it."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    if kind == "symlink":
        alice.symlink_to(elsewhere)
    else:
        alice.write_bytes(b"")
    assert isinstance(diaries.put("x"), StorageError)
    assert refused(diaries.rows) is StorageError
    assert list(elsewhere.iterdir()) == []
    assert diaries.put("x", user=BOB) == fresh(TODAY)


def test_an_unreadable_archive_keeps_no_new_entry_out_of_other_days(
    diaries: Diaries, alice: Path
) -> None:
    """It may hold ids of its day, so that day has to wait; no other does."""
    diaries.put("x")
    name = diaries.clear(TODAY)
    archived = alice / "archive" / name
    archived.rename(alice / "kept")
    archived.symlink_to(alice / "kept")
    diaries.reopen()
    assert isinstance(diaries.put("y"), StorageError)
    assert diaries.put("y", at=NOON + 24 * HOUR) == fresh("2026-11-23")


def test_a_few_days_are_listed_as_in_the_whole_list(diaries: Diaries, alice: Path) -> None:
    """Whatever lies there: a folder, a link, a day of no calendar; up to the calendar's ends."""
    for days_later in (0, 1, 5, 61, 62, 400):
        diaries.put(at=NOON + days_later * 24 * HOUR)
    (alice / "2026-11-24.log").mkdir()
    (alice / "2026-11-25.log").symlink_to(alice / f"{TODAY}.log")
    (alice / "2026-11-31.log").write_bytes(b"x\n")
    rows = diaries.rows()
    assert len(rows) == 6
    for first, last in [
        (TODAY, TODAY),
        (TODAY, Day("2026-12-31")),
        (FIRST, Day("0001-01-03")),
        (Day("9999-12-30"), LAST),
        (TODAY, Day("2027-01-23")),
        (Day("2026-11-23"), Day("2027-01-22")),
        (LAST, FIRST),
    ]:
        found = diaries.store.list_days(ALICE, first, last, EVERYTHING).rows
        assert list(found) == [row for row in rows if first <= row.day <= last]


def test_other_names_in_the_folder_are_no_days(diaries: Diaries, alice: Path) -> None:
    """Backups of editors and days that no calendar has are left alone."""
    diaries.put("x")
    for name in (
        "2026-11-22.log~",
        ".2026-11-22.log.swp",
        "2026-02-30.log",
        "x.log",
        "archive.log",
    ):
        (alice / name).write_bytes(b"")
    assert [row.day for row in diaries.rows()] == [TODAY]


# A disk that fails


def full_disk(diaries: Diaries, text: str, entry_id: EntryId, size: int) -> object:
    """Append on a disk on which a file can have `size` bytes."""
    with disk_full_at(size):
        return diaries.put(text, entry_id)


@pytest.mark.parametrize("room", [0, 1, 30, 60])
def test_a_full_disk_refuses_and_the_retry_succeeds(
    diaries: Diaries, today: Path, room: int
) -> None:
    """However much of the line still fits: the file is as before, and the same id works later."""
    diaries.put("before")
    before = today.read_bytes()
    entry_id = new_id()
    assert isinstance(full_disk(diaries, "text", entry_id, len(before) + room), StorageError)
    assert today.read_bytes() == before
    assert diaries.put("text", entry_id) == fresh(TODAY)
    assert diaries.texts(TODAY) == ["before", "text"]


def test_a_full_disk_leaves_no_empty_day(diaries: Diaries, today: Path) -> None:
    """A day whose first entry failed has no file, and is not listed."""
    entry_id = new_id()
    assert isinstance(full_disk(diaries, "text", entry_id, 20), StorageError)
    assert not today.exists()
    assert diaries.rows() == []
    assert diaries.put("text", entry_id) == fresh(TODAY)


@pytest.mark.parametrize("is_first", [True, False])
def test_a_failed_sync_is_no_acknowledgement(diaries: Diaries, today: Path, is_first: bool) -> None:
    """What could not be synced is refused, taken out again, and stored by the retry."""
    if not is_first:
        diaries.put("before")
    before = today.read_bytes() if today.exists() else None
    entry_id = new_id()
    outcome = with_failing(SYNCS, lambda: diaries.put("text", entry_id))
    assert isinstance(outcome, StorageError)
    assert (today.read_bytes() if today.exists() else None) == before
    assert diaries.put("text", entry_id) == fresh(TODAY)
    assert diaries.texts(TODAY)[-1] == "text"


def test_a_failed_sync_of_the_folder_is_no_acknowledgement(diaries: Diaries) -> None:
    """A journal whose name is not durable would be gone after a power cut."""
    entry_id = new_id()
    assert isinstance(with_failing(("fsync",), lambda: diaries.put("text", entry_id)), StorageError)
    assert diaries.put("text", entry_id) == fresh(TODAY)


def test_after_a_restart_names_are_made_durable_again(diaries: Diaries) -> None:
    """The process before may have died between making a file or folder and syncing its name."""
    diaries.put("one")
    diaries.reopen()
    assert isinstance(with_failing(("fsync",), lambda: diaries.put("two")), StorageError)
    assert diaries.put("two") == fresh(TODAY)
    assert isinstance(with_failing(("fsync",), lambda: diaries.put("three")), Appended)


def test_what_cannot_be_taken_out_again_is_acknowledged_only_when_synced(
    diaries: Diaries, today: Path
) -> None:
    """Sync and truncation failed: the line is in the file, and still nobody is told it is safe."""
    entry_id = new_id()
    diaries.put("before")
    broken = (*SYNCS, "ftruncate", "unlinkat")
    for _ in range(2):
        outcome = with_failing(broken, lambda: diaries.put("text", entry_id))
        assert isinstance(outcome, StorageError)
    assert diaries.put("text", entry_id) in {fresh(TODAY), again(TODAY)}
    assert diaries.texts(TODAY) == ["before", "text"]


def test_a_duplicate_is_answered_only_when_it_is_durable(diaries: Diaries) -> None:
    """Found in the file is not enough: it may be in the page cache only, of a killed server."""
    entry_id = new_id()
    diaries.put("text", entry_id)
    diaries.reopen()
    outcome = with_failing(SYNCS, lambda: diaries.put("text", entry_id))
    assert isinstance(outcome, StorageError)
    assert diaries.put("text", entry_id) == again(TODAY)


def test_a_duplicate_on_a_read_only_disk_is_not_acknowledged(diaries: Diaries) -> None:
    """There a sync says yes and does nothing."""
    entry_id = new_id()
    diaries.put("text", entry_id)
    outcome = with_read_only_disk(lambda: diaries.put("text", entry_id))
    assert isinstance(outcome, StorageError)
    assert diaries.put("text", entry_id) == again(TODAY)


@pytest.mark.parametrize("calls", [("renameat",), SYNCS])
def test_a_failed_clear_is_done_by_its_repetition(diaries: Diaries, calls: tuple[str, ...]) -> None:
    """The same id again, until it is durable; then it is answered as done."""
    rid = new_id()
    diaries.put("x")
    diaries.put("y", at=NOON + 24 * HOUR)
    diaries.clear(Day("2026-11-23"))  # so that there is an archive already

    def clear() -> str:
        return diaries.store.clear(ALICE, TODAY, 0, rid)

    for _ in range(2):
        assert with_failing(calls, lambda: refused(clear)) is StorageError
    assert clear() == f"2026-11-22.0.{rid.hex()}.log"
    assert diaries.rows() == []


def test_a_failed_retirement_is_an_error_of_ours(diaries: Diaries) -> None:
    """The operator gets one line, and may try again."""
    diaries.put("x")

    def retire() -> str:
        return diaries.store.retire(ALICE, bytes(16))

    assert with_failing(("renameat",), lambda: refused(retire)) is StorageError
    assert retire()


def test_a_failed_purge_says_where_the_rest_lies(diaries: Diaries, tmp_path: Path) -> None:
    """It is set aside already, so that a new user of the name has nothing of it."""
    with open_entries(tmp_path, disk=_CannotDelete()) as store:
        store.append_batch([entry("x")])
        with pytest.raises(StorageError, match=f"lies in removed/alice.{bytes(16).hex()}"):
            store.purge(ALICE, bytes(16))
    assert (tmp_path / f"removed/alice.{bytes(16).hex()}").exists()
    diaries.store.purge(ALICE, bytes(16))
    assert list((tmp_path / "removed").iterdir()) == []


class _CannotDelete(Disk):
    """It fails when a folder is to go."""

    def remove_tree(self, name: str, folder: int) -> None:  # noqa: ARG002 - as Disk
        """As Disk."""
        raise OSError(5, "Input/output error")


def test_one_failing_diary_fails_no_other(diaries: Diaries, alice: Path) -> None:
    """In one batch, each gets what is its own."""
    alice.write_bytes(b"")
    outcomes = diaries.store.append_batch([entry("a"), entry("b", user=BOB), entry("c")])
    assert [type(outcome) for outcome in outcomes] == [StorageError, Appended, StorageError]
    assert diaries.texts(TODAY, BOB) == ["b"]


def test_a_failing_disk_does_not_fill_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """One line at once, two in ten seconds at most, though every other write succeeds."""
    clock = FrozenClock()
    alarm = Alarm(logging.getLogger("test"), "works again", clock.monotonic)
    with open_entries(tmp_path, alarm=alarm) as store:
        (tmp_path / "diaries" / "alice").write_bytes(b"")
        for _ in range(200):
            store.append_batch([entry("fails"), entry("works", user=BOB)])
            clock.advance(0.1)
        clock.advance(10)
        store.append_batch([entry("works", user=BOB)])
    assert len(caplog.records) <= 4
    assert caplog.messages[0] == "writing the diary of alice failed: Not a directory"
    assert "more failures since this was last said" in caplog.text
    assert "works again" in caplog.text


# Bounds


def test_a_day_has_a_quota(diaries: Diaries, today: Path) -> None:
    """What does not fit is refused for certain; the day can still be read, and others written."""
    diaries.put("x")
    filler = b"\t" + b"x" * 1_000_000 + b"\n"
    room = MAX_DAY_BYTES - today.stat().st_size
    today.write_bytes(today.read_bytes() + (filler * 20)[: room - 100] + b"\n")
    outcomes = diaries.store.append_batch([entry("much" * 100), entry("x"), entry("y")])
    assert [type(outcome) for outcome in outcomes] == [QuotaError, Appended, QuotaError]
    assert today.stat().st_size <= MAX_DAY_BYTES
    assert diaries.put("y", at=NOON + 24 * HOUR) == fresh("2026-11-23")


def test_the_longest_text_fits_the_longest_line(diaries: Diaries) -> None:
    """A text of nothing but control characters, six times as long when escaped."""
    text = "\x7f" * MAX_LONG_TEXT_BYTES
    assert diaries.put(text) == fresh(TODAY)
    assert diaries.texts(TODAY) == [text]


def test_forgetting_days_forgets_no_duplicates(tmp_path: Path) -> None:
    """The memory of days is bounded; what falls out of it is read again when it is needed."""
    cache = DayCache(max_days=3, max_ids=8)
    entries = [
        entry(f"{day} {number}", at=NOON + day * 24 * HOUR)
        for number in range(4)
        for day in range(6)
    ]
    with open_entries(tmp_path, cache=cache) as store:
        for each in entries:
            store.append_batch([each])
        assert len(cache._days) <= 3
        assert cache._ids == sum(state.weight() for state in cache._days.values()) <= 8
        outcomes = store.append_batch(entries)
        assert [outcome.duplicate for outcome in outcomes if isinstance(outcome, Appended)] == (
            [True] * len(entries)
        )
        assert len(store.list_days(ALICE, FIRST, LAST, EVERYTHING).rows) == 6


def test_large_archives_are_listed_a_few_at_a_time(diaries: Diaries, alice: Path) -> None:
    """A request looks at so many bytes, and at one archive at least; strange names are left out."""
    diaries.put()
    (alice / "archive").mkdir()
    for generation in range(5):
        path = alice / "archive" / f"{TODAY}.{generation}.{new_id().hex()}.log"
        path.write_bytes(line("x" * (LOOK_BYTES * 2 // 3), new_id()))
    (alice / "archive" / f"{TODAY}.5.{'0' * 32}.log").touch()
    (alice / "archive" / f"2026-99-99.0.{new_id().hex()}.log").touch()
    found, after = [], ""
    while (page := diaries.store.list_archives(ALICE, after, 8)).more:
        found.append(len(page.rows))
        after = page.rows[-1].name
    assert [*found, len(page.rows)] == [2, 2, 1]


def test_an_entry_is_changed_so_often_and_can_still_be_removed(
    diaries: Diaries, today: Path
) -> None:
    """Each change is read again for the next one: nobody keeps the others waiting with them."""
    own = new_id()
    assert diaries.put("first", own) == fresh(TODAY)
    ids = [new_id() for _ in range(MAX_CHANGES)]
    changes = [Amended(Stamp(NOON, 0), each, own, "again") for each in ids]
    with today.open("ab") as file:
        file.write(b"".join(map(format_record, changes)))
    [last] = diaries.store.append_batch([amending(own, "once more", ids[-1], new_id())])
    assert isinstance(last, QuotaError)
    [last] = diaries.store.append_batch([restoring(own, ids[-1], new_id())])
    assert isinstance(last, QuotaError)
    assert diaries.store.append_batch([removing(own, ids[-1], new_id())]) == [fresh(TODAY)]
