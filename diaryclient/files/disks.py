"""Names the disk that does not take what the client wants to keep, and tries whether one does.

Rules: what is tried leaves nothing behind. A person can make room on a disk, or mount it for
writing, and in a folder they can do neither; so the disk is named by where it is mounted.
"""

import errno
import os
from pathlib import Path
from typing import Final

from diaryclient.files.scratch import open_new

_WHAT: Final = {
    errno.ENOSPC: "the disk at {} is full",
    errno.EDQUOT: "your part of the disk at {} is full",
    errno.EROFS: "the disk at {} is read-only",
}
_TRIED: Final = bytes(4096)
"""More than any login needs, and a block of most disks: an empty file often fits a full one."""


def reason_of(error: OSError, folder: Path) -> str:
    """Say why nothing could be written below `folder`: `the disk at /home is full`."""
    words = _WHAT.get(error.errno or 0)
    return words.format(_mount_of(folder)) if words else error.strerror or str(error)


def why_unwritable(folder: Path) -> str:
    """Write a file there, or where the folder would be made, and remove it; say why not, or ""."""
    try:
        _try(_existing(folder))
    except OSError as error:
        return reason_of(error, folder)
    return ""


def _try(folder: Path) -> None:
    scratch, descriptor = open_new(folder / "tried")
    try:
        if os.write(descriptor, _TRIED) < len(_TRIED):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
        scratch.unlink(missing_ok=True)


def _mount_of(folder: Path) -> Path:
    place = _existing(folder).resolve()
    return next(each for each in (place, *place.parents) if each.is_mount())


def _existing(folder: Path) -> Path:
    """Give the folder, or the nearest above it that there is."""
    place = folder.absolute()
    return next(each for each in (place, *place.parents) if os.path.lexists(each))
