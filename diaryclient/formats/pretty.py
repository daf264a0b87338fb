"""Entries for people: a head with time, id, star and title; the body behind `| `.

Rules: the heads say enough to name an entry to another command. On a terminal rows are no wider
than it is, and a row that goes on does not begin like one of this program. Colours change no
character.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from diaryclient.browsing.browsing import Page
from diaryclient.entries.entry import DiaryEntry, find_tags
from diaryclient.screen.display import (
    ShortIds,
    cut,
    format_foreign,
    format_head,
    format_minute,
    safe_text,
)

_BAR: Final = "| "
_WRAPPED: Final = "  "
_WHEN, _NAME, _TITLE, _TAG, _PLAIN = "\x1b[36m", "\x1b[2m", "\x1b[1m", "\x1b[33m", "\x1b[0m"


@dataclass(frozen=True, slots=True)
class Look:
    """How wide a row may be, None for any width, and whether there are colours."""

    columns: int | None = None
    has_colours: bool = False


def render_pretty(pages: Iterable[Page], look: Look) -> Iterator[str]:
    """Give whole entries, and lines that are none behind `? `."""
    names = ShortIds()
    for page in pages:
        named = names.name(entry.id for entry in page.entries)
        for entry in page.entries:
            name = named[entry.id]
            rows = _wrapped(format_head(entry.written, name, entry.title), look, _WRAPPED)
            yield _lines(_coloured_head(rows, entry, name) if look.has_colours else rows)
            if entry.body:
                rows = [
                    row
                    for line in safe_text(entry.body).split("\n")
                    for row in _wrapped(f"{_BAR}{line}", look, _BAR)
                ]
                yield _lines(map(_coloured, rows) if look.has_colours else rows)
        for foreign in page.foreign:
            yield _lines(_wrapped(format_foreign(foreign), look, _WRAPPED))


def render_short(pages: Iterable[Page], look: Look) -> Iterator[str]:
    """Give one line an entry, without its body; on a terminal it is cut where that ends."""
    names = ShortIds()
    for page in pages:
        named = names.name(entry.id for entry in page.entries)
        for entry in page.entries:
            name = named[entry.id]
            row = format_head(entry.written, name, entry.title)
            row = row if look.columns is None else cut(row, look.columns)
            yield _lines(_coloured_head([row], entry, name) if look.has_colours else [row])


def _wrapped(line: str, look: Look, indent: str) -> list[str]:
    if look.columns is None:
        return [line]
    from diaryclient.screen.wrapping import wrap_lines  # noqa: PLC0415 - only a terminal needs its tables

    return wrap_lines(line, look.columns, indent)


def _coloured_head(rows: list[str], entry: DiaryEntry, name: str) -> list[str]:
    when = format_minute(entry.stamp)
    first, *further = rows
    place = len(f"{when} {name}")
    if first[:place] != f"{when} {name}":
        return rows  # wrapped or cut before the title
    head = f"{_WHEN}{when}{_PLAIN} {_NAME}{name}{_PLAIN}"
    title = [_coloured(row, _TITLE) for row in (first[place:], *further)]
    return [f"{head}{title[0]}", *title[1:]]


def _coloured(row: str, style: str = "") -> str:
    """Give a row whose tags stand out, the rest in a style."""
    for place, tag in reversed(find_tags(row)):
        end = place + len(tag)
        row = f"{row[:place]}{_TAG}{tag}{_PLAIN}{style}{row[end:]}"
    return f"{style}{row}{_PLAIN}" if style else row


def _lines(rows: Iterable[str]) -> str:
    return "".join(f"{row}\n" for row in rows)
