"""Users, invites and tokens on SQLite, and the keys beside them."""

import hashlib
import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from diaryserver.accounts.database import SALT_LIFE_MILLISECONDS, SqliteAccounts
from diaryserver.accounts.invitetable import ENDED_LIFE_MILLISECONDS, MAX_ENDED
from diaryserver.accounts.keyfiles import ServerKeys, open_keys
from diaryserver.accounts.passwords import Argon2Hasher
from diaryserver.accounts.schema import SCHEMA_VERSION, open_database
from diaryserver.datalock import DataInUseError, own_data
from diaryserver.errors import DataError
from diaryserver.service.ports.accounts import UNUSED_LIFE_MILLISECONDS, Token, TokenChange, User
from diaryserver.service.token_life import (
    Seed,
    Wish,
    renewed,
    token_of_login,
    token_of_token,
    why_not_renewed,
)
from protocol.errors import StorageError, UsageError
from protocol.identifiers import Username
from protocol.invite import InviteEnd
from tests.server.fakes import NOON, new_id, seeded
from tests.server.faults import SYNCS, disk_full_at, with_failing
from tests.server.store_contract import entry

ALICE: Final = Username("alice")
DECOY: Final = "hash of nothing"
WEEK: Final = 7 * 86_400_000


@contextmanager
def opened(folder: Path, seed: int = 1) -> Iterator[SqliteAccounts]:
    """Open the accounts in a folder, as a start of the server does."""
    first_start = not (folder / "accounts.sqlite3").exists()
    keys = open_keys(folder / "keys", seeded(), first_start=first_start)
    connection = open_database(folder / "accounts.sqlite3")
    accounts = SqliteAccounts(connection, keys, seeded(seed), DECOY)
    yield accounts
    accounts.close()


@pytest.fixture
def accounts(tmp_path: Path) -> Iterator[SqliteAccounts]:
    """Nobody yet."""
    with opened(tmp_path) as fresh:
        yield fresh


@pytest.fixture
def alice(accounts: SqliteAccounts) -> User:
    """A user without a password."""
    return accounts.add_user(ALICE, NOON)


def seed_of(number: int) -> Seed:
    """Give what is new in a token made at noon."""
    return Seed(number.to_bytes(8, "big"), bytes(32), 1, NOON)


def token_of(user: User, number: int = 1, *, expires: int = 0, created: int = NOON) -> Token:
    """Give a token to mint; its salt is what the tests search the disk for."""
    salt = hashlib.sha256(b"salt %d" % number).digest()
    seed = Seed(number.to_bytes(8, "big"), salt, 1, created)
    token = token_of_login(seed, user, Wish("laptop", "full", 0, fixed=False))
    return replace(token, expires=expires, life=max(0, expires - created))


# Users


def test_a_name_is_one_user(accounts: SqliteAccounts, alice: User) -> None:
    """A second one of the name is refused and changes nothing."""
    with pytest.raises(UsageError, match="there is a user alice already"):
        accounts.add_user(ALICE, NOON + 1)
    assert accounts.list_users() == [alice]
    assert accounts.find_user(ALICE) == alice
    assert accounts.has_user(ALICE)


def test_who_may_write_has_a_name_and_no_ended_token(accounts: SqliteAccounts, alice: User) -> None:
    """Plain text comes under no token; a token that nobody kept is none."""
    kept, unknown = token_of(alice), token_of(alice, 2)
    accounts.mint(kept, b"", "hash")
    assert accounts.may_write(ALICE, b"")
    assert accounts.may_write(ALICE, kept.kid)
    assert not accounts.may_write(ALICE, unknown.kid)
    assert not accounts.may_write(Username("bob"), b"")
    accounts.disable_user(alice, NOON + 5)
    assert not accounts.may_write(ALICE, kept.kid)
    accounts.enable_user(alice)
    assert accounts.may_write(ALICE, b"")
    assert not accounts.may_write(ALICE, kept.kid)


