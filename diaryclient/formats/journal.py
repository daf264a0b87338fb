r"""Entries as a journal of jrnl: the file that jrnl 2 to 4 keep, for jrnl to open, or to import.

Rules: the whole text comes behind the time, as it was written, without blank space around it. jrnl
takes the first line for the title, a `*` at its end for the star, and every later line that begins
with a time in brackets for the next entry. So a line of a text that begins with a bracket, which
jrnl might take for a time, gets a backslash before it, or one more; a space would not do, since
jrnl drops it when it writes its file anew. What no writing can keep from being misread is told
(`Misreadings`).
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from diaryclient.browsing.browsing import Page
from diaryclient.entries.entry import DiaryEntry
from diaryclient.formats.pretty import Look
from diaryclient.screen.display import format_minute, safe_text, short_id

HEAD_LIKE: Final = re.compile(r"^(?=\\*\[(?:[^\]\n]{7,}\] |[^\]\n]*$))", re.MULTILINE)
"""Where jrnl would look for a time: it looks in brackets with seven characters or more, before a
space, and the bracket that is not closed on its line may be closed by the next entry's."""

_MOST_NAMED: Final = 5
"""Entries in a message; more of them fill the screen and help nobody."""


def render_journal(pages: Iterable[Page], look: Look) -> Iterator[str]:
    """Give the journal: `[2026-11-22 18:40] Text`, and a blank line between entries."""
    del look
    blank = ""
    for page in pages:
        for entry in page.entries:
            title, _, further = safe_text(entry.text).strip().partition("\n")
            star = " *" * entry.is_starred
            yield f"{blank}[{format_minute(entry.stamp)}] {title.rstrip()}{star}\n"
            if further.strip():
                yield HEAD_LIKE.sub(r"\\", further) + "\n"
            blank = "\n"


class Misreadings:
    """Finds what jrnl will not read as it was written."""

    def __init__(self) -> None:
        """Nothing has been looked at yet."""
        self._starred: list[str] = []
        self._escaped: list[str] = []

    def counted(self, pages: Iterable[Page]) -> Iterator[Page]:
        """Give the pages on as they come."""
        for page in pages:
            for entry in page.entries:
                self.look_at(entry)
            yield page

    def told(self) -> list[str]:
        """Give a line for each kind that was found."""
        kinds = (
            (
                self._starred,
                "with * beside the first line, which jrnl takes for the star, or drops",
            ),
            (self._escaped, "with control characters, which jrnl gets as \\x1b or \\u202e"),
        )
        return [f"{named_entries(found)} {words}" for found, words in kinds if found]

    def look_at(self, entry: DiaryEntry) -> bool:
        """Tell whether jrnl will misread an entry, and remember it."""
        name = entry_name(entry)
        first = entry.text.strip().partition("\n")[0].strip()
        is_starred = first.endswith("*") or (entry.is_starred and first.startswith("*"))
        is_escaped = safe_text(entry.text) != entry.text
        self._starred += [name] * is_starred
        self._escaped += [name] * is_escaped
        return is_starred or is_escaped


def entry_name(entry: DiaryEntry) -> str:
    """Give an entry's name in a message."""
    return f"{short_id(entry.id)} of {entry.stamp.day}"


def named_entries(found: list[str]) -> str:
    """Give how many there are and the names of the first."""
    count = "1 entry" if len(found) == 1 else f"{len(found)} entries"
    names = ", ".join(found[:_MOST_NAMED])
    return f"{count} ({names}{', ...' * (len(found) > _MOST_NAMED)})"
