"""The envelope has one shape; whatever else arrives is refused before anything is parsed."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.envelope import (
    HEADER_BYTES,
    MAX_BODY,
    MAX_DATAGRAM,
    MIN_DATAGRAM,
    OVERHEAD,
    TAG_BYTES,
    Envelope,
    Kind,
    looks_like_protocol,
    parse_envelope,
    signed_part,
    write_header,
)
from protocol.identifiers import MAX_MILLISECONDS, EntryId
from tests.protocol.strategies import any_text, entry_ids, timestamps
from tests.protocol.totality import attempt, is_refused

KIDS = st.binary(min_size=8, max_size=8)
TAGS = st.binary(min_size=32, max_size=32)
BODIES = st.binary(min_size=17, max_size=MAX_BODY)
RID = EntryId.make(0, bytes(10))


def datagram(
    kind: Kind = Kind.REQUEST,
    kid: bytes = bytes(8),
    rid: EntryId = RID,
    timestamp: int = 0,
    body: bytes = bytes(17),
    tag: bytes = bytes(TAG_BYTES),
) -> bytes:
    """Give a datagram of the right shape."""
    return signed_part(write_header(kind, kid, rid, timestamp, len(body)), body) + tag


def with_byte(place: int, value: int) -> bytes:
    """Give a good datagram with one byte replaced."""
    data = bytearray(datagram())
    data[place] = value
    return bytes(data)


@given(st.sampled_from(Kind), KIDS, entry_ids, timestamps, BODIES, TAGS)
def test_every_field_comes_back(
    kind: Kind, kid: bytes, rid: EntryId, timestamp: int, body: bytes, tag: bytes
) -> None:
    """What was written is what is read, and the parts cover the datagram."""
    data = datagram(kind, kid, rid, timestamp, body, tag)
    envelope = parse_envelope(data)
    assert envelope == Envelope(kind, 1, kid, rid, timestamp, data[:44], body, data[:-32], tag)
    assert len(data) == OVERHEAD + len(body)
    assert looks_like_protocol(data)


def test_the_offsets_are_those_of_the_document() -> None:
    """Byte for byte, so that a change of the layout cannot pass unnoticed."""
    kid, tag = bytes(range(8)), b"t" * 32
    data = datagram(Kind.REPLY, kid, RID, 0x0102, b"b" * 17, tag)
    assert data[:4] == bytes.fromhex("98010201")
    assert data[4:14] == bytes.fromhex("c408") + kid
    assert data[14:32] == bytes.fromhex("c410") + RID
    assert data[32:41] == bytes.fromhex("cf0000000000000102")
    assert data[41:44] == bytes.fromhex("c50011")
    assert data[44:61] == b"b" * 17
    assert data[61:] == bytes.fromhex("c420") + tag
    assert HEADER_BYTES == 44


@given(st.one_of(st.binary(max_size=1300), st.binary(max_size=1200).map(datagram()[:44].__add__)))
def test_the_envelope_is_total(data: bytes) -> None:
    """Any bytes give an envelope of the bounds or MalformedError."""
    envelope = attempt(parse_envelope, data)
    if envelope is not None:
        assert MIN_DATAGRAM <= len(data) <= MAX_DATAGRAM
        assert envelope.signed + envelope.tag == data
        assert envelope.timestamp <= MAX_MILLISECONDS


@pytest.mark.parametrize("length", [0, 1, 43, 44, 94, 1201, 65507])
def test_another_length_is_refused(length: int) -> None:
    """Also with a body length that agrees with it."""
    assert is_refused(parse_envelope, bytes(length))
    if length > OVERHEAD:
        assert is_refused(parse_envelope, datagram(body=bytes(length - OVERHEAD)))


def test_the_shortest_and_the_longest_pass() -> None:
    """95 and 1200 bytes."""
    assert len(datagram()) == MIN_DATAGRAM == 95
    assert not is_refused(parse_envelope, datagram())
    assert len(datagram(body=bytes(MAX_BODY))) == MAX_DATAGRAM == 1200
    assert not is_refused(parse_envelope, datagram(body=bytes(MAX_BODY)))


def test_every_constant_byte_is_checked() -> None:
    """Any other value of a byte that the layout fixes is refused, the widths of lengths too."""
    fixed = [0, 1, 4, 5, 14, 15, 32, 41, 42, 43, 61, 62]
    for place in fixed:
        for value in range(256):
            if value != datagram()[place]:
                assert is_refused(parse_envelope, with_byte(place, value))


def test_unknown_kinds_are_refused() -> None:
    """Among them 20, which version 1 reserves and does not use."""
    known = [value for value in range(256) if not is_refused(parse_envelope, with_byte(2, value))]
    assert known == [1, 2, 10, 11, 12, 13]


def test_every_suite_parses() -> None:
    """The suite belongs to the key; whoever holds the key compares it."""
    assert [parse_envelope(with_byte(3, value)).suite for value in range(256)] == list(range(256))


@pytest.mark.parametrize("timestamp", [MAX_MILLISECONDS + 1, 2**63, 2**64 - 1])
def test_a_time_outside_the_calendar_is_refused(timestamp: int) -> None:
    """Nobody behind the envelope can overflow a date."""
    assert is_refused(parse_envelope, datagram(timestamp=timestamp))


def test_an_id_that_is_no_uuid_of_version_7_is_refused() -> None:
    """The id becomes an entry's id, so it is checked before anything else sees it."""
    assert is_refused(parse_envelope, with_byte(16 + 6, 0x40))
    assert is_refused(parse_envelope, with_byte(16 + 8, 0x00))


@given(any_text)
def test_no_text_looks_like_the_protocol(text: str) -> None:
    """In UTF-8 and in GB18030, whatever somebody types into a plain window."""
    assert not looks_like_protocol(text.encode())
    assert not looks_like_protocol(text.encode("gb18030"))


@given(st.text(min_size=1))
def test_no_text_with_a_stolen_end_looks_like_the_protocol(text: str) -> None:
    """Neither when bytes 4 and 5 are right by chance: the first two settle it."""
    for encoding in ("utf-8", "gb18030"):
        start = text.encode(encoding, "replace")[:4]
        assert not looks_like_protocol(start.ljust(4, b"a") + b"\xc4\x08")


@pytest.mark.parametrize(
    "encoding",
    ["utf-8", "gbk", "gb18030", "big5", "big5hkscs", "shift_jis", "cp932", "euc_jp", "euc_kr"],
)
def test_no_text_of_that_encoding_starts_like_the_protocol(encoding: str) -> None:
    """Bytes 0 and 1 are no beginning of a text, for any version."""
    for version in range(1, 16):
        with pytest.raises(UnicodeDecodeError):
            bytes((0x98, version)).decode(encoding)


def test_datagrams_of_later_versions_look_like_the_protocol() -> None:
    """They are dropped, and never stored as somebody's text."""
    looks = [value for value in range(256) if looks_like_protocol(with_byte(1, value))]
    assert looks == list(range(1, 16))


@given(st.one_of(st.binary(max_size=8), st.from_regex(rb"\x98[\0-\x20]..\xc4[\x07-\x09]")))
def test_looking_is_total(data: bytes) -> None:
    """Any bytes, none at all included, get the answer that the layout gives."""
    looks = re.match(rb"\x98[\x01-\x0f]..\xc4\x08", data, re.DOTALL)
    assert looks_like_protocol(data) == (looks is not None)
