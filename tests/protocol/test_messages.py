"""The table of operations is complete, every message has its bounds, and every bound fits."""

from dataclasses import fields
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol import messages
from protocol.channel import seal_reply, seal_request
from protocol.envelope import MAX_DATAGRAM, MAX_PLAINTEXT, parse_envelope
from protocol.errors import REFUSALS, ErrorCode
from protocol.fields import FieldType, field_type, read_fields
from protocol.identifiers import MAX_MILLISECONDS, Day, EntryId, Username
from protocol.keys import derive_token_keys
from protocol.messages import (
    BY_NAME,
    BY_REQUEST,
    LAST_MILLISECONDS,
    MAX_FILE_BYTES,
    MAX_GENERATION,
    MIN_MILLISECONDS,
    OPERATIONS,
    Chunk,
    Clear,
    Cleared,
    DayList,
    DayRow,
    Days,
    Grant,
    Identity,
    LoginForm,
    Message,
    Operation,
    Ping,
    Put,
    Read,
    Refusal,
    Reply,
    Request,
    Scope,
    Stored,
    Whoami,
    allows,
    decode_reply,
    encode_login_form,
    encode_reply,
    encode_request,
    padded,
    parse_code,
    parse_scopes,
)
from protocol.packing import unpack
from tests.protocol.strategies import REPLIES, REQUESTS, any_text, forms, garbage, refusals
from tests.protocol.totality import attempt, is_refused

KEYS = derive_token_keys(bytes(32), bytes(8))
RID = EntryId.make(0, bytes(10))
ALL = [value for value in vars(messages).values() if isinstance(value, type)]
DAY: Final = Day("9999-12-31")
SMALLEST: Final[dict[type[Request], Request]] = {
    Put: Put(0, 0, "a"),
    Days: padded(Days(DAY, DAY)),
    Read: padded(Read(DAY, 0, 0)),
    Clear: Clear(DAY, 0),
    Whoami: Whoami(),
    Ping: Ping(),
}
LARGEST: Final[dict[type[Reply], Reply]] = {
    Stored: Stored(DAY, dup=True),
    DayList: DayList(
        (DayRow(DAY, MAX_GENERATION, MAX_FILE_BYTES, MAX_FILE_BYTES),) * 30, more=True
    ),
    Chunk: Chunk(bytes(1040), MAX_FILE_BYTES),
    Cleared: Cleared("a" * 80),
    Identity: Identity(Username("a" * 32), "full read write", MAX_MILLISECONDS, MAX_MILLISECONDS),
}
every_operation = pytest.mark.parametrize("operation", OPERATIONS, ids=lambda row: row.name)


def request_size(request: Request) -> int:
    """Give the length of a request's datagram."""
    return len(seal_request(KEYS, RID, 0, request))


def reply_size(reply: Reply | Refusal) -> int:
    """Give the length of a reply's datagram."""
    envelope = parse_envelope(seal_request(KEYS, RID, 0, Ping()))
    return len(seal_reply(KEYS, envelope, 0, reply))


def test_the_table_has_every_message() -> None:
    """A request or a reply that no row names could be sent and never answered."""
    requests = {kind for kind in ALL if issubclass(kind, Request) and kind is not Request}
    replies = {kind for kind in ALL if issubclass(kind, Reply) and kind is not Reply}
    assert {row.request for row in OPERATIONS} == requests == set(REQUESTS) == set(SMALLEST)
    assert {row.reply for row in OPERATIONS} | {Grant} == replies == set(REPLIES)
    assert {row.reply for row in OPERATIONS} == set(LARGEST)
    assert len(OPERATIONS) == len(BY_NAME) == len(BY_REQUEST) == len(requests)
    for row in OPERATIONS:
        assert BY_NAME[row.name] is BY_REQUEST[row.request] is row


def test_names_and_scopes_are_the_documented_ones() -> None:
    """They are part of the protocol, not of the code."""
    assert {row.name: row.scope.value for row in OPERATIONS} == {
        "put": "write",
        "days": "read",
        "read": "read",
        "clear": "full",
        "whoami": "any",
        "ping": "any",
    }


@given(st.one_of(*REQUESTS.values()))
def test_a_request_is_a_map_of_its_fields_and_its_name(request: Request) -> None:
    """Plain msgpack types under the names of the fields."""
    values = unpack(encode_request(request))
    operation = BY_NAME[str(values.pop("op"))]
    assert operation.request is type(request)
    assert read_fields(operation.request, values) == request


@given(st.sampled_from([row.reply for row in OPERATIONS] + [Grant]), st.data())
def test_a_reply_comes_back(kind: type[Reply], data: st.DataObject) -> None:
    """A reply is read as its own kind."""
    reply = data.draw(REPLIES[kind])
    assert decode_reply(kind, encode_reply(reply)) == reply


@given(st.sampled_from([row.reply for row in OPERATIONS] + [Grant]), refusals)
def test_a_refusal_comes_back_whatever_was_asked(kind: type[Reply], refusal: Refusal) -> None:
    """And knows the error it means, with the note and the server's time."""
    read = decode_reply(kind, encode_reply(refusal))
    assert read == refusal
    assert isinstance(read, Refusal)
    error = read.error()
    assert type(error) is REFUSALS[refusal.code]
    assert (error.note, error.server_time) == (refusal.note, refusal.time)


@given(forms)
def test_a_login_form_comes_back(form: LoginForm) -> None:
    """With its password, whatever signs it is made of."""
    assert read_fields(LoginForm, unpack(encode_login_form(form))) == form


