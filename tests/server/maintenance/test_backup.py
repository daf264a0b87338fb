"""A backup holds what it promises, whatever moves while it is taken; a restore proves itself."""

import errno
import os
import shutil
import sqlite3
import stat
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diaryserver.engine import open_data
from diaryserver.errors import DataError
from diaryserver.maintenance.backup import BackedUp, back_up
from diaryserver.maintenance.checksums import SUMS_NAME, format_sums, parse_sums
from diaryserver.maintenance.copying import whole_length
from diaryserver.maintenance.ledgerstamps import NOT_CONTINUED
from diaryserver.maintenance.restore import FaultyBackupError, Keys, restore
from diaryserver.store.ledger.ledger import EPOCH_STEP
from protocol.errors import UsageError
from tests.server.estate import (
    A_DAY,
    ALICE,
    BOB,
    TODAY,
    YESTERDAY,
    clear,
    found,
    line,
    opened,
    put,
    snapshot,
)
from tests.server.fakes import NOON, seeded, token_of
from tests.server.faults import with_failing

ALICE_TODAY: Final = "diaries/alice/2026-11-22.log"
ALICE_YESTERDAY: Final = "diaries/alice/2026-11-21.log"
LONG_AGO: Final = 0
"""As the time of a backup it makes every file one that somebody may be writing."""


def nothing() -> None:
    """A barrier without a server: nobody writes."""


def take(
    data: Path,
    destination: Path,
    barrier: Callable[[], None] = nothing,
    *,
    with_keys: bool = True,
) -> BackedUp:
    """Back up."""
    return back_up(data, destination, barrier, LONG_AGO, with_keys=with_keys)


def put_back(
    source: Path, data: Path, keys: Keys | None = None, *, accept: bool = False
) -> list[tuple[str, int, str]]:
    """Restore, and give what is wrong then."""
    restore(source, data, keys or Keys(), seeded(), NOON, accept=accept)
    return found(data)


