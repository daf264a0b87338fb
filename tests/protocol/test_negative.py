"""What must be dropped, ignored or refused, is: `tests/golden/v1/negative.json`, fault by fault."""

from typing import Any, Final

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from protocol.channel import open_reply
from protocol.envelope import SUITE, TAG_BYTES, Kind, looks_like_protocol, parse_envelope
from protocol.errors import MalformedError
from protocol.fields import read_fields
from protocol.invite import parse_invite
from protocol.keys import derive_token_keys, open_sealed
from protocol.login import decode_login, is_login_authentic, open_grant, open_login
from protocol.messages.account import Grant
from protocol.messages.base import Request
from protocol.messages.coding import decode_reply
from protocol.messages.forms import split_form
from protocol.messages.table import BY_NAME
from protocol.messages.writing import Stored
from protocol.offer import Statement, decode_hello, decode_offer, verify_offer
from protocol.packing import unpack
from protocol.tokenword import parse_token
from tests.protocol.golden import octets, vectors
from tests.protocol.totality import is_refused

Vector = dict[str, Any]
NEGATIVE: Final = vectors("negative")
LOGIN: Final = vectors("login")
WORKED: Final = vectors("worked")
PUT: Final = vectors("requests")["put_ascii"]
KEYS: Final = derive_token_keys(octets(PUT, "root"), octets(PUT, "kid"))
STATEMENT: Final = Statement(**LOGIN["offer"]["statement"])
PREKEY: Final = X25519PrivateKey.from_private_bytes(octets(LOGIN["offer"], "prekey_private"))


def each(group: str) -> pytest.MarkDecorator:
    """Run a test for each vector of a group."""
    cases = NEGATIVE[group]
    return pytest.mark.parametrize("vector", cases.values(), ids=cases)


def opened_request(datagram: bytes) -> bytes:
    """Open a request as a server does that has put_ascii's token."""
    envelope = parse_envelope(datagram)
    if (envelope.kind, envelope.suite, envelope.kid) != (Kind.REQUEST, SUITE, KEYS.kid):
        raise MalformedError("not a request under this token")
    return open_sealed(KEYS.to_server, envelope)


def read_request(packed: bytes) -> Request:
    """Read a request; the server's door does the same by pydantic."""
    values = unpack(packed)
    operation = BY_NAME.get(str(values.pop("op", None)))
    if operation is None:
        raise MalformedError("no such operation")
    return read_fields(operation.request, values)


@each("requests")
def test_a_datagram_that_is_dropped_opens_for_no_server(vector: Vector) -> None:
    """By its shape, its tag or its seal."""
    assert is_refused(opened_request, octets(vector, "datagram"))


@each("invalid")
def test_what_is_invalid_opens_and_is_refused(vector: Vector) -> None:
    """Signed and sealed as it must be, so that the answer is no silence."""
    assert opened_request(octets(vector, "datagram")) == octets(vector, "packed")
    assert is_refused(read_request, octets(vector, "packed"))


@each("accepted")
def test_every_width_that_holds_the_value_is_accepted(vector: Vector) -> None:
    """And every order of the fields."""
    assert read_request(opened_request(octets(vector, "datagram"))).op in {"ping", "put"}


@each("replies")
def test_what_is_no_answer_is_not_taken_for_one(vector: Vector) -> None:
    """Neither by the keys nor, where it opens, by the message."""
    tag = octets(PUT, "datagram")[-TAG_BYTES:]

    def opened() -> bytes:
        envelope = parse_envelope(octets(vector, "datagram"))
        if envelope.rid != octets(PUT, "rid"):
            raise MalformedError("not about this request")
        return open_reply(KEYS, envelope, tag)

    assert is_refused(opened) is not vector["opens"]
    if vector["opens"]:
        assert is_refused(decode_reply, Stored, opened())


@each("hellos")
def test_a_wrong_hello_is_refused(vector: Vector) -> None:
    """Or names no version that is spoken."""

    def greeted() -> None:
        hello = decode_hello(parse_envelope(octets(vector, "datagram")))
        if not hello.lowest <= 1 <= hello.highest:
            raise MalformedError("no common version")

    assert is_refused(greeted)


@each("offers")
def test_a_wrong_offer_fails_at_its_check(vector: Vector) -> None:
    """Of the four that a client makes, that one and none before."""
    found = 1
    try:
        offer = decode_offer(parse_envelope(octets(vector, "datagram")))
        verify_offer(offer)
    except MalformedError:
        pass
    else:
        stated, now = offer.statement, STATEMENT.not_before
        passed = [
            stated.identity == STATEMENT.identity,
            stated.not_before - 120_000 <= now <= stated.not_after + 120_000,
            stated.lowest <= 1 <= stated.highest,
        ]
        found = 2 + passed.index(False)
    assert found == vector["check"]


@each("logins")
def test_a_wrong_login_is_refused(vector: Vector) -> None:
    """By its seal, its padding, its form or its tag."""

    def opened() -> None:
        envelope = parse_envelope(octets(vector, "datagram"))
        kind, values = split_form(open_login(envelope, decode_login(envelope), STATEMENT, PREKEY))
        if not is_login_authentic(envelope, read_fields(kind, values).key):
            raise MalformedError("not signed with the sealed key")

    assert is_refused(opened)


@each("grants")
def test_a_wrong_grant_opens_for_nobody(vector: Vector) -> None:
    """Who sent the worked LOGIN waits on."""
    login = parse_envelope(octets(WORKED["login"], "datagram"))
    key = octets(WORKED["grant"], "reply_key")

    def opened() -> Grant | object:
        plaintext = open_grant(key, login, parse_envelope(octets(vector, "datagram")))
        return decode_reply(Grant, plaintext)

    assert is_refused(opened)


@each("words")
def test_a_damaged_word_is_refused(vector: Vector) -> None:
    """As an invite and as a token."""
    assert is_refused(parse_invite, vector["word"])
    assert is_refused(parse_token, vector["word"])


def test_none_of_them_is_taken_for_plain_text() -> None:
    """But those whose first bytes are no DIARY's."""
    others = {"array", "version_0", "kid_width"}
    for name, vector in NEGATIVE["requests"].items():
        assert looks_like_protocol(octets(vector, "datagram")) is (name not in others), name
