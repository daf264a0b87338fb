"""Who may read the data: its owner and nobody else, in every folder and file."""

import os
import stat
from collections.abc import Iterator
from typing import Final

from diaryserver.maintenance.faults import Fault, Kind
from diaryserver.maintenance.opening import names_in, opened_folder

FOLDER_MODE: Final = 0o700
FILE_MODE: Final = 0o600

_NOT_OURS: Final = "lost+found"
"""The file system's own, where the data folder is a mount point."""


def right_mode(status: os.stat_result) -> int | None:
    """Give the permissions that this folder, file or socket must have; a link has none."""
    if stat.S_ISDIR(status.st_mode):
        return FOLDER_MODE
    if stat.S_ISREG(status.st_mode) or stat.S_ISSOCK(status.st_mode):
        return FILE_MODE
    return None


def permission_faults(root: int) -> Iterator[Fault]:
    """Give every folder and file that has other permissions, or another owner than the root."""
    status = os.fstat(root)
    yield from _faults_of(".", status, status.st_uid)
    yield from _faults_below(root, "", status.st_uid)


def _faults_below(folder: int, prefix: str, owner: int) -> Iterator[Fault]:
    for name in names_in(folder):
        path = prefix + name
        if path == _NOT_OURS:
            continue
        try:
            status = os.stat(name, dir_fd=folder, follow_symlinks=False)
            yield from _faults_of(path, status, owner)
            if stat.S_ISDIR(status.st_mode):
                with opened_folder(name, folder) as descriptor:
                    yield from _faults_below(descriptor, f"{path}/", owner)
        except FileNotFoundError:
            continue  # moved or removed meanwhile by the running server
        except OSError as error:
            yield Fault(path, Kind.UNREADABLE, error.strerror or str(error))


def _faults_of(path: str, status: os.stat_result, owner: int) -> Iterator[Fault]:
    mode, right = stat.S_IMODE(status.st_mode), right_mode(status)
    if right is not None and mode != right:
        yield Fault(path, Kind.PERMISSIONS, f"{mode:04o}, not {right:04o}")
    if status.st_uid != owner:
        yield Fault(path, Kind.OWNER, f"of user {status.st_uid}, the data folder is of {owner}")
