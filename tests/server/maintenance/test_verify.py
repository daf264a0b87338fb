"""Verify names every kind of fault by file and line, and repair mends exactly the provable ones."""

import os
import sqlite3
import stat
import subprocess
import sys
import threading
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diaryserver.maintenance.databases import back_up_database
from diaryserver.maintenance.dayfaults import find_faults, without_duplicates
from diaryserver.maintenance.diaryfaults import DiaryInspection, Tally
from diaryserver.maintenance.faults import Kind
from diaryserver.maintenance.opening import opened_folder
from diaryserver.maintenance.repair import repair as repair_with
from diaryserver.maintenance.verify import verify
from diaryserver.store.days.pieces import split_pieces
from diaryserver.store.journal.records import Line, encode_record
from protocol.dayfile import Removed, Restored, fold, format_record, parse_day_file
from protocol.stamp import Stamp
from tests.server.estate import (
    A_DAY,
    ALICE,
    SECRET,
    TODAY,
    YESTERDAY,
    clear,
    faults,
    found,
    line,
    opened,
    put,
    snapshot,
)
from tests.server.fakes import NOON, new_id

FIRST: Final = new_id()
SECOND: Final = new_id()
THIRD: Final = new_id()
A: Final = line(SECRET, FIRST)
B: Final = line(f"{SECRET}\n{SECRET}", SECOND)
STAMP: Final = Stamp(NOON, 0)
REMOVAL: Final = format_record(Removed(STAMP, THIRD, FIRST))
RESTORATION: Final = format_record(Restored(STAMP, new_id(), FIRST))
ZEROS: Final = "0" * 32


@pytest.fixture
def today(data: Path) -> Path:
    """Alice's file of the day."""
    return data / "diaries/alice/2026-11-22.log"


def repair(data: Path) -> list[str]:
    """Repair, and give what was done; here no journal is left to replay."""
    return list(repair_with(data, lambda: None))


def test_a_folder_that_the_server_left_has_no_faults(data: Path) -> None:
    """Days, archives, removed diaries and accounts: all counted, nothing found."""
    report = verify(data)
    assert report.findings == []
    assert (report.files, report.entries) == (4, 5)
    assert report.summary() == "no faults; 5 entries in 4 day files"


def test_a_database_that_another_program_locks_is_named(data: Path, tmp_path: Path) -> None:
    """Nothing waits for it for ever, and the line says how to find out who it is."""
    databases = ("ledger.sqlite3", "accounts.sqlite3")
    with ExitStack() as stack:
        for name in databases:
            other = stack.enter_context(closing(sqlite3.connect(data / name)))
            other.execute("BEGIN EXCLUSIVE")
        says = "locked by another program for 5 s; which one: fuser -v "
        assert [(each.file, each.kind.value, each.note) for each in faults(data)] == [
            (name, name.partition(".")[0], f"{says}{data / name}") for name in databases
        ]
        with pytest.raises(sqlite3.OperationalError, match="locked by another program for 5 s"):
            back_up_database(data / databases[0], tmp_path / "copy")
    assert faults(data) == []


def test_it_changes_nothing(data: Path, today: Path) -> None:
    """Not a byte, not a mode, not a name, whatever it finds."""
    with today.open("ab") as file:
        file.write(b"torn")
    today.chmod(0o644)
    before = snapshot(data)
    assert faults(data)
    assert snapshot(data) == before


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (A + b"not an entry\n" + B, [(2, "foreign-line")]),
        (b"\tno header above\n" + A, [(1, "foreign-line")]),
        (A + b"\xff\xfe\n", [(2, "foreign-line")]),
        (A + B.replace(b"\n\t", b"\n\t\\x"), [(3, "foreign-line")]),
        (A.replace(FIRST.hex().encode(), ZEROS.encode()), [(1, "bad-id")]),
        (A + REMOVAL.replace(FIRST.hex().encode(), ZEROS.encode()), [(2, "bad-id")]),
        (A.replace(FIRST.hex().encode(), FIRST.hex().upper().encode()), [(1, "bad-id")]),
        (REMOVAL + A, [(1, "order")]),
        (B + RESTORATION, [(3, "order")]),
        (B + A + B, [(4, "duplicate")]),
        (B + A + line("another text", SECOND), [(4, "duplicate")]),
        (A + line(SECRET, at=NOON + A_DAY), [(2, "wrong-day")]),
        (A + B[:-1], [(3, "torn-end")]),
        (A + b"2026", [(2, "torn-end")]),
        (A + b"\0" * 100, [(2, "torn-end")]),
    ],
)
def test_faults_of_a_day_file_are_named_by_line(
    data: Path, today: Path, content: bytes, expected: list[tuple[int, str]]
) -> None:
    """The same in a day's file, in an archive and in a removed user's diary; never a word of it."""
    (archive,) = (data / "diaries/alice/archive").iterdir()
    (removed,) = (data / "removed").glob("*/*.log")
    for path in (today, archive, removed):
        path.write_bytes(content)
        name = str(path.relative_to(data))
        assert [(at, kind) for file, at, kind in found(data) if file == name] == expected
        path.write_bytes(line("fresh"))
    today.write_bytes(content)
    assert not any(SECRET in str(fault) or SECRET in str(fault.as_json()) for fault in faults(data))


