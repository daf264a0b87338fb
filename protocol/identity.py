"""A server's identity: how its Ed25519 key is shown to people and compared by them."""

import hashlib
import re
from binascii import b2a_base64
from typing import Final

from protocol.errors import MalformedError

FINGERPRINT_PREFIX: Final = "SHA256:"
_FINGERPRINT: Final = re.compile(r"SHA256:[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]")
"""The last letter of 32 bytes in base64 holds four bits only: one way to write each."""


def fingerprint(identity: bytes) -> str:
    """Give `SHA256:` and the unpadded base64 of SHA-256 over the 32 raw key bytes (as OpenSSH)."""
    digest = hashlib.sha256(identity).digest()
    return FINGERPRINT_PREFIX + b2a_base64(digest, newline=False).decode().rstrip("=")


def parse_fingerprint(text: str) -> str:
    """Check the form of a fingerprint that a person typed; raise MalformedError if it is wrong."""
    if not _FINGERPRINT.fullmatch(text):
        raise MalformedError("a fingerprint is written SHA256: and 43 letters, digits, + or /")
    return text
