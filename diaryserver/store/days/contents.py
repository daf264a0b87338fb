"""What a record says, as a digest: the same for a repetition, whenever that one comes.

Taken from the bytes of a day file, since a day that is cleared may have a hundred thousand records.
Of an entry its moment, its star and its text count, of a change what it does to which entry and the
zone of who made it; when the server took it (`,r=`, and a change's moment) does not.
"""

import hashlib
import re
import struct
import zlib
from collections.abc import Iterator
from typing import Final

DIGEST_BYTES: Final = 16
"""Nobody gains from two texts of one digest: both would be under an id of their own making."""

DAMAGED: Final = b""
"""The digest of a line that has an id and is no record: the same as no writing."""

_PROOF: Final = struct.Struct(">QI")
_PARTS: Final = re.compile(rb"[^\n]*\n(?:\t[^\n]*\n)*|[^\n]+\Z")
_ID: Final = re.compile(rb"[0-9]{4}-[0-9T:.+-]{24} ([0-9a-f]{32}) [-+*~^]")
_ATTRIBUTES: Final = rb"(?:,[a-z]+=[A-Za-z0-9:.+-]+)*"
_HEAD: Final = re.compile(
    rb"(.{23}(.{6})) [0-9a-f]{32} (?:([+*])"
    + _ATTRIBUTES
    + rb" |(~[0-9a-f]{32} [+*])"
    + _ATTRIBUTES
    + rb" |([-^][0-9a-f]{32}\n))"
)


def proof_of(text: bytes) -> bytes:
    """Give what tells whether a file still begins with this text: its length and its CRC-32."""
    return _PROOF.pack(len(text), zlib.crc32(text))


def is_begun_by(text: bytes, proof: bytes) -> bool:
    """Tell whether a text begins with the one that this is the proof of."""
    length, checksum = _PROOF.unpack(proof)
    return begins_with(text, length, checksum)


def begins_with(text: bytes, length: int, checksum: int) -> bool:
    """Tell whether a text begins with one of this length and this CRC-32."""
    return len(text) >= length and zlib.crc32(text[:length]) == checksum


def split_parts(data: bytes) -> Iterator[bytes]:
    """Give each line with the further lines of its text, LF included; a torn end comes last."""
    return (match[0] for match in _PARTS.finditer(data))


def id_of(part: bytes) -> bytes | None:
    """Give the id that a part names as its own; None if it is no record's."""
    match = _ID.match(part)
    return bytes.fromhex(match[1].decode()) if match else None


def is_whole(part: bytes) -> bool:
    """Tell whether a part can be as it was written: what a crash leaves ends too early."""
    return part.endswith(b"\n") and b"\0" not in part and not part.startswith((b"\t", b"\n"))


def digest_of(record: bytes) -> bytes:
    """Give the digest of a record's bytes; DAMAGED if they are none."""
    match = _HEAD.match(record)
    if match is None:
        return DAMAGED
    time, offset, mark, amended, change = match.groups()
    said = (time, mark) if mark else (offset, amended or change)
    text = record[match.end() :]
    return hashlib.blake2b(b" ".join((*said, text)), digest_size=DIGEST_BYTES).digest()


def digests(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Give (id, digest) of all records in a file that are whole, and of damaged ones with an id."""
    for part in split_parts(data):
        found = id_of(part)
        if found is not None and is_whole(part):
            yield found, digest_of(part)