def test_users_are_listed_by_name(accounts: SqliteAccounts) -> None:
    """And say whether they have a password."""
    for name in ("carol", "alice", "bob"):
        accounts.add_user(Username(name), NOON)
    bob = accounts.find_user(Username("bob"))
    assert bob is not None
    accounts.set_password_hash(bob, "hash")
    listed = accounts.list_users()
    assert [(user.name, user.has_password) for user in listed] == [
        ("alice", False),
        ("bob", True),
        ("carol", False),
    ]


def test_a_removed_user_is_nobody(accounts: SqliteAccounts, alice: User) -> None:
    """Not found, not listed, no password, no invite; the tokens are revoked at once."""
    code = accounts.invite(alice, NOON + WEEK)
    accounts.set_password_hash(alice, "hash")
    accounts.mint(token_of(alice), b"", "hash")
    accounts.remove_user(alice, NOON + 5)
    assert accounts.find_user(ALICE) is None
    assert accounts.list_users() == []
    assert not accounts.has_user(ALICE)
    assert accounts.password_hash(alice) == DECOY
    assert not accounts.is_invite(alice, code, NOON)
    token = accounts.token(token_of(alice).kid)
    assert token is not None
    assert token.revoked == NOON + 5


def test_removing_twice_keeps_the_first_time(accounts: SqliteAccounts, alice: User) -> None:
    """A revoked token's time of revocation does not move."""
    accounts.mint(token_of(alice), b"", "hash")
    accounts.remove_user(alice, NOON + 5)
    accounts.remove_user(alice, NOON + 9)
    assert [token.revoked for token in accounts.list_tokens(alice)] == [NOON + 5]


def test_a_name_used_again_inherits_nothing(accounts: SqliteAccounts, alice: User) -> None:
    """Another uid; no tokens; and even the same kid and salt would give other keys."""
    old = token_of(alice)
    accounts.mint(old, b"", "hash")
    accounts.remove_user(alice, NOON)
    again = accounts.add_user(ALICE, NOON + 1)
    assert again.uid != alice.uid
    assert accounts.list_tokens(again) == []
    assert accounts.password_hash(again) == DECOY
    assert accounts.root(token_of(again)) != accounts.root(old)
    assert not accounts.mint(token_of(alice, 2), b"", "hash")


# Invites and tokens


def test_an_invite_works_once(accounts: SqliteAccounts, alice: User) -> None:
    """It sets the password in the same transaction that mints the token, and is gone."""
    code = accounts.invite(alice, NOON + WEEK)
    assert accounts.is_invite(alice, code, NOON)
    assert accounts.mint(token_of(alice), code, "hash")
    assert accounts.password_hash(alice) == "hash"
    assert not accounts.is_invite(alice, code, NOON)
    assert not accounts.mint(token_of(alice, 2), code, "other")
    assert accounts.token(token_of(alice, 2).kid) is None
    assert accounts.password_hash(alice) == "hash"


def test_an_invite_is_for_one_user_and_seven_days(accounts: SqliteAccounts, alice: User) -> None:
    """Not for another user, not a moment longer, not with another code, not for nobody."""
    bob = accounts.add_user(Username("bob"), NOON)
    code = accounts.invite(alice, NOON + WEEK)
    assert accounts.is_invite(alice, code, NOON + WEEK - 1)
    assert not accounts.is_invite(alice, code, NOON + WEEK)
    assert not accounts.is_invite(bob, code, NOON)
    assert not accounts.is_invite(None, code, NOON)
    assert not accounts.is_invite(alice, code[:-1], NOON)
    assert not accounts.mint(token_of(bob), code, "hash")
    assert not accounts.mint(token_of(alice, created=NOON + WEEK), code, "hash")


def test_a_second_invite_voids_the_first(accounts: SqliteAccounts, alice: User) -> None:
    """One code a user."""
    first = accounts.invite(alice, NOON + WEEK)
    second = accounts.invite(alice, NOON + WEEK)
    assert first != second
    assert not accounts.is_invite(alice, first, NOON)
    assert accounts.is_invite(alice, second, NOON)


