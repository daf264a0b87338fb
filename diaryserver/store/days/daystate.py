"""What the store knows of a day without reading it again: its generation, its size, its ids.

A state is true as long as the file is the one it was loaded from: same inode, same size, unchanged
since. Whoever uses it compares these first, so that a file edited, renamed or deleted from outside
is simply read anew, under a new generation unless it was only added to.
"""

import hashlib
import logging
import os
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Final, NamedTuple

from diaryserver.store.days.aside import Aside, meet
from diaryserver.store.days.contents import begins_with
from diaryserver.store.days.dayids import MAX_NEWEST, DayIds
from diaryserver.store.disk.looking import SMALL_BYTES, Key, Pieces
from diaryserver.store.disk.plainness import make_plain
from diaryserver.store.disk.texts import DayText
from diaryserver.store.disk.user_folder import QUARANTINE, UserFolder, compressed_file, day_file
from protocol.identifiers import Day

_ENTRY: Final = re.compile(rb"^[0-9]{4}-[0-9T:.+-]{24} ([0-9a-f]{32}) [+*]", re.MULTILINE)
"""The start of a written entry; a text's lines start with TAB, so none of them can match."""

_NEXT_ENTRY: Final = re.compile(rb"\n[0-9]{4}-[0-9T:.+-]{24} [0-9a-f]{32} [+*]")
"""The same behind another line: searching for a byte skips texts seven times as fast as `^`."""

_RECORD: Final = re.compile(rb"^[0-9]{4}-[0-9T:.+-]{24} ([0-9a-f]{32}) ([-+*~^])", re.MULTILINE)
"""The start of any record, a change of an entry included, and what tells them apart."""

PIECE_BYTES: Final = 2**16
"""Of a text that is looked through in pieces: a thousand short records, half a millisecond."""

_DIGEST_LETTERS: Final = 16

logger = logging.getLogger(__name__)


class Mark(NamedTuple):
    """What of a day must be known to tell whether somebody changed what was read of it."""

    generation: int
    inode: int
    size: int
    checksum: int

    def is_begun_by(self, text: bytes) -> bool:
        """Tell whether what was read of the day before is still the beginning of its text."""
        return begins_with(text, self.size, self.checksum)


@dataclass(slots=True)
class DayState:
    """A day's file and archives: `inode` 0 and `size` 0 if it has no file.

    `size` is that of its text, `stored` that of its file, which differs if `is_compressed`.
    `changed` is the file's ctime in ns, which no tool can set, `checksum` the CRC-32 of its text.
    `entries` is how many entries the file has, `records` the ids of these and of what changes one;
    `aside` is asked for those that are no longer in the file. `is_synced`: the file was made
    durable since it was read; `was_torn`: an end of it was set aside just then.
    """

    generation: int
    inode: int = 0
    size: int = 0
    changed: int = 0
    stored: int = 0
    is_compressed: bool = False
    entries: int = 0
    records: DayIds = field(default_factory=DayIds)
    checksum: int = 0
    aside: Aside | None = None
    is_synced: bool = False
    was_torn: bool = False

    def holds(self, entry_id: bytes) -> bool:
        """Tell whether it is known that a record has this id, in the file or aside."""
        return bool(self.records.find(entry_id)) or self._digest_aside(entry_id) is not None

    def lacks(self, entry_id: bytes) -> bool:
        """Tell whether it is known that no record has this id, in the file or aside."""
        return self.records.find(entry_id) is False and self._digest_aside(entry_id) is None

    def digest_aside(self, entry_id: bytes) -> bytes | None:
        """Give what the record of this id says that is aside; None if there is none.

        What is in the file counts, where it is known to be there: a cleared day may have come back.
        """
        return None if self.records.find(entry_id) else self._digest_aside(entry_id)

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
        return len(self.records)

    def mark(self) -> Mark:
        """Give what is to be remembered of it when it is forgotten."""
        return Mark(self.generation, self.inode, self.size, self.checksum)

    def _digest_aside(self, entry_id: bytes) -> bytes | None:
        return self.aside.digest(entry_id) if self.aside else None