def content(folder: Path) -> dict[str, bytes]:
    """Give the files of a folder but for the list of sums and what only a server has."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    named = {str(path.relative_to(folder)): path.read_bytes() for path in files}
    return {name: each for name, each in named.items() if name not in {SUMS_NAME, "lock"}}


def rows(database: Path) -> dict[str, list[str]]:
    """Give all that is in a database, by table."""
    with closing(sqlite3.connect(database)) as connection:
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        return {
            table: sorted(map(repr, connection.execute(f"SELECT * FROM {table}")))  # noqa: S608
            for (table,) in tables.fetchall()
        }


class Meanwhile:
    """A barrier at which something happens when the backup waits there for the nth time.

    First for each of alice's two days, then for removed bob's, last when the accounts are copied.
    """

    def __init__(self, happens: Callable[[], object], moment: int = 1) -> None:
        """Nothing happened yet."""
        self._happens = happens
        self._left = moment

    def __call__(self) -> None:
        """As a barrier."""
        self._left -= 1
        if not self._left:
            self._happens()


# What a backup holds


def test_a_backup_holds_every_file_byte_for_byte(data: Path, folder: Path) -> None:
    """Diaries, archives, quarantine, removed diaries, strange files, keys; databases by rows."""
    with (data / ALICE_TODAY).open("ab") as file:
        file.write(b"torn")
    (data / "diaries/alice/notes").write_bytes(b"\0\xff" * 1_000_000)
    with opened(data) as store:
        put(store, "sets the torn end aside")
    done = take(data, folder / "copy")
    original, copied = content(data), content(folder / "copy")
    assert any("quarantine" in name for name in copied)
    for database in ("accounts.sqlite3", "ledger.sqlite3"):
        kept, backed_up = rows(data / database), rows(folder / "copy" / database)
        if database == "ledger.sqlite3":
            assert (len(kept.pop("stamp")), backed_up.pop("stamp")) == (1, [])
        assert kept == backed_up
        assert database in done.sums
        del original[database], copied[database], done.sums[database]
    assert copied == original
    assert set(done.sums) == set(original)


def test_sha256sum_accepts_it(data: Path, folder: Path) -> None:
    """The real one, run inside the backup, also for names that GNU escapes."""
    for name in (
        "back\\slash",
        "line\nfeed",
        "carriage\rreturn",
        "ünï",
        b"\xff\xfe".decode("latin"),
    ):
        (data / "diaries/alice" / name).write_bytes(name.encode())
    (data / "diaries/alice" / os.fsdecode(b"\xff")).write_bytes(b"no UTF-8")
    take(data, folder / "copy")
    command = ["sha256sum", "--check", "--strict", SUMS_NAME]
    done = subprocess.run(command, cwd=folder / "copy", capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.count(b": OK\n") == len(content(folder / "copy"))


def test_it_is_private_and_leaves_out_keys_unless_they_are_asked_for(
    data: Path, folder: Path
) -> None:
    """Files 0600, folders 0700; neither lock, nor socket, nor journal."""
    (data / "diaries").chmod(0o755)
    take(data, folder / "copy", with_keys=False)
    for path in (folder / "copy").rglob("*"):
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode == (0o700 if path.is_dir() else 0o600)
    tops = {path.name for path in (folder / "copy").iterdir()}
    assert tops == {"accounts.sqlite3", "diaries", "ledger.sqlite3", "removed", SUMS_NAME}


def test_what_is_no_file_is_left_out_and_named(data: Path, folder: Path) -> None:
    """A pipe is not waited for and a link is not followed."""
    os.mkfifo(data / "diaries/alice/pipe")
    (data / "diaries/alice/link").symlink_to("/etc/passwd")
    done = take(data, folder / "copy")
    assert done.left_out == ["diaries/alice/link", "diaries/alice/pipe"]
    assert not (folder / "copy/diaries/alice/link").is_symlink()


# While a server serves


def test_an_entry_written_meanwhile_is_in_it_whole_or_not_at_all(data: Path, folder: Path) -> None:
    """What was half there when the file was measured is complete then; the next is left out."""
    path = data / ALICE_TODAY
    before, begun, next_ = path.read_bytes(), line("a\nb\nc"), line("not\nany more")
    path.write_bytes(before + begun[:-4])

    def go_on() -> None:
        with path.open("ab") as file:
            file.write(begun[-4:] + next_[:-3])

    others = [each for each in data.rglob("*.log") if each != path]
    for other in others:
        os.utime(other, (0, 0))
    back_up(data, folder / "copy", Meanwhile(go_on), NOON, with_keys=True)
    assert (folder / "copy" / ALICE_TODAY).read_bytes() == before + begun


_texts = st.lists(st.sampled_from(["one", "two\nlines", "\n\n", "x" * 50]), min_size=1, max_size=5)


@given(_texts, _texts, st.data())
def test_a_copy_ends_where_a_record_ends(
    done: list[str], meanwhile: list[str], chosen: st.DataObject
) -> None:
    """Measured anywhere, read while the next write is under way: only whole records, and enough."""
    records = [line(text) for text in done]
    written, under_way = b"".join(records), b"".join(map(line, meanwhile))
    length = chosen.draw(st.integers(0, len(written)))
    visible = under_way[: chosen.draw(st.integers(0, len(under_way)))]
    descriptor = os.memfd_create("day")
    try:
        os.write(descriptor, written + visible)
        end = whole_length(descriptor, length)
    finally:
        os.close(descriptor)
    assert end >= length
    assert end in {len(b"".join(records[:count])) for count in range(len(records) + 1)}


@pytest.mark.parametrize("moment", [1, 2])
def test_a_day_cleared_meanwhile_is_in_it_once(data: Path, folder: Path, moment: int) -> None:
    """While it is copied, or afterwards: its copy follows it into the archive."""

    def clear_both() -> None:
        with opened(data) as store:
            clear(store, YESTERDAY)
            put(store, "new", at=NOON - A_DAY)
            clear(store, TODAY, 1)

    take(data, folder / "copy", Meanwhile(clear_both, moment))
    names = {path.name[:12] for path in (folder / "copy/diaries/alice/archive").iterdir()}
    assert names == {"2026-11-21.0", "2026-11-22.0", "2026-11-22.1"}
    assert not (folder / "copy" / ALICE_YESTERDAY).exists()
    assert put_back(folder / "copy", folder / "restored") == []


@pytest.mark.parametrize("moment", [1, 2, 3])
def test_a_user_removed_meanwhile_is_removed_in_it(data: Path, folder: Path, moment: int) -> None:
    """Accounts and diary agree, whenever it happens before the accounts are copied."""

    def remove() -> None:
        with opened(data) as store:
            alice = store.accounts.find_user(ALICE)
            assert alice is not None
            store.accounts.remove_user(alice, NOON)
            store.entries.retire(ALICE, alice.uid)

    take(data, folder / "copy", Meanwhile(remove, moment))
    assert not (folder / "copy/diaries/alice").exists()
    assert len(list((folder / "copy/removed").glob("alice.*/*.log"))) == 2
    assert put_back(folder / "copy", folder / "restored") == []


def test_a_user_removed_at_its_very_end_is_still_in_it(data: Path, folder: Path) -> None:
    """After the accounts were copied the diary's copy stays where they say that it is."""

    def remove() -> None:
        with opened(data) as store:
            alice = store.accounts.find_user(ALICE)
            assert alice is not None
            store.accounts.remove_user(alice, NOON)
            store.entries.retire(ALICE, alice.uid)

    take(data, folder / "copy", Meanwhile(remove, 4))
    assert (folder / "copy" / ALICE_TODAY).exists()
    assert put_back(folder / "copy", folder / "restored") == []


