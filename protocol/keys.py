"""The keys that belong to a token, and how a body is sealed and a datagram signed with them.

Rules: only primitives of `cryptography` and `hmac`; the tag is checked in constant time and before
anything is decrypted; each direction has keys of its own, so that no message can be reflected.
"""

import hashlib
import hmac
from typing import Final, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from protocol.envelope import (
    MAX_PLAINTEXT,
    SIV_BYTES,
    SUITE,
    TAG_BYTES,
    Envelope,
    Kind,
    signed_part,
    write_header,
)
from protocol.errors import MalformedError
from protocol.identifiers import EntryId

ROOT_BYTES: Final = 32
_MAC_BYTES: Final = 32
_BLOCK_BYTES: Final = 64
_INNER: Final = bytes(byte ^ 0x36 for byte in range(256))
_OUTER: Final = bytes(byte ^ 0x5C for byte in range(256))
"""RFC 2104, section 2: what the padded key is combined with, as tables for `bytes.translate`."""

_SIV_KEY_BYTES: Final = 64


class SealingKeys:
    """One direction's keys: `mac` (32 bytes, HMAC-SHA-256) and `siv` (AES-256-SIV, RFC 5297)."""

    __slots__ = ("_inner", "_outer", "mac", "siv")

    def __init__(self, mac: bytes, siv: AESSIV) -> None:
        """Hash the key's two blocks once for all tags: a copy of a state costs a third."""
        self.mac = mac
        self.siv = siv
        block = mac.ljust(_BLOCK_BYTES, b"\0")
        self._inner = hashlib.sha256(block.translate(_INNER))
        self._outer = hashlib.sha256(block.translate(_OUTER))

    def sign(self, signed: bytes) -> bytes:
        """HMAC-SHA-256 (RFC 2104) over all that comes before the tag, as the function `sign`."""
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(signed)
        outer.update(inner.digest())
        return outer.digest()

    def is_authentic(self, envelope: Envelope) -> bool:
        """Compare the tag in constant time, as the function `is_authentic`."""
        return hmac.compare_digest(self.sign(envelope.signed), envelope.tag)

    def has_signed(self, datagram: bytes) -> bool:
        """Tell the same of a datagram that is not parsed yet: its last 32 bytes are the tag."""
        return hmac.compare_digest(self.sign(datagram[:-TAG_BYTES]), datagram[-TAG_BYTES:])

    def __repr__(self) -> str:
        """Show no key."""
        return "SealingKeys(...)"


class TokenKeys(NamedTuple):
    """What client and server share for one token; setting it up costs about 20 us: keep it."""

    kid: bytes
    to_server: SealingKeys
    to_client: SealingKeys


def expand(secret: bytes, info: bytes, length: int) -> bytes:
    """HKDF-Expand with SHA-256 (RFC 5869); `secret` must be 32 uniformly random bytes."""
    return HKDFExpand(SHA256(), length, info).derive(secret)


def derive_token_keys(root: bytes, kid: bytes) -> TokenKeys:
    """Expand a token's 32-byte root: c2s-mac 32, c2s-siv 64, s2c-mac 32, s2c-siv 64."""
    half = _MAC_BYTES + _SIV_KEY_BYTES
    material = expand(root, b"diary/1 keys" + bytes((SUITE,)) + kid, 2 * half)
    return TokenKeys(kid, _split(material[:half]), _split(material[half:]))


def _split(material: bytes) -> SealingKeys:
    return SealingKeys(material[:_MAC_BYTES], AESSIV(material[_MAC_BYTES:]))


def sign(mac: bytes, signed: bytes) -> bytes:
    """HMAC-SHA-256 (RFC 2104) over all that comes before the tag."""
    return hmac.digest(mac, signed, "sha256")


def is_authentic(mac: bytes, envelope: Envelope) -> bool:
    """Compare the tag in constant time."""
    return hmac.compare_digest(sign(mac, envelope.signed), envelope.tag)


def seal(  # noqa: PLR0913 - the fields of the envelope, one argument each
    keys: SealingKeys,
    kind: Kind,
    kid: bytes,
    rid: EntryId,
    timestamp: int,
    plaintext: bytes,
    bound_to: bytes = b"",
) -> bytes:
    """Encrypt and sign one datagram.

    `plaintext` is 1 to 1106 bytes. `bound_to` joins the header as associated data: in a reply the
    32-byte tag of its request, so that an old refusal cannot be replayed at a retransmission.
    """
    if not 1 <= len(plaintext) <= MAX_PLAINTEXT:
        raise MalformedError(f"a body holds 1 to {MAX_PLAINTEXT} bytes")
    header = write_header(kind, kid, rid, timestamp, SIV_BYTES + len(plaintext))
    signed = signed_part(header, keys.siv.encrypt(plaintext, [header + bound_to]))
    return signed + keys.sign(signed)


def open_sealed(keys: SealingKeys, envelope: Envelope, bound_to: bytes = b"") -> bytes:
    """Check the tag, then decrypt; raise MalformedError if either fails."""
    if not keys.is_authentic(envelope):
        raise MalformedError("not signed with this key")
    return open_authentic(keys, envelope, bound_to)


def open_authentic(keys: SealingKeys, envelope: Envelope, bound_to: bytes = b"") -> bytes:
    """Decrypt what `keys.is_authentic` was true of; raise MalformedError if it is not sealed."""
    try:
        return keys.siv.decrypt(envelope.body, [envelope.header + bound_to])
    except InvalidTag:
        raise MalformedError("not sealed with this key") from None
