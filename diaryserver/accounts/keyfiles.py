"""The server's secrets, each 32 bytes in a file of its own, 0600, apart from the database.

`master.1`, `master.2`: what tokens' roots are derived from; the number is the generation.
`pepper`: joins every password's hash. `identity`: the Ed25519 key that clients pin. A stolen
database opens nothing without them.
"""

import os
import re
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF, HKDFExpand

from diaryserver.errors import DataError
from diaryserver.service.ports.accounts import Token
from protocol.keys import ROOT_BYTES

KEY_BYTES: Final = 32
PEPPER: Final = "pepper"
IDENTITY: Final = "identity"
FIRST_GENERATION: Final = 1
_MASTER: Final = re.compile(r"master\.([1-9][0-9]{0,8})")
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


def master_name(generation: int) -> str:
    """Give the name of a generation's file."""
    return f"master.{generation}"


def generation_of(name: str) -> int | None:
    """Give the generation whose file has this name."""
    match = _MASTER.fullmatch(name)
    return int(match[1]) if match else None


def generations_in(folder: Path) -> frozenset[int]:
    """Give the generations whose files lie in a folder; raise OSError."""
    found = (generation_of(path.name) for path in folder.iterdir())
    return frozenset(number for number in found if number is not None)


class MasterKeys:
    """The master keys of all generations there are files of; `repr` shows none of them."""

    def __init__(self, folder: Path, random_bytes: Callable[[int], bytes]) -> None:
        """Read them; raise DataError for a file that is unsafe or broken."""
        self.folder = folder
        self._random_bytes = random_bytes
        self._keys = {each: _read(folder / master_name(each)) for each in generations_in(folder)}

    def generations(self) -> list[int]:
        """Give the generations, the oldest first."""
        return sorted(self._keys)

    def root(self, token: Token) -> bytes:
        """Derive a token's root; the uid is in it, so that a re-created name inherits nothing.

        Raise KeyError if the token's generation is destroyed.
        """
        info = b"diary/1 token" + token.kid + token.uid
        return HKDF(SHA256(), ROOT_BYTES, token.salt, info).derive(self._keys[token.generation])

    def make(self, generation: int) -> None:
        """Make a generation's key, durably; one of a rotation that was cut off is replaced."""
        secret = self._random_bytes(KEY_BYTES)
        _create(self.folder / master_name(generation), secret)
        self._keys[generation] = secret

    def destroy(self, generation: int) -> None:
        """Overwrite and remove a generation's file, durably, and forget the key; raise OSError.

        What a disk keeps of overwritten blocks, and copies in backups, are beyond our reach.
        """
        path = self.folder / master_name(generation)
        descriptor = os.open(path, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        with os.fdopen(descriptor, "wb") as file:
            file.write(bytes(KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        path.unlink()
        sync_folder(self.folder)
        del self._keys[generation]


@dataclass(frozen=True, slots=True)
class ServerKeys:
    """The secrets, opened; `repr` shows none of them."""

    masters: MasterKeys
    pepper: bytes
    identity: Ed25519PrivateKey

    def __repr__(self) -> str:
        """Show no key."""
        return "ServerKeys(...)"

    def root(self, token: Token) -> bytes:
        """Derive a token's root from its generation's master key."""
        return self.masters.root(token)

    def throttle_secret(self) -> bytes:
        """Give what keys the digests of names and networks: the same after every restart."""
        return HKDFExpand(SHA256(), KEY_BYTES, b"diary/1 throttles").derive(self.pepper)

    def public_identity(self) -> bytes:
        """Give the 32 raw bytes of the public key."""
        return self.identity.public_key().public_bytes_raw()


def open_keys(
    folder: Path, random_bytes: Callable[[int], bytes], *, first_start: bool
) -> ServerKeys:
    """Read the keys, on a first start make them; raise DataError for an unsafe or broken file.

    Later a missing key means that it was lost, and a fresh one in its place would quietly lock
    everybody out. `first_start`: nothing depends on the keys yet, there is no database. Which
    generations tokens need, the database knows: `accounts.generations` checks them.
    """
    folder.mkdir(mode=0o700, exist_ok=True)
    sync_folder(folder.parent)  # whoever made it may have crashed before its name was durable
    wanted = [folder / PEPPER, folder / IDENTITY]
    if not generations_in(folder):
        wanted.insert(0, folder / master_name(FIRST_GENERATION))
    missing = [path for path in wanted if not path.exists()]
    if missing and not first_start:
        raise DataError(f"{missing[0]} is missing; restore it from a backup")
    for path in missing:
        _create(path, random_bytes(KEY_BYTES))
    pepper, identity = _read(folder / PEPPER), _read(folder / IDENTITY)
    masters = MasterKeys(folder, random_bytes)
    return ServerKeys(masters, pepper, Ed25519PrivateKey.from_private_bytes(identity))


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
