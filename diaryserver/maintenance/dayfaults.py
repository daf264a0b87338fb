"""What is wrong inside a day file, and what of it can be mended without a doubt. Pure.

Rules: the same bytes under one id in a day's file and in its archive are what `recover` leaves, and
no fault; inside one file they are. Dropping the second copy is right only if everything else reads
as before, which is proved by reading it again.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from diaryserver.maintenance.faults import Fault, Kind
from diaryserver.store.days.pieces import Piece, split_pieces
from protocol.dayfile import Foreign, Written, fold
from protocol.errors import MalformedError
from protocol.identifiers import Day, EntryId
from protocol.stamp import parse_stamp

_WORD: Final = rb"[0-9A-Za-z-]{1,64}"
_HEADER_LIKE: Final = re.compile(
    rb"(\S{29}) (" + _WORD + rb") (?:[-^](" + _WORD + rb")$|~(" + _WORD + rb") [+*]|[+*][ ,])"
)
_HEX: Final = re.compile(r"[0-9a-f]{32}")


def find_faults(file: str, day: Day, pieces: Sequence[Piece]) -> Iterator[Fault]:
    """Give the faults of one file, the torn end apart from other foreign lines, in its order."""
    first: dict[EntryId, Piece] = {}
    entries: set[EntryId] = set()
    for piece in pieces:
        record = piece.parsed
        if isinstance(record, Foreign):
            yield _foreign_fault(file, piece)
            continue
        line, name = piece.line, record.id.hex()
        if original := first.get(record.id):
            same = "the same bytes as" if original.data == piece.data else "not the same as"
            yield Fault(file, Kind.DUPLICATE, f"{same} line {original.line}", line, name)
        first.setdefault(record.id, piece)
        if isinstance(record, Written):
            entries.add(record.id)
            if record.stamp.day != day:
                note = f"of {record.stamp.day} by its writer's clock"
                yield Fault(file, Kind.WRONG_DAY, note, line, name)
        elif record.original not in entries:
            note = f"changes {record.original.hex()}, which is not above it"
            yield Fault(file, Kind.ORDER, note, line, name)


def _foreign_fault(file: str, piece: Piece) -> Fault:
    size = f"{len(piece.data)} bytes"
    if not piece.data.endswith(b"\n"):
        return Fault(file, Kind.TORN_END, f"{size} without a line's end", piece.line)
    bad = _bad_id(piece.data[:-1])
    if bad is not None:
        return Fault(file, Kind.BAD_ID, "not an id of version 7", piece.line, bad)
    return Fault(file, Kind.FOREIGN_LINE, size, piece.line)


def _bad_id(raw: bytes) -> str | None:
    """Give the bad id of what is a record but for its ids, "" if it has not even an id's shape."""
    match = _HEADER_LIKE.match(raw)
    if match is None:
        return None
    try:
        parse_stamp(match[1].decode())
    except (UnicodeDecodeError, MalformedError):
        return None
    for word in filter(None, match.groups()[1:]):
        text = word.decode()
        if not _is_id(text):
            return text if _HEX.fullmatch(text) else ""
    return None


def _is_id(text: str) -> bool:
    try:
        return _HEX.fullmatch(text) is not None and bool(EntryId(bytes.fromhex(text)))
    except MalformedError:
        return False


class Generations:
    """Compares a day's file and its archives: an id has one content in all of them."""

    def __init__(self) -> None:
        """Know no file yet."""
        self._first: dict[EntryId, tuple[str, int, int]] = {}

    def compare(self, file: str, pieces: Sequence[Piece]) -> Iterator[Fault]:
        """Give what in one more file of the day contradicts those before."""
        for piece in pieces:
            if piece.id is None:
                continue
            content = hash(piece.data)
            known_file, known_line, known = self._first.setdefault(
                piece.id, (file, piece.line, content)
            )
            if known_file != file and known != content:
                note = f"not the same as {known_file}:{known_line}"
                yield Fault(file, Kind.DUPLICATE, note, piece.line, piece.id.hex())


def without_duplicates(data: bytes) -> bytes | None:
    """Drop records that a file holds before, byte for byte; None if that is not provably right."""
    pieces = split_pieces(data)
    seen: dict[EntryId, bytes] = {}
    kept: list[Piece] = []
    for piece in pieces:
        if piece.id is not None:
            if seen.get(piece.id) == piece.data:
                continue
            seen.setdefault(piece.id, piece.data)
        kept.append(piece)
    remaining = b"".join(piece.data for piece in kept)
    again = [(piece.data, piece.id) for piece in split_pieces(remaining)]
    reads_alike = again == [(piece.data, piece.id) for piece in kept]
    shows_alike = fold(piece.parsed for piece in kept) == fold(piece.parsed for piece in pieces)
    return remaining if reads_alike and shows_alike else None
