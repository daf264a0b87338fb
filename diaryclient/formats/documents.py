"""Entries as documents: Markdown by year and month, and the plain text that jrnl keeps.

Rules: controls are shown escaped; in Markdown a text's own headings go below those of the document,
and in plain text no line of a body begins like an entry.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from diaryclient.browsing.browsing import Page
from diaryclient.entries.entry import DiaryEntry
from diaryclient.formats.pretty import Look
from diaryclient.screen.display import format_minute, safe_line, safe_text

MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
"""In English, whatever the machine speaks: a program may read them."""

_HEADING: Final = re.compile(r"^( {0,3})(#{1,6})(?=\s|$)", re.MULTILINE)
_ENTRY_HEAD: Final = re.compile(r"^(?=\[\d{4}-\d\d-\d\d)", re.MULTILINE | re.ASCII)


def render_markdown(pages: Iterable[Page], look: Look) -> Iterator[str]:
    """Give a document: a heading for each year, month and entry."""
    del look
    year = month = ""
    for entry in _entries(pages):
        wall = entry.stamp.wall
        blank = "\n" if year else ""
        if f"{wall.year:04}" != year:
            year, month = f"{wall.year:04}", ""
            yield f"{blank}# {year}\n"
            blank = "\n"
        if MONTHS[wall.month - 1] != month:
            month = MONTHS[wall.month - 1]
            yield f"\n## {month}\n"
            blank = "\n"
        yield f"{blank}### {format_minute(entry.stamp)} {_title(entry)}\n"
        if entry.body:
            yield f"\n{lowered(safe_text(entry.body), 3)}\n"


def render_text(pages: Iterable[Page], look: Look) -> Iterator[str]:
    """Give jrnl's own form: `[2026-11-22 18:40] Title`, the body, and a blank line between."""
    del look
    blank = ""
    for entry in _entries(pages):
        yield f"{blank}[{format_minute(entry.stamp)}] {_title(entry)}\n"
        if entry.body:
            yield _ENTRY_HEAD.sub(" ", safe_text(entry.body)) + "\n"
        blank = "\n"


def _entries(pages: Iterable[Page]) -> Iterator[DiaryEntry]:
    return (entry for page in pages for entry in page.entries)


def _title(entry: DiaryEntry) -> str:
    return safe_line(entry.title) + " *" * entry.is_starred


def lowered(body: str, levels: int) -> str:
    """Give a Markdown text whose headings are so many levels lower, six at most."""
    return _HEADING.sub(lambda match: match[1] + (match[2] + "#" * levels)[:6], body)
