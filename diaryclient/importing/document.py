"""Reads the Markdown document that `diaryclient export` writes, by year, month and entry.

    # 2026     ## November     ### 2026-11-22 07:30 Title

Rules: the text of an entry comes back to the letter (`diaryclient.formats.sections`). What somebody
wrote below a year or a month is an oddity. Headings inside a code fence are code.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Final

from diaryclient.errors import SourceError
from diaryclient.formats.documents import LEVELS, MONTHS
from diaryclient.formats.sections import from_section, sections
from diaryclient.importing.finding import Draft, Finding, Oddity

_MONTHS: Final = "|".join(MONTHS)
_BEGIN: Final = re.compile(
    rf"\A\s*# \d{{4}}\n+## (?:{_MONTHS})\n+### \d{{4}}-\d\d-\d\d \d\d:\d\d(?: |$)",
    re.MULTILINE | re.ASCII,
)
_HEADING: Final = re.compile(
    rf"^(?:# \d{{4}}|## (?:{_MONTHS})|### (?P<moment>\d{{4}}-\d\d-\d\d \d\d:\d\d)(?= |$))",
    re.MULTILINE | re.ASCII,
)


def is_document(text: str) -> bool:
    """Tell by how it begins."""
    return _BEGIN.match(text) is not None


def read_document(text: str) -> Iterator[Finding]:
    """Read a document; raise SourceError if no entry begins in it."""
    line, counted, has_entries = 1, 0, False
    for head, content in sections(text, _HEADING):
        if not counted and text[: head.start()].strip():
            yield Oddity("line 1", "text stands before the first heading", is_skipped=True)
        line, counted = line + text.count("\n", counted, head.start()), max(head.start(), 1)
        has_entries = has_entries or head["moment"] is not None
        yield from _read(head["moment"], content, f"line {line}")
    if not has_entries:
        raise SourceError("no heading begins with a day and a time, as an export writes entries")


def _read(moment: str | None, content: str, place: str) -> Iterator[Finding]:
    if moment is None:
        if content.strip():
            yield Oddity(place, "text stands below a year or a month", is_skipped=True)
        return
    try:
        when = datetime.fromisoformat(moment)
    except ValueError:
        yield Oddity(place, "has a time that no diary can have", is_skipped=True)
        return
    text, starred = from_section(content, LEVELS)
    yield Draft(place, when, text, starred)
