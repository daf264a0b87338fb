"""A secret on a line of its own: a password, an invite or a token, from a file, a pipe or a person.

Rules: exactly one line end belongs to the line, LF or CR LF, and everything else to the secret. A
secret with a control character is refused, since nobody typed that on purpose: it is what another
system's line end, encoding or terminal left, and would have to be typed again for ever. No error
repeats what was read.
"""

import re
from typing import Final

from protocol.errors import UsageError

_UNTYPED: Final = re.compile("[\x00-\x1f\x7f-\x9f\ufeff]")
"""Unicode's control characters, and the byte order mark that some editors put before a file."""

_SURROGATE: Final = re.compile("[\ud800-\udfff]")
"""How Python keeps the bytes of a terminal or an environment that are no UTF-8."""


def secret_of_line(line: bytes, name: str) -> str:
    """Give the secret on a line, called `name` in errors; raise UsageError."""
    try:
        text = line.removesuffix(b"\n").decode()
    except UnicodeDecodeError:
        raise UsageError(f"the {name} is not valid UTF-8") from None
    return check_typed(text.removesuffix("\r") if line.endswith(b"\n") else text, name)


def check_typed(secret: str, name: str) -> str:
    """Give a secret that a person could type; raise UsageError, which does not quote it."""
    if _SURROGATE.search(secret):
        raise UsageError(f"the {name} is not valid UTF-8")
    if _UNTYPED.search(secret):
        raise UsageError(
            f"the {name} has a control character, such as a tab, a second line end or a byte order "
            "mark; take it out"
        )
    return secret
