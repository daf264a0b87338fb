"""The few system calls that durability hangs on, as one object handed in.

Rules: everything the store changes on a disk goes through here, so that a test can stand below it,
forget what was not synced, or fail as a disk fails. What only reads does not.
"""

import ctypes
import os
import shutil
from typing import Final

_LIBC: Final = ctypes.CDLL(None, use_errno=True)


class Disk:
    """The real disk; every method raises OSError as the call it is named after."""

    def open(self, name: str, flags: int, folder: int) -> int:
        """Give a descriptor of the file `name` below the folder's descriptor; 0600 if it is new."""
        return os.open(name, flags, mode=0o600, dir_fd=folder)

    def write(self, descriptor: int, data: bytes) -> None:
        """Write all of `data`, however many calls it takes."""
        view = memoryview(data)
        while view:
            view = view[os.write(descriptor, view) :]

    def write_at(self, descriptor: int, data: bytes, position: int) -> None:
        """Write all of `data` from a byte of the file on, over what is there."""
        view = memoryview(data)
        while view:
            written = os.pwrite(descriptor, view, position)
            view, position = view[written:], position + written

    def truncate(self, descriptor: int, length: int) -> None:
        """Cut a file."""
        os.ftruncate(descriptor, length)

    def sync(self, descriptor: int) -> None:
        """Make a file's bytes and length durable (fdatasync)."""
        os.fdatasync(descriptor)

    def sync_folder(self, descriptor: int) -> None:
        """Make the names in a folder durable (fsync)."""
        os.fsync(descriptor)

    def sync_all(self, descriptor: int) -> None:
        """Make the whole file system that `descriptor` lies on durable (syncfs(2)).

        Linux reports a write that failed since the descriptor was opened, once.
        """
        if _LIBC.syncfs(descriptor) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))

    def rename(self, name: str, folder: int, new_name: str, new_folder: int) -> None:
        """Move a file or folder, replacing nothing that the caller has not ruled out."""
        os.rename(name, new_name, src_dir_fd=folder, dst_dir_fd=new_folder)

    def make_folder(self, name: str, folder: int) -> None:
        """Create a folder, 0700."""
        os.mkdir(name, mode=0o700, dir_fd=folder)

    def remove(self, name: str, folder: int) -> None:
        """Remove a file."""
        os.unlink(name, dir_fd=folder)

    def remove_tree(self, name: str, folder: int) -> None:
        """Remove a folder with all that is in it, following no link."""
        shutil.rmtree(name, dir_fd=folder)
