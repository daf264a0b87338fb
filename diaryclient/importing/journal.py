r"""Reads the text file in which jrnl keeps a journal.

Rules: an entry begins on a line that begins with its time in brackets and a space; what follows, to
the next such line, is its text, without blank space around it. A time in brackets that ends its
line is text, as jrnl has it. A `*` at the end of the first line is the star, but not one that ends
`**bold**`. The backslash that an export puts before a bracket at the begin of a later line is taken
away. A line with other words in brackets is text, and told of when it may be a time all the same.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from itertools import chain, pairwise
from typing import Final, TypeAlias

from diaryclient.errors import SourceError
from diaryclient.formats.journal import HEAD_LIKE
from diaryclient.importing.finding import Draft, Finding, Oddity
from protocol.messages.writing import MAX_LONG_TEXT_BYTES

_HEAD: Final = re.compile(
    r"^\[(\d{4})[-/.](\d\d?)[-/.](\d\d?)"
    r"(?:[ T,]+(\d\d?):(\d\d)(?::(\d\d))?(?:\.\d+)? ?([AaPp]\.?[Mm]\.?)?)?\] ",
    re.MULTILINE | re.ASCII,
)
_DOUBTFUL: Final = re.compile(r"^\[([^\]\n]{7,})\] ", re.MULTILINE)
"""Where jrnl might find a time; it takes shorter words for footnotes."""

_NOON: Final = 12

_DEFAULT_HOUR: Final = 0
"""Of an entry with a day only, as in jrnl."""

_LONGEST_QUOTED: Final = 2 * MAX_LONG_TEXT_BYTES
"""Characters; what is longer is no entry without its backslashes either, and cutting it into lines
would take up a hundred times as much."""

_Head: TypeAlias = tuple[re.Match[str], datetime]


def read_journal(text: str) -> Iterator[Finding]:
    """Read a journal; raise SourceError if no entry begins in it."""
    heads = _heads(text)
    first = next(heads, None)
    if first is None:
        raise SourceError("no line begins with a time in brackets, as jrnl writes entries")
    if text[: first[0].start()].strip():
        yield Oddity("line 1", "text stands before the first entry", is_skipped=True)
    line, counted = 1, 0
    for head, following in pairwise(chain([first], heads, [None])):
        if head:
            match, moment = head
            line, counted = line + text.count("\n", counted, match.start()), match.start()
            end = following[0].start() if following else len(text)
            yield from _entry(text[match.end() : end], moment, line)


def is_journal(text: str) -> bool:
    """Tell whether the first line that is not blank begins an entry."""
    start = len(text) - len(text.lstrip())
    match = _HEAD.match(text, start)
    return match is not None and _moment(match) is not None


def _heads(text: str) -> Iterator[_Head]:
    for match in _HEAD.finditer(text):
        if moment := _moment(match):
            yield match, moment


def _entry(content: str, moment: datetime, line: int) -> Iterator[Finding]:
    yield from _doubtful(content, line)
    content = content.rstrip()
    if len(content) <= _LONGEST_QUOTED:
        first, separator, further = content.partition("\n")
        content = f"{first}{separator}{_unquoted(further)}"
    content, starred = _star(content.strip())
    yield Draft(f"line {line}", moment, content, starred)


def _doubtful(content: str, line: int) -> Iterator[Oddity]:
    """Name each line of an entry, which begins on `line`, that may begin another one."""
    counted = 0
    for match in _DOUBTFUL.finditer(content):
        if re.search(r"\d", match[1]):
            line, counted = line + content.count("\n", counted, match.start()), match.start()
            yield Oddity(f"line {line}", "in brackets may be a time in a form unknown here, kept")


def _moment(match: re.Match[str]) -> datetime | None:
    year, month, day, hour, minute, second, half = match.groups()
    hours = _DEFAULT_HOUR if hour is None else int(hour)
    if half:
        if not 1 <= hours <= _NOON:
            return None
        hours = hours % _NOON + _NOON * (half[0] in "pP")
    try:
        return datetime(  # noqa: DTZ001 - the zone is what the import is told
            int(year), int(month), int(day), hours, int(minute or 0), int(second or 0)
        )
    except ValueError:
        return None


def _unquoted(content: str) -> str:
    return "\n".join(
        line[1:] if line.startswith("\\") and HEAD_LIKE.match(line) else line
        for line in content.split("\n")
    )


def _star(content: str) -> tuple[str, bool]:
    title, separator, further = content.partition("\n")
    bare = title.rstrip().removesuffix("*")
    is_emphasis = "*" in bare and not bare[-1].isspace()
    if bare == title.rstrip() or is_emphasis or not (bare or further):
        return content, False
    return f"{bare.rstrip()}{separator}{further}".strip(), True
