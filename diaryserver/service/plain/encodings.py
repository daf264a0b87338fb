r"""Which encoding plain text is in, and how a reply is brought into it.

Rules: bytes that the encoding cannot be are no text, never repaired; each datagram or line stands
for itself, so an encoding with states or a byte order mark begins anew in each; a character that a
reply's encoding lacks is written as an escape (`\u8bfb`), never left out. Pure.
"""

import codecs
from bisect import bisect_right
from typing import Final

from protocol.errors import MalformedError

UTF_8: Final = "utf-8"
GB18030: Final = "gb18030"
AUTO: Final = "auto"
"""UTF-8, else GB18030."""

_UNUSABLE: Final = frozenset({"charmap", "hz", "idna", "punycode", "unicode-escape"})
"""Called text encodings by Python, though nobody writes text in them; the others of that kind do
not give `_NEEDED` back. HZ is one, but Python writes a tilde behind an escape so that it cannot be
read again."""

_NEEDED: Final = "-r -c [Sat Oct 31 12:00:00 2015] ---!\t\\x1b\\u89ab\\U0001f4cd\r\n"
"""What commands, stamps and escapes consist of."""


def named(name: str) -> str:
    """Give Python's name of a text encoding, or "auto"; raise ValueError for anything else."""
    if name == AUTO:
        return AUTO
    try:
        chosen = codecs.lookup(name).name
        if _NEEDED.encode(chosen).decode(chosen) == _NEEDED and chosen not in _UNUSABLE:
            return chosen
    except (LookupError, ValueError):
        pass  # said below, as of those that are no text encodings
    raise ValueError(
        'write "auto", or a text encoding that Python knows, such as "utf-8", "gb18030", "big5" or'
        ' "shift_jis"'
    )


def has_plain_lines(encoding: str) -> bool:
    """Tell whether a stream in it can be cut into lines at the bytes CR and LF."""
    return encoding == AUTO or "\r\n".encode(encoding) == b"\r\n"


def decode(data: bytes, encoding: str) -> tuple[str, str]:
    """Give the text and the encoding it was in, which "auto" finds out.

    Raise MalformedError for bytes that are no text in it.
    """
    for candidate in (UTF_8, GB18030) if encoding == AUTO else (encoding,):
        try:
            return data.decode(candidate), candidate
        except UnicodeError:
            continue
    raise MalformedError("bytes that are no text")


def encode(text: str, encoding: str) -> bytes:
    """Encode a reply, what the encoding lacks as an escape."""
    return text.encode(encoding, "backslashreplace")


def cut_within(text: str, encoding: str, limit: int) -> str:
    """Give as many whole characters from the beginning as take at most `limit` bytes."""
    return text[: _fitting(text, encoding, limit)]


def _fitting(text: str, encoding: str, limit: int) -> int:
    # No character takes less than a byte.
    lengths = range(min(len(text), limit) + 1)
    longer = bisect_right(lengths, limit, key=lambda length: len(encode(text[:length], encoding)))
    return max(0, longer - 1)
