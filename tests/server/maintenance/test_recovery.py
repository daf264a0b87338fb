"""What was set aside comes back, once, durably, and nothing is destroyed by it."""

from contextlib import suppress
from pathlib import Path
from typing import Final

import pytest

from diaryserver.engine import open_entries
from diaryserver.maintenance.recovery import Form, days_in, list_aside
from diaryserver.maintenance.upkeep import Upkeep
from diaryserver.service.ports.entries import Appended
from diaryserver.service.quotas import MAX_DAY_BYTES
from diaryserver.service.work.threads import call_here
from diaryserver.store.files import FileEntryStore
from protocol.dayfile import (
    Amended,
    Foreign,
    Removed,
    fold,
    format_record,
    parse_day_file,
)
from protocol.errors import NotFoundError, QuotaError, StorageError, UsageError
from protocol.identifiers import MAX_MILLISECONDS, EntryId
from protocol.stamp import Stamp
from tests.server.estate import (
    A_DAY,
    ALICE,
    BOB,
    TODAY,
    clear,
    found,
    line,
    opened,
    put,
    snapshot,
)
from tests.server.fakes import NOON, new_id, stamp
from tests.server.faults import SYNCS, with_failing
from tests.server.forgetful import (
    ForgetfulDisk,
    PowerCutError,
    Survival,
    only_what_was_synced,
    torn,
    with_a_hole,
)
from tests.server.store_contract import amending, entry, removing, restoring

STAMP: Final = Stamp(NOON, 0)
TODAYS: Final = "diaries/alice/2026-11-22.log"


def texts(path: Path) -> list[str]:
    """Give the texts of a day file as they stand now."""
    return [each.text for each in fold(parse_day_file(path.read_bytes()))]


def recover(data: Path, name: str, user: str = "alice") -> int:
    """Bring a thing of the list back, without a server; give how many records were added."""
    aside = next(each for each in list_aside(data) if each.name == name)
    with opened(data) as store:
        upkeep = Upkeep(data, store.accounts, store.day_files, call_here)
        added = [upkeep.recover(path, user) for path in days_in(data, aside)]
    assert all(isinstance(each, int) for each in added)
    return sum(each for each in added if isinstance(each, int))


# The list


def test_the_list_names_what_was_cleared_removed_or_quarantined(data: Path) -> None:
    """With whose it was, the day, when, how many entries and bytes, and where it lies."""
    with (data / TODAYS).open("ab") as file:
        file.write(b"torn")
    with opened(data) as store:
        put(store, "sets the torn end aside")
    cleared, quarantined, removed = list_aside(data)
    assert (cleared.name, cleared.form) == ("alice/2026-11-22.0", Form.CLEARED)
    assert (cleared.user, cleared.day, cleared.when) == (ALICE, TODAY, NOON)
    assert (cleared.entries, cleared.size) == (1, (data / cleared.path).stat().st_size)
    assert (quarantined.form, quarantined.user, quarantined.day) == (
        Form.QUARANTINED,
        ALICE,
        TODAY,
    )
    assert (data / quarantined.path).read_bytes() == b"torn"
    assert (removed.form, removed.user, removed.day) == (Form.REMOVED, BOB, "")
    assert (removed.entries, removed.when) == (1, NOON)
    assert (data / removed.path).is_dir()
    assert {"name", "form", "user", "day", "when", "entries", "size", "path"} == set(
        cleared.as_json()
    )


def test_listing_changes_nothing_and_follows_nothing(data: Path) -> None:
    """A planted link or a strange name is left out; verify reports it."""
    (data / "diaries/alice/archive/2026-11-20.0.log").touch()
    (data / "diaries/alice/archive/link").symlink_to("/etc/passwd")
    (data / "removed/strange").mkdir()
    (data / "diaries/carol").symlink_to("alice")
    before = snapshot(data)
    assert next(each.name for each in list_aside(data)) == "alice/2026-11-22.0"
    assert len(list_aside(data)) == 2
    assert snapshot(data) == before