def test_a_second_link_is_no_move(data: Path, folder: Path) -> None:
    """Somebody keeps hard links: both names are copied."""
    (data / "diaries/alice/mine").hardlink_to(data / ALICE_TODAY)
    take(data, folder / "copy")
    assert content(data)["diaries/alice/mine"] == content(folder / "copy")["diaries/alice/mine"]
    assert (folder / "copy" / ALICE_TODAY).exists()


# Where it may go


def test_nothing_is_written_over(data: Path, folder: Path) -> None:
    """A folder with anything in it, a file, the data themselves: refused, and left as they are."""
    (folder / "full").mkdir()
    (folder / "full/file").write_text("kept")
    (folder / "file").write_text("kept")
    before = snapshot(folder)
    for place in ("full", "file", "data", "data/diaries/copy", "no/such/parent"):
        with pytest.raises(DataError):
            take(data, folder / place)
    assert snapshot(folder) == before
    (folder / "empty").mkdir()
    assert take(data, folder / "empty").sums


def test_a_backup_goes_nowhere_that_others_can_write(data: Path, folder: Path) -> None:
    """They could put other files in the place of the copied ones; nothing is left there."""
    for mode in (0o777, 0o770, 0o702):
        place = folder / f"{mode:o}"
        place.mkdir()
        place.chmod(mode)
        with pytest.raises(DataError, match=r"others can write into .*; name a new folder"):
            take(data, place)
        assert list(place.iterdir()) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_backup_goes_into_no_folder_of_another_user(data: Path, folder: Path) -> None:
    """Who owns it can do the same, whatever the permissions say."""
    place = folder / "theirs"
    place.mkdir(mode=0o700)
    os.chown(place, 65_534, -1)
    with pytest.raises(DataError, match="belongs to user 65534; name a new folder"):
        take(data, place)
    assert list(place.iterdir()) == []


@pytest.mark.parametrize("made", [True, False])
def test_a_backup_that_fails_leaves_nothing(data: Path, folder: Path, *, made: bool) -> None:
    """A full disk, a server that went away, Ctrl-C: a new folder is gone, an empty one is empty."""
    destination = folder / "copy"
    if made:
        destination.mkdir()

    def gone() -> None:
        raise DataError("the server does not answer")

    def interrupted() -> None:
        raise KeyboardInterrupt

    for failing, error in ((gone, DataError), (interrupted, KeyboardInterrupt)):
        with pytest.raises(error):
            take(data, destination, failing)
        assert destination.exists() == made
        assert not made or not list(destination.iterdir())
    with pytest.raises(DataError, match="No space left on device; nothing is left of it"):
        with_failing(("fsync",), lambda: take(data, destination), errno.ENOSPC)
    assert destination.exists() == made


