"""The first half of logging in: HELLO and OFFER (docs/PROTOCOL.md, "Login").

A cookie proves the client's address before anything costly happens; the server's signed prekey
lets the client seal the credential to a key that lives in memory for about an hour.

Rules: HELLO and OFFER carry a tag under a published key, a checksum and no proof; only the
statement's Ed25519 signature proves the server.
"""

import hashlib
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from protocol.envelope import (
    HEADER_BYTES,
    MAX_BODY,
    MAX_DATAGRAM,
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
from protocol.keys import is_authentic, sign

NONCE_BYTES: Final = 32
COOKIE_BYTES: Final = 24
IDENTITY_BYTES: Final = 32
SIGNATURE_BYTES: Final = 64
STATEMENT_ID_BYTES: Final = 8
CHECKSUM_KEY: Final = b"DIARY/1 checksum, not a secret.."
"""The published key of the tags of HELLO and OFFER: it finds accidents and authenticates nobody."""

OFFER_LABEL: Final = b"diary/1 offer"
_STATEMENT_BYTES: Final = len(OFFER_LABEL) + 2 * IDENTITY_BYTES + 2 * 8 + 2
_HELLO_BYTES: Final = NONCE_BYTES + 2
_PADDING: Final = bytes(MAX_BODY - _HELLO_BYTES)
_PADDING_AT: Final = HEADER_BYTES + _HELLO_BYTES
_TAIL_BYTES: Final = MAX_DATAGRAM - HEADER_BYTES - MAX_BODY
_OFFER_BODY: Final = COOKIE_BYTES + _STATEMENT_BYTES + SIGNATURE_BYTES


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


def encode_hello(rid: EntryId, timestamp: int, hello: Hello) -> bytes:
    """Give a HELLO, 1200 bytes, so that no answer to it is an amplification."""
    body = hello.nonce + bytes((hello.lowest, hello.highest))
    return _checksummed(Kind.HELLO, rid, timestamp, body.ljust(MAX_BODY, b"\0"))


def is_padded_hello(datagram: bytes) -> bool:
    """Tell whether a datagram has a HELLO's length and padding; a cheap look before it is read."""
    return datagram[_PADDING_AT:-_TAIL_BYTES] == _PADDING


def decode_hello(envelope: Envelope) -> Hello:
    """Read a HELLO; raise MalformedError if its checksum, length or padding is wrong."""
    body = _checked_body(envelope, Kind.HELLO)
    if body[_HELLO_BYTES:] != _PADDING:
        raise MalformedError("a HELLO is 1200 bytes, zeros at its end")
    return Hello(body[:NONCE_BYTES], *_versions(body[NONCE_BYTES:_HELLO_BYTES]))


def encode_offer(rid: EntryId, timestamp: int, offer: Offer) -> bytes:
    """Give an OFFER, 261 bytes."""
    prepared = prepare_offer(offer.statement, offer.signature)
    return encode_prepared_offer(rid, timestamp, offer.cookie, prepared)


def prepare_offer(statement: Statement, signature: bytes) -> bytes:
    """Give what all offers of one statement have in common, for `encode_prepared_offer`."""
    return statement.encode() + signature


def encode_prepared_offer(rid: EntryId, timestamp: int, cookie: bytes, prepared: bytes) -> bytes:
    """Give an OFFER, 261 bytes, without encoding its statement once more."""
    return _checksummed(Kind.OFFER, rid, timestamp, cookie + prepared)


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
    return hashlib.sha256(statement.encode()).digest()[:STATEMENT_ID_BYTES]


def _checksummed(kind: Kind, rid: EntryId, timestamp: int, body: bytes) -> bytes:
    signed = signed_part(write_header(kind, NO_KID, rid, timestamp, len(body)), body)
    return signed + sign(CHECKSUM_KEY, signed)


def _checked_body(envelope: Envelope, kind: Kind) -> bytes:
    if envelope.kind is not kind or not precedes_token(envelope):
        raise MalformedError(f"not a {kind.name}")
    if not is_authentic(CHECKSUM_KEY, envelope):
        raise MalformedError("the checksum is wrong")
    return envelope.body


def precedes_token(envelope: Envelope) -> bool:
    """Tell whether a datagram has neither a token's id nor another suite, as all of a login."""
    return envelope.kid == NO_KID and envelope.suite == SUITE


def _versions(pair: bytes) -> tuple[int, int]:
    lowest, highest = pair
    if not 1 <= lowest <= highest <= MAX_VERSION:
        raise MalformedError("versions are 1 to 15, the lowest first")
    return lowest, highest