def test_how_invites_ended_is_kept_for_a_while(accounts: SqliteAccounts, alice: User) -> None:
    """Of the last eight, until thirty days after their time; of a removed user nothing."""
    codes = [accounts.invite(alice, NOON + WEEK + number) for number in range(MAX_ENDED + 3)]
    ends = [accounts.end_of_invite(alice, code) for code in codes]
    assert ends == [None] * 2 + [InviteEnd.REPLACED] * MAX_ENDED + [InviteEnd.EXPIRED]
    assert accounts.end_of_invite(None, codes[-2]) is None
    accounts.sweep(NOON + WEEK + MAX_ENDED + 2)
    accounts.sweep(NOON + WEEK + MAX_ENDED + 2 + ENDED_LIFE_MILLISECONDS)
    assert accounts.end_of_invite(alice, codes[-1]) is InviteEnd.EXPIRED
    accounts.sweep(NOON + WEEK + MAX_ENDED + 3 + ENDED_LIFE_MILLISECONDS)
    assert accounts.end_of_invite(alice, codes[-1]) is None
    code = accounts.invite(alice, NOON + 100 * WEEK)
    accounts.invite(alice, NOON + 100 * WEEK)
    accounts.remove_user(alice, NOON)
    assert accounts.end_of_invite(alice, code) is None


def test_the_first_use_is_kept(accounts: SqliteAccounts, tmp_path: Path, alice: User) -> None:
    """Once; later uses change nothing, and a restart forgets nothing."""
    accounts.mint(token_of(alice), b"", "hash")
    minted = accounts.token(token_of(alice).kid)
    assert minted is not None
    accounts.mark_used(minted, NOON + 1)
    accounts.mark_used(minted, NOON + 2)
    used = accounts.token(minted.kid)
    assert used is not None
    assert used.used == NOON + 1
    with opened(tmp_path) as reopened:
        assert reopened.token(minted.kid) == used


def test_a_use_does_not_undo_a_revocation(accounts: SqliteAccounts, alice: User) -> None:
    """A request that was under way when its user was removed."""
    minted = token_of(alice)
    accounts.mint(minted, b"", "hash")
    accounts.remove_user(alice, NOON + 1)
    accounts.mark_used(minted, NOON + 2)
    token = accounts.token(minted.kid)
    assert token is not None
    assert (token.used, token.revoked) == (NOON + 2, NOON + 1)


def test_a_token_that_nobody_used_is_erased(accounts: SqliteAccounts, alice: User) -> None:
    """After ten minutes its GRANT was lost; one that was used stays."""
    for number in (1, 2):
        accounts.mint(token_of(alice, number), b"", "hash")
    accounts.mark_used(token_of(alice, 2), NOON + 1)
    accounts.sweep(NOON + UNUSED_LIFE_MILLISECONDS)
    assert len(accounts.list_tokens(alice)) == 2
    accounts.sweep(NOON + UNUSED_LIFE_MILLISECONDS + 1)
    assert [token.kid for token in accounts.list_tokens(alice)] == [token_of(alice, 2).kid]


@pytest.mark.parametrize("end", ["expired", "revoked"])
def test_an_ended_token_is_kept_thirty_days(
    accounts: SqliteAccounts, tmp_path: Path, alice: User, end: str
) -> None:
    """So long EXPIRED and REVOKED can be signed; then its salt is nowhere in the database file."""
    token = token_of(alice, expires=NOON + 10 if end == "expired" else 0)
    accounts.mint(token, b"", "hash")
    accounts.mark_used(token, NOON + 1)
    if end == "revoked":
        accounts.remove_user(alice, NOON + 10)
    accounts.sweep(NOON + 10 + SALT_LIFE_MILLISECONDS)
    assert accounts.token(token.kid) is not None
    assert token.salt in (tmp_path / "accounts.sqlite3").read_bytes()
    accounts.sweep(NOON + 11 + SALT_LIFE_MILLISECONDS)
    assert accounts.token(token.kid) is None
    assert token.salt not in (tmp_path / "accounts.sqlite3").read_bytes()
    with opened(tmp_path) as reopened:
        assert reopened.token(token.kid) is None


