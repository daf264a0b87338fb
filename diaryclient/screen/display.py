r"""How text reaches a terminal: nothing in it can move the cursor or forge a line.

Rules: controls other than TAB, bidirectional controls, U+2028, U+2029, U+FEFF and lone surrogates
are shown as `\x1b` or `\u202e`; a real backslash stays as it is. Only this program starts a line
without `| ` or `? `: further lines of a text and foreign bytes always stand behind one of them.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Final

from protocol.identifiers import EntryId
from protocol.stamp import Stamp

if TYPE_CHECKING:
    from protocol.dayfile import Foreign, Written

SHORTEST_ID: Final = 5
_TAB_STOP: Final = 8
"""Columns; where a terminal goes on behind a TAB, unless somebody set it otherwise."""

_CONTROLS: Final = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u206f\ufeff\ud800-\udfff"
)
_IN_TEXT: Final = f"[{_CONTROLS}]"
_IN_LINE: Final = f"[\n{_CONTROLS}]"


def safe_text(text: str) -> str:
    """Escape for a terminal; LF and TAB stay."""
    return re.sub(_IN_TEXT, _escape, text)


def safe_line(text: str) -> str:
    """Escape for one line of a terminal; an LF becomes visible too."""
    return re.sub(_IN_LINE, _escape, text)


def escape_json(document: str) -> str:
    """Escape a JSON document for a terminal; whoever reads it as JSON gets the same values."""
    return re.sub(_IN_TEXT, lambda match: f"\\u{ord(match[0]):04x}", document)


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"  # noqa: PLR2004 - a byte


def counted(count: int, one: str, many: str) -> str:
    """Give `1 entry` or `2 entries`."""
    return f"{count} {one if count == 1 else many}"


def format_minute(stamp: Stamp) -> str:
    """Give `2026-11-22 18:40`, the writer's wall clock."""
    return stamp.wall.isoformat(" ", "minutes")[:16]


def format_time(stamp: Stamp) -> str:
    """Give `18:40`, the writer's wall clock."""
    return format_minute(stamp)[11:]


def format_entry(
    entry: "Written", short_id: str, moment: Callable[[Stamp], str] = format_minute
) -> str:
    """Give an entry's lines as they were written, without a last LF: its head, `| ` further."""
    first, _, further = entry.text.partition("\n")
    head = format_head(entry, short_id, first, moment)
    return f"{head}\n{format_quoted(further)}" if "\n" in entry.text else head


def format_head(
    entry: "Written", short_id: str, title: str, moment: Callable[[Stamp], str] = format_minute
) -> str:
    """Give an entry's first line: time, id, `*` if starred, and what is given of its text."""
    words = [moment(entry.stamp), short_id, "*" if entry.starred else "", safe_line(title)]
    return " ".join(filter(None, words))


def format_quoted(text: str) -> str:
    """Give a whole text as further lines, each behind `| `."""
    return "\n".join(map(_further, safe_text(text).split("\n")))


def cut(text: str, columns: int) -> str:
    """Give a line that is no wider than `columns` on a terminal, `...` where its end is missing."""
    if _columns(text) <= columns:
        return text
    kept = text[:columns]
    while kept and _columns(kept) + 3 > columns:
        kept = kept[:-1]
    return f"{kept}..."


def _columns(text: str) -> int:
    from unicodedata import combining, east_asian_width  # noqa: PLC0415 - a megabyte of tables

    columns = 0
    for each in text:
        if each == "\t":
            columns += _TAB_STOP - columns % _TAB_STOP
        elif not combining(each):
            columns += 2 if east_asian_width(each) in {"W", "F"} else 1
    return columns


def format_foreign(foreign: "Foreign") -> str:
    """Give a line that is no entry, its undecodable bytes escaped."""
    return f"? {safe_line(foreign.raw.decode(errors='backslashreplace'))}"


def _further(line: str) -> str:
    return f"| {line}"


def short_id(entry_id: EntryId) -> str:
    """Give the last five hex digits, for an entry that is shown alone."""
    return entry_id.hex()[-SHORTEST_ID:]


class ShortIds:
    """Names for entries that are shown one group after the other.

    A name is the end of the id's hex digits: five, or as many more as no entry shown before or in
    the same group ends with.
    """

    def __init__(self) -> None:
        """Start with nothing shown."""
        self._endings: Counter[str] = Counter()

    def name(self, group: Iterable[EntryId]) -> Mapping[EntryId, str]:
        """Give each of the group its name; the group counts as shown from now on."""
        digits = {entry_id: entry_id.hex() for entry_id in group}
        for text in digits.values():
            self._endings.update(text[-length:] for length in _LENGTHS)
        return {entry_id: self._shortest(text) for entry_id, text in digits.items()}

    def _shortest(self, text: str) -> str:
        return next((text[-n:] for n in _LENGTHS if self._endings[text[-n:]] == 1), text)


_LENGTHS: Final = range(SHORTEST_ID, 33)