def test_a_request_id_of_no_time_and_a_twin_generation_are_listed(data: Path) -> None:
    """An id is of the client's making; two files of one generation can both be named."""
    archive = data / "diaries/alice/archive"
    late = EntryId(b"\xff" * 6 + b"\x7f\xff\xbf" + b"\xff" * 7)
    assert late.milliseconds > MAX_MILLISECONDS
    (archive / f"2026-11-22.0.{late.hex()}.log").write_bytes(line("twin"))
    names = {each.name: each.when for each in list_aside(data) if each.form is Form.CLEARED}
    assert len(names) == 2
    assert set(names.values()) == {NOON, None}
    for name in names:
        assert recover(data, name) == 1


# Coming back


def test_a_cleared_day_comes_back_once_beside_what_was_written_since(data: Path) -> None:
    """Twice adds nothing; the archive stays; verify finds no fault."""
    archive = {path: path.read_bytes() for path in (data / "diaries/alice/archive").iterdir()}
    assert recover(data, "alice/2026-11-22.0") == 1
    assert recover(data, "alice/2026-11-22.0") == 0
    assert texts(data / TODAYS) == ["one", "two\nof two lines", "cleared"]
    assert {path: path.read_bytes() for path in archive} == archive
    assert found(data) == []


def test_changes_come_back_with_their_entries(data: Path) -> None:
    """Amended and removed stay amended and removed: the records are appended, byte for byte."""
    kept, gone = new_id(), new_id()
    content = b"".join(
        (
            line("before", kept),
            line("gone", gone),
            format_record(Amended(STAMP, new_id(), kept, "after\nall")),
            format_record(Removed(STAMP, new_id(), gone)),
        )
    )
    (archive,) = (data / "diaries/alice/archive").iterdir()
    archive.write_bytes(content)
    (data / TODAYS).unlink()
    assert recover(data, "alice/2026-11-22.0") == 4
    assert (data / TODAYS).read_bytes() == content
    assert texts(data / TODAYS) == ["after\nall"]


def test_what_was_changed_cleared_and_recovered_goes_on_where_it_was(data: Path) -> None:
    """The same versions, the same duplicates, and nothing for verify to say at any time."""
    amended, gone = new_id(), new_id()
    with opened(data) as store:
        original = put(store, "first", at=NOON - 2 * A_DAY)
        day = stamp(NOON - 2 * A_DAY).day
        amendment = amending(original, "second", None, amended, day=day)
        removal = removing(original, amended, gone, day=day)
        assert all(
            isinstance(each, Appended) for each in store.entries.append_batch([amendment, removal])
        )
        assert found(data) == []
        clear(store, day)
    assert recover(data, f"alice/{day}.0") == 3
    assert found(data) == []
    with opened(data) as store:
        again = Appended(day, duplicate=True)
        assert store.entries.append_batch([amendment, removal]) == [again, again]
        back = restoring(original, gone, day=day)
        assert store.entries.append_batch([back]) == [Appended(day, duplicate=False)]
    assert texts(data / f"diaries/alice/{day}.log") == ["second"]
    assert found(data) == []


def test_lines_that_are_no_records_stay_in_the_archive(data: Path) -> None:
    """Behind another record they could become a part of it, and nobody knows if they are there."""
    (archive,) = (data / "diaries/alice/archive").iterdir()
    archive.write_bytes(b"\tno entry's\n" + line("cleared") + b"foreign\n" + b"torn")
    assert recover(data, "alice/2026-11-22.0") == 1
    assert not any(
        isinstance(record, Foreign) for record in parse_day_file((data / TODAYS).read_bytes())
    )


