"""Words: a few values as one word of letters and digits, which no shell and no mail program harms.

A word is its prefix and Crockford's base32, lower case (no padding), of a msgpack list after 4
bytes of its SHA-256, which find a slip of the pen before it looks like something else. Letters may
be upper case; `o` reads as 0, `i` and `l` as 1.

Rules: what each value must be is for the kind of word to check (`protocol.invite`,
`protocol.tokenword`); each list of values has exactly one word.
"""

import base64
import hashlib
from dataclasses import dataclass
from typing import Final

import msgpack

from protocol.errors import MalformedError
from protocol.identity import FINGERPRINT_PREFIX, parse_fingerprint

_CHECK_BYTES: Final = 4
_RFC_4648: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_CROCKFORD: Final = "0123456789abcdefghjkmnpqrstvwxyz"
_TO_CROCKFORD: Final = str.maketrans(_RFC_4648, _CROCKFORD)
_FROM_CROCKFORD: Final = str.maketrans(_CROCKFORD + "oil", _RFC_4648 + "ABB")


@dataclass(frozen=True, slots=True)
class WordKind:
    """A kind of word: its prefix, its longest, in letters, and how people call it."""

    prefix: str
    longest: int
    name: str

    def encode(self, values: list[str | bytes | int | bool]) -> str:
        """Give the word of these values."""
        packed = msgpack.packb(values)
        return self.prefix + _letters(_check(packed) + packed).translate(_TO_CROCKFORD)

    def begins(self, word: str) -> bool:
        """Tell such a word by its prefix, whole or damaged behind it."""
        return word.lower().startswith(self.prefix)

    def decode(self, word: str, types: tuple[type, ...]) -> list[object]:
        """Give a word's values, each exactly of its type; raise MalformedError if it is damaged."""
        if len(word) > self.longest or not self.begins(word):
            raise self.damaged()
        letters = word.lower()[len(self.prefix) :].translate(_FROM_CROCKFORD)
        try:
            data = base64.b32decode(letters.ljust(-(-len(letters) // 8) * 8, "="))
            packed = data[_CHECK_BYTES:]
            if _check(packed) != data[:_CHECK_BYTES] or _letters(data) != letters:
                raise self.damaged()
            values = msgpack.unpackb(packed)
        except (ValueError, TypeError, msgpack.UnpackException):
            raise self.damaged() from None
        if type(values) is not list or tuple(map(type, values)) != types:
            raise self.damaged()
        return values

    def damaged(self) -> MalformedError:
        """Give the error for whatever is wrong with a word."""
        return MalformedError(f"this {self.name} is damaged or incomplete; copy the whole word")


def fingerprint_digest(fingerprint: str) -> bytes:
    """Give the 32 bytes that a fingerprint shows, as words carry them."""
    return base64.b64decode(fingerprint.removeprefix(FINGERPRINT_PREFIX) + "=")


def shown_digest(digest: bytes) -> str:
    """Give the fingerprint that shows these bytes; raise MalformedError unless they are 32."""
    return parse_fingerprint(FINGERPRINT_PREFIX + base64.b64encode(digest).decode().rstrip("="))


def _letters(data: bytes) -> str:
    return base64.b32encode(data).decode().rstrip("=")


def _check(packed: bytes) -> bytes:
    return hashlib.sha256(packed).digest()[:_CHECK_BYTES]
