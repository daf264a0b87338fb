"""Reads a folder of text or Markdown files that are named by their day.

    2026-11-22.md   20261122 Lake.txt   2026-11-22_0730.md   2026/11/22.txt

Rules: a file is an entry, of the time in its name, or of nine o'clock; but a file in which a line
begins as jrnl begins an entry is read as jrnl's, and in a Markdown file each heading that begins
with a time (`## 07:30 Title`) begins an entry. A heading that only says the day is no text. Files
that are not named so, or are no text, are oddities. What is looked at and what is not:
`diaryclient.importing.tree`.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, time
from itertools import chain, pairwise
from pathlib import Path
from typing import Final

from diaryclient.errors import SourceError
from diaryclient.importing.finding import Draft, Finding, Oddity
from diaryclient.importing.journal import is_journal, read_journal
from diaryclient.importing.source import (
    MAX_BYTES,
    NotRegularError,
    decode,
    read_bytes,
    too_large,
)
from diaryclient.importing.tree import Leaf, Tree, opened_tree

_MARKDOWN: Final = frozenset({".md", ".markdown"})
_ENDINGS: Final = _MARKDOWN | {".txt", ".text"}
_NAME: Final = re.compile(
    r"(\d{4})([-_.]?)(\d\d)\2(\d\d)(?!\d)(?:[ T_-]+([01]\d|2[0-3])[-:.h]?([0-5]\d)(?!\d))?",
    re.ASCII,
)
_PATH: Final = re.compile(r"(?:^|/)(\d{4})/(\d\d)/(?:\1-\2-)?(\d\d)\.[a-z]+$", re.ASCII)
_TIMED: Final = re.compile(r"^#{1,6} +([01]?\d|2[0-3]):([0-5]\d)(?!\d)[ \t]*", re.MULTILINE)
_DAY_HEADING: Final = re.compile(r"\A\s*#{1,6} +(\d{4}-\d\d-\d\d)[ \t]*(?:\n|\Z)", re.ASCII)
_MORNING: Final = time(9)
"""For a file without a time; what `write` takes for a day without one."""

_UNREADABLE: Final = "is too long, or not UTF-8"


def read_folder(folder: Path) -> Iterator[Finding]:
    """Read all files below a folder, by their names; raise SourceError if it is too much."""
    size = 0
    with opened_tree(folder, is_dated) as tree:
        for found in tree.look():
            if isinstance(found, Oddity):
                yield found
                continue
            data = _read_leaf(tree, found)
            if isinstance(data, Oddity):
                yield data
                continue
            size += len(data)
            if size > MAX_BYTES:
                raise too_large()
            yield from _read_data(data, found.name)


def read_dated_file(text: str, name: str) -> Iterator[Finding]:
    """Read the text of one file, called `name`."""
    is_markdown = Path(name).suffix.lower() in _MARKDOWN
    when = _when(name)
    if when is None or not _has_ending(name):
        yield Oddity(name, _why_not(name), is_skipped=True)
    else:
        yield from _read_text(text, when, name, is_markdown=is_markdown)


def _read_leaf(tree: Tree, leaf: Leaf) -> bytes | Oddity:
    if not is_dated(leaf.name):
        return Oddity(leaf.name, _why_not(leaf.name), is_skipped=True)
    try:
        with tree.opened(leaf) as file:
            return read_bytes(file)
    except NotRegularError:
        words = "is no file"
    except SourceError:
        words = _UNREADABLE
    except OSError as error:
        words = f"cannot be read: {error.strerror}"
    return Oddity(leaf.name, words, is_skipped=True)


def _read_data(data: bytes, name: str) -> Iterator[Finding]:
    try:
        text = decode(data)
    except SourceError:
        yield Oddity(name, _UNREADABLE, is_skipped=True)
        return
    yield from read_dated_file(text, name)


def _why_not(name: str) -> str:
    return "is not named by a day" if _has_ending(name) else "is neither .md nor .txt"


def _has_ending(name: str) -> bool:
    return Path(name).suffix.lower() in _ENDINGS


def is_dated(name: str) -> bool:
    """Tell whether a file of that name belongs into such a folder."""
    return _has_ending(name) and _when(name) is not None


def _when(name: str) -> datetime | None:
    in_path, in_name = _PATH.search(name), _NAME.match(Path(name).name)
    try:
        if in_name:
            year, _, month, day, hour, minute = in_name.groups()
            clock = time(int(hour), int(minute)) if hour else _MORNING
            return datetime.combine(date(int(year), int(month), int(day)), clock)
        if in_path:
            year, month, day = in_path.groups()
            return datetime.combine(date(int(year), int(month), int(day)), _MORNING)
    except ValueError:
        pass
    return None


def _read_text(text: str, when: datetime, name: str, *, is_markdown: bool) -> Iterator[Finding]:
    if is_journal(text):
        for found in read_journal(text):
            yield _below(found, name)
        return
    heading = _DAY_HEADING.match(text)
    if heading and heading[1] == when.date().isoformat():
        text = text[heading.end() :]
    parts: Iterator[re.Match[str]] = _TIMED.finditer(text) if is_markdown else iter(())
    first = next(parts, None)
    before = text[: first.start()] if first else text
    if before.strip() or not first:
        yield Draft(name, when, before.strip())
    for part, following in pairwise(chain([first], parts, [None])):
        if part:
            end = following.start() if following else len(text)
            moment = datetime.combine(when.date(), time(int(part[1]), int(part[2])))
            yield _section(f"{name} {moment:%H:%M}", moment, text[part.end() : end])


def _section(place: str, when: datetime, text: str) -> Draft:
    title, _, further = text.strip().partition("\n")
    starred = title.endswith(" *")
    if starred:
        title = title[:-2].rstrip()
    # A blank line below a heading is how Markdown is written, not what somebody said.
    further = further.lstrip("\n")
    return Draft(place, when, f"{title}\n{further}".strip(), starred)


def _below(found: Finding, name: str) -> Finding:
    return replace(found, place=f"{name} {found.place}")
