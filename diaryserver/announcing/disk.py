"""The disk that announces: which step of storing an entry a call was, told by what it was done to.

Rules: it stands below the store as any disk does, so that the store itself knows nothing of steps;
without a listener it is not used at all. A step is announced when the call is over.
"""

import os
from pathlib import Path
from typing import Final

from diaryserver.announcing.steps import Announce, Step
from diaryserver.store.disk.disk import Disk
from diaryserver.store.disk.user_folder import ARCHIVE, DAY_SUFFIX

_JOURNAL_SUFFIX: Final = ".journal"
_CREATED: Final = {_JOURNAL_SUFFIX: Step.JOURNAL_CREATED, DAY_SUFFIX: Step.DAY_CREATED}
_WRITTEN: Final = {_JOURNAL_SUFFIX: Step.JOURNAL_WRITTEN, DAY_SUFFIX: Step.DAY_WRITTEN}


class AnnouncingDisk(Disk):
    """The real disk."""

    def __init__(self, announce: Announce) -> None:
        """Announce to this."""
        self._announce = announce

    def open(self, name: str, flags: int, folder: int) -> int:
        """As Disk; O_CREAT | O_EXCL makes a file for certain."""
        descriptor = super().open(name, flags, folder)
        if flags & os.O_CREAT and flags & os.O_EXCL:
            self._tell(_CREATED, descriptor)
        return descriptor

    def write(self, descriptor: int, data: bytes) -> None:
        """As Disk."""
        super().write(descriptor, data)
        self._tell(_WRITTEN, descriptor)

    def write_at(self, descriptor: int, data: bytes, position: int) -> None:
        """As Disk."""
        super().write_at(descriptor, data, position)
        self._tell(_WRITTEN, descriptor)

    def sync(self, descriptor: int) -> None:
        """As Disk."""
        super().sync(descriptor)
        self._tell({_JOURNAL_SUFFIX: Step.JOURNAL_SYNCED}, descriptor)

    def sync_folder(self, descriptor: int) -> None:
        """As Disk."""
        super().sync_folder(descriptor)
        if _path(descriptor).name == ARCHIVE:
            self._announce(Step.CLEAR_SYNCED)

    def sync_all(self, descriptor: int) -> None:
        """As Disk."""
        super().sync_all(descriptor)
        self._announce(Step.CHECKPOINT_SYNCED)

    def rename(self, name: str, folder: int, new_name: str, new_folder: int) -> None:
        """As Disk."""
        super().rename(name, folder, new_name, new_folder)
        if name.endswith(DAY_SUFFIX):
            self._announce(Step.DAY_RENAMED)

    def remove(self, name: str, folder: int) -> None:
        """As Disk."""
        super().remove(name, folder)
        if name.endswith(_JOURNAL_SUFFIX):
            self._announce(Step.JOURNAL_DROPPED)

    def _tell(self, steps: dict[str, Step], descriptor: int) -> None:
        step = steps.get(_path(descriptor).suffix)
        if step is not None:
            self._announce(step)


def _path(descriptor: int) -> Path:
    # The server runs on Linux alone, and here nothing has to be quick.
    return Path(f"/proc/self/fd/{descriptor}").readlink()
