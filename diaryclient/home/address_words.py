"""What somebody meant who typed a link, or `alice@host`, where an address is asked for.

Rules: pure. Nothing of what was typed is said again but host, port and user: a link may carry a
password.
"""

import re
from typing import Final

from protocol.address import Address
from protocol.errors import MalformedError
from protocol.identifiers import Username

_LINK: Final = re.compile(
    r"\s*(?:[A-Za-z][A-Za-z0-9+.-]*:/*(?<=/))?(?:([^@/:\s]+)(?::[^@/\s]*)?@)?([^/?#\s]+?)/*(?:[/?#].*)?\s*"
)
_LONGEST: Final = 2000
"""Characters; as long as any link that works everywhere."""


def meant_address(text: str) -> str:
    """Give `diary.example.org:8888`, and the user if one was named; empty if nobody knows."""
    found = _LINK.fullmatch(text[:_LONGEST])
    if not found:
        return ""
    try:
        address = Address.parse(found[2])
    except MalformedError:
        return ""
    return f"{address}{_as_user(found[1])}"


def _as_user(name: str | None) -> str:
    if name is None:
        return ""
    try:
        return f", with {Username(name)} as the user"
    except MalformedError:
        return ""
