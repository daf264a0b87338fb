"""The one form in which tags, searched words and searched texts are compared; texts stay as typed.

A text has one form however an accent was typed (as one letter, or as a letter and a mark), in
capitals or not (Unicode's full case folding: `STRASSE` is `Straße`, every sigma is one), in
full-width or half-width letters and digits or in ordinary ones. The four letters i of Turkish are
one, since nobody says which language a text is in: a search rather finds too much than nothing.

Rules: pure, and linear in a text's length, whoever wrote it. NFC and not NFKC, of which only the
widths of letters and digits are taken: NFKC also changes the punctuation of every Chinese text, and
a search through it would take twice as long. An ASCII text does not import Unicode's tables.
"""

import re
from typing import Final

_MOST_MARKS: Final = 30
"""In a row, as in UAX #15's stream-safe texts. Python sorts them in a time that grows with the
square of their number: seconds for a text of a few ten thousand."""

_MARKS: Final = (
    "\u0300-\u036f\u0483-\u0487\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed"
    "\u0711\u0730-\u074a\u07eb-\u07fd\u0816-\u082d\u0859-\u085b\u0897-\u08ff\u093c\u094d-\u0954"
    "\u09bc-\u09fe\u0a3c-\u0a4d\u0abc-\u0acd\u0b3c-\u0b4d\u0bcd\u0c3c-\u0c56\u0cbc-\u0ccd"
    "\u0d3b-\u0d4d\u0dca\u0e38-\u0e4b\u0eb8-\u0ecb\u0f18-\u0fc6\u1037-\u103a\u108d\u135d-\u135f"
    "\u1714-\u1734\u17d2-\u17dd\u18a9\u1939-\u193b\u1a17-\u1aeb\u1b34-\u1bf3\u1c37\u1cd0-\u1cf9"
    "\u1dc0-\u1dff\u20d0-\u20f0\u2cef-\u2cf1\u2d7f\u2de0-\u2dff\u302a-\u302f\u3099\u309a"
    "\ua66f-\ua67d\ua69e-\ua6f1\ua806-\ua82c\ua8c4-\ua8f1\ua92b-\ua953\ua9b3-\ua9c0\uaab0-\uaaf6"
    "\uabed\ufb1e\ufe20-\ufe2f\U00010000-\U0001efff"
)
"""All characters that have a place in the order of marks, and some others."""

_MARK_PAIRS: Final = "\u0f73\u0f75\u0f81"
"""Tibetan vowels that Unicode gives no place in the order, but the marks that they consist of."""

_WIDTHS: Final = "\uff10-\uff19\uff21-\uff3a\uff41-\uff5a\uff66-\uffdc"
"""Letters and digits among Unicode's half-width and full-width forms."""

_RARE: Final = re.compile(f"[{_MARKS}{_WIDTHS}]")
_OTHER_WIDTH: Final = re.compile(f"[{_WIDTHS}]+")
_MANY_MARKS: Final = re.compile(f"[{_MARKS}][{_MARKS}]{{{_MOST_MARKS},}}")
_DOTTED: Final = re.compile("i\u0307+")
_DOTLESS: Final = "\u0131"
PARTING: Final = "\u034f"
"""Put between too many marks, as by UAX #15; where many of it are, making the form took long."""


def caseless(text: str) -> str:
    """Give the form of a text, which is its own form.

    It has the line ends, TABs, backslashes and controls of the text, and no others.
    """
    if text.isascii():
        return text.lower()
    from unicodedata import normalize  # noqa: PLC0415 - a megabyte of tables

    if _RARE.search(text):
        text = _OTHER_WIDTH.sub(lambda found: normalize("NFKC", found[0]), text)
        text = _MANY_MARKS.sub(_parted, text)
    folded = normalize("NFC", text).casefold().replace(_DOTLESS, "i")
    return normalize("NFC", _DOTTED.sub("i", folded))


def _parted(found: re.Match[str]) -> str:
    from unicodedata import combining  # noqa: PLC0415 - as above

    parts, count = list[str](), 0
    for character in found[0]:
        count = count + 1 if combining(character) or character in _MARK_PAIRS else 0
        if count > _MOST_MARKS:
            parts.append(PARTING)
            count = 1
        parts.append(character)
    return "".join(parts)