def load_day(
    folder: UserFolder, day: Day, newest: int = MAX_NEWEST, before: Mark | None = None
) -> DayState:
    """Read a day's file, and others of the day that were never met; a torn end is set aside first.

    So many of the file's ids are known by heart. If what was read `before` is not what the file
    begins with, somebody changed it: it is of a new generation.

    A write that was cut off was never acknowledged. Left in place it would merge with the next
    entry, or pass for a shorter one.
    """
    key = _scan_key(folder, day)
    is_begun = folder.looking.has_begun(key)
    aside = None if is_begun else meet(folder, day)
    try:
        found, scanned = _read_and_scan(folder, day, newest, key)
    except FileNotFoundError:
        found, scanned = None, _Scanned(newest)
    if is_begun:
        aside = meet(folder, day)
    data = found.text if found else b""
    whole = scanned.end
    generation = folder.ledger.generation(folder.user, day)
    if before is not None and before.generation == generation and not before.is_begun_by(data):
        _sync(folder, day, found)  # a power cut might bring back what it was
        folder.ledger.advance(folder.user, day)
        generation = folder.ledger.generation(folder.user, day)
    state = DayState(generation, records=DayIds(limit=newest))
    state.aside = aside
    if found is None:
        return state
    if found.is_compressed:
        state.note_compressed(found.status, len(data))
    else:
        state.note(found.status)
    state.checksum, state.entries = scanned.checksum, len(scanned.entries)
    state.records.add(scanned.newest)
    if whole < len(data):
        state.note(_set_torn_end_aside(folder, day, whole, data[whole:]))
        state.was_torn = True
    return state


@dataclass(slots=True)
class _Scanned:
    """What a text has up to the `end` of its last whole line.

    Its CRC-32, the ids of its entries, and in their order the greatest of all that records have,
    one more than `most` if there are more.
    """

    most: int
    end: int = 0
    checksum: int = 0
    entries: set[bytes] = field(default_factory=set)
    newest: list[bytes] = field(default_factory=list)

    def take(self, text: bytes) -> Iterator[None]:
        """Take in what a text has, piece by piece, of whole lines."""
        whole = text.rfind(b"\n") + 1
        while self.end < whole:
            start, self.end = self.end, text.find(b"\n", self.end + PIECE_BYTES) + 1 or whole
            self.checksum = zlib.crc32(memoryview(text)[start : self.end], self.checksum)
            ids = set(self.newest)
            for match in _RECORD.finditer(text, start, self.end):
                found = bytes.fromhex(match[1].decode())
                ids.add(found)
                if match[2] in b"+*":
                    self.entries.add(found)
            # Now, and not at the end: there it would be a long piece of work of its own.
            self.newest = sorted(ids)[-self.most - 1 :]
            yield


def _scan_key(folder: UserFolder, day: Day) -> Key | None:
    """Give what a long look at a day's file is known by; None if it takes no long one."""
    found = folder.day_status(day)
    if found is None:
        return None
    status, is_compressed = found
    if status.st_size <= SMALL_BYTES and not is_compressed:
        return None
    return "scan", folder.user, day, status.st_ino, status.st_size, status.st_ctime_ns


def _read_and_scan(
    folder: UserFolder, day: Day, newest: int, key: Key | None
) -> tuple[DayText, _Scanned]:
    """Read a day's file; if it is a long one in pieces, of which reading it is the first."""
    if key is None:
        return folder.looking.at_once(_read_in_pieces(folder, day, newest))
    if not folder.looking.has_begun(key) and folder.status(day_file(day)) is None:
        folder.read_compressed(day)  # in pieces as well, and remembered then
    return folder.looking.finish(key, partial(_read_in_pieces, folder, day, newest))


def _read_in_pieces(folder: UserFolder, day: Day, newest: int) -> Pieces[tuple[DayText, _Scanned]]:
    found, scanned = folder.read_day(day), _Scanned(newest)
    yield  # from here on without the folder, which is closed after each call
    yield from scanned.take(found.text)
    return found, scanned


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


def _sync(folder: UserFolder, day: Day, found: DayText | None) -> None:
    if found is not None:
        folder.sync_file(compressed_file(day) if found.is_compressed else day_file(day))
    folder.sync()


def _set_torn_end_aside(folder: UserFolder, day: Day, offset: int, torn: bytes) -> os.stat_result:
    make_plain(folder, day)
    quarantine(folder, day, offset, torn)
    with os.fdopen(folder.open_file(day_file(day), os.O_RDWR), "r+b") as file:
        file.truncate(offset)  # if a cut undoes that, the same is set aside once more
        return os.fstat(file.fileno())
