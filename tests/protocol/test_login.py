"""Logging in: what each side may believe, and that everything else is refused."""

import hashlib
from dataclasses import replace
from typing import Any, Final

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from hypothesis import given
from hypothesis import strategies as st

from protocol.envelope import MAX_BODY, MAX_DATAGRAM, NO_KID, Envelope, Kind, parse_envelope
from protocol.errors import ErrorCode
from protocol.fields import read_fields
from protocol.identifiers import EntryId
from protocol.keys import SealingKeys, expand, seal, sign
from protocol.login import (
    SealedLogin,
    decode_login,
    encode_grant,
    encode_login,
    is_login_authentic,
    is_proof,
    login_binding,
    login_digest,
    open_grant,
    open_login,
    prove,
    sealed_binding,
)
from protocol.messages.account import Grant
from protocol.messages.base import Refusal
from protocol.messages.coding import decode_reply
from protocol.messages.forms import (
    Form,
    LoginForm,
    PasswordForm,
    ProvenForm,
    RenewalForm,
    encode_form,
    split_form,
)
from protocol.offer import (
    CHECKSUM_KEY,
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
from protocol.packing import unpack
from tests.protocol.strategies import (
    REPLIES,
    entry_ids,
    forms,
    garbage,
    refusals,
    timestamps,
)
from tests.protocol.totality import attempt, is_refused

RID = EntryId.make(0, bytes(10))
NONCE = bytes(range(32))
COOKIE = bytes(24)
REPLY_KEY = bytes(range(32, 64))
IDENTITY = Ed25519PrivateKey.from_private_bytes(bytes(32))
STRANGER = Ed25519PrivateKey.from_private_bytes(bytes(31) + b"\1")
PREKEY = X25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER_PREKEY = X25519PrivateKey.from_private_bytes(bytes(range(1, 33)))


def offer_by(identity: Ed25519PrivateKey, prekey: X25519PrivateKey) -> Offer:
    """Give an offer as that server makes it."""
    statement = Statement(
        identity.public_key().public_bytes_raw(),
        prekey.public_key().public_bytes_raw(),
        1000,
        2000,
        1,
        1,
    )
    return Offer(COOKIE, statement, identity.sign(statement.encode()))


OFFER = offer_by(IDENTITY, PREKEY)
FORM = read_fields(
    LoginForm,
    {
        "user": "alice",
        "password": "correct horse",
        "invite": b"",
        "key": REPLY_KEY,
        "label": "laptop",
        "scopes": "full",
        "lifetime": 0,
        "lowest": 1,
        "highest": 1,
    },
)
LOGIN = parse_envelope(encode_login(RID, 0, OFFER, NONCE, FORM))
GRANT = Grant(bytes(8), bytes(32), 0, "full", 1, 0)

versions = st.tuples(st.integers(1, 15), st.integers(1, 15)).map(sorted)
ANY_TIME = st.one_of(timestamps, st.integers(0, 2**64 - 1))
NONCES = st.binary(min_size=32, max_size=32)


def opened(envelope: Envelope, prekey: X25519PrivateKey = PREKEY, offer: Offer = OFFER) -> bytes:
    """Open a LOGIN as a server does."""
    return open_login(envelope, decode_login(envelope), offer.statement, prekey)


def resigned(
    envelope: Envelope, mac: bytes, *, body: bytes | None = None, header: bytes | None = None
) -> Envelope:
    """Give the datagram with its body or header replaced and a right tag."""
    body = envelope.body if body is None else body
    header = envelope.header if header is None else header
    signed = header[:42] + len(body).to_bytes(2, "big") + body + b"\xc4\x20"
    return parse_envelope(signed + sign(mac, signed))


@given(entry_ids, timestamps, NONCES, versions)
def test_a_hello_comes_back(rid: EntryId, now: int, nonce: bytes, between: list[int]) -> None:
    """In 1200 bytes, more than any answer to it."""
    data = encode_hello(rid, now, Hello(nonce, *between))
    envelope = parse_envelope(data)
    assert len(data) == MAX_DATAGRAM
    assert (envelope.kind, envelope.kid, envelope.rid) == (Kind.HELLO, NO_KID, rid)
    assert decode_hello(envelope) == Hello(nonce, *between)


@given(st.binary(min_size=17, max_size=MAX_BODY))
def test_a_hello_is_total_behind_its_checksum(body: bytes) -> None:
    """The checksum's key is published, so anybody can send this."""
    hello = parse_envelope(encode_hello(RID, 0, Hello(NONCE, 1, 1)))
    envelope = resigned(hello, CHECKSUM_KEY, body=body)
    assert is_refused(decode_hello, envelope)
    filled = attempt(decode_hello, resigned(hello, CHECKSUM_KEY, body=body.ljust(MAX_BODY, b"\0")))
    assert filled is None or 1 <= filled.lowest <= filled.highest <= 15


@pytest.mark.parametrize("place", [34, 35, 600, MAX_BODY - 1])
def test_the_padding_of_a_hello_is_zero(place: int) -> None:
    """Nothing can be smuggled in it."""
    hello = parse_envelope(encode_hello(RID, 0, Hello(NONCE, 1, 1)))
    body = hello.body[:place] + b"\1" + hello.body[place + 1 :]
    assert is_refused(decode_hello, resigned(hello, CHECKSUM_KEY, body=body))
    assert is_refused(decode_hello, resigned(hello, CHECKSUM_KEY, body=hello.body[:-1]))


@pytest.mark.parametrize(("lowest", "highest"), [(0, 1), (1, 16), (2, 1), (255, 255), (0, 0)])
def test_versions_are_1_to_15_and_in_order(lowest: int, highest: int) -> None:
    """In HELLO and in OFFER; other numbers fit no envelope."""
    hello = parse_envelope(encode_hello(RID, 0, Hello(NONCE, lowest, highest)))
    statement = replace(OFFER.statement, lowest=lowest, highest=highest)
    offer = parse_envelope(encode_offer(RID, 0, replace(OFFER, statement=statement)))
    assert is_refused(decode_hello, hello)
    assert is_refused(decode_offer, offer)


@given(entry_ids, timestamps, st.binary(min_size=24, max_size=24), ANY_TIME, ANY_TIME, versions)
def test_an_offer_comes_back_and_is_proven(
    rid: EntryId, now: int, cookie: bytes, start: int, end: int, between: list[int]
) -> None:
    """In fewer bytes than the HELLO it answers: an unproven address gets no more than it sent."""
    lowest, highest = between
    prekey = OFFER.statement.prekey
    identity = OFFER.statement.identity
    statement = Statement(identity, prekey, start, end, lowest, highest)
    offer = Offer(cookie, statement, IDENTITY.sign(statement.encode()))
    data = encode_offer(rid, now, offer)
    assert len(data) == 261
    assert decode_offer(parse_envelope(data)) == offer
    verify_offer(decode_offer(parse_envelope(data)))


@given(st.binary(min_size=17, max_size=300))
def test_an_offer_is_total_behind_its_checksum(body: bytes) -> None:
    """Any body gives an offer or MalformedError, and none that nobody signed is proven."""
    genuine = parse_envelope(encode_offer(RID, 0, OFFER))
    labelled = genuine.body[:37] + body
    for chosen in (body, labelled, labelled.ljust(183, b"\1")[:183]):
        envelope = resigned(genuine, CHECKSUM_KEY, body=chosen)
        offer = attempt(decode_offer, envelope)
        assert offer is None or is_refused(verify_offer, offer)


@pytest.mark.parametrize(
    "changed",
    [
        {"identity": bytes(32)},
        {"identity": b"\xff" * 32},
        {"identity": offer_by(STRANGER, PREKEY).statement.identity},
        {"prekey": bytes(32)},
        {"not_before": 1001},
        {"not_after": 2001},
        {"lowest": 2, "highest": 2},
        {"highest": 2},
    ],
    ids=str,
)
def test_a_changed_statement_is_not_proven(changed: dict[str, Any]) -> None:
    """The identity signs every field: key, prekey, times and versions."""
    statement = replace(OFFER.statement, **changed)
    assert is_refused(verify_offer, replace(OFFER, statement=statement))
    assert statement_id(statement) != statement_id(OFFER.statement)


def test_another_kind_or_key_id_is_no_part_of_a_login() -> None:
    """A tag under the published key makes no HELLO of an OFFER, nor of a token's datagram."""
    hello = parse_envelope(encode_hello(RID, 0, Hello(NONCE, 1, 1)))
    offer = parse_envelope(encode_offer(RID, 0, OFFER))
    decoders = (decode_hello, decode_offer, decode_login)
    for envelope, good in ((hello, decode_hello), (offer, decode_offer), (LOGIN, decode_login)):
        for decode in decoders:
            assert is_refused(decode, envelope) == (decode is not good)
        for place, value in ((3, 2), (6, 1), (13, 1)):
            header = envelope.header[:place] + bytes((value,)) + envelope.header[place + 1 :]
            mac = expand(REPLY_KEY, b"diary/1 login tag", 32)
            key = mac if decode_login is good else CHECKSUM_KEY
            assert is_refused(good, resigned(envelope, key, header=header))


@given(entry_ids, timestamps, NONCES, forms)
def test_a_login_comes_back(rid: EntryId, now: int, nonce: bytes, form: Form) -> None:
    """In 1200 bytes whatever it holds, and its sender is known to hold the reply key."""
    data = encode_login(rid, now, OFFER, nonce, form)
    envelope = parse_envelope(data)
    login = decode_login(envelope)
    assert len(data) == MAX_DATAGRAM
    assert (envelope.kind, envelope.kid, envelope.rid) == (Kind.LOGIN, NO_KID, rid)
    assert (login.cookie, login.nonce) == (COOKIE, nonce)
    assert login.statement_id == statement_id(OFFER.statement)
    kind, values = split_form(opened(envelope))
    assert read_fields(kind, values) == form
    assert is_login_authentic(envelope, form.key)


PROVEN: Final = (
    RenewalForm(b"k" * 8, bytes(32), REPLY_KEY, 1, 1),
    PasswordForm(
        kid=b"k" * 8,
        proof=bytes(32),
        current="old one",
        password="new one",
        keep=True,
        key=REPLY_KEY,
        lowest=1,
        highest=1,
    ),
)
every_proven_form = pytest.mark.parametrize("form", PROVEN, ids=["renew", "passwd"])
ROOT = bytes(range(64, 96))


def proven(form: ProvenForm, root: bytes, binding: bytes) -> ProvenForm:
    """Give the form with the proof that it needs."""
    return replace(form, proof=prove(root, type(form), form.kid, form.key, binding))


@every_proven_form
@given(rid=entry_ids, now=timestamps, nonce=NONCES)
def test_a_proof_is_accepted_in_its_own_login(
    form: ProvenForm, rid: EntryId, now: int, nonce: bytes
) -> None:
    """The server finds in what it received what the client tied the proof to."""
    binding = login_binding(rid, now, OFFER, nonce)
    sent = proven(form, ROOT, binding)
    envelope = parse_envelope(encode_login(rid, now, OFFER, nonce, sent))
    received = sealed_binding(envelope, decode_login(envelope), OFFER.statement)
    assert received == binding
    assert is_proof(ROOT, sent, received)


@every_proven_form
def test_a_proof_proves_nothing_anywhere_else(form: ProvenForm) -> None:
    """Not in another LOGIN, to another offer, for another token, reply key, or kind of form."""
    binding = login_binding(RID, 0, OFFER, NONCE)
    good = proven(form, ROOT, binding)
    later_offer = replace(OFFER, statement=replace(OFFER.statement, not_after=2001))
    bindings = [
        login_binding(EntryId.make(1, bytes(10)), 0, OFFER, NONCE),
        login_binding(RID, 1, OFFER, NONCE),
        login_binding(RID, 0, replace(OFFER, cookie=bytes(23) + b"\1"), NONCE),
        login_binding(RID, 0, OFFER, bytes(32)),
        login_binding(RID, 0, later_offer, NONCE),
    ]
    assert is_proof(ROOT, good, binding)
    assert not any(is_proof(ROOT, good, other) for other in bindings)
    assert not is_proof(bytes(32), good, binding)
    assert not is_proof(ROOT, replace(good, kid=b"j" * 8), binding)
    assert not is_proof(ROOT, replace(good, key=bytes(32)), binding)
    for other in PROVEN:
        moved = replace(other, proof=good.proof)
        assert is_proof(ROOT, moved, binding) == (type(other) is type(form))


@every_proven_form
def test_a_proof_is_no_key_of_the_token(form: ProvenForm) -> None:
    """Its key is separate from those that sign and seal requests."""
    material = expand(ROOT, b"diary/1 keys\1" + form.kid, 192)
    assert expand(ROOT, b"diary/1 renewal" + form.kid, 32) not in material


def test_a_login_shows_no_credential() -> None:
    """Neither its bytes nor its length tell a password, a name or a label."""
    long = replace(FORM, password="p" * 256, label="l" * 64)
    data = encode_login(RID, 0, OFFER, NONCE, FORM)
    assert len(data) == len(encode_login(RID, 0, OFFER, NONCE, long))
    for secret in (b"correct horse", b"alice", b"laptop", REPLY_KEY):
        assert secret not in data


def test_each_sealing_differs() -> None:
    """Two logins with the same password look unrelated."""
    one, two = (encode_login(RID, 0, OFFER, NONCE, FORM) for _ in range(2))
    assert one[108:1166] != two[108:1166]
    assert login_digest(parse_envelope(one)) != login_digest(parse_envelope(two))


@given(st.integers(0, MAX_BODY - 1), st.integers(1, 255))
def test_a_login_binds_everything_it_says(place: int, change: int) -> None:
    """A changed body is refused even if its tag is right: by the seal or by its names."""
    body = bytearray(LOGIN.body)
    body[place] ^= change
    mac = expand(REPLY_KEY, b"diary/1 login tag", 32)
    envelope = resigned(LOGIN, mac, body=bytes(body))
    login = decode_login(envelope)
    names_another_prekey = login.statement_id != statement_id(OFFER.statement)
    assert names_another_prekey or is_refused(opened, envelope)


@pytest.mark.parametrize("place", [16, 31, 40])
def test_a_login_binds_its_header(place: int) -> None:
    """Its id and its time are part of what was sealed."""
    header = bytearray(LOGIN.header)
    header[place] ^= 1
    mac = expand(REPLY_KEY, b"diary/1 login tag", 32)
    assert is_refused(opened, resigned(LOGIN, mac, header=bytes(header)))


def test_a_login_opens_with_its_own_prekey_and_statement_only() -> None:
    """Another server, another hour, or another statement about the same prekey."""
    statement = replace(OFFER.statement, not_after=2001)
    assert is_refused(opened, LOGIN, OTHER_PREKEY)
    assert is_refused(opened, LOGIN, OTHER_PREKEY, offer_by(IDENTITY, OTHER_PREKEY))
    assert is_refused(opened, LOGIN, PREKEY, replace(OFFER, statement=statement))


def test_a_login_signed_with_another_key_is_not_authentic() -> None:
    """Whoever cannot open the seal cannot put a tag of his own on it."""
    forged = resigned(LOGIN, expand(bytes(32), b"diary/1 login tag", 32))
    assert is_login_authentic(LOGIN, REPLY_KEY)
    assert not is_login_authentic(forged, REPLY_KEY)


@pytest.mark.parametrize("length", [17, 64, MAX_BODY - 1])
def test_a_login_has_one_length(length: int) -> None:
    """A shorter one would be answered with more than it sent."""
    mac = expand(REPLY_KEY, b"diary/1 login tag", 32)
    assert is_refused(decode_login, resigned(LOGIN, mac, body=LOGIN.body[:length]))


@given(st.binary(min_size=MAX_BODY, max_size=MAX_BODY))
def test_a_login_is_total(body: bytes) -> None:
    """Any body of the right length decodes, and opens to nothing."""
    mac = expand(REPLY_KEY, b"diary/1 login tag", 32)
    envelope = resigned(LOGIN, mac, body=body)
    assert isinstance(decode_login(envelope), SealedLogin)
    assert is_refused(opened, envelope)


def sealed_login(plaintext: bytes) -> Envelope:
    """Give a LOGIN that seals any plaintext, as a client of bad intentions does."""
    suite = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)
    opening = COOKIE + NONCE
    digest = hashlib.sha256(LOGIN.header + opening + OFFER.statement.encode()).digest()
    sealed = suite.encrypt(plaintext, PREKEY.public_key(), info=b"diary/1 login" + digest)
    body = opening + statement_id(OFFER.statement) + sealed
    return resigned(LOGIN, expand(REPLY_KEY, b"diary/1 login tag", 32), body=body)