def test_what_cannot_be_removed_is_named_as_unfinished(data: Path, folder: Path) -> None:
    """It has no list of sums, and restore refuses it."""
    with pytest.raises(DataError, match="copy is unfinished, it has no SHA256SUMS: remove it"):
        with_failing(("fsync", "unlinkat"), lambda: take(data, folder / "copy"))
    assert (folder / "copy").exists()
    with pytest.raises(DataError, match="has no SHA256SUMS"):
        put_back(folder / "copy", folder / "restored")


# Restore


def test_what_is_restored_is_what_was_backed_up(data: Path, folder: Path) -> None:
    """Byte for byte, with the time of its last change, 0600 and 0700, and without a fault.

    But for the epoch in the ledger, which is another after each restore, and that the accounts
    know of it.
    """
    take(data, folder / "copy")
    assert put_back(folder / "copy", folder / "new/place") == []
    restored, copied = content(folder / "new/place"), content(folder / "copy")
    assert restored.pop("ledger.sqlite3") != copied.pop("ledger.sqlite3")
    accounts = [
        rows(place / "accounts.sqlite3") for place in (folder / "copy", folder / "new/place")
    ]
    assert restored.pop("accounts.sqlite3") != copied.pop("accounts.sqlite3")
    before, after = (each.pop("ledger") for each in accounts)
    assert before != after
    assert accounts[0] == accounts[1]
    assert restored == copied
    for name in (ALICE_TODAY, ALICE_YESTERDAY):
        now, original = folder / "new/place" / name, data / name
        assert now.stat().st_mtime_ns == original.stat().st_mtime_ns
    with opened(folder / "new/place") as store:
        put(store, "and on")


@pytest.mark.parametrize("how", ["restore", "a copy of the whole backup", "its ledger alone"])
def test_what_comes_of_a_backup_is_of_another_epoch_once(
    data: Path, folder: Path, caplog: pytest.LogCaptureFixture, how: str
) -> None:
    """Whoever puts it back, and however; a start says so unless `restore` did it."""
    take(data, folder / "copy")
    place = data
    if how == "restore":
        place = folder / "restored"
        assert put_back(folder / "copy", place) == []
    elif how == "its ledger alone":
        shutil.copy(folder / "copy/ledger.sqlite3", place)
    else:
        place = folder / "by hand"
        shutil.copytree(folder / "copy", place)
        place.chmod(0o700)
    generations = []
    for _ in range(2):
        with opened(place) as store:
            generations.append(store.entries.list_days(ALICE, TODAY, TODAY, 1).rows[0].generation)
    assert generations[0] == generations[1] > EPOCH_STEP
    assert caplog.text.count(NOT_CONTINUED) == (how != "restore")


def test_an_empty_data_folder_is_replaced_and_any_other_refused(data: Path, folder: Path) -> None:
    """Not even a file of the operator's own is written over."""
    take(data, folder / "copy")
    (folder / "empty").mkdir()
    assert put_back(folder / "copy", folder / "empty") == []
    (folder / "full").mkdir()
    (folder / "full/notes").write_text("kept")
    before = snapshot(folder)
    for place in (folder / "full", data, folder / "full/notes"):
        with pytest.raises(DataError, match="never writes over it"):
            put_back(folder / "copy", place)
    assert snapshot(folder) == before


def change(copy: Path) -> None:
    """One bit."""
    path = copy / ALICE_TODAY
    path.write_bytes(bytes([path.read_bytes()[0] ^ 1]) + path.read_bytes()[1:])


def lengthen(copy: Path) -> None:
    """One entry more."""
    with (copy / ALICE_TODAY).open("ab") as file:
        file.write(line("forged"))


def lose(copy: Path) -> None:
    """One file less."""
    (copy / ALICE_TODAY).unlink()


def add(copy: Path) -> None:
    """One file more."""
    (copy / "diaries/alice/2026-11-20.log").write_bytes(b"")


