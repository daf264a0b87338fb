"""The envelope of every datagram: one msgpack array of constant-width fields, 95 to 1200 bytes.

Rules: the header is read at fixed offsets, so nothing unauthenticated reaches a msgpack parser;
any other width than the one written here is dropped; the tag's length is a constant and is never
read from the wire (CVE-2008-0960). The layout is the table "Envelope" of docs/PROTOCOL.md.
"""

import struct
from enum import IntEnum
from typing import Final, NamedTuple

from protocol.errors import MalformedError
from protocol.identifiers import ENTRY_ID_BYTES, MAX_MILLISECONDS, EntryId

VERSION: Final = 1
MAX_VERSION: Final = 15
"""The version is a nibble, so that no text encoding can give bytes 0 and 1."""

SUITE: Final = 1
"""HMAC-SHA-256 and AES-256-SIV; the only suite of version 1."""

KID_BYTES: Final = 8
NO_KID: Final = bytes(KID_BYTES)
"""The key id before a token exists: in HELLO, OFFER, LOGIN and GRANT."""

TAG_BYTES: Final = 32
SIV_BYTES: Final = 16
MAX_DATAGRAM: Final = 1200
"""Fits every path of the Internet (RFC 9000, section 14) with no fragment, which would get lost."""

OVERHEAD: Final = 78
MIN_DATAGRAM: Final = OVERHEAD + SIV_BYTES + 1
MAX_BODY: Final = MAX_DATAGRAM - OVERHEAD
MAX_PLAINTEXT: Final = MAX_BODY - SIV_BYTES
HEADER_BYTES: Final = 44
KIND_AT: Final = 2
KID_AT: Final = 6
KID_END: Final = KID_AT + KID_BYTES
"""Where kind and key id stand, for whoever drops a datagram by them before it is parsed."""

_TAG_PREFIX: Final = b"\xc4\x20"
_KID_PREFIX: Final = b"\xc4\x08"
_RID_PREFIX: Final = b"\xc4\x10"
_HEADER: Final = struct.Struct(f">BBBB2s{KID_BYTES}s2s{ENTRY_ID_BYTES}sBQBH")
"""Array, version, kind, suite; the prefix of each value, and the value; the length of the body."""

_ARRAY: Final = 0x98
_TIMESTAMP_PREFIX: Final = 0xCF
_BODY_PREFIX: Final = 0xC5


class Kind(IntEnum):
    """What a datagram is; a server acts on REQUEST, HELLO and LOGIN only, a client on the rest."""

    REQUEST = 1
    REPLY = 2
    HELLO = 10
    OFFER = 11
    LOGIN = 12
    GRANT = 13


_KINDS: Final = {int(kind): kind for kind in Kind}


class Envelope(NamedTuple):
    """A datagram of the right shape; nothing in it is authentic before its tag was checked.

    `timestamp` is ms since the epoch by the sender's clock; `signed` is all that the tag covers.
    """

    kind: Kind
    suite: int
    kid: bytes
    rid: EntryId
    timestamp: int
    header: bytes
    body: bytes
    signed: bytes
    tag: bytes


def write_header(kind: Kind, kid: bytes, rid: EntryId, timestamp: int, body_length: int) -> bytes:
    """Give bytes 0 to 43; they are associated data of the body, so they come before it exists."""
    return _HEADER.pack(
        _ARRAY,
        VERSION,
        kind,
        SUITE,
        _KID_PREFIX,
        kid,
        _RID_PREFIX,
        rid,
        _TIMESTAMP_PREFIX,
        timestamp,
        _BODY_PREFIX,
        body_length,
    )


def signed_part(header: bytes, body: bytes) -> bytes:
    """Give everything before the tag, the tag's own two-byte prefix included."""
    return header + body + _TAG_PREFIX


def looks_like_protocol(datagram: bytes) -> bool:
    """Tell a datagram of any DIARY version from plain text, by bytes 0 to 5 (`98 0v kk ss C4 08`).

    No text in UTF-8, GBK, GB18030, Big5, Shift-JIS or EUC starts so.
    """
    return (
        datagram[4:6] == _KID_PREFIX and datagram[0] == _ARRAY and 1 <= datagram[1] <= MAX_VERSION
    )


def parse_envelope(datagram: bytes) -> Envelope:
    """Read a version 1 datagram; raise MalformedError for any other length, width or kind."""
    length = len(datagram)
    if not MIN_DATAGRAM <= length <= MAX_DATAGRAM:
        raise MalformedError("not a DIARY/1 envelope")
    # One call for all fields: this is done for every datagram, those of a flood included.
    (
        array,
        version,
        number,
        suite,
        kid_prefix,
        kid,
        rid_prefix,
        rid,
        timestamp_prefix,
        timestamp,
        body_prefix,
        body_length,
    ) = _HEADER.unpack_from(datagram)
    tag_at = length - TAG_BYTES
    if not (
        array == _ARRAY
        and version == VERSION
        and kid_prefix == _KID_PREFIX
        and rid_prefix == _RID_PREFIX
        and timestamp_prefix == _TIMESTAMP_PREFIX
        and body_prefix == _BODY_PREFIX
        and body_length == length - OVERHEAD
        and datagram[tag_at - 2 : tag_at] == _TAG_PREFIX
    ):
        raise MalformedError("not a DIARY/1 envelope")
    kind = _KINDS.get(number)
    if kind is None or timestamp > MAX_MILLISECONDS:
        raise MalformedError("not a DIARY/1 kind or time")
    return Envelope(
        kind,
        suite,
        kid,
        EntryId(rid),
        timestamp,
        datagram[:HEADER_BYTES],
        datagram[HEADER_BYTES : tag_at - 2],
        datagram[:tag_at],
        datagram[tag_at:],
    )
