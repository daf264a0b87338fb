"""What the store knows of a day without reading it again: its generation, its size, its ids.

A state is true as long as the file is the one it was loaded from: same inode, same size, unchanged
since. Whoever uses it compares these first, so that a file edited, renamed or deleted from outside
is simply read anew.
"""

import hashlib
import logging
import os
import re
from dataclasses import dataclass, field
from typing import Final

from diaryserver.store.dayids import MAX_NEWEST, DayIds
from diaryserver.store.folders import ARCHIVE, QUARANTINE, UserFolder, compressed_file, day_file
from diaryserver.store.plainness import make_plain
from protocol.identifiers import Day

_ENTRY: Final = re.compile(rb"^[0-9]{4}-[0-9T:.+-]{24} ([0-9a-f]{32}) [+*]", re.MULTILINE)
"""The start of a written entry; a text's lines start with TAB, so none of them can match."""

_NEXT_ENTRY: Final = re.compile(rb"\n[0-9]{4}-[0-9T:.+-]{24} [0-9a-f]{32} [+*]")
"""The same behind another line: searching for a byte skips texts seven times as fast as `^`."""

_RECORD: Final = re.compile(rb"^[0-9]{4}-[0-9T:.+-]{24} ([0-9a-f]{32}) ([-+*~^])", re.MULTILINE)
"""The start of any record, a change of an entry included, and what tells them apart."""

_DIGEST_LETTERS: Final = 16

_WEIGHT_ELSEWHERE: Final = 10
"""An id of another file takes 170 bytes, with the file's name, one of the day file 16."""

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class DayState:
    """A day's file and archives: `inode` 0 and `size` 0 if it has no file.

    `size` is that of its text, `stored` that of its file, which differs if `is_compressed`.
    `changed` is the file's ctime in ns, which no tool can set. `entries` is how many entries the
    file has, `records` the ids of these and of what changes one; `elsewhere` those of all records
    in its cleared generations, and in what somebody renamed, each with the subfolder and the name
    of its file. `synced` are the files, named so, that were made durable since they were read;
    `was_torn`: an end of the file was set aside just then.
    """

    generation: int
    inode: int = 0
    size: int = 0
    changed: int = 0
    stored: int = 0
    is_compressed: bool = False
    entries: int = 0
    records: DayIds = field(default_factory=DayIds)
    elsewhere: dict[bytes, tuple[str, str]] = field(default_factory=dict)
    synced: set[tuple[str, str]] = field(default_factory=set)
    was_torn: bool = False

    def holds(self, entry_id: bytes) -> bool:
        """Tell whether it is known that a record has this id, in the file or elsewhere."""
        return bool(self.records.find(entry_id)) or entry_id in self.elsewhere

    def lacks(self, entry_id: bytes) -> bool:
        """Tell whether it is known that no record has this id, in the file or elsewhere."""
        return entry_id not in self.elsewhere and self.records.find(entry_id) is False

    def is_current(self, folder: UserFolder, day: Day) -> bool:
        """Tell whether the file is still the one that was loaded, and unchanged."""
        found = folder.day_status(day)
        if found is None:
            return self.inode == 0
        status, is_compressed = found
        return self.is_compressed == is_compressed and self.is_of(status)

    def is_of(self, status: os.stat_result) -> bool:
        """Tell whether `status` is that of the file as it is known."""
        known = (self.inode, self.stored, self.changed)
        return (status.st_ino, status.st_size, status.st_ctime_ns) == known

    def note(self, status: os.stat_result) -> None:
        """Know the file by this status from now on; it is a plain one."""
        self.inode, self.size, self.changed = status.st_ino, status.st_size, status.st_ctime_ns
        self.stored, self.is_compressed = self.size, False

    def note_compressed(self, status: os.stat_result, size: int) -> None:
        """Know the compressed file by this status from now on, its text being so long."""
        self.note(status)
        self.size, self.is_compressed = size, True

    def become_plain(self, folder: UserFolder, day: Day) -> None:
        """Make the file a plain one, which alone can be appended to; raise OSError."""
        if not self.is_compressed:
            return
        make_plain(folder, day)
        with os.fdopen(folder.open_file(day_file(day), os.O_RDONLY), "rb") as file:
            self.note(os.fstat(file.fileno()))

    def file_name(self, day: Day) -> str:
        """Give the name of the file, or of the one that it will get."""
        return compressed_file(day) if self.is_compressed else day_file(day)

    def weight(self) -> int:
        """Give how many ids it knows by heart, which is what its memory goes into."""
        return len(self.records) + _WEIGHT_ELSEWHERE * len(self.elsewhere)


