"""What a journal segment holds: records that find their own damage. Pure: bytes in and out.

    record  = marker(4) length(4) segment(8) sequence(8) crc(4) payload(length)
    payload = msgpack array
              ["base", user, day, generation, inode, size]   the first time a segment touches a file
              ["line", user, day, generation, id, bytes]     one record of that day file

Numbers are big-endian; the CRC-32 covers length, segment, sequence and payload. Segment and
sequence are in every record, so that bytes of an older file can never pass for this one's.

Rules: a bad record with a valid one behind it is corruption, and the reader goes on there; with
none behind it, it is the torn tail of the last write, unless it has the end of a line at its end:
what a crash leaves of a write is cut off, or ends in zeros.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias

import msgpack

from protocol.errors import MalformedError
from protocol.identifiers import Day, EntryId, Username

MARKER: Final = b"\xd1\x4aR\x01"
MAX_PAYLOAD: Final = 2**21
"""Above the longest line (a text of 262,144 control characters, escaped: 1.5 MiB)."""

_HEAD: Final = struct.Struct(">4sIQQI")
_COVERED: Final = struct.Struct(">IQQ")


class Base(NamedTuple):
    """A day file as it was, all of it durable, before this segment's first line for it.

    `inode` 0: there was none.
    """

    user: Username
    day: Day
    generation: int
    inode: int
    size: int


class Line(NamedTuple):
    """One record of a day file, its LF included (`protocol.dayfile.format_record`)."""

    user: Username
    day: Day
    generation: int
    id: EntryId
    data: bytes


JournalRecord: TypeAlias = Base | Line


@dataclass(frozen=True, slots=True)
class Damage:
    """Bytes `start` to `end` of a segment that are no record; `is_tail`: as a crash leaves them."""

    start: int
    end: int
    is_tail: bool


def encode_record(segment: int, sequence: int, record: JournalRecord) -> bytes:
    """Give a record's bytes."""
    kind = "base" if isinstance(record, Base) else "line"
    payload = msgpack.packb((kind, *record))
    checksum = zlib.crc32(payload, zlib.crc32(_COVERED.pack(len(payload), segment, sequence)))
    return b"".join((_HEAD.pack(MARKER, len(payload), segment, sequence, checksum), payload))


def read_records(data: bytes, segment: int) -> Iterator[JournalRecord | Damage]:
    """Give a segment's records in their order, and what is damaged between them; total."""
    position = expected = 0
    while position < len(data):
        found = _next_record(data, position, segment, expected)
        if found is None:
            yield Damage(position, len(data), is_tail=_is_cut_off(data[position:]))
            return
        start, end, sequence, record = found
        if start > position:
            yield Damage(position, start, is_tail=False)
        yield record
        position, expected = end, sequence + 1


def _is_cut_off(tail: bytes) -> bool:
    if not tail.endswith(b"\n"):  # as every batch does
        return True
    if len(tail) < _HEAD.size or not tail.startswith(MARKER):
        return False
    return bool(_HEAD.unpack_from(tail)[1] > len(tail) - _HEAD.size)


def _next_record(
    data: bytes, position: int, segment: int, expected: int
) -> tuple[int, int, int, JournalRecord] | None:
    start = position
    while (start := data.find(MARKER, start)) >= 0:
        parsed = _record_at(data, start, segment, expected)
        if parsed is not None:
            return start, *parsed
        start += 1
    return None


def _record_at(
    data: bytes, start: int, segment: int, expected: int
) -> tuple[int, int, JournalRecord] | None:
    head = data[start : start + _HEAD.size]
    if len(head) < _HEAD.size:
        return None
    _, length, its_segment, sequence, checksum = _HEAD.unpack(head)
    payload = data[start + _HEAD.size : start + _HEAD.size + length]
    if length > MAX_PAYLOAD or len(payload) < length or its_segment != segment:
        return None
    covered = zlib.crc32(_COVERED.pack(length, segment, sequence))
    if zlib.crc32(payload, covered) != checksum or sequence < expected:
        return None
    try:
        return start + _HEAD.size + length, sequence, _decode_payload(payload)
    except (MalformedError, ValueError, TypeError, msgpack.UnpackException):
        return None


def _decode_payload(payload: bytes) -> JournalRecord:
    kind, user, day, generation, *rest = msgpack.unpackb(payload)
    name = Username(user), Day(day), int(generation)
    if kind == "base":
        inode, size = rest
        return Base(*name, int(inode), int(size))
    if kind == "line":
        entry_id, data = rest
        return Line(*name, EntryId(entry_id), bytes(data))
    raise MalformedError("no such kind of record")