def test_a_day_can_be_cleared_and_brought_back_again_and_again(data: Path) -> None:
    """Each generation holds what was there; bringing both back adds each entry once."""
    recover(data, "alice/2026-11-22.0")
    with opened(data) as store:
        clear(store, TODAY, 1)
    assert not (data / TODAYS).exists()
    assert recover(data, "alice/2026-11-22.1") == 3
    assert recover(data, "alice/2026-11-22.0") == 0
    assert texts(data / TODAYS) == ["one", "two\nof two lines", "cleared"]
    assert found(data) == []


def test_a_repetition_of_a_recovered_entry_is_a_duplicate(data: Path) -> None:
    """The id is known, in the archive and in the day: the original answer, for ever."""
    with opened(data) as store:
        append = entry("again", user=ALICE, at=NOON - 2 * A_DAY)
        store.entries.append_batch([append])
        clear(store, append.stamp.day)
    recover(data, f"alice/{append.stamp.day}.0")
    with opened(data) as store:
        assert store.entries.append_batch([append]) == [Appended(append.stamp.day, duplicate=True)]


def test_a_removed_diary_comes_back_to_a_user_who_exists(data: Path) -> None:
    """To one of the same name or another, day by day; the removed one stays where it is."""
    (removed,) = [each for each in list_aside(data) if each.form is Form.REMOVED]
    with pytest.raises(NotFoundError, match="there is no user bob"):
        recover(data, removed.name, "bob")
    assert recover(data, removed.name, "alice") == 1
    assert "bob's" in texts(data / TODAYS)
    with opened(data) as store:
        store.accounts.add_user(BOB, NOON)
    assert recover(data, removed.name, "bob") == 1
    assert recover(data, removed.name, "bob") == 0
    assert texts(data / "diaries/bob/2026-11-22.log") == ["bob's"]
    assert (data / removed.path / "2026-11-22.log").exists()
    assert found(data) == []


def test_what_a_removed_user_had_cleared_can_be_named_too(data: Path) -> None:
    """It lies in the removed diary's archive, and is no part of the removed diary's days."""
    (folder,) = (data / "removed").iterdir()
    (folder / "archive").mkdir(mode=0o700)
    name = f"2026-11-20.0.{new_id().hex()}.log"
    (folder / "archive" / name).write_bytes(line("bob cleared", at=NOON - 2 * A_DAY))
    assert recover(data, folder.name, "alice") == 1
    assert recover(data, f"{folder.name}/2026-11-20.0", "alice") == 1
    assert texts(data / "diaries/alice/2026-11-20.log") == ["bob cleared"]


def test_what_is_in_quarantine_is_shown_and_never_appended(data: Path) -> None:
    """It was never acknowledged, or is a whole file from before a repair."""
    with (data / TODAYS).open("ab") as file:
        file.write(line("torn")[:-1])
    with opened(data) as store:
        put(store, "sets the torn end aside")
    (aside,) = [each for each in list_aside(data) if each.form is Form.QUARANTINED]
    with pytest.raises(UsageError, match=str(data / aside.path)):
        days_in(data, aside)
    with opened(data) as store, pytest.raises(UsageError):
        Upkeep(data, store.accounts, store.day_files, call_here).recover(aside.path, "alice")


@pytest.mark.parametrize(
    "path",
    [
        "",
        "accounts.sqlite3",
        TODAYS,
        "../data/" + TODAYS,
        "diaries/alice/archive/../2026-11-22.log",
        "diaries/alice/archive/x/2026-11-22.log",
        "removed/../diaries/2026-11-22.log",
        "/etc/passwd",
    ],
)
def test_the_server_takes_no_other_path(data: Path, path: str) -> None:
    """The admin socket names a file that is set aside, and nothing else is ever read."""
    with opened(data) as store, pytest.raises(UsageError):
        Upkeep(data, store.accounts, store.day_files, call_here).recover(path, "alice")


# Durably


