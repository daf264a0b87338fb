"""A data folder with many users who are logged in, made without hashing a password for each."""

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from diaryserver.accounts.connection import Connection
from diaryserver.accounts.database import UID_BYTES
from diaryserver.accounts.schema import open_database
from diaryserver.accounts.tokentable import TokenTable
from diaryserver.accounts.usertable import UserTable
from diaryserver.clock import SystemClock
from diaryserver.datalock import own_data
from diaryserver.engine import open_data
from diaryserver.service.ports.accounts import AccountStore, Token
from protocol.envelope import KID_BYTES, SUITE
from protocol.identifiers import Username
from protocol.keys import TokenKeys, derive_token_keys

_SALT_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Person:
    """A user with a token; `root` is the token's key, which the login file of a client holds."""

    name: Username
    root: bytes
    keys: TokenKeys


def populate(folder: Path, users: int) -> list[Person]:
    """Make the data folder `folder`, which does not exist yet, with users u0, u1, ...

    One transaction takes them all: one for each of 100,000 would take minutes.
    """
    now = SystemClock().now()
    with own_data(folder), open_data(folder) as data, _tables(folder) as (known, kept):
        return [
            _add(data.accounts, known, kept, Username(f"u{number}"), now) for number in range(users)
        ]


@contextmanager
def _tables(folder: Path) -> Iterator[tuple[UserTable, TokenTable]]:
    with closing(Connection(open_database(folder / "accounts.sqlite3"))) as connection:
        users, tokens = UserTable(connection), TokenTable(connection)
        with connection.transaction():
            yield users, tokens


def _add(
    accounts: AccountStore, users: UserTable, tokens: TokenTable, name: Username, now: int
) -> Person:
    uid, kid = os.urandom(UID_BYTES), os.urandom(KID_BYTES)
    token = Token(
        kid=kid,
        uid=uid,
        user=name,
        salt=os.urandom(_SALT_BYTES),
        generation=1,
        suite=SUITE,
        scopes="full",
        label="benchmark",
        created=now,
        expires=0,
        used=now,
        revoked=0,
        id=kid,
        authenticated=now,
        life=0,
        fixed=False,
        deadline=0,
        predecessor=b"",
        superseded=0,
    )
    users.insert(uid, name, now)
    tokens.insert(token)
    root = accounts.root(token)
    return Person(name, root, derive_token_keys(root, kid))
