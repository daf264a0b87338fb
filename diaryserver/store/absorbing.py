"""Bringing records back into a day file, beside the journal.

What was cleared is in an archive, and replay never writes again what is in one: the journal is no
way for it. So the journal is settled first, then the records go straight into the day file, synced
before anybody is told. A failed append is undone; what a crash leaves of one is a torn end or whole
records, and doing it again adds what is missing.
"""

import errno
import os

from diaryserver.store.daystate import DayState
from diaryserver.store.disk import Disk
from diaryserver.store.folders import UserFolder, day_file
from protocol.identifiers import Day


def append_synced(folder: UserFolder, day: Day, state: DayState, data: bytes, disk: Disk) -> None:
    """Append to a day file that the journal knows nothing of; raise OSError, leaving it as it was.

    `state` is the day's as it is now.
    """
    flags = os.O_WRONLY | os.O_APPEND | (0 if state.inode else os.O_CREAT | os.O_EXCL)
    descriptor = folder.open_file(day_file(day), flags)
    try:
        if state.inode and not state.is_of(os.fstat(descriptor)):
            raise OSError(errno.ESTALE, "somebody else is changing the day file")
        try:
            disk.write(descriptor, data)
            disk.sync(descriptor)
            folder.sync()
        except OSError:
            disk.truncate(descriptor, state.size)
            if not state.inode:
                folder.remove(day_file(day))
            raise
    finally:
        os.close(descriptor)
