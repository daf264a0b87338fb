"""A day file in its pieces: each record or foreign line with its own bytes and its line number.

For whoever moves records about without changing one: the pieces joined are the file again.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from diaryserver.store.days.daystate import entry_ids, record_ids
from diaryserver.store.disk.looking import Pieces
from protocol.dayfile import Amended, Foreign, Record, Written, parse_day_file
from protocol.identifiers import EntryId

MAX_CHANGES: Final = 1_000
"""Of an entry: each one is read again for the next, and sent to whoever asks for its history."""

PART_BYTES: Final = 2**14
"""Of a text whose records are parsed: 200 short ones, two milliseconds."""

_RECORDS_END: Final = re.compile(rb"\n(?!\t)")


@dataclass(frozen=True, slots=True)
class Piece:
    """A record or a foreign line: its first line's number, from 1, and all its bytes."""

    line: int
    data: bytes
    parsed: Record | Foreign

    @property
    def id(self) -> EntryId | None:
        """The record's id; None for a foreign line."""
        return None if isinstance(self.parsed, Foreign) else self.parsed.id


def split_pieces(data: bytes) -> list[Piece]:
    """Split a whole file; total, as `parse_day_file` is."""
    raw = data.split(b"\n")
    torn = raw.pop()
    lines = [line + b"\n" for line in raw] + ([torn] if torn else [])
    pieces: list[Piece] = []
    start = 0
    for parsed in parse_day_file(data):
        further = parsed.text.count("\n") if isinstance(parsed, Written | Amended) else 0
        end = start + 1 + further
        pieces.append(Piece(start + 1, b"".join(lines[start:end]), parsed))
        start = end
    return pieces


def absent_records(present: bytes, offered: bytes) -> Pieces[dict[EntryId, bytes]]:
    """Give the records of `offered` whose ids `present` lacks, in their order, each id once.

    Foreign lines are not among them: without an id nobody can tell whether they are there already,
    and behind another record one could become a part of it.
    """
    known: set[bytes] = set()
    for part in parts_of(present):
        known |= record_ids(part)
        yield
    absent: dict[EntryId, bytes] = {}
    for part in parts_of(offered):
        for piece in split_pieces(part):
            if piece.id is not None and piece.id not in known:
                absent.setdefault(piece.id, piece.data)
        yield
    return absent


def count_ids(data: bytes) -> Pieces[int]:
    """Give how many entries there are, of several with one id one."""
    found: set[bytes] = set()
    for part in parts_of(data):
        found.update(entry_ids(part))
        yield
    return len(found)


def parts_of(data: bytes) -> Iterator[bytes]:
    """Give a text in parts of some `PART_BYTES`, each of whole records."""
    start = 0
    while start < len(data):
        end = _RECORDS_END.search(data, min(start + PART_BYTES, len(data)) - 1)
        stop = end.end() if end else len(data)
        yield data[start:stop]
        start = stop


def naming(entry_id: EntryId, data: bytes) -> bytes:
    """Give the records that name an id, as their own or as what they change, and perhaps others.

    A network that loses answers asks for many duplicates, and parsing a whole day for each of them
    would cost more than writing the entries did.
    """
    wanted = entry_id.hex().encode()
    parts: list[bytes] = []
    found = data.find(wanted)
    while found >= 0:
        start = data.rfind(b"\n", 0, found) + 1
        end = _after_line(data, found)
        # A text's further line names no record, and behind another record it would join that one.
        if not data.startswith(b"\t", start):
            while data.startswith(b"\t", end):
                end = _after_line(data, end)
            parts.append(data[start:end])
        found = data.find(wanted, end)
    return b"".join(parts)


def records_on(entry_id: EntryId, data: bytes) -> list[Record]:
    """Give an entry's record and those of its changes, in their order.

    Of more than `MAX_CHANGES` the last ones, and one: what the entry is now does not depend on
    those before, and an older version of the server took any number.
    """
    return [
        record
        for record in parse_day_file(naming(entry_id, _first_and_last(entry_id, data)))
        if not isinstance(record, Foreign)
        and entry_id == (record.id if isinstance(record, Written) else record.original)
    ]


def _first_and_last(entry_id: EntryId, data: bytes) -> bytes:
    """Give all of a text where an id is named seldom, else where it is named first and last."""
    wanted = entry_id.hex().encode()
    last = len(data)
    for _ in range(MAX_CHANGES + 1):
        last = data.rfind(wanted, 0, last)
        if last < 0:
            return data
    start = data.rfind(b"\n", 0, last) + 1
    first = data.find(wanted, 0, start)
    if first < 0:
        return data
    first = data.rfind(b"\n", 0, first) + 1
    end = _RECORDS_END.search(data, first)
    return data[first : min(end.end(), start) if end else start] + data[start:]


def _after_line(data: bytes, position: int) -> int:
    return data.find(b"\n", position) + 1 or len(data)