def test_a_token_without_an_end_is_never_swept(accounts: SqliteAccounts, alice: User) -> None:
    """`expires` 0 means never, and not at once."""
    accounts.mint(token_of(alice), b"", "hash")
    accounts.mark_used(token_of(alice), NOON + 1)
    accounts.sweep(NOON + 100 * 365 * 86_400_000)
    assert accounts.token(token_of(alice).kid) is not None


def test_all_is_there_after_a_restart(tmp_path: Path) -> None:
    """Users, hashes, invites and tokens, with the same roots."""
    with opened(tmp_path) as accounts:
        alice = accounts.add_user(ALICE, NOON)
        code = accounts.invite(alice, NOON + WEEK)
        accounts.set_password_hash(alice, "hash")
        token = token_of(alice, expires=NOON + WEEK)
        accounts.mint(token, b"", "hash")
        root = accounts.root(token)
    with opened(tmp_path, seed=2) as accounts:
        found = accounts.find_user(ALICE)
        assert found is not None
        assert (found.uid, found.has_password) == (alice.uid, True)
        assert accounts.has_user(ALICE)
        assert accounts.password_hash(found) == "hash"
        assert accounts.is_invite(found, code, NOON)
        assert accounts.list_tokens(found) == [token]
        assert accounts.root(token) == root


def test_the_root_is_what_the_protocol_says(tmp_path: Path, alice: User) -> None:
    """HKDF of the master key, salted, over kid and uid: each of them changes it."""
    keys = open_keys(tmp_path / "keys", seeded(), first_start=False)
    token = token_of(alice)
    info = b"diary/1 token" + token.kid + token.uid
    assert keys.root(token) == HKDF(SHA256(), 32, token.salt, info).derive(
        (tmp_path / "keys" / "master.1").read_bytes()
    )
    others = [token_of(alice, 2), token_of(User(bytes(16), ALICE, NOON, has_password=False))]
    assert len({keys.root(each) for each in (token, *others)}) == 3


# Versions of the database


WISH: Final = Wish("cron", "write", 0, fixed=False)
VERSION_1: Final = """
CREATE TABLE users (
    uid BLOB PRIMARY KEY CHECK (length(uid) = 16),
    name TEXT NOT NULL,
    created INTEGER NOT NULL,
    removed INTEGER NOT NULL DEFAULT 0,
    password TEXT
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX users_by_name ON users (name) WHERE removed = 0;
CREATE TABLE invites (
    uid BLOB PRIMARY KEY REFERENCES users (uid),
    code_hash BLOB NOT NULL,
    expires INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE tokens (
    kid BLOB PRIMARY KEY CHECK (length(kid) = 8),
    uid BLOB NOT NULL REFERENCES users (uid),
    salt BLOB NOT NULL CHECK (length(salt) = 32),
    generation INTEGER NOT NULL,
    suite INTEGER NOT NULL,
    scopes TEXT NOT NULL,
    label TEXT NOT NULL,
    created INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    used INTEGER NOT NULL,
    revoked INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
PRAGMA user_version = 1;
"""


def write_version_1(path: Path) -> None:
    """Make a database as the first servers did: alice, with a used, an unused, an endless token."""
    connection = sqlite3.connect(path)
    connection.executescript(VERSION_1)
    uid = b"u" * 16
    connection.execute("INSERT INTO users VALUES (?, 'alice', ?, 0, 'hash')", (uid, NOON))
    for number, (expires, used) in enumerate([(NOON + WEEK, NOON + 1), (NOON + WEEK, 0), (0, 9)]):
        connection.execute(
            "INSERT INTO tokens VALUES (?, ?, ?, 1, 1, 'full', 'desk', ?, ?, ?, 0)",
            (bytes([number] * 8), uid, bytes([number] * 32), NOON, expires, used),
        )
    connection.commit()
    connection.close()


