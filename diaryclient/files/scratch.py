"""Files and folders that are written beside their place, before they get their name.

    .alice@host:8888.json.0123456789abcdef.tmp

Rules: whoever writes one holds it (`flock`, which ends with the process) from before anything is in
it until it has its name. So what nobody holds was left by a process that was killed, and whoever
finds it may take it away.
"""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path
from typing import Final

_SUFFIX: Final = ".tmp"
_RANDOM_BYTES: Final = 8
_LONGEST: Final = 255 - len(f"..{_SUFFIX}") - 2 * _RANDOM_BYTES
"""Bytes of a name that still fits into another one."""

_ATTEMPTS: Final = 10
"""At a file that somebody took away before it was held; that is a matter of microseconds."""


def name_beside(path: Path) -> Path:
    """Give a new name beside a path, for what shall come there."""
    kept = path.name if len(os.fsencode(path.name)) <= _LONGEST else ""
    return path.with_name(f".{kept}.{os.urandom(_RANDOM_BYTES).hex()}{_SUFFIX}")


def is_scratch(path: "Path | os.DirEntry[str]") -> bool:
    """Tell by the name."""
    return path.name.startswith(".") and path.name.endswith(_SUFFIX)


def place_of(scratch: Path) -> Path | None:
    """Give the path for which something was written; None if its name does not tell."""
    kept = scratch.name[1 : -len(_SUFFIX) - 2 * _RANDOM_BYTES - 1]
    return scratch.with_name(kept) if kept else None


def open_new(path: Path) -> tuple[Path, int]:
    """Make a file beside a path, 0600; give its name and a descriptor that holds it; or OSError."""
    for _ in range(_ATTEMPTS):
        scratch = name_beside(path)
        with suppress(BlockingIOError):
            return scratch, open_named(scratch)
    raise BlockingIOError(errno.EAGAIN, "swept all the time", str(path.parent))


def open_named(scratch: Path) -> int:
    """Make a file, 0600, and give a descriptor that holds it.

    Raise BlockingIOError if somebody swept it just then, or another OSError.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    descriptor = os.open(scratch, flags, 0o600)
    if _is_held(scratch, descriptor):
        return descriptor
    os.close(descriptor)
    raise BlockingIOError(errno.EAGAIN, "swept just now; try again", str(scratch))


def hold(scratch: Path) -> int | None:
    """Give a descriptor that holds what is there; None if somebody else does, or it is gone."""
    is_folder = scratch.is_dir() and not scratch.is_symlink()
    # NFS gives no exclusive lock for reading only, but a folder is never opened otherwise.
    flags = os.O_RDONLY | os.O_DIRECTORY if is_folder else os.O_RDWR | os.O_NONBLOCK
    try:
        descriptor = os.open(scratch, flags | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    if _is_held(scratch, descriptor):
        return descriptor
    os.close(descriptor)
    return None


@contextmanager
def abandoned(folder: Path) -> Iterator[list[Path]]:
    """Give what killed processes left in a folder, held meanwhile; raise OSError."""
    held = dict[Path, int]()
    try:
        for path in _scratch_in(folder):
            descriptor = hold(path)
            if descriptor is not None:
                held[path] = descriptor
        yield list(held)
    finally:
        for descriptor in held.values():
            os.close(descriptor)


def remove(scratch: Path) -> None:
    """Remove a file, or a folder with all that is in it; raise OSError."""
    if scratch.is_dir() and not scratch.is_symlink():
        from shutil import rmtree  # noqa: PLC0415 - imports every compression there is

        rmtree(scratch)
    else:
        scratch.unlink(missing_ok=True)


def _scratch_in(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as names:  # an outbox may hold thousands of others
            return [folder / each.name for each in names if is_scratch(each)]
    except (FileNotFoundError, NotADirectoryError):
        return []


def _is_held(scratch: Path, descriptor: int) -> bool:
    """Hold it, if nobody else does and it still has its name."""
    try:
        flock(descriptor, LOCK_EX | LOCK_NB)
        return os.path.samestat(os.fstat(descriptor), scratch.lstat())
    except (BlockingIOError, FileNotFoundError):
        return False
