"""The golden vectors, both ways: their bytes give their values, their values give their bytes.

The files under tests/golden/v1 never change; what other people wrote was checked against them.
"""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any, Final

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from protocol.address import Address
from protocol.caseless import caseless
from protocol.channel import open_reply, seal_reply, seal_request
from protocol.dayfile import Foreign, Record, fold, format_record, parse_day_file
from protocol.envelope import Kind, looks_like_protocol, parse_envelope
from protocol.errors import REFUSALS, MalformedError
from protocol.fields import read_fields
from protocol.identifiers import Day, EntryId, Username
from protocol.identity import fingerprint
from protocol.invite import Invite, parse_invite
from protocol.keys import derive_token_keys, expand, is_authentic, open_sealed
from protocol.login import (
    decode_login,
    encode_grant,
    encode_login,
    is_login_authentic,
    is_proof,
    login_digest,
    open_grant,
    open_login,
    prove,
    sealed_binding,
)
from protocol.messages.account import Grant
from protocol.messages.base import Refusal, Reply, Request
from protocol.messages.coding import decode_hinted_reply, decode_reply, encode_reply, encode_request
from protocol.messages.forms import FORMS as MESSAGE_FORMS
from protocol.messages.forms import Form, PasswordForm, RenewalForm, encode_form, split_form
from protocol.messages.parts import bitmap_of, cut
from protocol.messages.table import BY_NAME, OPERATIONS
from protocol.messages.writing import Put, Stored
from protocol.offer import (
    Hello,
    Offer,
    Statement,
    decode_hello,
    decode_offer,
    encode_hello,
    encode_offer,
    statement_id,
    verify_offer,
)
from protocol.packing import pack, unpack, unpack_long
from protocol.tokenword import TokenWord, parse_token
from tests.protocol.golden import all_vectors, octets, vectors
from tests.protocol.totality import is_refused

Vector = dict[str, Any]

REQUESTS: Final = all_vectors("requests")
REPLIES: Final = all_vectors("replies")
REFUSED: Final = vectors("refusals")
FORMS: Final = vectors("account_logins")
LOGIN: Final = vectors("login") | FORMS
KEYS: Final = vectors("keys")
OFFER: Final = LOGIN["offer"]
PREKEY: Final = X25519PrivateKey.from_private_bytes(octets(OFFER, "prekey_private"))
LOGINS: Final = ("login_password", "login_invite", *FORMS)
GRANTS: Final = ("grant_token", "grant_denied")
WORKED: Final = vectors("worked")
WORKED_GRANTS: Final = sorted(WORKED.keys() - {"put", "login"})


def request_of(vector: Vector) -> Request:
    """Give the request that a vector's values describe."""
    values = dict(vector["plaintext"])
    return read_fields(BY_NAME[values.pop("op")].request, values)


def answer_of(vector: Vector, kind: type[Reply]) -> Reply | Refusal:
    """Give the reply or the refusal that a vector's values describe."""
    values = dict(vector["plaintext"])
    if values["code"] != "OK":
        return read_fields(Refusal, values)
    del values["code"]
    values.pop("renew", None)
    return read_fields(kind, values)


def form_of(vector: Vector) -> Form:
    """Give the form that a vector's values describe."""
    values = dict(vector["form"])
    return read_fields(MESSAGE_FORMS[values.pop("form", None)], values)


def statement() -> Statement:
    """Give the statement of the offer's vector."""
    return Statement(**OFFER["statement"])


def offer() -> Offer:
    """Give the offer of its vector, signed anew: Ed25519 signs equal bytes equally."""
    identity = Ed25519PrivateKey.from_private_bytes(octets(OFFER, "identity_seed"))
    return Offer(octets(OFFER, "cookie"), statement(), identity.sign(statement().encode()))


@pytest.mark.parametrize("name", REQUESTS)
def test_requests(name: str) -> None:
    """Each request's bytes open to its values; its values seal to its bytes."""
    vector = REQUESTS[name]
    keys = derive_token_keys(octets(vector, "root"), octets(vector, "kid"))
    envelope = parse_envelope(octets(vector, "datagram"))
    assert (envelope.kind, envelope.kid) == (Kind.REQUEST, keys.kid)
    assert (envelope.rid.hex(), envelope.timestamp) == (vector["rid"], vector["timestamp"])
    plaintext = open_sealed(keys.to_server, envelope)
    assert plaintext == octets(vector, "packed")
    assert list(map(list, unpack(plaintext).items())) == vector["plaintext"]

    request = request_of(vector)
    assert encode_request(request) == plaintext
    rid = EntryId(octets(vector, "rid"))
    assert seal_request(keys, rid, vector["timestamp"], request) == octets(vector, "datagram")