def link(copy: Path) -> None:
    """The same bytes, but somewhere else."""
    (copy / ALICE_TODAY).rename(copy.parent / "elsewhere")
    (copy / ALICE_TODAY).symlink_to(copy.parent / "elsewhere")


def lead_out(copy: Path) -> None:
    """A path that leaves the backup, with the right sum."""
    (copy.parent / "elsewhere").write_bytes((copy / ALICE_TODAY).read_bytes())
    sums = (copy / SUMS_NAME).read_text()
    (copy / SUMS_NAME).write_text(sums.replace(ALICE_TODAY, "diaries/../../elsewhere"))


def be_elsewhere(copy: Path) -> None:
    """A path that no backup of ours has."""
    (copy / "diaries").rename(copy / "journal")
    sums = (copy / SUMS_NAME).read_text()
    (copy / SUMS_NAME).write_text(sums.replace("diaries/", "journal/"))


def cut(copy: Path) -> None:
    """A list that ends too soon."""
    (copy / SUMS_NAME).write_bytes((copy / SUMS_NAME).read_bytes()[:-20])


def finish_not(copy: Path) -> None:
    """A backup that was cut off."""
    (copy / SUMS_NAME).unlink()


@pytest.mark.parametrize(
    "tamper", [change, lengthen, lose, add, link, lead_out, be_elsewhere, cut, finish_not]
)
def test_a_backup_that_is_not_as_its_list_says_is_refused(
    data: Path, folder: Path, tamper: Callable[[Path], None]
) -> None:
    """Before anything is created."""
    take(data, folder / "copy")
    tamper(folder / "copy")
    before = snapshot(folder)
    with pytest.raises(DataError):
        put_back(folder / "copy", folder / "restored")
    assert snapshot(folder) == before


def test_keys_must_come_from_somewhere(data: Path, folder: Path) -> None:
    """A backup without keys needs a choice, one with keys admits none."""
    take(data, folder / "without", with_keys=False)
    take(data, folder / "with")
    with pytest.raises(UsageError, match="--keys FOLDER"):
        put_back(folder / "without", folder / "restored")
    for keys in (Keys(data / "keys"), Keys(fresh=True)):
        with pytest.raises(UsageError, match="has its keys"):
            put_back(folder / "with", folder / "restored", keys)
    assert put_back(folder / "without", folder / "restored", Keys(data / "keys")) == []
    for name in ("master.1", "pepper", "identity"):
        assert (folder / "restored/keys" / name).read_bytes() == (data / "keys" / name).read_bytes()


def test_with_new_keys_nothing_of_the_old_ones_is_left(data: Path, folder: Path) -> None:
    """Users and diaries stay; tokens, passwords and invites are dropped, and the server starts."""
    with opened(data) as store:
        alice = store.accounts.find_user(ALICE)
        assert alice is not None
        store.accounts.set_password_hash(alice, "a hash that must go")
        store.accounts.invite(alice, NOON)
    take(data, folder / "copy", with_keys=False)
    assert put_back(folder / "copy", folder / "restored", Keys(fresh=True)) == []
    left = rows(folder / "restored/accounts.sqlite3")
    assert (left["invites"], left["tokens"]) == ([], [])
    assert b"must go" not in (folder / "restored/accounts.sqlite3").read_bytes()
    with open_data(folder / "restored") as store:
        restored = store.accounts.find_user(ALICE)
        assert restored is not None
        assert (restored.uid, restored.has_password) == (alice.uid, False)
        assert store.accounts.find_user(BOB) is None
    for name in ("master.1", "pepper", "identity"):
        assert (folder / "restored/keys" / name).read_bytes() != (data / "keys" / name).read_bytes()


def generations(folder: Path) -> list[int]:
    """Give the generations that a data folder starts with, and check that it starts."""
    with open_data(folder) as store:
        return [each.number for each in store.accounts.list_generations()]


