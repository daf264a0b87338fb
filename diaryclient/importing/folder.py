"""Reads a folder of text or Markdown files that are named by their day.

    2026-11-22.md   20261122 Lake.txt   2026-11-22_0730.md   2026/11/22.txt

Rules: a file is an entry, of the time in its name, or of nine o'clock; but a file in which a line
begins as jrnl begins an entry is read as jrnl's, and in a Markdown file each heading that begins
with a time (`## 07:30 Title`) begins an entry. A heading that only says the day is no text. Files
that are not named so, or are no text, are oddities; hidden ones are not looked at.
"""

import os
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, time
from pathlib import Path
from typing import Final

from diaryclient.errors import SourceError
from diaryclient.importing.finding import Draft, Finding, Oddity
from diaryclient.importing.journal import is_journal, read_journal
from diaryclient.importing.source import decode, read_bytes

_ENDINGS: Final = frozenset({".md", ".markdown", ".txt", ".text"})
_NAME: Final = re.compile(
    r"(\d{4})([-_.]?)(\d\d)\2(\d\d)(?!\d)(?:[ T_-]+([01]\d|2[0-3])[-:.h]?([0-5]\d)(?!\d))?",
    re.ASCII,
)
_PATH: Final = re.compile(r"(?:^|/)(\d{4})/(\d\d)/(?:\1-\2-)?(\d\d)\.[a-z]+$", re.ASCII)
_TIMED: Final = re.compile(r"^#{1,6} +([01]?\d|2[0-3]):([0-5]\d)(?!\d)[ \t]*", re.MULTILINE)
_DAY_HEADING: Final = re.compile(r"\A\s*#{1,6} +(\d{4}-\d\d-\d\d)[ \t]*(?:\n|\Z)", re.ASCII)
_MORNING: Final = time(9)
"""For a file without a time; what `write` takes for a day without one."""

MAX_FILES: Final = 100_000
"""A file a day for centuries; who names the wrong folder is told so before all of it was read."""


def read_folder(folder: Path) -> Iterator[Finding]:
    """Read all files below a folder, by their paths; raise SourceError if there are too many."""
    for path in _files(folder):
        yield from read_dated_file(path, path.relative_to(folder).as_posix())


def read_dated_file(path: Path, name: str) -> Iterator[Finding]:
    """Read one file, called `name` below its folder."""
    if path.suffix.lower() not in _ENDINGS:
        yield Oddity(name, "is neither .md nor .txt", is_skipped=True)
        return
    if not path.is_file():
        yield Oddity(name, "is no file", is_skipped=True)
        return
    when = _when(name)
    if when is None:
        yield Oddity(name, "is not named by a day", is_skipped=True)
        return
    try:
        text = decode(read_bytes(path))
    except SourceError:
        yield Oddity(name, "is too long, or not UTF-8", is_skipped=True)
        return
    except OSError as error:
        yield Oddity(name, f"cannot be read: {error.strerror}", is_skipped=True)
        return
    yield from _read_text(text, when, name, is_markdown=path.suffix.lower() in {".md", ".markdown"})


def is_dated(name: str) -> bool:
    """Tell whether a file of that name belongs into such a folder."""
    return Path(name).suffix.lower() in _ENDINGS and _when(name) is not None


def _files(folder: Path) -> list[Path]:
    found: list[Path] = []
    for parent, folders, names in os.walk(folder):
        folders[:] = [each for each in folders if not each.startswith(".")]
        found += [Path(parent, each) for each in names if not each.startswith(".")]
        if len(found) > MAX_FILES:
            raise SourceError(f"it holds more than {MAX_FILES} files; import it in parts")
    return sorted(found)


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
    parts = list(_TIMED.finditer(text)) if is_markdown else []
    before = text[: parts[0].start()] if parts else text
    if before.strip() or not parts:
        yield Draft(name, when, before.strip())
    ends = [*(part.start() for part in parts), len(text)][1:]
    for part, end in zip(parts, ends, strict=True):
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