@given(st.one_of(garbage, st.binary(max_size=1010)), st.integers(0, 2**16 - 1))
def test_a_sealed_form_is_total(plaintext: bytes, claimed: int) -> None:
    """Rightly sealed garbage gives a form or MalformedError, whatever length it claims."""
    plaintext = plaintext[:1008]
    honest = (len(plaintext).to_bytes(2, "big") + plaintext).ljust(1010, b"\0")
    for form in (honest, (claimed.to_bytes(2, "big") + plaintext).ljust(1010, b"\0")):
        packed = attempt(opened, sealed_login(form))
        values = None if packed is None else attempt(unpack, packed)
        assert values is None or attempt(read_fields, LoginForm, values) is None
    assert opened(sealed_login(honest)) == plaintext


@pytest.mark.parametrize(
    "plaintext",
    [
        (1009).to_bytes(2, "big") + bytes(1008),
        b"\xff\xff" + bytes(1008),
        b"\0\1" + bytes(1007) + b"\1",
        b"\0\0\1" + bytes(1007),
    ],
)
def test_the_padding_of_a_form_is_zero_and_inside(plaintext: bytes) -> None:
    """A length beyond the plaintext, and anything but zeros behind the form, is refused."""
    assert is_refused(opened, sealed_login(plaintext))