def load_day(folder: UserFolder, day: Day, newest: int = MAX_NEWEST) -> DayState:
    """Read a day's file and archives; a torn end of the file is set aside first.

    So many of the file's ids are known by heart.

    A write that was cut off was never acknowledged. Left in place it would merge with the next
    entry, or pass for a shorter one.
    """
    archives = folder.archived(day)
    generation = archives[-1][0] + 1 if archives else 0
    state = DayState(generation, records=DayIds(limit=newest))
    for subfolder, name in _other_files(folder, day):
        data = folder.read_file(name, subfolder)
        state.elsewhere.update((entry_id, (subfolder, name)) for entry_id in record_ids(data))
    try:
        found = folder.read_day(day)
    except FileNotFoundError:
        return state
    data = found.text
    if found.is_compressed:
        state.note_compressed(found.status, len(data))
    else:
        state.note(found.status)
    whole = data.rfind(b"\n") + 1
    entries: set[bytes] = set()
    changes: set[bytes] = set()
    for match in _RECORD.finditer(data[:whole]):
        ids = entries if match[2] in b"+*" else changes
        ids.add(bytes.fromhex(match[1].decode()))
    state.entries = len(entries)
    state.records.add(sorted(entries | changes))
    if whole < len(data):
        state.note(_set_torn_end_aside(folder, day, whole, data[whole:]))
        state.was_torn = True
    return state


def entry_ids(data: bytes) -> list[bytes]:
    """Give the ids of the entries written in a day file's bytes."""
    return [bytes.fromhex(match[1].decode()) for match in _ENTRY.finditer(data)]


def count_entries(data: bytes) -> int:
    """Count the entries written in a day file's bytes; a torn end of them is none."""
    whole = data[: data.rfind(b"\n") + 1]
    return sum(1 for _ in _NEXT_ENTRY.finditer(b"\n" + whole))


def record_ids(data: bytes) -> set[bytes]:
    """Give the ids of all records in a day file's bytes, changes included."""
    return {bytes.fromhex(match[1].decode()) for match in _RECORD.finditer(data)}


def ids_elsewhere(folder: UserFolder, day: Day) -> set[bytes]:
    """Give the ids of all records of a day that are in its archives or in a renamed file."""
    found: set[bytes] = set()
    for subfolder, name in _other_files(folder, day):
        found |= record_ids(folder.read_file(name, subfolder))
    return found


def quarantine(folder: UserFolder, day: Day, offset: int, torn: bytes) -> None:
    """Keep bytes that stood at `offset` of a day file, durably, before they are cut off there."""
    folder.make_subfolder(QUARANTINE)
    # Named by its content: doing this again after a crash harms nothing, and nothing is replaced.
    name = f"{day}.{offset}.{hashlib.sha256(torn).hexdigest()[:_DIGEST_LETTERS]}"
    descriptor = folder.open_file(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, QUARANTINE)
    with os.fdopen(descriptor, "wb") as file:
        file.write(torn)
        file.flush()
        os.fsync(file.fileno())
    folder.sync(QUARANTINE)
    where = f"{folder.user}/{day_file(day)}"
    logger.warning("set %d bytes of %s aside, from byte %d", len(torn), where, offset)


def _other_files(folder: UserFolder, day: Day) -> list[tuple[str, str]]:
    archived = [(ARCHIVE, name) for _, name in folder.archived(day)]
    return archived + [("", name) for name in folder.renamed(day)]


def _set_torn_end_aside(folder: UserFolder, day: Day, offset: int, torn: bytes) -> os.stat_result:
    make_plain(folder, day)
    quarantine(folder, day, offset, torn)
    with os.fdopen(folder.open_file(day_file(day), os.O_RDWR), "r+b") as file:
        file.truncate(offset)
        os.fsync(file.fileno())
        return os.fstat(file.fileno())