@pytest.mark.parametrize("vector", [*REPLIES.values(), *REFUSED.values()], ids=[*REPLIES, *REFUSED])
def test_replies_and_refusals(vector: Vector) -> None:
    """Each answer's bytes open, for its request alone, to its values, and the other way."""
    keys = derive_token_keys(octets(vector, "root"), octets(vector, "kid"))
    request = parse_envelope(octets(REQUESTS[vector["request"]], "datagram"))
    kind = BY_NAME[dict(REQUESTS[vector["request"]]["plaintext"])["op"]].reply
    assert request.tag == octets(vector, "request_tag")
    envelope = parse_envelope(octets(vector, "datagram"))
    assert (envelope.rid.hex(), envelope.timestamp) == (vector["rid"], vector["timestamp"])
    plaintext = open_reply(keys, envelope, request.tag)
    assert plaintext == octets(vector, "packed")
    assert list(map(list, unpack(plaintext).items())) == vector["plaintext"]

    answer = answer_of(vector, kind)
    renew = "renew" in dict(vector["plaintext"])
    assert decode_hinted_reply(kind, plaintext) == (answer, renew)
    assert encode_reply(answer, renew=renew) == plaintext
    sealed = seal_reply(keys, request, vector["timestamp"], answer, renew=renew)
    assert sealed == octets(vector, "datagram")


@pytest.mark.parametrize("name", WORKED_GRANTS)
def test_worked_grants(name: str) -> None:
    """Each opens, for the worked LOGIN alone, to its values, and the other way."""
    vector = WORKED[name]
    login = parse_envelope(octets(WORKED["login"], "datagram"))
    key, datagram = octets(vector, "reply_key"), octets(vector, "datagram")
    assert login_digest(login) == octets(vector, "login_digest")
    plaintext = open_grant(key, login, parse_envelope(datagram))
    assert plaintext == octets(vector, "packed")
    answer = answer_of(vector, Grant)
    assert isinstance(answer, Grant | Refusal)
    assert encode_grant(key, login, vector["timestamp"], answer) == datagram
    assert datagram[44:60] == octets(vector, "siv")
    other = parse_envelope(octets(LOGIN["login_password"], "datagram"))
    assert is_refused(open_grant, key, other, parse_envelope(datagram))


def test_the_worked_login() -> None:
    """It opens as one of the library's does, though its ephemeral key was given."""
    vector = WORKED["login"]
    envelope = parse_envelope(octets(vector, "datagram"))
    login = decode_login(envelope)
    form = form_of(vector)
    assert open_login(envelope, login, statement(), PREKEY) == octets(vector, "packed")
    assert is_login_authentic(envelope, form.key)
    assert sealed_binding(envelope, login, statement()) == octets(vector, "info")
    assert login.sealed == octets(vector, "enc") + octets(vector, "ciphertext")


def test_the_worked_put() -> None:
    """Its seal, step by step, is the body of put_ascii."""
    vector, body = WORKED["put"], octets(REQUESTS["put_ascii"], "datagram")[44:-34]
    assert octets(vector, "v") + octets(vector, "ciphertext") == body
    assert octets(vector, "packed") == octets(REQUESTS["put_ascii"], "packed")


def test_a_put_cut_in_parts() -> None:
    """The whole plaintext gives the parts of their requests, and the answer is that of a `put`."""
    vector = vectors("cut")
    values = unpack_long(octets(vector, "packed"))
    assert values.pop("op") == "put"
    put = read_fields(Put, values)
    parts = cut(EntryId(octets(vector, "id")), encode_request(put))
    assert encode_request(put) == octets(vector, "packed")
    assert [part.data.hex() for part in parts] == vector["parts"]
    assert {part.digest.hex() for part in parts} == {vector["digest"]}
    assert [request_of(REQUESTS[name]) for name in vector["requests"]] == parts
    told = [bitmap_of(range(number), len(parts)) for number in range(1, len(parts))]
    assert [each.hex() for each in told] == vector["bitmaps"]
    assert decode_reply(Stored, octets(vector, "answer")) == Stored(Day("2026-11-22"), dup=False)


