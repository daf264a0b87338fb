"""Generations of the master key: what rotation changes, what ends, what a crash leaves."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from diaryserver.accounts.database import SqliteAccounts
from diaryserver.accounts.keyfiles import KEY_BYTES, open_keys
from diaryserver.accounts.schema import open_database
from diaryserver.errors import DataError
from diaryserver.maintenance.accountfaults import key_faults
from diaryserver.maintenance.databases import Copies
from diaryserver.service.ports.accounts import Token, User
from protocol.errors import BusyError, StorageError
from protocol.identifiers import Username
from tests.server.fakes import NOON, seeded, token_of
from tests.server.faults import SYNCS, with_failing

DAY: Final = 86_400_000
DEADLINE: Final = NOON + 30 * DAY


@contextmanager
def opened(folder: Path) -> Iterator[SqliteAccounts]:
    """Open accounts and keys, as a start of the server does."""
    first_start = not (folder / "accounts.sqlite3").exists()
    keys = open_keys(folder / "keys", os.urandom, first_start=first_start)
    accounts = SqliteAccounts(open_database(folder / "accounts.sqlite3"), keys, seeded(), "decoy")
    yield accounts
    accounts.close()


@pytest.fixture
def accounts(tmp_path: Path) -> Iterator[SqliteAccounts]:
    """Nobody yet."""
    with opened(tmp_path) as fresh:
        yield fresh


def minted(accounts: SqliteAccounts, number: int, expires: int = 0) -> Token:
    """Give a used token of the current generation."""
    user = accounts.find_user(Username("alice")) or accounts.add_user(Username("alice"), NOON)
    token = token_of(user, number, accounts.generation(), expires)
    assert accounts.mint(token, b"", "hash")
    accounts.mark_used(token, NOON)
    return stored(accounts, token)


def stored(accounts: SqliteAccounts, token: Token) -> Token:
    """Give a token as it is now."""
    found = accounts.token(token.kid)
    assert found is not None
    return found


def names(folder: Path) -> list[str]:
    """Give the master keys' files."""
    return sorted(path.name for path in (folder / "keys").glob("master*"))


def test_a_rotation_makes_a_key_for_what_comes(accounts: SqliteAccounts, tmp_path: Path) -> None:
    """0600, another secret; tokens that were there keep their roots, also after a restart."""
    old = minted(accounts, 1)
    root = accounts.root(old)
    made = accounts.rotate(NOON, DEADLINE)
    new = minted(accounts, 2)
    assert (made.number, new.generation, old.generation) == (2, 2, 1)
    assert names(tmp_path) == ["master.1", "master.2"]
    paths = [tmp_path / "keys" / name for name in names(tmp_path)]
    assert [path.stat().st_mode & 0o777 for path in paths] == [0o600] * 2
    assert paths[0].read_bytes() != paths[1].read_bytes()
    assert accounts.root(old) == root
    same = token_of(User(old.uid, old.user, NOON, has_password=True), 1, 2)
    assert accounts.root(same) != root
    roots = [accounts.root(token) for token in (old, new)]
    with opened(tmp_path) as again:
        assert [again.root(token) for token in (old, new)] == roots
        assert again.generation() == 2
        assert [again.token(token.kid) for token in (old, new)] == [stored(accounts, old), new]


def test_older_tokens_end_at_the_deadline(accounts: SqliteAccounts) -> None:
    """Those without an end too, those that end earlier then; new ones do not."""
    never, early, late = (
        minted(accounts, 1),
        minted(accounts, 2, NOON + DAY),
        minted(accounts, 3, DEADLINE + DAY),
    )
    accounts.rotate(NOON, DEADLINE)
    new = minted(accounts, 4)
    ends = [stored(accounts, token).expires for token in (never, early, late, new)]
    assert ends == [DEADLINE, NOON + DAY, DEADLINE, 0]
    assert stored(accounts, never).is_live(DEADLINE - 1)
    assert not stored(accounts, never).is_live(DEADLINE)