def test_a_fault_names_the_id_of_a_record(data: Path, today: Path) -> None:
    """And of a bad id what is shown has at least the shape of one: it may be somebody's words."""
    words = f"2026-11-22T12:00:00.000+00:00 {SECRET.split()[0]} + text\n".encode()
    today.write_bytes(A + A + words + A.replace(FIRST.hex().encode(), ZEROS.encode()))
    duplicate, bad, zeros = faults(data)
    assert (duplicate.id, duplicate.note) == (FIRST.hex(), "the same bytes as line 1")
    assert (bad.kind, bad.id, bad.line) == (Kind.BAD_ID, "", 3)
    assert (zeros.kind, zeros.id, zeros.line) == (Kind.BAD_ID, ZEROS, 4)


def test_the_same_entry_in_a_day_and_its_archive_is_no_fault_unless_it_differs(
    data: Path, today: Path
) -> None:
    """The first is what `recover` leaves; two texts under one id are a contradiction."""
    (archive,) = (data / "diaries/alice/archive").iterdir()
    today.write_bytes(today.read_bytes() + archive.read_bytes())
    assert found(data) == []
    original = archive.read_bytes()
    archive.write_bytes(original.replace(b"cleared", b"CLEARED"))
    assert found(data) == [(str(archive.relative_to(data)), 1, "duplicate")]


@pytest.mark.parametrize(
    ("name", "mode", "right"),
    [
        (".", 0o750, "0700"),
        ("diaries/alice", 0o755, "0700"),
        ("diaries/alice/2026-11-22.log", 0o640, "0600"),
        ("diaries/alice/2026-11-22.log", 0o400, "0600"),
        ("keys", 0o711, "0700"),
        ("keys/pepper", 0o604, "0600"),
        ("accounts.sqlite3", 0o660, "0600"),
    ],
)
def test_permissions_of_everything_are_checked(
    data: Path, name: str, mode: int, right: str
) -> None:
    """Files 0600 and folders 0700, keys and accounts among them."""
    (data / name).chmod(mode)
    (fault,) = faults(data)
    assert (fault.file, fault.kind, fault.note) == (
        name,
        Kind.PERMISSIONS,
        f"{mode:04o}, not {right}",
    )


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_of_another_user_is_named(data: Path, today: Path) -> None:
    """What an operator's command made as root, say; repair leaves it."""
    os.chown(today, 65_534, -1)
    assert found(data) == [("diaries/alice/2026-11-22.log", 0, "owner")]


@pytest.mark.parametrize(
    "name",
    [
        "diaries/alice/notes.txt",
        "diaries/alice/2026-11-22.log~",
        "diaries/alice/.2026-11-22.log.swp",
        "diaries/alice/2026-11-22.log.1",
        "diaries/alice/2026-02-30.log",
        "diaries/alice/archive/2026-11-22.log",
        "diaries/alice/archive/2026-11-22.0.0.log",
        "diaries/alice/quarantine/strange",
        "diaries/a file",
        "removed/alice",
        "diaries/alice/line\nfeed\x1b[0m",
        "diaries/alice/\u202eturned",
    ],
)
def test_strange_names_in_diaries_are_named_and_left(data: Path, name: str) -> None:
    """One line each, safe for a terminal, whatever the name holds."""
    (data / name).parent.mkdir(mode=0o700, exist_ok=True)
    (data / name).touch(mode=0o600)
    (fault,) = faults(data)
    assert (fault.file, fault.kind) == (name, Kind.STRANGE_NAME)
    assert str(fault).isprintable()


def test_links_and_pipes_are_not_followed(data: Path, today: Path) -> None:
    """A planted link is named; what it points to is not read, and a pipe is not waited for."""
    outside = data.parent / "outside.log"
    outside.write_text(SECRET)
    (today.parent / "2026-11-20.log").symlink_to(outside)
    os.mkfifo(today.parent / "2026-11-19.log", 0o600)
    (data / "diaries/carol").symlink_to(today.parent)
    assert set(found(data)) == {
        ("diaries/alice/2026-11-19.log", 0, "strange-name"),
        ("diaries/alice/2026-11-20.log", 0, "strange-name"),
        ("diaries/carol", 0, "strange-name"),
        ("diaries/carol", 0, "stray-diary"),
    }


