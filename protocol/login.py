"""Logging in: HELLO, OFFER, LOGIN, GRANT (docs/PROTOCOL.md, "Login").

A cookie proves the client's address before anything costly happens; the server's signed prekey
lets the client seal the credential (HPKE, RFC 9180) to a key that lives in memory for about an
hour, so that recorded logins stay private after a later theft of the disk.

Rules: HELLO and OFFER carry a tag under a published key, a checksum and no proof; only the
statement's Ed25519 signature proves the server; LOGIN and GRANT have one length each, whatever
they say, so that a length tells nothing about a password or an outcome.
"""

import hashlib
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from protocol.envelope import (
    MAX_BODY,
    MAX_VERSION,
    NO_KID,
    SUITE,
    Envelope,
    Kind,
    signed_part,
    write_header,
)
from protocol.errors import MalformedError
from protocol.identifiers import EntryId
from protocol.keys import SealingKeys, expand, is_authentic, open_sealed, seal, sign
from protocol.messages import (
    Grant,
    LoginForm,
    Refusal,
    encode_login_form,
    encode_reply,
)

NONCE_BYTES: Final = 32
COOKIE_BYTES: Final = 24
IDENTITY_BYTES: Final = 32
SIGNATURE_BYTES: Final = 64
CHECKSUM_KEY: Final = b"DIARY/1 checksum, not a secret.."
"""The published key of the tags of HELLO and OFFER: it finds accidents and authenticates nobody."""

OFFER_LABEL: Final = b"diary/1 offer"
_LOGIN_LABEL: Final = b"diary/1 login"
_STATEMENT_BYTES: Final = len(OFFER_LABEL) + 2 * IDENTITY_BYTES + 2 * 8 + 2
_OFFER_BODY: Final = COOKIE_BYTES + _STATEMENT_BYTES + SIGNATURE_BYTES
_STATEMENT_ID_BYTES: Final = 8
_LOGIN_OPEN: Final = COOKIE_BYTES + NONCE_BYTES + _STATEMENT_ID_BYTES
_HPKE: Final = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)
_HPKE_OVERHEAD: Final = 32 + 16
_LOGIN_PLAINTEXT: Final = MAX_BODY - _LOGIN_OPEN - _HPKE_OVERHEAD
_GRANT_PLAINTEXT: Final = 256
"""Room for the largest grant and the longest refusal; a GRANT has 350 bytes, a LOGIN 1200."""


@dataclass(frozen=True, slots=True)
class Hello:
    """The client's 32 random bytes and the versions it speaks."""

    nonce: bytes
    lowest: int
    highest: int


@dataclass(frozen=True, slots=True)
class Statement:
    """What the server's identity signs, once a prekey: both public keys raw, times in ms."""

    identity: bytes
    prekey: bytes
    not_before: int
    not_after: int
    lowest: int
    highest: int

    def encode(self) -> bytes:
        """Give the 95 bytes that are signed."""
        return b"".join(
            (
                OFFER_LABEL,
                self.identity,
                self.prekey,
                self.not_before.to_bytes(8, "big"),
                self.not_after.to_bytes(8, "big"),
                bytes((self.lowest, self.highest)),
            )
        )


@dataclass(frozen=True, slots=True)
class Offer:
    """The server's answer to HELLO; `statement` is proven only by `verify_offer`."""

    cookie: bytes
    statement: Statement
    signature: bytes


@dataclass(frozen=True, slots=True)
class SealedLogin:
    """A LOGIN before its credential is opened; `statement_id` names the prekey it is sealed to."""

    cookie: bytes
    nonce: bytes
    statement_id: bytes
    sealed: bytes


def encode_hello(rid: EntryId, timestamp: int, hello: Hello) -> bytes:
    """Give a HELLO, 1200 bytes, so that no answer to it is an amplification."""
    body = hello.nonce + bytes((hello.lowest, hello.highest))
    return _checksummed(Kind.HELLO, rid, timestamp, body.ljust(MAX_BODY, b"\0"))


def decode_hello(envelope: Envelope) -> Hello:
    """Read a HELLO; raise MalformedError if its checksum, length or padding is wrong."""
    body = _checked_body(envelope, Kind.HELLO)
    if len(body) != MAX_BODY or any(body[NONCE_BYTES + 2 :]):
        raise MalformedError("a HELLO is 1200 bytes, zeros at its end")
    return Hello(body[:NONCE_BYTES], *_versions(body[NONCE_BYTES : NONCE_BYTES + 2]))


def encode_offer(rid: EntryId, timestamp: int, offer: Offer) -> bytes:
    """Give an OFFER, 261 bytes."""
    body = offer.cookie + offer.statement.encode() + offer.signature
    return _checksummed(Kind.OFFER, rid, timestamp, body)


