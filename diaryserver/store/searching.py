"""Searching a diary: what matches, as it stands now, a bounded piece of work at a time.

An entry is found at the record that its present text comes from, so it is found once, and never by
a text that was amended or removed. Most records are ruled out without being parsed: a word that is
in an entry's text, in the form in which they are compared (`protocol.caseless`), is, escaped, in
that of its record too.

Rules: it runs on the store's thread, where entries wait to be written, so that one request scans
`SCAN_BYTES` at most and says where it stopped. The position is a byte of a day's text, which only
grows; in a text that took its place, since a day was cleared, it means the beginning.
"""

import re
import struct
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from diaryserver.service.ports.entries import Matches, UnfinishedError
from diaryserver.store.days.pieces import records_on
from diaryserver.store.disk.user_folder import UserFolder
from protocol.caseless import PARTING, caseless
from protocol.dayfile import Amended, History, Written, format_record, histories, parse_day_file
from protocol.errors import InvalidRequestError, MalformedError
from protocol.escaping import escape_line
from protocol.identifiers import Day, EntryId

SCAN_BYTES: Final = 2**18
"""So long holds a request the store's thread: a few milliseconds, by which entries are delayed."""

FILE_COST: Final = 2**12
"""Opening a day file takes as long as looking through so many bytes."""

FIND_COST: Final = 16
"""Finding what names an entry in so many bytes of its day takes as long as looking through one."""

HIT_COST: Final = 2**11
"""Parsing a record that might match takes as long as looking through so many bytes, and its own."""

DECOMPRESS_COST: Final = 4
"""Decompressing so many bytes takes as long as looking through one."""

PARTING_COST: Final = 2**10
"""Parting and sorting thirty marks, which only a prank has in a row, takes as long as that."""

MARKED_BYTES: Final = 2**12
"""In front of a position: ids among them, so that no other text has the same. Not the file's inode:
a day that is compressed meanwhile gets a new file, and a new file may get an old inode."""

_HEADER: Final = 64
"""Letters in front of any text: time, id, mark, and the spaces between."""

_PIECE: Final = 2**16
_POSITION: Final = struct.Struct(">10sII")
_BYTES: Final = re.compile(rb"\n(?!\t)")
_TEXT: Final = re.compile(r"\n(?!\t)")


@dataclass(frozen=True, slots=True)
class Position:
    """A byte of a day's text; `mark` is the checksum of what is in front of it."""

    day: Day
    mark: int
    offset: int

    @classmethod
    def at(cls, day: Day, data: bytes, offset: int) -> "Position":
        """Give the position of a byte of `data`, or of its end."""
        return cls(day, zlib.crc32(data[max(0, offset - MARKED_BYTES) : offset]), offset)

    def encode(self) -> bytes:
        """Give the cursor that names it."""
        return _POSITION.pack(self.day.encode(), self.mark, self.offset)

    @classmethod
    def decode(cls, cursor: bytes) -> "Position":
        """Read a cursor; raise InvalidRequestError for one that `encode` never gives."""
        try:
            day, mark, offset = _POSITION.unpack(cursor)
            return cls(Day(day.decode()), mark, offset)
        except (struct.error, UnicodeDecodeError, MalformedError):
            raise InvalidRequestError("no cursor of a search") from None


class Search:
    """One request's part of a search."""

    def __init__(
        self, folder: UserFolder, waiting: Callable[[Day], bytes], words: str, limit: int
    ) -> None:
        """`waiting` gives a day's lines that its file lacks, `limit` the bytes of room."""
        self._folder = folder
        self._waiting = waiting
        self._words = [caseless(word) for word in words.split()]
        self._escaped = [escape_line(word) for word in self._words]
        self._limit = limit
        self._room = limit
        self._left = SCAN_BYTES
        self._has_begun = False
        self._last: tuple[EntryId, int, History | None] | None = None
        self._found: list[Written] = []

    def run(self, days: Iterable[Day], start: Position | None) -> Matches:
        """Go through the days, which are in order and none before `start`; raise OSError."""
        for day in days:
            stopped = self._day(day, start)
            if stopped is not None:
                return Matches(tuple(self._found), stopped.encode())
        return Matches(tuple(self._found), b"")

    def _day(self, day: Day, start: Position | None) -> Position | None:
        """Search a day; give where to go on, or None when it is done and there is time left."""
        try:
            data = self._read(day)
        except UnfinishedError:
            if not (self._found or self._has_begun):
                raise
            return Position.at(day, b"", 0)
        self._last = None
        offset = 0
        if start is not None and start == Position.at(day, data, start.offset):
            offset = start.offset
        self._left -= FILE_COST
        while offset < len(data):
            end = _end_of_piece(data, offset)
            piece = data[offset:end]
            form = caseless(piece.decode(errors="replace"))
            for begin, record in self._candidates(piece, form, offset):
                if not self._examine(record, data):
                    return Position.at(day, data, begin)
            self._left -= end - offset + PARTING_COST * form.count(PARTING)
            self._has_begun = True
            offset = end
            if self._is_over():
                break
        return Position.at(day, data, offset) if self._is_over() else None

    def _is_over(self) -> bool:
        """Tell whether enough was looked through, once there was anything."""
        return self._left <= 0 or (self._has_begun and not self._folder.looking.may_go_on())

    def _read(self, day: Day) -> bytes:
        waiting = self._waiting(day)
        try:
            found = self._folder.read_day(day)
        except FileNotFoundError:
            return waiting
        if found.is_compressed:
            # Some is left for looking, or a search would never get into a long day.
            self._left -= min(len(found.text) // DECOMPRESS_COST, self._left // 2)
        return found.text[: found.text.rfind(b"\n") + 1] + waiting

    def _candidates(self, piece: bytes, form: str, offset: int) -> Iterator[tuple[int, bytes]]:
        # Neither decoding so nor that form makes or removes a line's end: both split alike.
        for record, text in zip(_BYTES.split(piece), _TEXT.split(form), strict=True):
            if all(text.find(word, _HEADER) > 0 for word in self._escaped):
                yield offset, record
            offset += len(record) + 1

    def _examine(self, record: bytes, data: bytes) -> bool:
        """Take an entry if this record is its text and matches; tell whether there was room."""
        if self._is_over():
            return False
        self._has_begun = True
        self._left -= HIT_COST + len(record) + len(data) // FIND_COST
        entry = self._entry_at(record, data)
        if entry is None:
            return True
        size = len(format_record(entry))
        if self._found and size > self._room:
            return False
        self._found.append(entry)
        self._room -= size
        return True

    def _history(self, original: EntryId, data: bytes) -> History | None:
        """Give an entry's history, read once for all of its texts that match one after another."""
        if self._last is None or self._last[:2] != (original, len(data)):
            found = histories(records_on(original, data)).get(original)
            self._last = original, len(data), found
        return self._last[2]

    def _entry_at(self, raw: bytes, data: bytes) -> Written | None:
        [record, *_] = parse_day_file(raw + b"\n")
        if not isinstance(record, Written | Amended):
            return None
        original = record.id if isinstance(record, Written) else record.original
        history = self._history(original, data)
        if history is None or history.is_removed or history.shown != record:
            return None
        text = caseless(record.text)
        return history.current if all(word in text for word in self._words) else None


def _end_of_piece(data: bytes, offset: int) -> int:
    """Give where a record ends, `_PIECE` bytes behind `offset` or more: behind its last LF."""
    found = _BYTES.search(data, min(offset + _PIECE, len(data)) - 1)
    return found.end() if found else len(data)
