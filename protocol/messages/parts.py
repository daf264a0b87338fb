"""A request that is too long for one datagram, in parts: what a long text is sent as.

Rules: cut is the plaintext of a `put` or an `amend`, just as it would be sealed if it fitted. Every
part but the last has `PART_BYTES`, so that its number says where it belongs. Parts may come in any
order, any number of times; what they make is known by the id, the digest, and nothing else. The
request is done when its last missing part has come, and its answer travels in that part's.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Annotated, Final

from protocol.fields import Id, Octets, Whole
from protocol.identifiers import EntryId
from protocol.messages.base import Reply, Request, Scope
from protocol.messages.writing import MAX_LONG_TEXT_BYTES

PART_BYTES: Final = 960
"""With the other fields 1058 of the 1106 bytes; the difference is room for later versions."""

MAX_AROUND_TEXT: Final = 96
"""Of a `put` or an `amend` beside its text: at most 84, and room for a field of later versions."""

MAX_PARTS: Final = -(-(MAX_LONG_TEXT_BYTES + MAX_AROUND_TEXT) // PART_BYTES)
MAX_BITMAP_BYTES: Final = -(-MAX_PARTS // 8)
MAX_ANSWER_BYTES: Final = 64
"""Of a `Stored` or a `Changed`: 32, and room for a field of later versions."""

DIGEST_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Received(Reply):
    """Which parts the server has, or what it answered to the whole request.

    Of `parts` the bit of value 1 in the first byte is part 0's. `answer` is the plaintext of the
    OK reply; `parts` is empty then. A refusal of the whole request is a refusal of the part.
    """

    parts: Annotated[bytes, Octets(0, MAX_BITMAP_BYTES)]
    answer: Annotated[bytes, Octets(0, MAX_ANSWER_BYTES)]


@dataclass(frozen=True, slots=True)
class Part(Request):
    """The part `number` (from 0) of `count` of the request with this id and this SHA-256."""

    op = "part"
    reply = Received
    scope = Scope.WRITE

    id: Annotated[EntryId, Id()]
    digest: Annotated[bytes, Octets(DIGEST_BYTES, DIGEST_BYTES)]
    number: Annotated[int, Whole(0, MAX_PARTS - 1)]
    count: Annotated[int, Whole(1, MAX_PARTS)]
    data: Annotated[bytes, Octets(1, PART_BYTES)] = field(repr=False)


def cut(request_id: EntryId, plaintext: bytes) -> list[Part]:
    """Cut a request's plaintext into its parts, in their order."""
    digest = hashlib.sha256(plaintext).digest()
    pieces = [plaintext[at : at + PART_BYTES] for at in range(0, len(plaintext), PART_BYTES)]
    return [
        Part(request_id, digest, number, len(pieces), piece) for number, piece in enumerate(pieces)
    ]


def numbers_in(bitmap: bytes) -> set[int]:
    """Give the numbers of the parts that a bitmap has."""
    bits = int.from_bytes(bitmap, "little")
    return {number for number in range(8 * len(bitmap)) if bits >> number & 1}


def bitmap_of(numbers: Iterable[int], count: int) -> bytes:
    """Give the bitmap of these numbers, each there once, with a bit for each of `count` parts."""
    bits = sum(1 << number for number in numbers)
    return bits.to_bytes(-(-count // 8), "little")