def test_all_generations_of_the_master_key_come_back(data: Path, folder: Path) -> None:
    """With the backup, or from where the keys are kept apart."""
    with opened(data) as store:
        store.accounts.rotate(NOON, NOON + A_DAY)
    take(data, folder / "with")
    take(data, folder / "without", with_keys=False)
    assert put_back(folder / "with", folder / "one") == []
    assert put_back(folder / "without", folder / "two", Keys(data / "keys")) == []
    for place in ("one", "two"):
        assert generations(folder / place) == [1, 2]
        for name in ("master.1", "master.2"):
            copy = folder / place / "keys" / name
            assert copy.read_bytes() == (data / "keys" / name).read_bytes()


def test_a_backup_older_than_a_rotation_takes_the_newer_key(data: Path, folder: Path) -> None:
    """The destroyed key's logins were to be renewed: they end, passwords and diaries do not."""
    with opened(data) as store:
        alice = store.accounts.find_user(ALICE)
        assert alice is not None
        store.accounts.set_password_hash(alice, "hash")
        assert store.accounts.mint(token_of(alice), b"", "hash")
    take(data, folder / "copy", with_keys=False)
    with opened(data) as store:
        store.accounts.rotate(NOON, NOON)
        store.accounts.sweep(NOON)
    restored = restore(
        folder / "copy", folder / "restored", Keys(data / "keys"), seeded(), NOON, accept=False
    )
    assert (restored.ended_logins, restored.report.faults) == (1, [])
    assert generations(folder / "restored") == [2]
    with open_data(folder / "restored") as store:
        found_again = store.accounts.find_user(ALICE)
        assert found_again is not None
        assert store.accounts.password_hash(found_again) == "hash"
        assert store.accounts.list_tokens(found_again) == []


def test_keys_older_than_the_backup_are_a_fault(data: Path, folder: Path) -> None:
    """The current key is not among them: it is named, and nothing is restored."""
    shutil.copytree(data / "keys", folder / "old keys")
    with opened(data) as store:
        store.accounts.rotate(NOON, NOON + A_DAY)
    take(data, folder / "copy", with_keys=False)
    with pytest.raises(FaultyBackupError) as caught:
        put_back(folder / "copy", folder / "restored", Keys(folder / "old keys"))
    assert [str(fault).split(":")[0] for fault in caught.value.faults] == ["keys/master.2"]
    assert not (folder / "restored").exists()


def test_a_faulty_backup_is_restored_only_if_somebody_says_so(data: Path, folder: Path) -> None:
    """The faults were there when it was taken: they are named, and the choice is the operator's."""
    with (data / ALICE_TODAY).open("ab") as file:
        file.write(b"foreign\n")
    take(data, folder / "copy")
    before = snapshot(folder)
    with pytest.raises(FaultyBackupError) as caught:
        put_back(folder / "copy", folder / "restored")
    assert [fault.kind.value for fault in caught.value.faults] == ["foreign-line"]
    assert snapshot(folder) == before
    left = put_back(folder / "copy", folder / "restored", accept=True)
    assert left == [(ALICE_TODAY, 4, "foreign-line")]


def test_a_restore_that_fails_leaves_nothing(data: Path, folder: Path) -> None:
    """Not even the folder beside, where it was put together."""
    take(data, folder / "copy")
    before = snapshot(folder)
    for call in ("fsync", "write", "renameat"):
        with pytest.raises(DataError, match="restoring failed"):
            with_failing((call,), lambda: put_back(folder / "copy", folder / "restored"))
        assert snapshot(folder) == before


_paths = st.lists(
    st.text(st.characters(exclude_characters="/\0", codec="utf-8"), min_size=1).filter(
        lambda name: name not in {".", ".."}
    ),
    min_size=1,
    max_size=3,
).map("/".join)


@given(st.dictionaries(_paths, st.sampled_from(["0" * 64, "a1" * 32]), min_size=1))
def test_a_list_of_sums_reads_as_it_was_written(sums: dict[str, str]) -> None:
    """Whatever names files have."""
    assert parse_sums(format_sums(sums)) == sums


@given(st.binary(max_size=200))
def test_reading_a_list_of_sums_is_total(data: bytes) -> None:
    """Any bytes are a list or refused."""
    try:
        assert parse_sums(data)
    except DataError:
        return