def test_a_form_that_does_not_fit_is_not_sealed() -> None:
    """Nor does an unusable prekey crash the client."""
    room = 1008 - len(encode_form(replace(FORM, password="p" * 300))) + 300
    assert encode_login(RID, 0, OFFER, NONCE, replace(FORM, password="p" * room))
    assert is_refused(encode_login, RID, 0, OFFER, NONCE, replace(FORM, password="p" * (room + 1)))
    for prekey in (bytes(32), bytes((1, *bytes(31)))):
        offer = replace(OFFER, statement=replace(OFFER.statement, prekey=prekey))
        assert is_refused(encode_login, RID, 0, offer, NONCE, FORM)


@given(st.one_of(REPLIES[Grant], refusals), timestamps)
def test_a_grant_comes_back(answer: Grant | Refusal, now: int) -> None:
    """A token and a refusal alike, in 350 bytes, fewer than the LOGIN."""
    data = encode_grant(REPLY_KEY, LOGIN, now, answer)
    envelope = parse_envelope(data)
    assert len(data) == 350
    assert (envelope.kind, envelope.kid, envelope.rid) == (Kind.GRANT, NO_KID, LOGIN.rid)
    assert decode_reply(Grant, open_grant(REPLY_KEY, LOGIN, envelope)) == answer


