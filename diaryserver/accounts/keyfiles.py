"""The server's three secrets, each 32 bytes in a file of its own, 0600, apart from the database.

`master.1`: what tokens' roots are derived from (the number is its generation). `pepper`: joins
every password's hash. `identity`: the Ed25519 key that clients pin. A stolen database opens
nothing without them.
"""

import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from diaryserver.errors import DataError
from diaryserver.service.ports import Token
from protocol.keys import ROOT_BYTES

KEY_BYTES: Final = 32
GENERATION: Final = 1
KEY_NAMES: Final = (f"master.{GENERATION}", "pepper", "identity")
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


@dataclass(frozen=True, slots=True)
class ServerKeys:
    """The secrets, opened; `repr` shows none of them."""

    master: bytes
    pepper: bytes
    identity: Ed25519PrivateKey

    def __repr__(self) -> str:
        """Show no key."""
        return "ServerKeys(...)"

    @property
    def generation(self) -> int:
        """The number of the master key."""
        return GENERATION

    def root(self, token: Token) -> bytes:
        """Derive a token's root; the uid is in it, so that a re-created name inherits nothing."""
        info = b"diary/1 token" + token.kid + token.uid
        return HKDF(SHA256(), ROOT_BYTES, token.salt, info).derive(self.master)

    def public_identity(self) -> bytes:
        """Give the 32 raw bytes of the public key."""
        return self.identity.public_key().public_bytes_raw()


def open_keys(
    folder: Path, random_bytes: Callable[[int], bytes], *, first_start: bool
) -> ServerKeys:
    """Read the keys, on a first start make them; raise DataError for an unsafe or broken file.

    Later a missing key means that it was lost, and a fresh one in its place would quietly lock
    everybody out. `first_start`: nothing depends on the keys yet, there is no database.
    """
    folder.mkdir(mode=0o700, exist_ok=True)
    paths = [folder / name for name in KEY_NAMES]
    missing = [path for path in paths if not path.exists()]
    if missing and not first_start:
        raise DataError(f"{missing[0]} is missing; restore it from a backup")
    for path in missing:
        _create(path, random_bytes(KEY_BYTES))
    master, pepper, identity = (_read(path) for path in paths)
    return ServerKeys(master, pepper, Ed25519PrivateKey.from_private_bytes(identity))


def _create(path: Path, secret: bytes) -> None:
    temporary = path.with_name(path.name + ".new")
    temporary.unlink(missing_ok=True)  # of a first start that was cut off
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    descriptor = os.open(temporary, flags, mode=0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(secret)
        file.flush()
        os.fsync(file.fileno())
    temporary.rename(path)
    sync_folder(path.parent)


def _read(path: Path) -> bytes:
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb") as file:
        status = os.fstat(file.fileno())
        if status.st_mode & _OTHERS:
            raise DataError(f"{path} is open to others; type: chmod 600 {path}")
        if status.st_uid != os.geteuid():
            raise DataError(f"{path} belongs to another user than the one who runs this")
        secret = file.read(KEY_BYTES + 1)
    if len(secret) != KEY_BYTES:
        raise DataError(f"{path} does not hold {KEY_BYTES} bytes; restore it from a backup")
    return secret


def sync_folder(folder: Path) -> None:
    """Make names in a folder durable, as fsync of a file alone does not."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
