"""Other protocols at the plain-text port: what opens like one of them is no text.

A web page has its visitor's browser send to any port of the visitor's own machine and network: HTTP
by `fetch`, forms and WebSockets, TLS, STUN over UDP and TCP by WebRTC, QUIC by WebTransport. Nearly
every byte behind the first ones is the page's choice. Rules: so the first ones decide; what is
recognised is neither kept nor answered; a text that merely resembles one ("POST office at 5") is a
text. Pure.
"""

import re
from typing import Final

_BINARY: Final = re.compile(rb"[\x00-\x06\x10-\x1a\x1c-\x1f]")
"""In no line of text, in any encoding whose lines TCP can carry: controls but those that terminals
and logs have, and SO and SI, which ISO-2022 has. TLS begins with 0x16; STUN and SSL 2 have NULs."""

_BEGINNING: Final = re.compile(
    rb"(?:GET|HEAD|POST|PUT|DELETE|OPTIONS|PATCH|TRACE) (?:/|[A-Za-z][A-Za-z0-9+.-]*:/)"
    rb"|OPTIONS \*"
    rb"|CONNECT \S*:\d"
    rb"|PRI \*"
    rb"|SSH-\d\."
)
"""RFC 9112, 3.2: the methods that a browser sends by itself, in each form of a target; RFC 9113,
3.4; RFC 4253, 4.2."""

_REQUEST_LINE: Final = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+ \S+ HTTP/\d")
"""RFC 9112, 3, with any method: a page may invent one for a server that is its own by name."""

_STUN_COOKIE: Final = bytes.fromhex("2112a442")
_STUN_COOKIE_AT: Final = 4
_STUN_MAX_FIRST: Final = 0x3F
"""RFC 8489, 5: two zero bits, and a constant."""

_QUIC_LONG: Final = 0x80
_QUIC_NEGOTIATION: Final = bytes(4)
_QUIC_VERSION: Final = re.compile(
    rb"\x00{3}\x01|k3C\xcf|\xff\x00{2}.|[QT][0-9]{3}"
    rb"|[\x0a\x1a*:JZjz\x8a\x9a\xaa\xba\xca\xda\xea\xfa]{4}",
    re.DOTALL,
)
_QUIC_MAX_ID: Final = 20
_QUIC_LENGTH_AT: Final = 5
"""RFC 8999, 5.1: a first bit, four bytes of version, then two connection ids behind their lengths,
of 20 bytes at most in every version there is: RFC 9000, RFC 9369, drafts, Google's own, and those
that are reserved (each byte ends in 0xa)."""

_DTLS_HEADER: Final = re.compile(rb"[\x14-\x19]\xfe[\xfc\xfd\xff].{10}", re.DOTALL)
"""RFC 9147, 4: a content type, a version, and ten bytes of epoch, number and length."""


def is_foreign(line: bytes, *, is_whole: bool) -> bool | None:
    """Tell whether a conversation whose first line that is not empty begins so is no plain text.

    None: that cannot be said before more of the line, or its end, has come. True never changes.
    """
    if _BINARY.search(line) or _BEGINNING.match(line):
        return True
    return _REQUEST_LINE.match(line) is not None if is_whole else None


def is_foreign_datagram(datagram: bytes) -> bool:
    """Tell what a browser sends by UDP: STUN, QUIC's first packets, or DTLS."""
    return _is_stun(datagram) or _is_quic(datagram) or _DTLS_HEADER.match(datagram) is not None


def _is_stun(datagram: bytes) -> bool:
    is_cookie = datagram.startswith(_STUN_COOKIE, _STUN_COOKIE_AT)
    return is_cookie and datagram[0] <= _STUN_MAX_FIRST


def _is_quic(datagram: bytes) -> bool:
    if len(datagram) <= _QUIC_LENGTH_AT or not datagram[0] & _QUIC_LONG:
        return False
    version = datagram[1:_QUIC_LENGTH_AT]
    if version == _QUIC_NEGOTIATION:
        return True
    source_at = _QUIC_LENGTH_AT + 1 + datagram[_QUIC_LENGTH_AT]
    return (
        _QUIC_VERSION.match(version) is not None
        and datagram[_QUIC_LENGTH_AT] <= _QUIC_MAX_ID
        and source_at < len(datagram)
        and datagram[source_at] <= _QUIC_MAX_ID
    )
