"""Copying files so that the copy stays: 0600, synced, with its digest, and never over another.

Day files are copied while somebody appends to them, up to the end of a record.
"""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from diaryserver.maintenance.opening import opened_folder

CHUNK_BYTES: Final = 2**20

_CREATE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def whole_length(descriptor: int, length: int) -> int:
    """Give where the record ends that the byte before `length` belongs to.

    The write that this byte came with must be over. Behind it another may be going on: it begins
    with a header, while the lines that still belong to the record begin with a TAB.
    """
    if not length:
        return 0
    rest = b"".join(_chunks(descriptor, length - 1, os.fstat(descriptor).st_size))
    end = rest.find(b"\n") + 1 or len(rest)
    while rest[end : end + 1] == b"\t":
        end = rest.find(b"\n", end) + 1 or len(rest)
    return length - 1 + end


def copy_file(source: int, length: int, name: str, folder: int) -> str:
    """Copy the first `length` bytes, or as many as there are, to a new file; give their digest."""
    digest = hashlib.sha256()
    target = os.open(name, _CREATE, mode=0o600, dir_fd=folder)
    try:
        for chunk in _chunks(source, 0, length):
            digest.update(chunk)
            write_all(target, chunk)
        status = os.fstat(source)
        os.utime(target, ns=(status.st_atime_ns, status.st_mtime_ns))
        os.fsync(target)
    finally:
        os.close(target)
    return digest.hexdigest()


def create_empty(name: str, folder: int) -> None:
    """Make a new file, 0600, for somebody else to write and to sync."""
    os.close(os.open(name, _CREATE, mode=0o600, dir_fd=folder))


def create_file(name: str, data: bytes, folder: int) -> None:
    """Write a new file, synced; its name is durable when the folder is."""
    target = os.open(name, _CREATE, mode=0o600, dir_fd=folder)
    try:
        write_all(target, data)
        os.fsync(target)
    finally:
        os.close(target)


def digest_of(descriptor: int) -> str:
    """Give the digest (hex) of a whole open file."""
    digest = hashlib.sha256()
    for chunk in _chunks(descriptor, 0, os.fstat(descriptor).st_size):
        digest.update(chunk)
    return digest.hexdigest()


def write_all(descriptor: int, data: bytes) -> None:
    """Write all of `data`, however many calls it takes."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


@contextmanager
def made_folder(name: str, parent: int) -> Iterator[int]:
    """Create a folder, 0700, and open it."""
    os.mkdir(name, mode=0o700, dir_fd=parent)
    with opened_folder(name, parent) as folder:
        yield folder


def _chunks(descriptor: int, start: int, end: int) -> Iterator[bytes]:
    while start < end:
        chunk = os.pread(descriptor, min(CHUNK_BYTES, end - start), start)
        if not chunk:
            return
        yield chunk
        start += len(chunk)
