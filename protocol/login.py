"""The second half of logging in: LOGIN and GRANT (docs/PROTOCOL.md, "Login").

The client seals a form (HPKE, RFC 9180) to the prekey of the server's offer, so that recorded
logins stay private after a later theft of the disk; a form that renews a token or changes a
password proves the token too, for this one LOGIN.

Rules: LOGIN and GRANT have one length each, whatever they say, so that a length tells nothing
about a password or an outcome.
"""

import hashlib
import hmac
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from protocol.envelope import MAX_BODY, NO_KID, Envelope, Kind, signed_part, write_header
from protocol.errors import MalformedError
from protocol.identifiers import EntryId
from protocol.keys import SealingKeys, expand, is_authentic, open_sealed, seal, sign
from protocol.messages.account import Grant
from protocol.messages.base import Refusal
from protocol.messages.coding import encode_reply
from protocol.messages.forms import Form, ProvenForm, encode_form, name_of_form
from protocol.offer import (
    COOKIE_BYTES,
    NONCE_BYTES,
    STATEMENT_ID_BYTES,
    Offer,
    Statement,
    precedes_token,
    statement_id,
)

_LOGIN_LABEL: Final = b"diary/1 login"
_RENEWAL_LABEL: Final = b"diary/1 renewal"
_LOGIN_OPEN: Final = COOKIE_BYTES + NONCE_BYTES + STATEMENT_ID_BYTES
_HPKE: Final = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)
_HPKE_OVERHEAD: Final = 32 + 16
_LOGIN_PLAINTEXT: Final = MAX_BODY - _LOGIN_OPEN - _HPKE_OVERHEAD
_GRANT_PLAINTEXT: Final = 256
"""Room for the largest grant and the longest refusal; a GRANT has 350 bytes, a LOGIN 1200."""


@dataclass(frozen=True, slots=True)
class SealedLogin:
    """A LOGIN before its credential is opened; `statement_id` names the prekey it is sealed to."""

    cookie: bytes
    nonce: bytes
    statement_id: bytes
    sealed: bytes


def login_binding(rid: EntryId, timestamp: int, offer: Offer, nonce: bytes) -> bytes:
    """Give what ties a form to the LOGIN that `encode_login` makes of the same arguments."""
    header = write_header(Kind.LOGIN, NO_KID, rid, timestamp, MAX_BODY)
    return _binding(header, offer.cookie + nonce, offer.statement)


def sealed_binding(envelope: Envelope, login: SealedLogin, statement: Statement) -> bytes:
    """Give the same for a LOGIN that was received; its `statement_id` names the statement."""
    return _binding(envelope.header, login.cookie + login.nonce, statement)


def prove(root: bytes, form: type[ProvenForm], kid: bytes, key: bytes, binding: bytes) -> bytes:
    """Give the 32 bytes that prove the token `kid` in a form of that kind, for one LOGIN.

    `key` is the form's reply key, `binding` what `login_binding` gives: seen elsewhere, in another
    LOGIN or another kind of form, the same bytes prove nothing.
    """
    secret = expand(root, _RENEWAL_LABEL + kid, 32)
    return hmac.digest(secret, name_of_form(form).encode() + binding + key, "sha256")


def is_proof(root: bytes, form: ProvenForm, binding: bytes) -> bool:
    """Tell, in constant time, whether a form proves the token that it names."""
    expected = prove(root, type(form), form.kid, form.key, binding)
    return hmac.compare_digest(expected, form.proof)


def encode_login(rid: EntryId, timestamp: int, offer: Offer, nonce: bytes, form: Form) -> bytes:
    """Give a LOGIN, 1200 bytes: the form sealed to the offer's prekey.

    Each call seals anew; a retransmission repeats the bytes, so that the server knows it again.
    Raise MalformedError if the prekey is not an X25519 key.
    """
    header = write_header(Kind.LOGIN, NO_KID, rid, timestamp, MAX_BODY)
    opening = offer.cookie + nonce
    info = _binding(header, opening, offer.statement)
    plaintext = _pad(encode_form(form), _LOGIN_PLAINTEXT)
    try:
        prekey = X25519PublicKey.from_public_bytes(offer.statement.prekey)
        sealed = _HPKE.encrypt(plaintext, prekey, info=info)
    except ValueError:
        raise MalformedError("the offer's prekey is unusable") from None
    signed = signed_part(header, opening + statement_id(offer.statement) + sealed)
    return signed + sign(_login_mac(form.key), signed)


