"""Files that only their owner may read, written so that a power cut leaves the old or the new one.

Rules: created 0600 and never widened; the folder of a new name is synced too. `os.fsync`, because
macOS has no `fdatasync`.
"""

import os
from contextlib import suppress
from pathlib import Path


def make_private_folder(folder: Path) -> None:
    """Make a folder 0700 with its missing parents, durably; an existing one is left as it is."""
    if folder.is_dir():
        return
    make_private_folder(folder.parent)
    with suppress(FileExistsError):  # another process was first
        folder.mkdir(mode=0o700)
    sync_folder(folder.parent)


def write_private(path: Path, data: bytes) -> None:
    """Replace a file's content at once and durably; raise OSError with the old content intact."""
    make_private_folder(path.parent)
    scratch = path.with_name(f".{os.urandom(8).hex()}.tmp")
    try:
        _write_new(scratch, data)
        scratch.replace(path)
    except BaseException:
        scratch.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write_new(path: Path, data: bytes) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    descriptor = os.open(path, flags, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(descriptor)
