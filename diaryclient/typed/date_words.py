"""The time that may stand before a text, and its colon: `yesterday at 3pm: Met Bob.` has one.

Rules: what stands before the first colon is a time only if all of it is one, in English, Chinese or
digits; what is none stays in the text. A time that no calendar or clock has, that has two readings
or is still to come is refused: else the entry would be of now, with the words in its text.
"""

import re
from typing import Final

from diaryclient.typed.time_reader import TimeReader
from protocol.stamp import Stamp

LONGEST: Final = 48
"""Characters before the colon; the longest that fits, with blanks to spare."""

_SEPARATOR: Final = re.compile(r":(?=\s)|(?<!\d)：|：(?!\d)")  # noqa: RUF001 - Chinese colons


def split_prefix(text: str, reader: TimeReader) -> tuple[Stamp, str] | None:
    """Give the time before the first colon and the text after it; None if there is no such time.

    The colon is followed by blank space, or is a Chinese one that stands between no two digits.
    Raise UsageError for a time that no entry can have.
    """
    separator = _SEPARATOR.search(text, 0, LONGEST + 2)
    if separator is None or separator.start() > LONGEST:
        return None
    rest = text[separator.end() :].lstrip()
    stamp = reader.leading(text[: separator.start()]) if rest else None
    return (stamp, rest) if stamp else None
