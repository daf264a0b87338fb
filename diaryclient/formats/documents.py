"""Entries as documents: Markdown by year and month, and the plain text that jrnl keeps.

Rules: controls are shown escaped; in Markdown a text's own headings go below those of the document,
its code stays as it is (`diaryclient.formats.sections`), and in plain text no line of a body begins
like an entry. What is printed has a blank line below each heading, since programs read it so; in an
export the number of blank lines is that which brings the text back.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from diaryclient.browsing.browsing import Page
from diaryclient.entries.entry import DiaryEntry
from diaryclient.formats.pretty import Look
from diaryclient.formats.sections import as_section, begins_with_code, lowered
from diaryclient.screen.display import format_minute, safe_line, safe_text

MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
"""In English, whatever the machine speaks: a program may read them."""

LEVELS: Final = 3
"""How deep the heading of an entry is."""

_ENTRY_HEAD: Final = re.compile(r"^(?=\[\d{4}-\d\d-\d\d)", re.MULTILINE | re.ASCII)


def render_markdown(pages: Iterable[Page], look: Look) -> Iterator[str]:
    """Give a document: a heading for each year, month and entry."""
    del look
    return _document(pages, _shown)


def render_document(pages: Iterable[Page], look: Look) -> Iterator[str]:
    """Give the same, from which an import makes the same texts."""
    del look
    return _document(pages, _kept)


def _document(pages: Iterable[Page], section: Callable[[DiaryEntry], str]) -> Iterator[str]:
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
        yield f"{blank}### {format_minute(entry.stamp)}{section(entry)}"


def _shown(entry: DiaryEntry) -> str:
    if begins_with_code(entry.text):
        return _kept(entry)
    body = f"\n{lowered(safe_text(entry.body), LEVELS)}\n" if entry.body else ""
    return f" {_title(entry)}\n{body}"


def _kept(entry: DiaryEntry) -> str:
    return as_section(entry.text, LEVELS, starred=entry.is_starred)


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