def test_every_message_has_a_vector() -> None:
    """Each operation, each reply, each code but OK."""
    asked = {dict(vector["plaintext"])["op"] for vector in REQUESTS.values()}
    answered = {dict(REQUESTS[vector["request"]]["plaintext"])["op"] for vector in REPLIES.values()}
    refused = {dict(vector["plaintext"])["code"] for vector in REFUSED.values()}
    assert asked == answered == {operation.name for operation in OPERATIONS}
    assert refused == {str(code) for code in REFUSALS}
    assert set(LOGIN) == {"hello", "offer", *LOGINS, *GRANTS}


def test_hello() -> None:
    """Its bytes give its values, and the other way."""
    vector = LOGIN["hello"]
    hello = Hello(octets(vector, "nonce"), vector["lowest"], vector["highest"])
    data = encode_hello(EntryId(octets(vector, "rid")), vector["timestamp"], hello)
    assert data == octets(vector, "datagram")
    assert decode_hello(parse_envelope(data)) == hello


def test_offer() -> None:
    """Its bytes give its values, its signature is right, and the other way."""
    decoded = decode_offer(parse_envelope(octets(OFFER, "datagram")))
    verify_offer(decoded)
    assert decoded == offer()
    assert asdict(decoded.statement) == OFFER["statement"]
    assert decoded.statement.encode() == octets(OFFER, "signed")
    assert decoded.signature == octets(OFFER, "signature")
    assert statement_id(decoded.statement) == octets(OFFER, "statement_id")
    assert PREKEY.public_key().public_bytes_raw() == decoded.statement.prekey
    data = encode_offer(EntryId(octets(OFFER, "rid")), OFFER["timestamp"], offer())
    assert data == octets(OFFER, "datagram")


@pytest.mark.parametrize("name", LOGINS)
def test_login(name: str) -> None:
    """Its bytes open to its values; sealed anew, its values open again (HPKE draws a fresh key)."""
    vector = LOGIN[name]
    form = form_of(vector)
    packed = octets(vector, "packed")
    rid, nonce = EntryId(octets(vector, "rid")), octets(vector, "nonce")
    again = encode_login(rid, vector["timestamp"], offer(), nonce, form)
    assert pack(dict(vector["form"])) == packed == encode_form(form)
    for data in (octets(vector, "datagram"), again):
        envelope = parse_envelope(data)
        login = decode_login(envelope)
        assert (envelope.rid, envelope.timestamp) == (rid, vector["timestamp"])
        assert (login.cookie, login.nonce) == (octets(vector, "cookie"), nonce)
        assert login.statement_id == octets(OFFER, "statement_id")
        assert open_login(envelope, login, statement(), PREKEY) == packed
        assert is_login_authentic(envelope, form.key)
    assert again[:108] == octets(vector, "datagram")[:108]


@pytest.mark.parametrize("name", ["renewal", "password"])
def test_proofs(name: str) -> None:
    """A form's proof is that of its token for its LOGIN, and of no other."""
    vector = FORMS[name]
    form = form_of(vector)
    assert isinstance(form, RenewalForm | PasswordForm)
    envelope = parse_envelope(octets(vector, "datagram"))
    binding = octets(vector, "binding")
    root = octets(vector, "root")
    assert expand(root, b"diary/1 renewal" + form.kid, 32) == octets(vector, "proof_key")
    assert sealed_binding(envelope, decode_login(envelope), statement()) == binding
    assert prove(root, type(form), form.kid, form.key, binding) == form.proof
    assert is_proof(root, form, binding)


@pytest.mark.parametrize("name", GRANTS)
def test_grant(name: str) -> None:
    """Its bytes open, for its LOGIN alone, to its values, and the other way."""
    vector = LOGIN[name]
    login = parse_envelope(octets(LOGIN[vector["login"]], "datagram"))
    key = octets(vector, "reply_key")
    plaintext = open_grant(key, login, parse_envelope(octets(vector, "datagram")))
    assert plaintext == octets(vector, "packed")
    answer = answer_of(vector, Grant)
    assert isinstance(answer, Grant | Refusal)
    assert decode_reply(Grant, plaintext) == answer
    assert encode_grant(key, login, vector["timestamp"], answer) == octets(vector, "datagram")