def test_a_database_of_the_first_version_is_brought_to_ours(tmp_path: Path) -> None:
    """With all that is in it: whoever was logged in stays so, and can renew."""
    write_version_1(tmp_path / "accounts.sqlite3")
    open_keys(tmp_path / "keys", seeded(), first_start=True)
    with opened(tmp_path):
        pass
    with opened(tmp_path) as accounts:
        alice = accounts.find_user(ALICE)
        assert alice is not None
        assert (accounts.password_hash(alice), alice.is_disabled) == ("hash", False)
        used, unused, endless = accounts.list_tokens(alice)
    assert (used.id, used.authenticated, used.life) == (used.kid, NOON, WEEK)
    assert (used.fixed, used.predecessor, used.superseded) == (False, b"", 0)
    assert why_not_renewed(used, NOON + WEEK - 1, 1) == ""
    assert unused.is_abandoned(NOON + UNUSED_LIFE_MILLISECONDS + 1)
    assert not unused.is_abandoned(NOON + UNUSED_LIFE_MILLISECONDS)
    assert (endless.life, endless.is_live(NOON + 1000 * WEEK)) == (0, True)
    with closing(sqlite3.connect(tmp_path / "accounts.sqlite3")) as database:
        assert database.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)


def test_an_older_database_learns_which_lines_were_minted(tmp_path: Path) -> None:
    """By their first token, their successors too."""
    with opened(tmp_path) as accounts:
        alice = accounts.add_user(ALICE, NOON)
        accounts.mint(token_of(alice), b"", "hash")
        begun = token_of(alice)
        cron = replace(token_of_token(seed_of(2), begun, WISH), life=WEEK, expires=NOON + WEEK)
        accounts.mint_further(cron, begun, TokenChange(alice.uid, new_id(), bytes(32), NOON))
        accounts.replace(renewed(seed_of(3), cron))
        accounts.replace(renewed(seed_of(4), begun))
        before = {token.kid: token.minted for token in accounts.list_tokens(alice)}
    with closing(sqlite3.connect(tmp_path / "accounts.sqlite3")) as database:
        later = "ALTER TABLE tokens DROP COLUMN minted; DROP TABLE ledger;"
        database.executescript(f"{later} PRAGMA user_version = 5;")
    with opened(tmp_path) as accounts:
        assert {token.kid: token.minted for token in accounts.list_tokens(alice)} == before
    assert sorted(before.values()) == [False, False, True, True]


def test_a_migration_that_is_cut_off_did_nothing(tmp_path: Path) -> None:
    """The next start does it whole."""
    path = tmp_path / "accounts.sqlite3"
    write_version_1(path)
    broken = sqlite3.connect(path)
    broken.execute("CREATE TABLE changes (x)")
    broken.commit()
    before = path.read_bytes()
    with pytest.raises(DataError, match="changes already exists"):
        open_database(path)
    assert path.read_bytes() == before
    broken.execute("DROP TABLE changes")
    broken.commit()
    broken.close()
    open_database(path).close()


# What a stolen file tells


def test_the_database_holds_neither_keys_nor_codes(
    accounts: SqliteAccounts, tmp_path: Path
) -> None:
    """Only their hashes: the file alone opens nothing."""
    alice = accounts.add_user(ALICE, NOON)
    code = accounts.invite(alice, NOON + WEEK)
    token = token_of(alice)
    accounts.mint(token, b"", "hash")
    stored = (tmp_path / "accounts.sqlite3").read_bytes()
    secrets = [path.read_bytes() for path in (tmp_path / "keys").iterdir()]
    assert len(secrets) == 3
    for secret in (code, accounts.root(token), *secrets):
        assert secret not in stored
        assert secret.hex().encode() not in stored


def test_a_replaced_password_hash_is_erased(accounts: SqliteAccounts, tmp_path: Path) -> None:
    """Nothing is left of it to try passwords against."""
    alice = accounts.add_user(ALICE, NOON)
    accounts.set_password_hash(alice, "the old one")
    accounts.set_password_hash(alice, "the new one")
    assert b"the old one" not in (tmp_path / "accounts.sqlite3").read_bytes()


