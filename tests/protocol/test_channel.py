"""A request reaches one server, its reply one request, and no text changes on the way."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.channel import open_reply, seal_reply, seal_request
from protocol.envelope import Envelope, Kind, parse_envelope
from protocol.errors import ErrorCode
from protocol.fields import read_fields
from protocol.identifiers import EntryId
from protocol.keys import derive_token_keys, open_sealed, seal
from protocol.messages.account import Ping
from protocol.messages.base import Message, Refusal, Reply, Request
from protocol.messages.coding import decode_reply
from protocol.messages.table import BY_NAME, OPERATIONS
from protocol.messages.writing import MAX_TEXT_BYTES, Put
from protocol.packing import unpack
from tests.protocol.strategies import (
    REPLIES,
    REQUESTS,
    bounded_text,
    entry_ids,
    garbage,
    refusals,
    timestamps,
)
from tests.protocol.totality import attempt, is_refused

KEYS = derive_token_keys(bytes(range(32)), b"12345678")
RID = EntryId.make(0, bytes(10))
PING = parse_envelope(seal_request(KEYS, RID, 0, Ping()))


def read_request(envelope: Envelope) -> Message:
    """Open a request as a server does, whatever it asks."""
    values = unpack(open_sealed(KEYS.to_server, envelope))
    return read_fields(BY_NAME[str(values.pop("op"))].request, values)


@given(st.one_of(*REQUESTS.values()), entry_ids, timestamps)
def test_a_request_comes_back(request: Request, rid: EntryId, now: int) -> None:
    """Every legal request fits a datagram and is read as it was asked."""
    envelope = parse_envelope(seal_request(KEYS, rid, now, request))
    assert (envelope.kind, envelope.kid, envelope.rid) == (Kind.REQUEST, KEYS.kid, rid)
    assert read_request(envelope) == request


@given(bounded_text(1, MAX_TEXT_BYTES))
def test_any_text_travels_byte_for_byte(text: str) -> None:
    """Controls, direction marks, line breaks and look-alikes of headers included."""
    read = read_request(parse_envelope(seal_request(KEYS, RID, 0, Put(0, 0, text))))
    assert isinstance(read, Put)
    assert read.text.encode() == text.encode()


@given(st.sampled_from(OPERATIONS), timestamps, st.data())
def test_a_reply_comes_back(operation: object, now: int, data: st.DataObject) -> None:
    """Every legal reply and refusal fits a datagram and answers its request."""
    assert isinstance(operation, type(OPERATIONS[0]))
    reply: Reply | Refusal = data.draw(st.one_of(REPLIES[operation.reply], refusals))
    envelope = parse_envelope(seal_reply(KEYS, PING, now, reply))
    assert (envelope.kind, envelope.kid, envelope.rid) == (Kind.REPLY, KEYS.kid, RID)
    assert decode_reply(operation.reply, open_reply(KEYS, envelope, PING.tag)) == reply


@given(refusals)
def test_a_reply_answers_one_datagram(refusal: Refusal) -> None:
    """An old BUSY cannot be replayed at a retransmission of the same id, signed a moment later."""
    again = parse_envelope(seal_request(KEYS, RID, 1, Ping()))
    envelope = parse_envelope(seal_reply(KEYS, PING, 0, refusal))
    assert is_refused(open_reply, KEYS, envelope, again.tag)
    assert is_refused(open_reply, KEYS, envelope, b"")
    assert open_reply(KEYS, envelope, PING.tag)


def test_a_reflected_request_is_no_reply() -> None:
    """Neither as it was sent nor relabelled by somebody who can sign for the client."""
    assert is_refused(open_reply, KEYS, PING, PING.tag)
    for kind in Kind:
        data = seal(KEYS.to_server, kind, KEYS.kid, RID, 0, b"\x80", PING.tag)
        assert is_refused(open_reply, KEYS, parse_envelope(data), PING.tag)


def test_a_reply_is_no_request() -> None:
    """The client's keys do not open what the server said."""
    reply = parse_envelope(seal_reply(KEYS, PING, 0, Refusal(ErrorCode.BUSY, "", 0)))
    assert is_refused(open_sealed, KEYS.to_server, reply)
    assert is_refused(open_sealed, KEYS.to_server, reply, PING.tag)


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.REPLY])
def test_only_a_reply_is_a_reply(kind: Kind) -> None:
    """Another kind is refused though the server signed it."""
    data = seal(KEYS.to_client, kind, KEYS.kid, RID, 0, b"\x80", PING.tag)
    assert is_refused(open_reply, KEYS, parse_envelope(data), PING.tag)


def test_another_tokens_reply_is_refused() -> None:
    """By its key id, and by its keys if it claims ours."""
    other = derive_token_keys(bytes(range(32)), b"87654321")
    envelope = parse_envelope(seal_reply(other, PING, 0, Refusal(ErrorCode.BUSY, "", 0)))
    claimed = seal(other.to_client, Kind.REPLY, KEYS.kid, RID, 0, b"\x80", PING.tag)
    assert is_refused(open_reply, KEYS, envelope, PING.tag)
    assert is_refused(open_reply, KEYS, parse_envelope(claimed), PING.tag)
    assert open_reply(other, envelope, PING.tag)


@given(garbage)
def test_signed_garbage_is_refused_by_the_server(plaintext: bytes) -> None:
    """A client with the right keys and the wrong bytes gets a refusal, never a crash."""
    data = seal(KEYS.to_server, Kind.REQUEST, KEYS.kid, RID, 0, plaintext)
    opened = open_sealed(KEYS.to_server, parse_envelope(data))
    assert opened == plaintext
    values = attempt(unpack, opened) or {}
    for operation in OPERATIONS:
        fields = {name: value for name, value in values.items() if name != "op"}
        message = attempt(read_fields, operation.request, fields)
        assert message is None or isinstance(message, operation.request)


@given(garbage)
def test_signed_garbage_is_refused_by_the_client(plaintext: bytes) -> None:
    """A server with the right keys and the wrong bytes gets nowhere either."""
    data = seal(KEYS.to_client, Kind.REPLY, KEYS.kid, RID, 0, plaintext, PING.tag)
    opened = open_reply(KEYS, parse_envelope(data), PING.tag)
    for reply in REPLIES:
        message = attempt(decode_reply, reply, opened)
        assert message is None or isinstance(message, reply | Refusal)


@given(st.binary(max_size=1300))
def test_unsigned_garbage_is_refused(data: bytes) -> None:
    """Whoever lacks the keys says nothing, whatever bytes they choose."""
    for body in (data, PING.signed + data[:32].ljust(32, b"\0")):
        envelope = attempt(parse_envelope, body)
        assert envelope is None or is_refused(open_reply, KEYS, envelope, PING.tag)
        assert envelope is None or is_refused(open_sealed, KEYS.to_server, envelope)
