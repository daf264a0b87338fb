r"""How a text keeps to its lines in a day file: lossless, and nothing in it can forge a header.

Escaped: the backslash as `\\`; C0 except TAB and LF, DEL, C1, U+2028, U+2029 and U+FEFF as
`\u{hex}` (lower case, no leading zero). Nothing else, and no normalisation: the escape is a
bijection between texts without LF and the lines it accepts.
"""

import re
from typing import Final

from protocol.errors import MalformedError

_SPECIAL: Final = re.compile("[\\\\\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff]")
_ESCAPES: Final = {
    code: "\\\\" if code == ord("\\") else f"\\u{{{code:x}}}"
    for code in (
        *range(9),
        *range(0x0B, 0x20),
        ord("\\"),
        *range(0x7F, 0xA0),
        *(0x2028, 0x2029, 0xFEFF),
    )
}
"""Of every escaped character, for `str.translate`: many of them may be in one text."""

_CHARACTERS: Final = {escape: chr(code) for code, escape in _ESCAPES.items()}
_ESCAPE: Final = re.compile(r"\\u\{[0-9a-f]{1,4}\}")
_BACKSLASH: Final = "\ud800"
"""Stands for one while the others are undone; no text has it."""


def escape_line(text: str) -> str:
    """Escape a text; its LF and TAB stay as they are."""
    return text.translate(_ESCAPES) if _SPECIAL.search(text) else text


def unescape_line(line: str) -> str:
    """Undo `escape_line`; raise MalformedError for a line that `escape_line` never gives."""
    text = _undone(line) if "\\" in line else line
    if escape_line(text) != line:
        raise MalformedError("not an escaped line")
    return text


def _undone(line: str) -> str:
    text = line.replace("\\\\", _BACKSLASH)
    for escape in set(_ESCAPE.findall(text)) & _CHARACTERS.keys():
        text = text.replace(escape, _CHARACTERS[escape])
    return text.replace(_BACKSLASH, "\\")