def test_keys() -> None:
    """Roots and reply keys expand to the material of the vectors, and sign with it."""
    for vector in KEYS["token"]:
        root, kid, material = (octets(vector, name) for name in ("root", "kid", "material"))
        info = b"diary/1 keys" + bytes((vector["suite"],)) + kid
        assert expand(root, info, 192) == material
        keys = derive_token_keys(root, kid)
        assert (keys.to_server.mac, keys.to_client.mac) == (material[:32], material[96:128])
    login = KEYS["login"]
    for name in ("login_tag", "grant_tag", "grant_body"):
        derived = octets(login, name)
        label = f"diary/1 {name.replace('_', ' ')}".encode()
        assert expand(octets(login, "reply_key"), label, len(derived)) == derived
    sealed = parse_envelope(octets(LOGIN["login_password"], "datagram"))
    assert is_authentic(octets(login, "login_tag"), sealed)


def test_fingerprints() -> None:
    """A key's bytes give what people compare."""
    for vector in KEYS["fingerprint"]:
        assert fingerprint(octets(vector, "identity")) == vector["fingerprint"]


@pytest.mark.parametrize("vector", vectors("invites").values(), ids=vectors("invites"))
def test_invites(vector: Vector) -> None:
    """Each word gives its values, and the other way."""
    invite = Invite(
        Address.parse(vector["address"]),
        Username(vector["user"]),
        vector["fingerprint"],
        octets(vector, "code"),
    )
    assert parse_invite(vector["word"]) == invite
    assert invite.encode() == vector["word"]


@pytest.mark.parametrize("vector", vectors("caseless").values(), ids=vectors("caseless"))
def test_forms(vector: Vector) -> None:
    """Each text gives its form, and that is its own."""
    assert caseless(vector["text"]) == caseless(vector["form"]) == vector["form"]


@pytest.mark.parametrize("vector", vectors("tokens").values(), ids=vectors("tokens"))
def test_token_words(vector: Vector) -> None:
    """Each word gives its values, and the other way."""
    values = {name: value for name, value in vector.items() if name != "word"}
    token = TokenWord(
        **values | {"address": Address.parse(vector["address"]), "user": Username(vector["user"])}
    )
    assert parse_token(vector["word"]) == token
    assert token.encode() == vector["word"]


def as_vector(record: Record | Foreign) -> object:
    """Give a parsed line as the vectors have it."""
    fields = asdict(record)
    if not isinstance(record, Foreign):
        fields["stamp"] = record.stamp._asdict() | {"written": str(record.stamp)}
    if "attributes" in fields:
        fields["attributes"] = [list(pair) for pair in fields["attributes"]]
    return {"kind": type(record).__name__.lower(), **fields}


DAY_FILES: Final = {
    "dayfile": {"written", "amended", "removed", "restored", "foreign"},
    "dayfile_changes": {"written", "amended", "removed", "restored"},
    "dayfile_foreign": {"written", "foreign"},
}


@pytest.mark.parametrize("name", DAY_FILES)
def test_day_file(name: str) -> None:
    """Its bytes give its records and its entries; its records give its bytes."""
    vector = vectors(name)
    parsed = parse_day_file(octets(vector, "file"))
    assert [as_vector(record) for record in parsed] == vector["records"]
    assert [as_vector(entry) for entry in fold(parsed)] == vector["entries"]
    lines = [
        record.raw + b"\n" if isinstance(record, Foreign) else format_record(record)
        for record in parsed
    ]
    torn = len(b"".join(lines)) - len(octets(vector, "file"))
    assert torn == (name != "dayfile_changes")
    assert b"".join(lines).startswith(octets(vector, "file"))
    kinds = {record["kind"] for record in vector["records"]}
    assert kinds == DAY_FILES[name]


def open_request(data: bytes) -> None:
    """Open the datagram of any request's vector, as the server does."""
    open_sealed(derive_token_keys(bytes(range(32)), KID).to_server, parse_envelope(data))