def test_a_grant_answers_one_login() -> None:
    """It opens for no other LOGIN, with no other reply key, and as no other kind."""
    again = parse_envelope(encode_login(RID, 0, OFFER, NONCE, FORM))
    grant = parse_envelope(encode_grant(REPLY_KEY, LOGIN, 0, GRANT))
    assert open_grant(REPLY_KEY, LOGIN, grant)
    assert is_refused(open_grant, REPLY_KEY, again, grant)
    assert is_refused(open_grant, bytes(32), LOGIN, grant)
    assert is_refused(open_grant, REPLY_KEY, LOGIN, LOGIN)


def grant_keys() -> SealingKeys:
    """Give the server's keys for a GRANT, by their labels."""
    mac = expand(REPLY_KEY, b"diary/1 grant tag", 32)
    return SealingKeys(mac, AESSIV(expand(REPLY_KEY, b"diary/1 grant body", 64)))


@given(garbage)
def test_a_sealed_grant_is_total(plaintext: bytes) -> None:
    """Rightly sealed garbage gives an answer or MalformedError; one of another length neither."""
    padded = (len(plaintext).to_bytes(2, "big") + plaintext).ljust(256, b"\0")[:256]
    for chosen in (plaintext, padded):
        data = seal(grant_keys(), Kind.GRANT, NO_KID, RID, 0, chosen, login_digest(LOGIN))
        packed = attempt(open_grant, REPLY_KEY, LOGIN, parse_envelope(data))
        assert len(data) == 350 or packed is None
        assert packed is None or attempt(decode_reply, Grant, packed) is None


