"""One process owns the data folder: it holds a lock on a file in it, released when it ends.

Root's commands act as the user whom the folder belongs to, or what they create, the server could
not write.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from diaryserver.errors import DataError

LOCK_NAME: Final = "lock"
_OTHERS: Final = 0o077


class DataInUseError(DataError):
    """Another process owns the data."""


@contextmanager
def own_data(data: Path) -> Iterator[None]:
    """Create the folder (0700) if there is none, and own it.

    Raise DataInUseError if another process does, DataError if it cannot be used.
    """
    try:
        _make_durably(data, 0o700)
        if data.stat().st_mode & _OTHERS:
            raise DataError(f"{data} is open to others; type: chmod 700 {data}")
        descriptor = os.open(data / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, mode=0o600)
    except OSError as error:
        raise DataError(f"{data} cannot be used: {error.strerror}") from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        if isinstance(error, BlockingIOError):
            raise DataInUseError(f"{data} is in use by another diaryserver") from None
        raise DataError(f"{data} cannot be locked: {error.strerror}") from None
    try:
        yield
    finally:
        os.close(descriptor)


def _make_durably(folder: Path, mode: int = 0o777) -> None:
    """Create a folder and those above it, unless they exist, their names durable."""
    if folder.exists():
        return
    _make_durably(folder.parent)
    folder.mkdir(mode=mode, exist_ok=True)
    descriptor = os.open(folder.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def acting_as_owner(data: Path) -> Iterator[None]:
    """Let root be the folder's owner meanwhile, for all that files and permissions are about.

    Anybody else, and a folder that does not exist yet, changes nothing. All threads of the process
    change with this one.
    """
    owner = data.stat() if data.exists() else None
    if os.geteuid() != 0 or owner is None or owner.st_uid == 0:
        yield
        return
    groups, group = os.getgroups(), os.getegid()
    os.setgroups([])
    os.setegid(owner.st_gid)
    os.seteuid(owner.st_uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(group)
        os.setgroups(groups)
