r"""How a text keeps to its lines in a day file: lossless, and nothing in it can forge a header.

Escaped: the backslash as `\\`; C0 except TAB and LF, DEL, C1, U+2028, U+2029 and U+FEFF as
`\u{hex}` (lower case, no leading zero). Nothing else, and no normalisation: the escape is a
bijection between texts without LF and the lines it accepts.
"""

import re
from typing import Final

from protocol.errors import MalformedError

_SPECIAL: Final = re.compile("[\\\\\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff]")
_ESCAPE: Final = re.compile(r"\\(\\|u\{([1-9a-f][0-9a-f]{0,3}|0)\})?")


def escape_line(text: str) -> str:
    """Escape a text; its LF and TAB stay as they are."""
    return _SPECIAL.sub(_escape_character, text)


def unescape_line(line: str) -> str:
    """Undo `escape_line`; raise MalformedError for a line that `escape_line` never gives."""
    text = _ESCAPE.sub(_unescape_match, line)
    if escape_line(text) != line:
        raise MalformedError("not an escaped line")
    return text


def _escape_character(match: re.Match[str]) -> str:
    character = match[0]
    return "\\\\" if character == "\\" else f"\\u{{{ord(character):x}}}"


def _unescape_match(match: re.Match[str]) -> str:
    if match[2]:
        return chr(int(match[2], 16))
    return "\\"