def test_a_second_rotation_shortens_and_never_lengthens(accounts: SqliteAccounts) -> None:
    """A leaked key's deadline cannot be put off by accident, but it can be brought forward."""
    minted(accounts, 1)
    accounts.rotate(NOON, DEADLINE)
    accounts.rotate(NOON + 1, DEADLINE + DAY)
    assert [each.retires for each in accounts.list_generations()] == [
        DEADLINE,
        DEADLINE + DAY,
        0,
    ]
    accounts.rotate(NOON + 2, NOON + 2)
    retires = [each.retires for each in accounts.list_generations()]
    assert retires == [NOON + 2, NOON + 2, NOON + 2, 0]


def test_at_the_deadline_key_and_tokens_are_gone(accounts: SqliteAccounts, tmp_path: Path) -> None:
    """From memory, database and folder; those of the new generation stay."""
    old = minted(accounts, 1)
    accounts.rotate(NOON, DEADLINE)
    new = minted(accounts, 2)
    accounts.sweep(DEADLINE - 1)
    assert names(tmp_path) == ["master.1", "master.2"]
    accounts.sweep(DEADLINE)
    assert names(tmp_path) == ["master.2"]
    assert accounts.token(old.kid) is None
    with pytest.raises(KeyError):
        accounts.root(old)
    with opened(tmp_path) as again:
        assert again.token(old.kid) is None
        assert again.token(new.kid) == new
        assert [each.number for each in again.list_generations()] == [2]


def test_a_destroyed_key_is_overwritten_first(accounts: SqliteAccounts, tmp_path: Path) -> None:
    """What another link to the file, or the disk's free blocks, might still show is zeros."""
    accounts.rotate(NOON, NOON)
    (tmp_path / "kept").hardlink_to(tmp_path / "keys" / "master.1")
    accounts.sweep(NOON)
    assert (tmp_path / "kept").read_bytes() == bytes(KEY_BYTES)


def test_a_token_made_during_a_rotation_is_made_again(accounts: SqliteAccounts) -> None:
    """Of a generation that is over it would end unforeseen."""
    user = accounts.add_user(Username("alice"), NOON)
    accounts.rotate(NOON, DEADLINE)
    with pytest.raises(BusyError):
        accounts.mint(token_of(user, 1, 1), b"", "hash")
    assert accounts.list_tokens(user) == []


# Crashes and failing disks


def test_a_rotation_that_fails_changes_nothing(accounts: SqliteAccounts, tmp_path: Path) -> None:
    """Neither when the file nor when the database cannot be written; the next one works."""
    token = minted(accounts, 1)

    def rotate() -> object:
        return accounts.rotate(NOON, DEADLINE)

    for failing in range(2):
        if failing:
            (tmp_path / "keys").rename(tmp_path / "away")
        with pytest.raises(StorageError):
            with_failing(SYNCS, rotate) if not failing else rotate()
        if failing:
            (tmp_path / "away").rename(tmp_path / "keys")
        assert accounts.generation() == 1
        assert stored(accounts, token).expires == 0
    rotate()
    assert accounts.generation() == 2
    with opened(tmp_path) as again:
        assert again.generation() == 2


def test_a_rotation_that_was_cut_off_is_done_anew(tmp_path: Path) -> None:
    """Its file is there and nothing names it: the start does not mind, verify notes it."""
    with opened(tmp_path):
        (tmp_path / "keys" / "master.2").write_bytes(b"x" * KEY_BYTES)
        (tmp_path / "keys" / "master.2").chmod(0o600)
    [note] = key_faults(tmp_path, Copies(tmp_path))
    assert (note.file, note.is_note) == ("keys/master.2", True)
    with opened(tmp_path) as accounts:
        assert accounts.generation() == 1
        accounts.sweep(NOON)
        assert names(tmp_path) == ["master.1", "master.2"]
        accounts.rotate(NOON, DEADLINE)
    assert (tmp_path / "keys" / "master.2").read_bytes() != b"x" * KEY_BYTES
    assert list(key_faults(tmp_path, Copies(tmp_path))) == []