def decode_login(envelope: Envelope) -> SealedLogin:
    """Split a LOGIN; raise MalformedError if its form is wrong. Nothing in it is proven yet."""
    body = envelope.body
    if envelope.kind is not Kind.LOGIN or not precedes_token(envelope) or len(body) != MAX_BODY:
        raise MalformedError("not a LOGIN")
    return SealedLogin(
        cookie=body[:COOKIE_BYTES],
        nonce=body[COOKIE_BYTES : COOKIE_BYTES + NONCE_BYTES],
        statement_id=body[COOKIE_BYTES + NONCE_BYTES : _LOGIN_OPEN],
        sealed=body[_LOGIN_OPEN:],
    )


def open_login(
    envelope: Envelope, login: SealedLogin, statement: Statement, prekey: X25519PrivateKey
) -> bytes:
    """Decrypt a LOGIN's form (a msgpack map, unvalidated); raise MalformedError if it fails.

    `statement` and `prekey` are those that `login.statement_id` names.
    """
    info = sealed_binding(envelope, login, statement)
    try:
        plaintext = _HPKE.decrypt(login.sealed, prekey, info=info)
    except (InvalidTag, ValueError):
        raise MalformedError("not sealed to this prekey") from None
    return _unpad(plaintext)


def is_login_authentic(envelope: Envelope, reply_key: bytes) -> bool:
    """Tell whether the sender of a LOGIN knew the reply key that it sealed."""
    return is_authentic(_login_mac(reply_key), envelope)


def encode_grant(
    reply_key: bytes, login: Envelope, timestamp: int, answer: Grant | Refusal
) -> bytes:
    """Give a GRANT, 350 bytes: a token or a refusal, alike from outside."""
    return seal(
        _grant_keys(reply_key),
        Kind.GRANT,
        NO_KID,
        login.rid,
        timestamp,
        _pad(encode_reply(answer), _GRANT_PLAINTEXT),
        login_digest(login),
    )


def open_grant(reply_key: bytes, login: Envelope, envelope: Envelope) -> bytes:
    """Give the map of the GRANT that answers the envelope `login`; raise MalformedError if not."""
    if envelope.kind is not Kind.GRANT or not precedes_token(envelope):
        raise MalformedError("not a GRANT")
    plaintext = open_sealed(_grant_keys(reply_key), envelope, login_digest(login))
    if len(plaintext) != _GRANT_PLAINTEXT:
        raise MalformedError("a GRANT is 350 bytes")
    return _unpad(plaintext)


def login_digest(login: Envelope) -> bytes:
    """Give SHA-256 over a whole LOGIN: its name in the server's memory, and what GRANT binds to."""
    return hashlib.sha256(login.signed + login.tag).digest()


def _binding(header: bytes, opening: bytes, statement: Statement) -> bytes:
    return _LOGIN_LABEL + hashlib.sha256(header + opening + statement.encode()).digest()


def _login_mac(reply_key: bytes) -> bytes:
    return expand(reply_key, b"diary/1 login tag", 32)


def _grant_keys(reply_key: bytes) -> SealingKeys:
    mac = expand(reply_key, b"diary/1 grant tag", 32)
    return SealingKeys(mac, AESSIV(expand(reply_key, b"diary/1 grant body", 64)))


def _pad(packed: bytes, length: int) -> bytes:
    if len(packed) > length - 2:
        raise MalformedError("the form is too long")
    return (len(packed).to_bytes(2, "big") + packed).ljust(length, b"\0")


def _unpad(plaintext: bytes) -> bytes:
    end = 2 + int.from_bytes(plaintext[:2], "big")
    if end > len(plaintext) or any(plaintext[end:]):
        raise MalformedError("the padding is wrong")
    return plaintext[2:end]