def decode_offer(envelope: Envelope) -> Offer:
    """Read an OFFER; raise MalformedError if its form is wrong. It proves nothing yet."""
    body = _checked_body(envelope, Kind.OFFER)
    statement = body[COOKIE_BYTES:-SIGNATURE_BYTES]
    if len(body) != _OFFER_BODY or not statement.startswith(OFFER_LABEL):
        raise MalformedError("not an OFFER")
    fields = statement[len(OFFER_LABEL) :]
    lowest, highest = _versions(fields[80:])
    return Offer(
        cookie=body[:COOKIE_BYTES],
        statement=Statement(
            identity=fields[:32],
            prekey=fields[32:64],
            not_before=int.from_bytes(fields[64:72], "big"),
            not_after=int.from_bytes(fields[72:80], "big"),
            lowest=lowest,
            highest=highest,
        ),
        signature=body[-SIGNATURE_BYTES:],
    )


def verify_offer(offer: Offer) -> None:
    """Raise MalformedError unless the identity in the statement signed it.

    Whether that identity is the right one is the caller's question: compare its fingerprint.
    """
    try:
        key = Ed25519PublicKey.from_public_bytes(offer.statement.identity)
        key.verify(offer.signature, offer.statement.encode())
    except (InvalidSignature, ValueError):
        raise MalformedError("the offer is not signed by its identity") from None


def statement_id(statement: Statement) -> bytes:
    """Give the 8 bytes by which a LOGIN names the prekey it is sealed to."""
    return hashlib.sha256(statement.encode()).digest()[:_STATEMENT_ID_BYTES]


def encode_login(
    rid: EntryId, timestamp: int, offer: Offer, nonce: bytes, form: LoginForm
) -> bytes:
    """Give a LOGIN, 1200 bytes: the form sealed to the offer's prekey.

    Each call seals anew; a retransmission repeats the bytes, so that the server knows it again.
    Raise MalformedError if the prekey is not an X25519 key.
    """
    header = write_header(Kind.LOGIN, NO_KID, rid, timestamp, MAX_BODY)
    opening = offer.cookie + nonce
    info = _login_info(header, opening, offer.statement)
    plaintext = _pad(encode_login_form(form), _LOGIN_PLAINTEXT)
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
    if envelope.kind is not Kind.LOGIN or not _is_before_token(envelope) or len(body) != MAX_BODY:
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
    info = _login_info(envelope.header, login.cookie + login.nonce, statement)
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
    if envelope.kind is not Kind.GRANT or not _is_before_token(envelope):
        raise MalformedError("not a GRANT")
    plaintext = open_sealed(_grant_keys(reply_key), envelope, login_digest(login))
    if len(plaintext) != _GRANT_PLAINTEXT:
        raise MalformedError("a GRANT is 350 bytes")
    return _unpad(plaintext)


def login_digest(login: Envelope) -> bytes:
    """Give SHA-256 over a whole LOGIN: its name in the server's memory, and what GRANT binds to."""
    return hashlib.sha256(login.signed + login.tag).digest()


def _login_info(header: bytes, opening: bytes, statement: Statement) -> bytes:
    return _LOGIN_LABEL + hashlib.sha256(header + opening + statement.encode()).digest()


def _login_mac(reply_key: bytes) -> bytes:
    return expand(reply_key, b"diary/1 login tag", 32)


def _grant_keys(reply_key: bytes) -> SealingKeys:
    mac = expand(reply_key, b"diary/1 grant tag", 32)
    return SealingKeys(mac, AESSIV(expand(reply_key, b"diary/1 grant body", 64)))


def _checksummed(kind: Kind, rid: EntryId, timestamp: int, body: bytes) -> bytes:
    signed = signed_part(write_header(kind, NO_KID, rid, timestamp, len(body)), body)
    return signed + sign(CHECKSUM_KEY, signed)


def _checked_body(envelope: Envelope, kind: Kind) -> bytes:
    if envelope.kind is not kind or not _is_before_token(envelope):
        raise MalformedError(f"not a {kind.name}")
    if not is_authentic(CHECKSUM_KEY, envelope):
        raise MalformedError("the checksum is wrong")
    return envelope.body


def _is_before_token(envelope: Envelope) -> bool:
    return envelope.kid == NO_KID and envelope.suite == SUITE


def _versions(pair: bytes) -> tuple[int, int]:
    lowest, highest = pair
    if not 1 <= lowest <= highest <= MAX_VERSION:
        raise MalformedError("versions are 1 to 15, the lowest first")
    return lowest, highest


def _pad(packed: bytes, length: int) -> bytes:
    if len(packed) > length - 2:
        raise MalformedError("the form is too long")
    return (len(packed).to_bytes(2, "big") + packed).ljust(length, b"\0")


def _unpad(plaintext: bytes) -> bytes:
    end = 2 + int.from_bytes(plaintext[:2], "big")
    if end > len(plaintext) or any(plaintext[end:]):
        raise MalformedError("the padding is wrong")
    return plaintext[2:end]