def test_no_secret_is_shown_by_accident() -> None:
    """In a log, an error or a debugger: `repr` of what carries a secret does not."""
    user = User(bytes(16), ALICE, NOON, has_password=True)
    token = token_of(user)
    assert repr(token.salt)[2:-1] not in repr(token)
    assert token.salt.hex() not in repr(token)
    assert "private" not in repr(entry("private"))


# A disk that fails, a file that is broken


def test_a_failed_change_changes_nothing(accounts: SqliteAccounts, tmp_path: Path) -> None:
    """Neither on the disk nor in memory; the error is ours, and the next attempt works."""
    alice = accounts.add_user(ALICE, NOON)
    token = token_of(alice)

    def mint() -> bool:
        return accounts.mint(token, b"", "hash") is not None

    with pytest.raises(StorageError):
        with_failing(SYNCS, mint)
    assert accounts.token(token.kid) is None
    with pytest.raises(StorageError), disk_full_at(100):
        accounts.add_user(Username("bob"), NOON)
    assert not accounts.has_user(Username("bob"))
    assert mint()
    accounts.add_user(Username("bob"), NOON)
    with opened(tmp_path) as reopened:
        assert reopened.list_tokens(alice) == [token]


def test_a_database_that_breaks_is_an_error_of_ours(
    accounts: SqliteAccounts, tmp_path: Path, alice: User
) -> None:
    """Also where it is only read: no traceback for each login."""
    other = sqlite3.connect(tmp_path / "accounts.sqlite3")
    other.execute("DROP TABLE invites")
    other.execute("ALTER TABLE users RENAME TO people")
    other.close()
    for broken in (
        lambda: accounts.find_user(ALICE),
        accounts.list_users,
        lambda: accounts.password_hash(alice),
        lambda: accounts.is_invite(alice, bytes(16), NOON),
        lambda: accounts.sweep(NOON),
    ):
        with pytest.raises(StorageError):
            broken()


@pytest.mark.parametrize(
    "content", [b"not a database, but longer than its header" * 9, b"\0" * 5000]
)
def test_a_file_that_is_no_database_is_refused(tmp_path: Path, content: bytes) -> None:
    """In one line, and it is left as it is."""
    path = tmp_path / "accounts.sqlite3"
    path.write_bytes(content)
    with pytest.raises(DataError, match="cannot be used"):
        open_database(path)
    assert path.read_bytes() == content


def test_another_version_of_the_schema_is_refused(tmp_path: Path) -> None:
    """A newer server's data is not touched by an older one."""
    path = tmp_path / "accounts.sqlite3"
    open_database(path).close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(DataError, match="another version"):
        open_database(path)


def test_the_database_is_its_owners_alone(tmp_path: Path) -> None:
    """0600."""
    open_database(tmp_path / "accounts.sqlite3").close()
    assert (tmp_path / "accounts.sqlite3").stat().st_mode & 0o777 == 0o600


# Keys


def test_keys_are_made_once(tmp_path: Path) -> None:
    """0600 in a folder of 0700, and read again they are the same."""
    made = open_keys(tmp_path / "keys", seeded(1), first_start=True)
    read = open_keys(tmp_path / "keys", seeded(2), first_start=False)
    token = token_of(User(bytes(16), ALICE, NOON, has_password=False))
    assert (made.root(token), made.pepper) == (read.root(token), read.pepper)
    assert made.public_identity() == read.public_identity()
    assert (tmp_path / "keys").stat().st_mode & 0o777 == 0o700
    paths = sorted((tmp_path / "keys").iterdir())
    assert [path.name for path in paths] == ["identity", "master.1", "pepper"]
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in paths)
    assert len({path.read_bytes() for path in paths}) == 3


def test_a_first_start_that_was_cut_off_goes_on(tmp_path: Path) -> None:
    """What was made stays, what is missing is made, a half-written file is made anew."""
    made = open_keys(tmp_path / "keys", seeded(1), first_start=True)
    (tmp_path / "keys" / "identity").unlink()
    (tmp_path / "keys" / "identity.new").write_bytes(b"half")
    again = open_keys(tmp_path / "keys", seeded(2), first_start=True)
    token = token_of(User(bytes(16), ALICE, NOON, has_password=False))
    assert again.root(token) == made.root(token)
    assert [path.name for path in sorted((tmp_path / "keys").iterdir())] == [
        "identity",
        "master.1",
        "pepper",
    ]


