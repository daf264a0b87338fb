"""Several entries in one datagram: what an import, an outbox or a busy program sends.

Rules: each entry has an id of its own and is stored, refused or recognised by itself, as if it had
been put alone; a batch is not atomic, and its own id means nothing. As many entries are in it as
its sender fits into the datagram.
"""

from dataclasses import dataclass, field
from typing import Annotated, Final

from protocol.errors import ErrorCode
from protocol.fields import Flag, Id, Parsed, Rows, Text
from protocol.identifiers import EntryId
from protocol.messages.base import Reply, Request, Scope, parse_code
from protocol.messages.writing import MAX_TEXT_BYTES, OffsetField, WhenField

MAX_BATCH_ROWS: Final = 45
"""More do not fit: an entry takes 24 bytes even with one letter at the epoch, usually 34."""


def parse_result(text: str) -> ErrorCode:
    """Check what became of one entry: OK, or the code of a refusal."""
    return ErrorCode.OK if text == ErrorCode.OK else parse_code(text)


@dataclass(frozen=True, slots=True)
class EntryRow:
    """An entry, as in `Put`, and its id; in a batch its text is a short one."""

    id: Annotated[EntryId, Id()]
    at: WhenField
    off: OffsetField
    text: Annotated[str, Text(1, MAX_TEXT_BYTES)] = field(repr=False)
    star: Annotated[bool, Flag()]


@dataclass(frozen=True, slots=True)
class ResultRow:
    """What became of one entry; `dup` says that it had been on disk before this request."""

    code: Annotated[ErrorCode, Parsed(parse_result)]
    dup: Annotated[bool, Flag()]


@dataclass(frozen=True, slots=True)
class Batched(Reply):
    """A row for each entry, in the order of the request; what has OK is on disk."""

    rows: Annotated[tuple[ResultRow, ...], Rows(ResultRow, MAX_BATCH_ROWS)]


@dataclass(frozen=True, slots=True)
class Batch(Request):
    """Store entries; of those that go to one day the order is kept."""

    op = "batch"
    reply = Batched
    scope = Scope.WRITE

    rows: Annotated[tuple[EntryRow, ...], Rows(EntryRow, MAX_BATCH_ROWS)]