def opener_of(vector: Vector) -> Callable[[bytes], object]:
    """Give what opens an answer, as the client that waits for it does."""
    keys = derive_token_keys(octets(vector, "root"), octets(vector, "kid"))
    tag = octets(vector, "request_tag")
    return lambda data: open_reply(keys, parse_envelope(data), tag)


def open_offer(data: bytes) -> None:
    """Read an offer as a client does."""
    verify_offer(decode_offer(parse_envelope(data)))


def open_sealed_login(data: bytes) -> None:
    """Read a LOGIN as a server does, its tag last, since its key is inside."""
    envelope = parse_envelope(data)
    login = decode_login(envelope)
    kind, values = split_form(open_login(envelope, login, statement(), PREKEY))
    form = read_fields(kind, values)
    if not is_login_authentic(envelope, form.key):
        raise MalformedError("not signed with the sealed key")


def open_sealed_grant(vector: Vector) -> Callable[[bytes], object]:
    """Give what opens a GRANT, as the client that waits for it does."""
    login = parse_envelope(octets(LOGIN[vector["login"]], "datagram"))
    key = octets(vector, "reply_key")
    return lambda data: open_grant(key, login, parse_envelope(data))


KID: Final = bytes(range(0xA0, 0xA8))
DATAGRAMS: Final[dict[str, tuple[bytes, Callable[[bytes], object]]]] = {
    name: (octets(vector, "datagram"), opener)
    for name, vector, opener in (
        *((name, vector, open_request) for name, vector in REQUESTS.items()),
        *((name, vector, opener_of(vector)) for name, vector in REPLIES.items()),
        *((name, vector, opener_of(vector)) for name, vector in REFUSED.items()),
        ("hello", LOGIN["hello"], lambda data: decode_hello(parse_envelope(data))),
        ("offer", OFFER, open_offer),
        *((name, LOGIN[name], open_sealed_login) for name in LOGINS),
        *((name, LOGIN[name], open_sealed_grant(LOGIN[name])) for name in GRANTS),
    )
}
every_datagram = pytest.mark.parametrize("name", DATAGRAMS)


ONE_OF_EACH_KIND: Final = {
    *("put_ascii", "put_stored", "refused_BUSY"),
    *("hello", "offer", "login_password", "grant_token"),
}
"""All others of a kind are protected in the same way: there one bit of each byte is enough."""


@every_datagram
def test_every_flipped_bit_is_refused(name: str) -> None:
    """A datagram with any one bit changed opens for nobody."""
    data, open_it = DATAGRAMS[name]
    open_it(data)
    for place in range(len(data)):
        for bit in range(8) if name in ONE_OF_EACH_KIND else (place % 8,):
            flipped = bytearray(data)
            flipped[place] ^= 1 << bit
            assert is_refused(open_it, bytes(flipped)), (place, bit)


def test_each_kind_is_searched_bit_by_bit() -> None:
    """Every name above is a datagram's, or its kind would be searched less."""
    assert set(DATAGRAMS) >= ONE_OF_EACH_KIND


@every_datagram
def test_every_cut_and_extension_is_refused(name: str) -> None:
    """A datagram cut at any length, at either end, or extended, opens for nobody."""
    data, open_it = DATAGRAMS[name]
    for length in range(len(data)):
        assert is_refused(open_it, data[:length])
        assert is_refused(open_it, data[len(data) - length :])
    for byte in range(256):
        assert is_refused(open_it, data + bytes((byte,)))
        assert is_refused(open_it, bytes((byte,)) + data)
    assert is_refused(open_it, data + data)


@every_datagram
def test_every_datagram_looks_like_the_protocol(name: str) -> None:
    """None of them is ever stored as plain text."""
    assert looks_like_protocol(DATAGRAMS[name][0])


def test_no_datagram_opens_as_another() -> None:
    """Each answers its own question; the others are noise to it."""
    for name, (_, open_it) in DATAGRAMS.items():
        same = {other for other in DATAGRAMS if DATAGRAMS[other][1] is open_it}
        request = (REPLIES | REFUSED).get(name, {}).get("request")
        for other, (data, _) in DATAGRAMS.items():
            answers = (REPLIES | REFUSED).get(other, {}).get("request")
            if other not in same and (request is None or answers != request):
                assert is_refused(open_it, data), (name, other)