def test_damage_in_the_journal_is_a_fault_and_its_tail_a_note(data: Path) -> None:
    """A torn tail is what a crash leaves; a bad record with good ones behind it is corruption."""
    records = [encode_record(7, number, Line(ALICE, TODAY, 0, new_id(), A)) for number in range(3)]
    segment = data / "journal" / f"{7:016}.journal"
    segment.parent.mkdir(mode=0o700, exist_ok=True)
    segment.touch(mode=0o600)
    segment.write_bytes(b"".join(records)[:-1])
    (note,) = verify(data).findings
    assert (note.kind, note.is_note, verify(data).faults) == (Kind.JOURNAL_TAIL, True, [])
    segment.write_bytes(records[0] + records[1][:-9] + b"x" * 9 + records[2])
    (fault,) = faults(data)
    start, end = len(records[0]), len(records[0] + records[1])
    assert (fault.kind, fault.note) == (Kind.JOURNAL_DAMAGE, f"bytes {start} to {end}")
    assert fault.file == f"journal/{7:016}.journal"


def test_a_diary_that_belongs_to_nobody_is_named(data: Path) -> None:
    """Left by a removal that was cut off, say."""
    (data / "diaries/carol").mkdir(mode=0o700)
    assert found(data) == [("diaries/carol", 0, "stray-diary")]


@pytest.mark.parametrize("name", ["master.1", "pepper", "identity"])
def test_a_lost_or_shortened_key_is_named(data: Path, name: str) -> None:
    """By its file; what is in it is never read."""
    (data / "keys" / name).write_bytes(b"short")
    assert found(data) == [(f"keys/{name}", 0, "keys")]
    (data / "keys" / name).unlink()
    assert found(data) == [(f"keys/{name}", 0, "keys")]


def test_a_damaged_accounts_database_is_named(data: Path) -> None:
    """By SQLite's own check, and by what a row must refer to."""
    database = data / "accounts.sqlite3"
    with sqlite3.connect(database) as connection:
        connection.execute("INSERT INTO invites VALUES (?, ?, 0)", (b"u" * 16, b"c" * 32))
    connection.close()
    (fault,) = faults(data)
    assert (fault.file, fault.note) == (
        "accounts.sqlite3",
        "a row in invites belongs to no user",
    )
    whole = database.read_bytes()
    database.write_bytes(whole[:4096] + b"\xff" * 4096 + whole[8192:])
    assert {kind for _, _, kind in found(data)} == {"accounts"}
    database.write_bytes(b"no database at all, but long enough to look like one" * 100)
    assert found(data) == [("accounts.sqlite3", 0, "accounts")]
    database.unlink()
    assert found(data) == [("accounts.sqlite3", 0, "accounts")]


CUT_OFF: Final = """
import os, sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("PRAGMA cache_size = 1")
connection.execute("BEGIN IMMEDIATE")
for number in range(2000):
    uid = number.to_bytes(16, "big")
    user = (uid, f"user{number}")
    connection.execute("INSERT INTO users (uid, name, created) VALUES (?, ?, 0)", user)
os._exit(9)
"""


def test_a_change_of_accounts_that_a_crash_cut_off_is_said_and_undone_by_repair(data: Path) -> None:
    """Until somebody undoes it nobody can vouch for the database, so it is a fault till then."""
    database = data / "accounts.sqlite3"
    before = database.read_bytes()
    subprocess.run([sys.executable, "-c", CUT_OFF, database], check=False, timeout=30)
    assert database.read_bytes() != before
    (fault,) = faults(data)
    assert "cut off" in fault.note
    assert repair(data) == ["accounts.sqlite3: a change that was cut off is undone"]
    assert found(data) == []
    assert database.read_bytes() == before


# While a server runs


def test_a_file_that_is_being_appended_to_does_not_look_torn(data: Path, today: Path) -> None:
    """Two readings must agree before an end counts as torn."""
    stop = threading.Event()

    def append() -> None:
        with today.open("ab", buffering=0) as file:
            while not stop.is_set():
                record = line("half and half")
                file.write(record[:40])
                stop.wait(0.0005)
                file.write(record[40:])
                stop.wait(0.0005)

    writer = threading.Thread(target=append)
    writer.start()
    try:
        kinds = [kind for _ in range(5) for _, _, kind in found(data)]
    finally:
        stop.set()
        writer.join()
    assert kinds == []


