"""Cookies: proof that who speaks can be reached at its address, before anything costly is done."""

import hmac
from typing import Final

from protocol.offer import COOKIE_BYTES

COOKIE_LIFE_MILLISECONDS: Final = 60_000
"""A person confirming a fingerprint may need longer; a stale cookie then gets a fresh OFFER."""

_TIME_BYTES: Final = 8
_TAG_BYTES: Final = COOKIE_BYTES - _TIME_BYTES


class CookieJar:
    """Makes and checks cookies without remembering any of them."""

    def __init__(self, secret: bytes) -> None:
        """`secret` is 32 random bytes that live as long as the process."""
        self._secret = secret

    def make(self, source: bytes, nonce: bytes, now: int) -> bytes:
        """Give 24 bytes bound to `source` (address and port, packed), `nonce` and `now` (ms)."""
        time = now.to_bytes(_TIME_BYTES, "big")
        return time + self._tag(source, nonce, time)

    def is_valid(self, cookie: bytes, source: bytes, nonce: bytes, now: int) -> bool:
        """Tell whether `make` gave this cookie to the same source in the last 60 s."""
        time = cookie[:_TIME_BYTES]
        age = now - int.from_bytes(time, "big")
        expected = self._tag(source, nonce, time)
        genuine = hmac.compare_digest(cookie[_TIME_BYTES:], expected)
        return genuine and 0 <= age <= COOKIE_LIFE_MILLISECONDS

    def _tag(self, source: bytes, nonce: bytes, time: bytes) -> bytes:
        # The parts have fixed lengths but for the source, which comes last.
        return hmac.digest(self._secret, time + nonce + source, "sha256")[:_TAG_BYTES]