def test_a_destruction_that_was_cut_off_is_finished(tmp_path: Path) -> None:
    """The database has forgotten the tokens, the file is still there: it goes with the next."""
    with opened(tmp_path) as accounts:
        minted(accounts, 1)
        accounts.rotate(NOON, DEADLINE)
        key = (tmp_path / "keys" / "master.1").read_bytes()
        accounts.sweep(DEADLINE)
    (tmp_path / "keys" / "master.1").write_bytes(key)
    (tmp_path / "keys" / "master.1").chmod(0o600)
    assert [each.is_note for each in key_faults(tmp_path, Copies(tmp_path))] == [True]
    with opened(tmp_path) as accounts:
        accounts.sweep(DEADLINE + 1)
        assert names(tmp_path) == ["master.2"]


def test_a_disk_that_fails_destroys_no_key_that_tokens_need(
    accounts: SqliteAccounts, tmp_path: Path
) -> None:
    """First the tokens are forgotten for good, then the key goes; the next round does it."""
    token = minted(accounts, 1)
    accounts.rotate(NOON, DEADLINE)
    with pytest.raises(StorageError):
        with_failing(SYNCS, lambda: accounts.sweep(DEADLINE))
    assert names(tmp_path) == ["master.1", "master.2"]
    assert accounts.root(stored(accounts, token))
    accounts.sweep(DEADLINE)
    assert names(tmp_path) == ["master.2"]


# A start


def test_a_key_that_tokens_need_must_be_there(tmp_path: Path) -> None:
    """The current one always, an old one as long as a token needs it: one line says which."""
    with opened(tmp_path) as accounts:
        minted(accounts, 1)
        accounts.rotate(NOON, DEADLINE)
    for name in names(tmp_path):
        path = tmp_path / "keys" / name
        path.rename(tmp_path / name)
        with pytest.raises(DataError, match=f"{name} is missing; restore it"), opened(tmp_path):
            pass
        assert [(each.file, each.is_note) for each in key_faults(tmp_path, Copies(tmp_path))] == [
            (f"keys/{name}", False)
        ]
        (tmp_path / name).rename(path)


def test_an_old_key_that_nothing_needs_may_be_missing(tmp_path: Path) -> None:
    """Whoever destroyed it by hand did what the deadline would have done."""
    with opened(tmp_path) as accounts:
        accounts.rotate(NOON, DEADLINE)
    (tmp_path / "keys" / "master.1").unlink()
    assert list(key_faults(tmp_path, Copies(tmp_path))) == []
    with opened(tmp_path) as accounts:
        accounts.sweep(DEADLINE)
        assert [each.number for each in accounts.list_generations()] == [2]


@pytest.mark.parametrize("fault", ["short", "open"])
def test_an_old_key_is_checked_like_the_others(tmp_path: Path, fault: str) -> None:
    """32 bytes, 0600."""
    with opened(tmp_path) as accounts:
        accounts.rotate(NOON, DEADLINE)
    path = tmp_path / "keys" / "master.1"
    if fault == "open":
        path.chmod(0o640)
    else:
        path.write_bytes(b"short")
    with pytest.raises(DataError, match=r"master\.1"), opened(tmp_path):
        pass


def test_the_database_names_no_key(accounts: SqliteAccounts, tmp_path: Path) -> None:
    """Numbers and times only."""
    accounts.rotate(NOON, DEADLINE)
    database = (tmp_path / "accounts.sqlite3").read_bytes()
    for name in names(tmp_path):
        assert (tmp_path / "keys" / name).read_bytes() not in database
    connection = sqlite3.connect(tmp_path / "accounts.sqlite3")
    rows = connection.execute("SELECT number, retires FROM generations").fetchall()
    connection.close()
    assert rows == [(1, DEADLINE), (2, 0)]