def test_a_day_cleared_while_we_look_is_met_once(data: Path, today: Path) -> None:
    """It moves to the archive, which is listed after the days."""
    yesterday = today.parent / "2026-11-21.log"
    for path in (yesterday, today):
        path.write_bytes(path.read_bytes() + b"foreign\n")
    with opened_folder(today.parent) as folder:
        looking = DiaryInspection("diaries/alice", folder, Tally()).faults()
        assert next(looking).file == "diaries/alice/2026-11-21.log"
        with opened(data) as store:
            cleared = [clear(store, YESTERDAY), clear(store, TODAY, 1)]
        assert [fault.file for fault in looking] == [f"diaries/alice/archive/{cleared[1]}"]


# Repair


def test_repair_mends_what_is_provable_and_leaves_the_rest(data: Path, today: Path) -> None:
    """It says what it did; a second verify agrees; whatever it took out is in quarantine."""
    before = B + A + b"foreign\n" + B + line("other text", FIRST) + REMOVAL + b"torn"
    today.write_bytes(before)
    today.chmod(0o644)
    (data / "keys").chmod(0o755)
    (data / "diaries/alice/notes.txt").touch(mode=0o600)
    done = repair(data)
    assert [each.partition(":")[0] for each in done] == [
        "diaries/alice/2026-11-22.log",
        "keys",
        "diaries/alice/2026-11-22.log",
        "diaries/alice/2026-11-22.log",
    ]
    whole = before.removesuffix(b"torn")
    assert today.read_bytes() == B + A + b"foreign\n" + line("other text", FIRST) + REMOVAL
    kept = [path.read_bytes() for path in (today.parent / "quarantine").iterdir()]
    assert sorted(kept) == sorted([whole, b"torn"])
    left = found(data)
    assert left == [
        ("diaries/alice/2026-11-22.log", 4, "foreign-line"),
        ("diaries/alice/2026-11-22.log", 5, "duplicate"),
        ("diaries/alice/notes.txt", 0, "strange-name"),
    ]
    assert repair(data) == []
    assert found(data) == left
    assert not any(SECRET in each for each in done)


def test_repair_sees_into_folders_that_were_closed(data: Path, today: Path) -> None:
    """Even those of mode 0, where the fault inside is found once the folder is open."""
    today.chmod(0)
    today.parent.chmod(0)
    (data / "diaries").chmod(0o070)
    repair(data)
    assert found(data) == []
    assert stat.S_IMODE(today.stat().st_mode) == 0o600


def test_a_repeated_change_is_left_where_dropping_it_would_show_another_diary(
    data: Path, today: Path
) -> None:
    """Removed, restored, removed again: byte for byte the same line twice, and both count."""
    today.write_bytes(A + REMOVAL + RESTORATION + REMOVAL)
    before = today.read_bytes()
    assert repair(data) == []
    assert today.read_bytes() == before
    assert found(data) == [("diaries/alice/2026-11-22.log", 4, "duplicate")]


def test_an_archive_is_mended_like_a_day(data: Path) -> None:
    """Except for a torn end, which the store cannot have left there."""
    (archive,) = (data / "diaries/alice/archive").iterdir()
    archive.write_bytes(A + B + A + b"torn")
    repair(data)
    assert archive.read_bytes() == A + B + b"torn"
    assert found(data) == [(str(archive.relative_to(data)), 4, "torn-end")]


_records = st.sampled_from([A, B, REMOVAL, RESTORATION, b"foreign\n", b"\tTAB\n", b"\n"])


@given(st.lists(_records | st.binary(max_size=40), max_size=12).map(b"".join))
def test_looking_is_total_and_dropping_shows_the_same_diary(content: bytes) -> None:
    """Any bytes: the pieces joined are the file, and what is dropped changes no entry."""
    pieces = split_pieces(content)
    assert b"".join(piece.data for piece in pieces) == content
    lines = content.split(b"\n")
    assert all(lines[piece.line - 1] == piece.data.split(b"\n")[0] for piece in pieces)
    kinds = [fault.kind for fault in find_faults("file", TODAY, pieces)]
    without = without_duplicates(content)
    if Kind.DUPLICATE not in kinds:
        assert without == content
    elif without is not None:
        assert fold(parse_day_file(without)) == fold(parse_day_file(content))
        assert {piece.id for piece in split_pieces(without)} == {piece.id for piece in pieces}


def test_put_after_a_repair_goes_on_in_the_same_file(data: Path, today: Path) -> None:
    """A replaced file is an ordinary day file for the store."""
    today.write_bytes(A + A)
    repair(data)
    with opened(data) as store:
        put(store, "after")
    assert found(data) == []
    assert [entry.text for entry in fold(parse_day_file(today.read_bytes()))] == [SECRET, "after"]
