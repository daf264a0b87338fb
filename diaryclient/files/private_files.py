"""Files that only their owner may read, written so that a power cut leaves the old or the new one.

Rules: created 0600 and never widened, in a folder that is 0700 from then on; the folder of a new
name is synced too. `os.fsync`, because macOS has no `fdatasync`. A file can be held (`flock`, which
ends with the process): whoever wants to change what others may be using holds it first.
"""

import errno
import os
from contextlib import suppress
from fcntl import LOCK_EX, LOCK_NB, LOCK_UN, flock
from pathlib import Path
from time import sleep
from typing import Final

from diaryclient.files.scratch import open_new

_OTHERS: Final = 0o077
_MOST_SET_ASIDE: Final = 100
"""Of one name; who damages a file again and again should look after them."""

_PAUSE: Final = 0.05
"""Seconds between two looks at what another process holds; most let go within a round trip."""


def make_private_folder(folder: Path) -> None:
    """Make a folder 0700 with its missing parents, durably; an existing one is left as it is."""
    if folder.is_dir():
        return
    make_private_folder(folder.parent)
    with suppress(FileExistsError):  # another process was first
        folder.mkdir(mode=0o700)
    sync_folder(folder.parent)


def narrow(folder: Path) -> None:
    """Let nobody else into a folder that is the person's own; raise OSError."""
    status = folder.stat()
    if status.st_uid == os.geteuid() and status.st_mode & _OTHERS:
        folder.chmod(0o700)


def write_private(path: Path, data: bytes) -> None:
    """Replace a file's content at once and durably; raise OSError with the old content intact."""
    os.close(_replace(path, data, held=False))


def write_held(path: Path, data: bytes) -> int:
    """As `write_private`, and give a descriptor that holds the new file since before it had a name.

    Closing the descriptor lets go.
    """
    return _replace(path, data, held=True)


def open_held(path: Path) -> int:
    """Give a descriptor that holds a file, without waiting.

    Raise FileNotFoundError if there is none, BlockingIOError if another descriptor holds it.
    """
    # For writing too, since NFS gives no exclusive lock otherwise.
    descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW)
    try:
        flock(descriptor, LOCK_EX | LOCK_NB)
        is_current = os.path.samestat(os.fstat(descriptor), path.stat())
    except BaseException:
        os.close(descriptor)
        raise
    if not is_current:
        os.close(descriptor)
        raise BlockingIOError(errno.EAGAIN, "replaced just now by its holder", str(path))
    return descriptor


def hold_patiently(path: Path, seconds: float) -> int:
    """As `open_held`, but give up only when another still holds the file after so many seconds."""
    for _ in range(round(seconds / _PAUSE)):
        try:
            return open_held(path)
        except BlockingIOError:
            sleep(_PAUSE)
    return open_held(path)


def set_aside(path: Path) -> Path:
    """Rename what cannot be used, so that nothing stumbles over it again; give its new path.

    Raise OSError, also if it is gone.
    """
    for number in range(_MOST_SET_ASIDE):
        free = path.with_name(f"{path.name}.damaged{f'-{number}' if number else ''}")
        if not os.path.lexists(free):
            path.rename(free)
            sync_folder(path.parent)
            return free
    raise FileExistsError(errno.EEXIST, "too many damaged files of this name", str(path))


def make_lock_file(path: Path) -> None:
    """Make a file that is only there to be held; it is never removed, and may exist already."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600))


def sync_folder(folder: Path) -> None:
    """Make the names in a folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _replace(path: Path, data: bytes, *, held: bool) -> int:
    make_private_folder(path.parent)
    narrow(path.parent)
    scratch, descriptor = open_new(path)
    try:
        _write_all(descriptor, data)
        os.fsync(descriptor)
        scratch.replace(path)
        if not held:
            flock(descriptor, LOCK_UN)
        sync_folder(path.parent)
    except BaseException:
        os.close(descriptor)
        scratch.unlink(missing_ok=True)
        raise
    return descriptor


def _write_all(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
