"""Reads the text of a Markdown file: a heading that begins with a time begins an entry.

    ## 07:30 Title     ## 7:30 PM Title     ## 07:30:15     ### 7 PM

Rules: a heading inside a code fence is code. A file of `diaryclient export` says so below its first
heading, and its texts come back to the letter (`diaryclient.formats.sections`); in any other, blank
space around a text and below a heading is how Markdown is written, not what somebody said.
"""

import re
from collections.abc import Iterator
from datetime import datetime, time
from itertools import chain, pairwise
from typing import Final

from diaryclient.formats.fences import found_outside
from diaryclient.formats.sections import from_section, sections
from diaryclient.formats.tree import LEVELS, MARK
from diaryclient.importing.finding import Draft

_HEADING: Final = re.compile(
    r"^#{1,6}[ \t]+(?P<hour>\d?\d)"
    r"(?:(?::(?P<minute>[0-5]\d)(?::(?P<second>[0-5]\d))?(?!\d)"
    r"(?:[ \t\u00a0\u202f]*(?P<half>[AaPp])(?:[Mm]|\.[ ]?[Mm]\.)(?!\w))?)"
    # Without minutes `am` is a word in German.
    r"|[ \t\u00a0\u202f]?(?P<alone>[AP])M(?!\w)|(?P<joined>[ap])m(?!\w))[ \t]*",
    re.MULTILINE | re.ASCII,
)
_DAY_HEADING: Final = re.compile(r"\A\s*#{1,6} +(\d{4}-\d\d-\d\d)[ \t]*(?:\n|\Z)", re.ASCII)
_OURS: Final = re.compile(rf"\A# \d{{4}}-\d\d-\d\d\n{re.escape(MARK)}(?:\n|\Z)", re.ASCII)
_OWN_HEADING: Final = re.compile(r"^## ([01]\d|2[0-3]):([0-5]\d)(?= |$)", re.MULTILINE | re.ASCII)
_NOON: Final = 12
_HOURS: Final = 24


def read_sections(text: str, when: datetime, place: str, *, is_markdown: bool) -> Iterator[Draft]:
    """Give the text before the first such heading, if there is any, at `when`; then each section.

    Without Markdown, or such a heading, that is one entry of the whole text. The sections' times
    are of the day of `when`, and of its zone if it has one.
    """
    ours = _OURS.match(text)
    if ours:
        yield from _own_sections(text[ours.end() :], when, place)
        return
    heading = _DAY_HEADING.match(text)
    if heading and heading[1] == when.date().isoformat():
        text = text[heading.end() :]
    heads = _heads(text) if is_markdown else iter(())
    first = next(heads, None)
    before = text[: first[0].start()] if first else text
    if before.strip() or not first:
        yield Draft(place, when, before.strip())
    for head, following in pairwise(chain([first], heads, [None])):
        if head:
            match, clock = head
            end = following[0].start() if following else len(text)
            moment = datetime.combine(when.date(), clock, when.tzinfo)
            yield _section(f"{place} {clock:%H:%M}", moment, text[match.end() : end])


def _own_sections(text: str, when: datetime, place: str) -> Iterator[Draft]:
    start = len(text)
    for head, content in sections(text, _OWN_HEADING):
        start = min(start, head.start())
        moment = datetime.combine(when.date(), time(int(head[1]), int(head[2])), when.tzinfo)
        written, starred = from_section(content, LEVELS)
        yield Draft(f"{place} {head[1]}:{head[2]}", moment, written, starred)
    if text[:start].strip():
        yield Draft(place, when, text[:start].strip())


def _heads(text: str) -> Iterator[tuple[re.Match[str], time]]:
    for match in found_outside(_HEADING, text):
        if clock := _clock(match):
            yield match, clock


def _clock(match: re.Match[str]) -> time | None:
    hour, half = int(match["hour"]), match["half"] or match["alone"] or match["joined"]
    if half and not 1 <= hour <= _NOON:
        return None
    if half:
        hour = hour % _NOON + _NOON * (half in "pP")
    minute, second = int(match["minute"] or 0), int(match["second"] or 0)
    return time(hour, minute, second) if hour < _HOURS else None


def _section(place: str, when: datetime, text: str) -> Draft:
    title, _, further = text.strip().partition("\n")
    starred = title == "*" or title.endswith(" *")
    if starred:
        title = title[:-1].rstrip()
    # A blank line below a heading is how Markdown is written, not what somebody said.
    further = further.lstrip("\n")
    return Draft(place, when, f"{title}\n{further}".strip(), starred)
