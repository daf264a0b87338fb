"""Code fences in Markdown: the lines of a text in which nothing is a heading.

Rules: pure; as CommonMark has them, three backticks or tildes or more, no deeper than three blanks,
to a line of at least as many of the same. A fence that is never closed is none: there it would make
code of all that follows, other entries too. Linear in the length of a text, whatever is in it.
"""

import re
from collections.abc import Callable, Iterator
from typing import Final

FENCE_LIKE: Final = r"(?:`{3,}(?=[^`\n]*$)|~{3,})"
"""What begins a fence or ends one, behind up to three blanks at the begin of a line."""

_OPENING: Final = re.compile(rf"^ {{0,3}}(?P<mark>{FENCE_LIKE})[^\n]*$", re.MULTILINE)
_CLOSING: Final = re.compile(r"^ {0,3}(`{3,}|~{3,})[ \t]*$", re.MULTILINE)
_LONGEST: Final = 64
"""Characters of a mark that are counted, which bounds what is remembered; longer ones are alike."""


def fences(text: str) -> Iterator[tuple[int, int]]:
    """Give where each fence begins and where the line that closes it ends."""
    if "```" not in text and "~~~" not in text:
        return
    last = _last_closings(text)
    place = 0
    while opening := _OPENING.search(text, place):
        mark, place = opening["mark"], opening.end()
        length = min(len(mark), _LONGEST)
        if max(last[mark[0]][length:]) < place:
            continue
        closing = re.compile(rf"^ {{0,3}}{mark[0]}{{{length},}}[ \t]*$", re.MULTILINE)
        if found := closing.search(text, place):
            place = found.end()
            yield opening.start(), place


def outside_fences(text: str) -> Iterator[tuple[int, int]]:
    """Give where each stretch that is no code begins and ends; each begins a line."""
    place = 0
    for start, end in fences(text):
        yield place, start
        place = min(end + 1, len(text))
    yield place, len(text)


def substituted(
    pattern: re.Pattern[str], replacement: Callable[[re.Match[str]], str], text: str
) -> str:
    """Give a text in which every match is replaced that does not lie in a fence."""
    pieces, place = list[str](), 0
    for start, end in outside_fences(text):
        pieces.append(text[place:start])
        pieces.append(pattern.sub(replacement, text[start:end]))
        place = end
    return "".join(pieces)


def found_outside(pattern: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    """Give every match that does not lie in a fence."""
    for start, end in outside_fences(text):
        yield from pattern.finditer(text, start, end)


def _last_closings(text: str) -> dict[str, list[int]]:
    """Give for each mark, by its length, where the last line begins that can close it, or -1."""
    last = {mark: [-1] * (_LONGEST + 1) for mark in "`~"}
    for closing in _CLOSING.finditer(text):
        last[closing[1][0]][min(len(closing[1]), _LONGEST)] = closing.start()
    return last