@pytest.mark.parametrize("length", [3, 255, 257, 1106])
def test_a_grant_has_one_length(length: int) -> None:
    """One whose length tells something about its content is not believed."""
    for size in (256, length):
        plaintext = b"\0\1\x80".ljust(size, b"\0")
        data = seal(grant_keys(), Kind.GRANT, NO_KID, RID, 0, plaintext, login_digest(LOGIN))
        assert is_refused(open_grant, REPLY_KEY, LOGIN, parse_envelope(data)) == (size != 256)


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.GRANT])
def test_only_a_grant_is_a_grant(kind: Kind) -> None:
    """Another kind is refused though it was sealed with the right keys."""
    plaintext = bytes(256)
    good = seal(grant_keys(), Kind.GRANT, NO_KID, RID, 0, plaintext, login_digest(LOGIN))
    bad = seal(grant_keys(), kind, NO_KID, RID, 0, plaintext, login_digest(LOGIN))
    foreign = seal(grant_keys(), Kind.GRANT, b"\1" * 8, RID, 0, plaintext, login_digest(LOGIN))
    assert open_grant(REPLY_KEY, LOGIN, parse_envelope(good)) == b""
    assert is_refused(open_grant, REPLY_KEY, LOGIN, parse_envelope(bad))
    assert is_refused(open_grant, REPLY_KEY, LOGIN, parse_envelope(foreign))


def test_every_answer_before_a_token_is_smaller_than_what_it_answers() -> None:
    """A forged source cannot use the server as an amplifier."""
    hello = encode_hello(RID, 0, Hello(NONCE, 1, 1))
    login = encode_login(RID, 0, OFFER, NONCE, FORM)
    offer = encode_offer(RID, 0, OFFER)
    grants = [
        encode_grant(REPLY_KEY, LOGIN, 0, answer)
        for answer in (GRANT, Refusal(ErrorCode.DENIED, "é" * 60, 0))
    ]
    assert len(offer) <= min(len(hello), len(login))
    assert {len(grant) for grant in grants} == {350}
    assert max(map(len, grants)) <= len(login)


def test_the_login_keys_are_separate() -> None:
    """The tag of a LOGIN, the tag of a GRANT and its body have keys of their own."""
    grant = parse_envelope(encode_grant(REPLY_KEY, LOGIN, 0, GRANT))
    assert not is_login_authentic(grant, REPLY_KEY)
    labels = (b"diary/1 login tag", b"diary/1 grant tag", b"diary/1 grant body")
    assert len({expand(REPLY_KEY, label, 32) for label in labels}) == 3
