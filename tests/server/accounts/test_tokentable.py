"""The tokens in memory: packed while nobody uses them, and never another than in the database."""

import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from diaryserver.accounts.connection import Connection
from diaryserver.accounts.lastuses import LastUses
from diaryserver.accounts.schema import open_database
from diaryserver.accounts.tokentable import TokenTable
from diaryserver.accounts.usertable import UserTable
from diaryserver.service.ports.accounts import Token, Use, User
from protocol.errors import StorageError
from protocol.identifiers import Username
from tests.server.fakes import NOON, token_of
from tests.server.faults import SYNCS, with_failing

ALICE: Final = User(b"u" * 16, Username("alice"), NOON, has_password=False)


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    """A database with alice in it."""
    opened = Connection(open_database(tmp_path / "accounts.sqlite3"))
    with opened.transaction():
        UserTable(opened).insert(ALICE.uid, ALICE.name, NOON)
    yield opened
    opened.close()


def keep(connection: Connection, table: TokenTable, *tokens: Token) -> None:
    """Add tokens, durably."""
    with connection.transaction():
        for token in tokens:
            table.insert(token)
    table.settle(committed=True)


def test_a_token_is_the_same_awake_and_asleep(connection: Connection) -> None:
    """However many are used in turn, few are unpacked at a time, and each is what was kept."""
    tokens = [replace(token_of(ALICE, number), fixed=number % 2 == 0) for number in range(1, 9)]
    table = TokenTable(connection, max_awake=2)
    keep(connection, table, *tokens)
    for known in (table, TokenTable(connection, max_awake=2)):
        for token in [*tokens, *tokens]:
            assert known.get(token.kid) == token
            assert known.get(token.kid) is known.get(token.kid)
            assert len(known._awake) <= 2
        assert list(known.all()) == tokens == known.of(ALICE.uid)


def test_a_token_in_use_changes_when_the_transaction_is_over(connection: Connection) -> None:
    """Not before, and not at all if it failed."""
    token = token_of(ALICE)
    revoked = replace(token, revoked=NOON + 1)
    table = TokenTable(connection)
    keep(connection, table, token)
    for committed, after in ((False, token), (True, revoked)):
        assert table.get(token.kid) == token
        with connection.transaction():
            table.update(revoked)
            assert table.get(token.kid) == token
            assert table.of(ALICE.uid) == [revoked]
            if not committed:
                connection.execute("ROLLBACK")
                connection.execute("BEGIN")
        table.settle(committed=committed)
        assert table.get(token.kid) == after
    with connection.transaction():
        table.delete(token.kid)
    table.settle(committed=True)
    assert table.get(token.kid) is None
    assert not table.knows(token.kid)


def test_an_unknown_key_id_is_not_remembered(connection: Connection) -> None:
    """Nor looked for on the disk: a flood of them leaves nothing behind."""
    table = TokenTable(connection)
    connection.close()
    for number in range(100):
        assert table.get(number.to_bytes(8, "big")) is None
    assert not table._awake


def test_an_idle_user_takes_little_memory(connection: Connection) -> None:
    """At most 400 bytes of all that Python allocates; `benchmarks.rows.memory` asks the kernel."""
    names = [Username(f"user{number}") for number in range(3_000)]
    users = [User(name.encode().ljust(16), name, NOON, has_password=False) for name in names]
    with connection.transaction():
        for user in users:
            UserTable(connection).insert(user.uid, user.name, NOON)
    keep(
        connection,
        TokenTable(connection),
        *[token_of(user, number, expires=NOON + 1) for number, user in enumerate(users)],
    )
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        held = TokenTable(connection), dict.fromkeys(UserTable(connection).enabled_names())
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held[0].knows(bytes(8))
    assert (after - before) / len(users) < 400


# Last uses


def test_a_last_use_waits_in_memory_until_it_is_kept(connection: Connection) -> None:
    """And no longer; the answer is the same before, after, and after a restart."""
    token = token_of(ALICE)
    keep(connection, TokenTable(connection), token)
    uses = LastUses(connection)
    assert uses.of(token.kid) == Use(0, "")
    noted = Use(NOON, "192.0.2.1")
    uses.note(token.kid, noted)
    assert uses.of(token.kid) == noted
    uses.keep()
    assert uses._unkept == {}
    assert uses.of(token.kid) == LastUses(connection).of(token.kid) == noted


def test_a_last_use_that_the_disk_did_not_take_still_waits(connection: Connection) -> None:
    """It is written with the next ones."""
    token = token_of(ALICE)
    keep(connection, TokenTable(connection), token)
    uses = LastUses(connection)
    uses.note(token.kid, Use(NOON, "192.0.2.1"))
    with pytest.raises(StorageError):
        with_failing(SYNCS, uses.keep)
    assert uses.of(token.kid) == Use(NOON, "192.0.2.1")
    uses.keep()
    assert LastUses(connection).of(token.kid) == Use(NOON, "192.0.2.1")
