"""Opening what lies below a folder's descriptor, for what only looks and for what copies.

Rules: no link is followed, nothing is waited for, and nothing but a regular file is read, so that
neither a planted link nor a FIFO can lead astray whoever looks after the data.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from diaryserver.store.disk.gzipped import decompress

FOLDER_FLAGS: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
FILE_FLAGS: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class NotRegularError(OSError):
    """A name stands for a link, a pipe, a socket or a device where a file should be."""


@contextmanager
def opened_folder(name: str | Path, parent: int | None = None) -> Iterator[int]:
    """Open a folder, below `parent` if given; raise OSError."""
    descriptor = os.open(name, FOLDER_FLAGS, dir_fd=parent)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def opened_file(name: str, folder: int) -> Iterator[int]:
    """Open a regular file for reading; raise NotRegularError or another OSError."""
    if not stat.S_ISREG(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
        raise NotRegularError(f"{name} is not a regular file")
    descriptor = os.open(name, FILE_FLAGS, dir_fd=folder)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise NotRegularError(f"{name} is not a regular file")
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def opened_parent(path: str, root: int) -> Iterator[tuple[int, str]]:
    """Open the folder that holds `path`, which is relative to `root`; give it and the last name."""
    *folders, name = path.split("/")
    with ExitStack() as stack:
        folder = root
        for each in folders:
            folder = stack.enter_context(opened_folder(each, folder))
        yield folder, name


def read_whole(descriptor: int) -> bytes:
    """Give all bytes of an open file, from its start."""
    with open(descriptor, "rb", closefd=False) as file:
        file.seek(0)
        return file.read()


def read_text(name: str, descriptor: int) -> bytes:
    """Give all text of an open file, decompressed if the name says so; raise DamagedFileError."""
    if not name.endswith(".gz"):
        return read_whole(descriptor)
    with open(descriptor, "rb", closefd=False) as file:
        file.seek(0)
        return decompress(file, name)


def names_in(folder: int) -> list[str]:
    """Give the names in an open folder, sorted."""
    return sorted(os.listdir(folder))
