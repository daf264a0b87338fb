"""An invite: one shell-safe word that carries all a new user's first login needs.

The word is `diaryinvite1` and Crockford's base32, lower case (no padding), of a msgpack array
`[address, user, fingerprint digest (32 bytes), code (16 bytes)]` after 4 bytes of its SHA-256,
which find a slip of the pen before it looks like a changed server. Letters may be upper case;
`o` reads as 0, `i` and `l` as 1.
"""

import base64
import hashlib
from dataclasses import dataclass, field
from typing import Final

import msgpack

from protocol.address import Address
from protocol.errors import MalformedError
from protocol.identifiers import Username
from protocol.identity import FINGERPRINT_PREFIX, parse_fingerprint

CODE_BYTES: Final = 16
INVITE_PREFIX: Final = "diaryinvite1"
MAX_WORD: Final = 640
"""An address of 259 bytes, the longest, gives 577 letters."""

_CHECK_BYTES: Final = 4
_RFC_4648: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_CROCKFORD: Final = "0123456789abcdefghjkmnpqrstvwxyz"
_TO_CROCKFORD: Final = str.maketrans(_RFC_4648, _CROCKFORD)
_FROM_CROCKFORD: Final = str.maketrans(_CROCKFORD + "oil", _RFC_4648 + "ABB")


@dataclass(frozen=True, slots=True)
class Invite:
    """Where to log in, as whom, whom to trust, and the 16-byte code that works once."""

    address: Address
    user: Username
    fingerprint: str
    code: bytes = field(repr=False)

    def encode(self) -> str:
        """Give the word, about 150 letters and digits."""
        digest = base64.b64decode(self.fingerprint.removeprefix(FINGERPRINT_PREFIX) + "=")
        packed = msgpack.packb([str(self.address), str(self.user), digest, self.code])
        return INVITE_PREFIX + _letters(_check(packed) + packed).translate(_TO_CROCKFORD)


def looks_like_invite(word: str) -> bool:
    """Tell an invite from a host name: by its prefix, whole or damaged behind it."""
    return word.lower().startswith(INVITE_PREFIX)


def parse_invite(word: str) -> Invite:
    """Read an invite; raise MalformedError for any word but those that `Invite.encode` gives."""
    damaged = "this invite is damaged or incomplete; copy the whole word"
    if len(word) > MAX_WORD or not looks_like_invite(word):
        raise MalformedError(damaged)
    letters = word.lower()[len(INVITE_PREFIX) :].translate(_FROM_CROCKFORD)
    try:
        data = base64.b32decode(letters.ljust(-(-len(letters) // 8) * 8, "="))
        packed = data[_CHECK_BYTES:]
        if _check(packed) != data[:_CHECK_BYTES] or _letters(data) != letters:
            raise MalformedError(damaged)
        address, user, digest, code = msgpack.unpackb(packed)
        if type(digest) is not bytes or type(code) is not bytes or len(code) != CODE_BYTES:
            raise MalformedError(damaged)
        shown = FINGERPRINT_PREFIX + base64.b64encode(digest).decode().rstrip("=")
        return Invite(Address.parse(address), Username(user), parse_fingerprint(shown), code)
    except (ValueError, TypeError, AttributeError, msgpack.UnpackException):
        raise MalformedError(damaged) from None


def _letters(data: bytes) -> str:
    return base64.b32encode(data).decode().rstrip("=")


def _check(packed: bytes) -> bytes:
    return hashlib.sha256(packed).digest()[:_CHECK_BYTES]
