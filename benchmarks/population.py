"""A data folder with many users who are logged in, made without hashing a password for each."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from diaryserver.clock import SystemClock
from diaryserver.composition import Data, open_data
from diaryserver.datalock import own_data
from diaryserver.service.ports import Token
from protocol.envelope import KID_BYTES, SUITE
from protocol.identifiers import Username
from protocol.keys import TokenKeys, derive_token_keys

_SALT_BYTES: Final = 32
_IN_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - a folder of our own is made below it
_clock: Final = SystemClock()


@dataclass(frozen=True, slots=True)
class Person:
    """A user with a token; `root` is the token's key, which the login file of a client holds."""

    name: Username
    root: bytes
    keys: TokenKeys


def populate(folder: Path, users: int) -> list[Person]:
    """Make the data folder `folder`, which does not exist yet, with users u0, u1, ..."""
    with _quick_folder(folder) as made, own_data(made), open_data(made) as data:
        return [_add(data, Username(f"u{number}")) for number in range(users)]


def _add(data: Data, name: Username) -> Person:
    now = _clock.now()
    user = data.accounts.add_user(name, now)
    kid = os.urandom(KID_BYTES)
    token = Token(
        kid=kid,
        uid=user.uid,
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
    data.accounts.mint(token, b"", "")
    root = data.accounts.root(token)
    return Person(name, root, derive_token_keys(root, token.kid))


@contextmanager
def _quick_folder(wanted: Path) -> Iterator[Path]:
    """Give a folder in memory, and move it to where it is wanted at the end.

    Every user and every token is a durable transaction: 100,000 of them take minutes on a disk.
    """
    place = _IN_MEMORY if os.access(_IN_MEMORY, os.W_OK) else wanted.parent
    with tempfile.TemporaryDirectory(dir=place, prefix="diary-benchmark-") as temporary:
        made = Path(temporary) / "data"
        yield made
        shutil.move(made, wanted)