@given(st.sampled_from([*LARGEST, Grant]), garbage)
def test_reading_a_reply_is_total(kind: type[Reply], plaintext: bytes) -> None:
    """Any plaintext gives the reply, a refusal, or MalformedError."""
    answer = attempt(decode_reply, kind, plaintext)
    assert answer is None or isinstance(answer, kind | Refusal)


def test_the_answer_to_another_request_is_refused() -> None:
    """A reply of another kind does not pass for the one that was asked for."""
    for kind in LARGEST:
        for other, reply in LARGEST.items():
            if other is not kind:
                assert is_refused(decode_reply, kind, encode_reply(reply))


@every_operation
@given(st.data())
def test_every_request_fits_a_datagram(operation: Operation, data: st.DataObject) -> None:
    """No legal request is too long for its envelope."""
    assert request_size(data.draw(REQUESTS[operation.request])) <= MAX_DATAGRAM


@pytest.mark.parametrize(
    "request_",
    [
        Put(MIN_MILLISECONDS, -1080, "今" * 341 + "a", star=True),
        Put(LAST_MILLISECONDS, 1080, "\x00" * 1024, star=True),
        Days(DAY, DAY, bytes(400)),
        Read(DAY, MAX_GENERATION, MAX_FILE_BYTES, bytes(400)),
    ],
    ids=["put", "put of NUL", "days", "read"],
)
def test_the_largest_requests_fit_a_datagram(request_: Request) -> None:
    """Each field at its longest."""
    assert request_size(request_) <= MAX_DATAGRAM


@every_operation
def test_the_largest_reply_fits_and_amplifies_at_most_thrice(operation: Operation) -> None:
    """Whoever replays a request to a victim's address gains little; readers pad for it."""
    largest = reply_size(LARGEST[operation.reply])
    assert largest <= MAX_DATAGRAM
    assert largest <= 3 * request_size(SMALLEST[operation.request])


@every_operation
def test_the_largest_refusal_amplifies_at_most_thrice(operation: Operation) -> None:
    """Also to the shortest request."""
    longest_code = max(REFUSALS, key=len)
    refusal = Refusal(longest_code, "é" * 60, MAX_MILLISECONDS)
    assert reply_size(refusal) <= 3 * request_size(SMALLEST[operation.request])


@given(st.one_of(REQUESTS[Days], REQUESTS[Read]))
def test_a_padded_request_pays_for_a_full_reply(request: Request) -> None:
    """400 bytes, or 401 where msgpack needs one more; padding again changes nothing."""
    assert isinstance(request, Days | Read)
    once = padded(request)
    assert request_size(once) in {400, 401}
    assert padded(once) == once
    assert not any(once.pad)


def test_the_largest_form_and_grants_fit_their_plaintext() -> None:
    """Their padding hides every length that is legal."""
    form = LoginForm(
        Username("a" * 32),
        "p" * 256,
        bytes(16),
        bytes(32),
        "é" * 32,
        "full read write",
        MAX_MILLISECONDS,
        15,
        15,
    )
    grant = Grant(bytes(8), bytes(32), MAX_MILLISECONDS, "full read write", 15, MAX_MILLISECONDS)
    refusal = Refusal(max(REFUSALS, key=len), "é" * 60, MAX_MILLISECONDS)
    assert len(encode_login_form(form)) <= 1010 - 2
    assert len(encode_reply(grant)) <= 256 - 2
    assert len(encode_reply(refusal)) <= 256 - 2
    assert MAX_PLAINTEXT == 1106


@pytest.mark.parametrize("text", ["\ud800", "a\udcff"])
def test_a_lone_surrogate_is_refused_before_it_is_sent(text: str) -> None:
    """What a command line could not decode is an error with a sentence, not a crash."""
    assert is_refused(encode_request, Put(0, 0, text))


def test_secrets_and_diary_text_are_shown_to_nobody() -> None:
    """No message that lands in a log or a traceback tells them."""
    secret = b"secret" * 5 + b"!!"
    form = LoginForm(Username("alice"), "secret", secret[:16], secret, "laptop", "full", 0, 1, 1)
    assert "secret" not in repr(form)
    assert "secret" not in repr(Grant(bytes(8), secret, 0, "full", 1, 0))
    assert "secret" not in repr(Put(0, 0, "secret"))


@pytest.mark.parametrize(
    ("scopes", "allowed"),
    [
        ("read", {Scope.READ, Scope.ANY}),
        ("write", {Scope.WRITE, Scope.ANY}),
        ("read write", {Scope.READ, Scope.WRITE, Scope.ANY}),
        ("full", set(Scope)),
        ("full read", set(Scope)),
    ],
)
def test_a_scope_allows_what_it_names(scopes: str, allowed: set[Scope]) -> None:
    """`full` implies the others; neither read nor write implies the other."""
    assert {needed for needed in Scope if allows(scopes, needed)} == allowed


@given(st.one_of(any_text, st.lists(st.sampled_from(["read", "write", "full", "any", "", " "]))))
def test_scopes_and_codes_are_total(words: str | list[str]) -> None:
    """What parses is written in its one form."""
    text = words if isinstance(words, str) else " ".join(words)
    scopes = attempt(parse_scopes, text)
    assert scopes is None or (scopes == text and text.split() == sorted(set(text.split())))
    code = attempt(parse_code, text)
    assert code is None or (code == text and code is not ErrorCode.OK)


def test_every_field_is_declared_with_its_bounds() -> None:
    """One without a FieldType would be unchecked on one side."""
    kinds = [kind for kind in ALL if issubclass(kind, Message | DayRow) and kind is not Message]
    declared = [item.type for kind in kinds for item in fields(kind)]
    assert len(declared) > len(kinds)
    assert all(isinstance(field_type(annotation), FieldType) for annotation in declared)