@pytest.mark.parametrize("name", ["master.1", "pepper", "identity"])
@pytest.mark.parametrize("fault", ["missing", "short", "long", "open", "symlink", "folder"])
def test_an_unusable_key_is_refused(tmp_path: Path, name: str, fault: str) -> None:
    """A fresh one in its place would lock everybody out; the message says what to do."""
    open_keys(tmp_path / "keys", seeded(), first_start=True)
    path = tmp_path / "keys" / name
    secret = path.read_bytes()
    if fault == "open":
        path.chmod(0o640)
    else:
        path.unlink()
    if fault in {"short", "long"}:
        path.write_bytes(secret[:31] if fault == "short" else secret + b"\n")
        path.chmod(0o600)
    if fault == "symlink":
        (tmp_path / "elsewhere").write_bytes(secret)
        (tmp_path / "elsewhere").chmod(0o600)
        path.symlink_to(tmp_path / "elsewhere")
    if fault == "folder":
        path.mkdir()
    with pytest.raises((DataError, OSError)) as raised:
        open_keys(tmp_path / "keys", seeded(), first_start=False)
    assert secret.hex() not in str(raised.value)
    assert path.exists() == (fault != "missing")


def test_keys_show_nothing_of_themselves(tmp_path: Path) -> None:
    """Nor does an error or a log line that has them in it."""
    keys = open_keys(tmp_path / "keys", seeded(), first_start=True)
    assert repr(keys) == "ServerKeys(...)"
    assert isinstance(keys, ServerKeys)


# The folder


def test_one_process_owns_the_data(tmp_path: Path) -> None:
    """The second one is told so; when the first has ended it may."""
    for _ in range(2):
        with (
            own_data(tmp_path / "a" / "b"),
            pytest.raises(DataInUseError),
            own_data(tmp_path / "a" / "b"),
        ):
            pass


def test_a_folder_that_cannot_be_locked_is_an_error_of_ours(tmp_path: Path) -> None:
    """As on some network file systems."""

    def own() -> None:
        with own_data(tmp_path / "data"):
            pass

    with pytest.raises(DataError, match="cannot be locked: Input/output error") as raised:
        with_failing(("flock",), own)
    assert not isinstance(raised.value, DataInUseError)
    own()


# Passwords


def test_a_password_fits_its_own_hash_only() -> None:
    """Any text: spaces at its ends, signs a shell minds, other scripts, other normal forms."""
    hasher = Argon2Hasher(bytes(32))
    hashed = hasher.hash(" pass $*%# é电池 ")
    assert hasher.is_password(hashed, " pass $*%# é电池 ")
    for other in ("pass $*%# é电池", " pass $*%# e\u0301电池 ", " pass $*%# é电池\0", "\0"):
        assert not hasher.is_password(hashed, other)


def test_a_hash_needs_the_pepper() -> None:
    """Without the key file the database's hashes cannot be tried; each has a salt of its own."""
    hasher = Argon2Hasher(bytes(32))
    hashed = hasher.hash("password")
    assert hashed.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert hashed != hasher.hash("password")
    assert not Argon2Hasher(b"\1" * 32).is_password(hashed, "password")


def test_who_is_unknown_gets_a_hash_to_check_against(accounts: SqliteAccounts, alice: User) -> None:
    """The decoy, for nobody as for a user without a password: the same work for all."""
    assert accounts.password_hash(None) == DECOY
    assert accounts.password_hash(alice) == DECOY
    accounts.set_password_hash(alice, "hash")
    assert accounts.password_hash(alice) == "hash"


def test_nothing_here_logs(caplog: pytest.LogCaptureFixture, accounts: SqliteAccounts) -> None:
    """Accounts are silent: who logs in is for the service to say, and secrets for nobody."""
    with caplog.at_level(logging.DEBUG):
        accounts.add_user(ALICE, NOON)
    assert caplog.text == ""