def test_a_day_that_would_grow_too_long_is_refused(folder: Path) -> None:
    """As for any entry; nothing is added."""
    (folder / "data").mkdir(mode=0o700)
    with open_entries(folder / "data") as store:
        store.append_batch([entry("one")])
        path = folder / "data" / TODAYS
        path.write_bytes(path.read_bytes() + b"\n" * (MAX_DAY_BYTES - 200))
        before = path.read_bytes()
        with pytest.raises(QuotaError):
            store.absorb(ALICE, TODAY, line("x" * 200))
        assert path.read_bytes() == before


@pytest.mark.parametrize("calls", [("write",), SYNCS, ("openat",)])
def test_a_disk_that_fails_is_no_success_and_leaves_the_day_as_it_was(
    folder: Path, calls: tuple[str, ...]
) -> None:
    """Doing it again when the disk works adds everything, once."""
    (folder / "data").mkdir(mode=0o700)
    path = folder / "data" / TODAYS
    with open_entries(folder / "data") as store:
        store.append_batch([entry("one")])
        store.settle()
        before = path.read_bytes()
        with pytest.raises(StorageError):
            with_failing(calls, lambda: store.absorb(ALICE, TODAY, line("back")))
        assert path.read_bytes() == before
        back = line("back")
        assert (store.absorb(ALICE, TODAY, back), store.absorb(ALICE, TODAY, back)) == (1, 0)
        store.append_batch([entry("two")])
    assert texts(path) == ["one", "back", "two"]


def live(
    store: FileEntryStore, before: EntryId, after: EntryId, back: bytes, done: list[str]
) -> None:
    """Write, bring back, write; `done` is what was acknowledged."""
    for entry_id in (before, after):
        (outcome,) = store.append_batch([entry("written", entry_id)])
        if isinstance(outcome, Appended):
            done.append(entry_id.hex())
        if entry_id == before:
            store.absorb(ALICE, TODAY, back)
            done.append("back")


def records(path: Path) -> list[str]:
    """Give the ids of all records in a file, in order."""
    parsed = parse_day_file(path.read_bytes()) if path.exists() else []
    return [record.id.hex() for record in parsed if not isinstance(record, Foreign)]


@pytest.mark.parametrize("survival", [only_what_was_synced, with_a_hole, torn, None])
def test_a_power_cut_at_any_moment_loses_nothing_and_brings_nothing_back_twice(
    folder: Path, survival: Survival | None
) -> None:
    """After every single change on the disk, with all that was not synced, or without it."""
    ids = [new_id() for _ in range(4)]
    back = line("first", ids[0]) + line("second\nof two lines", ids[1])
    moment, is_complete = 0, False
    while not is_complete:
        data = folder / f"life-{moment}"
        data.mkdir(mode=0o700)
        with open_entries(data) as store:
            store.append_batch([entry("first", ids[0]), entry("second\nof two lines", ids[1])])
            clear_of(store)
        disk, done = ForgetfulDisk(data, cut_after=moment), list[str]()
        with suppress(PowerCutError), open_entries(data, disk=disk) as store:
            live(store, ids[2], ids[3], back, done)
            is_complete = True
        if survival:
            disk.lose(survival)
        path = data / TODAYS
        with open_entries(data) as store:
            assert_kept(path, done, ids)
            store.absorb(ALICE, TODAY, back)
            assert sorted(set(records(path)) - {ids[2].hex(), ids[3].hex()}) == sorted(
                each.hex() for each in ids[:2]
            )
            assert len(records(path)) == len(set(records(path)))
        moment += 1
    assert moment > 10


def clear_of(store: FileEntryStore) -> None:
    """Set today aside."""
    store.clear(ALICE, TODAY, 0, new_id())


def assert_kept(path: Path, done: list[str], ids: list[EntryId]) -> None:
    """What was acknowledged is there."""
    expected = {each for each in done if each != "back"}
    if "back" in done:
        expected |= {each.hex() for each in ids[:2]}
    assert expected <= set(records(path))
