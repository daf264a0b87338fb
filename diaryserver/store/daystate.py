"""What the store knows of a day without reading it again: its generation, its size, its ids.

A state is true as long as the file's inode and size are those it was loaded from; whoever uses it
compares them first, so that a file edited, renamed or deleted from outside is simply read anew.
"""

import logging
import os
import re
from dataclasses import dataclass, field
from typing import Final

from diaryserver.store.folders import ARCHIVE, QUARANTINE, UserFolder, day_file
from protocol.identifiers import Day

_ENTRY: Final = re.compile(rb"^[0-9]{4}-\S{25} ([0-9a-f]{32}) [+*]", re.MULTILINE)
"""The start of a written entry; a text's lines start with TAB, so none of them can match."""

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class DayState:
    """A day's file and archives: `inode` 0 and `size` 0 if it has no file.

    `ids` are those of the entries in the file, `archived` those of its cleared generations.
    """

    generation: int
    inode: int = 0
    size: int = 0
    ids: set[bytes] = field(default_factory=set)
    archived: dict[bytes, str] = field(default_factory=dict)

    def is_current(self, folder: UserFolder, day: Day) -> bool:
        """Tell whether the file is still the one that was loaded, and as long."""
        status = folder.status(day_file(day))
        if status is None:
            return self.inode == 0
        return (status.st_ino, status.st_size) == (self.inode, self.size)

    def weight(self) -> int:
        """Give how many ids it holds, which is what its memory goes into."""
        return len(self.ids) + len(self.archived)


def load_day(folder: UserFolder, day: Day) -> DayState:
    """Read a day's file and archives; a torn end of the file is set aside first.

    A write that was cut off was never acknowledged. Left in place it would merge with the next
    entry, or pass for a shorter one.
    """
    archives = folder.archived(day)
    state = DayState(generation=archives[-1][0] + 1 if archives else 0)
    for _, name in archives:
        data = folder.read_file(name, ARCHIVE)
        state.archived.update((entry_id, name) for entry_id in entry_ids(data))
    try:
        descriptor = folder.open_file(day_file(day), os.O_RDONLY)
    except FileNotFoundError:
        return state
    with os.fdopen(descriptor, "rb") as file:
        data = file.read()
        state.inode = os.fstat(file.fileno()).st_ino
    state.size = data.rfind(b"\n") + 1
    state.ids.update(entry_ids(data[: state.size]))
    if state.size < len(data):
        _set_torn_end_aside(folder, day, state.size, data[state.size :])
    return state


def entry_ids(data: bytes) -> list[bytes]:
    """Give the ids of the entries written in a day file's bytes."""
    return [bytes.fromhex(match[1].decode()) for match in _ENTRY.finditer(data)]


def _set_torn_end_aside(folder: UserFolder, day: Day, offset: int, torn: bytes) -> None:
    logger.warning("set %d bytes aside, the torn end of %s", len(torn), day_file(day))
    folder.make_subfolder(QUARANTINE)
    name = f"{day}.{offset}.{len(torn)}"
    descriptor = folder.open_file(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, QUARANTINE)
    with os.fdopen(descriptor, "wb") as file:
        file.write(torn)
        file.flush()
        os.fsync(file.fileno())
    folder.sync(QUARANTINE)
    with os.fdopen(folder.open_file(day_file(day), os.O_RDWR), "r+b") as file:
        file.truncate(offset)
        os.fsync(file.fileno())
