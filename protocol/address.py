"""Where a server is: a host and a port, written `host`, `host:port`, `[v6]:port` or bare `v6`."""

import re
from typing import Final, NamedTuple, Self

from protocol.errors import MalformedError

DEFAULT_PORT: Final = 8888
"""The port of the tutorial that the diary grew from; its clients still send there."""

_MAX_PORT: Final = 65535
_MAX_HOST: Final = 253
_LABEL: Final = "[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
"""At most 63 letters and never empty: for other names `getaddrinfo` raises UnicodeError."""

_HOST: Final = re.compile(rf"{_LABEL}(?:\.{_LABEL})*\.?")
_BRACKETED: Final = r"\[([^\]]+)\](?::([0-9]{1,5}))?"
_PLAIN: Final = re.compile(r"([^:\[\]]+)(?::([0-9]{1,5}))?")
_SCOPE: Final = r"[A-Za-z0-9._-]{1,15}"


class Address(NamedTuple):
    """A host (name, IPv4, or IPv6 without brackets) and a UDP port, 0 meaning "any free one"."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read one of the four forms; raise MalformedError for any other."""
        if text.count(":") > 1 and not text.startswith("["):
            return cls(_ipv6(text), DEFAULT_PORT)
        if text.startswith("[") and (bracketed := re.fullmatch(_BRACKETED, text)):
            return cls(_ipv6(bracketed[1]), _port(bracketed[2]))
        plain = _PLAIN.fullmatch(text)
        if plain and len(plain[1]) <= _MAX_HOST and _HOST.fullmatch(plain[1]):
            return cls(plain[1].lower(), _port(plain[2]))
        raise MalformedError("an address is written host, host:port or [v6]:port")

    def __str__(self) -> str:
        """Give `host:port`, an IPv6 host in brackets."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def _ipv6(text: str) -> str:
    from ipaddress import AddressValueError, IPv6Address  # noqa: PLC0415 - few are written so

    try:
        parsed = IPv6Address(text)
    except AddressValueError:
        parsed = None
    if parsed is None or (
        parsed.scope_id is not None and not re.fullmatch(_SCOPE, parsed.scope_id)
    ):
        raise MalformedError("that is not an IPv6 address")
    return str(parsed)


def _port(digits: str | None) -> int:
    port = DEFAULT_PORT if digits is None else int(digits)
    if port > _MAX_PORT:
        raise MalformedError(f"a port is a number from 0 to {_MAX_PORT}")
    return port
