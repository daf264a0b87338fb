r"""A text as a section of a Markdown document, below a heading with its time; and back.

    ## 07:30 Title *        a star is the last word; `\*` is a star of the text itself

    Body

Rules: pure; what is written here is read here, so that nothing is lost between. The body's own
headings go below the section's; one that would be too deep gets a backslash before it, and so does
a code fence that is never closed, since it would swallow the next entries. Of what has a backslash
there already, one more says so. Nothing in a code fence is changed. Below the heading as many blank
lines stand as line ends between title and body; without one, the body goes on in the title's line.
A text that cannot be split so stands whole below a heading without a title.
"""

import re
from collections.abc import Iterator
from itertools import chain, pairwise
from typing import Final

from diaryclient.entries.entry import split_title
from diaryclient.formats.fences import FENCE_LIKE, fences, found_outside, substituted
from diaryclient.screen.display import safe_text

_LINE_END: Final = "\n"
_DEEPEST: Final = 6
_MARKED: Final = re.compile(
    rf"^(?P<blanks> {{0,3}})(?P<quotes>\\*)(?:(?P<hashes>#{{1,6}})(?=\s|$)|(?={FENCE_LIKE}))",
    re.MULTILINE,
)
_STAR_LIKE: Final = re.compile(r"(?:^| )\\*(?=\*$)")
_QUOTED_STAR: Final = re.compile(r"(?:^| )\\*\\(?=\*$)")
_NO_SPACE: Final = re.compile("[。！？][”’」』）】]*$")  # noqa: RUF001 - Chinese stops
"""Behind such a title Chinese goes on without a space."""

_MOST_LINE_ENDS: Final = 9


def as_section(text: str, levels: int, *, starred: bool) -> str:
    """Give what follows the time in the heading, and what stands below it.

    Controls are escaped. `levels` is how deep the heading is. It ends with a line end.
    """
    text = safe_text(text)
    title, body = split_title(text)
    between = _line_ends_between(text, title, body)
    star = " *" * starred
    if between is None or begins_with_code(text):
        return f"{star}\n\n{lowered(text, levels)}\n"
    head = f" {_STAR_LIKE.sub(_one_more, title)}{star}\n"
    return f"{head}{between * _LINE_END}{lowered(body, levels)}\n" if body else head


def sections(text: str, head: re.Pattern[str]) -> Iterator[tuple[re.Match[str], str]]:
    r"""Give each heading that matches, to the end of its words for the time, and what follows.

    What `as_section` gave is what follows; `head` matches at the begin of a line.
    """
    heads = found_outside(head, text)
    for found, following in pairwise(chain(heads, [None])):
        if found:
            end = following.start() if following else len(text)
            content = text[found.end() : end]
            # The blank line that parts it from the next heading.
            yield found, content.removesuffix(_LINE_END) if following else content


def from_section(content: str, levels: int) -> tuple[str, bool]:
    """Give the text of which `as_section` made this, and whether it was starred."""
    title, _, below = content.partition(_LINE_END)
    title = title.removeprefix(" ")
    starred = title == "*" or title.endswith(" *")
    title = title[:-2] if starred else title
    below = below.removesuffix(_LINE_END)
    if not title:
        return _raised(below.removeprefix(_LINE_END), levels), starred
    title = _QUOTED_STAR.sub(_one_less, title)
    if not below:
        return title, starred
    body = below.lstrip(_LINE_END)
    space = "" if _NO_SPACE.search(title) else " "
    between = (len(below) - len(body)) * _LINE_END or space
    return f"{title}{between}{_raised(body, levels)}", starred


def lowered(body: str, levels: int) -> str:
    """Give a Markdown text whose headings are so many levels lower, and which ends in no code."""

    def lower(match: re.Match[str]) -> str:
        hashes = match["hashes"] or ""
        if hashes and not match["quotes"] and len(hashes) + levels <= _DEEPEST:
            return f"{match['blanks']}{'#' * levels}{hashes}"
        return f"{match['blanks']}\\{match['quotes']}{hashes}"

    return substituted(_MARKED, lower, body)


def begins_with_code(text: str) -> bool:
    """Tell whether a text has no title, since its first line opens a fence."""
    first = next(fences(text), None)
    return first is not None and not text[: first[0]].strip()


def _raised(body: str, levels: int) -> str:
    def lift(match: re.Match[str]) -> str:
        hashes = match["hashes"] or ""
        if match["quotes"]:
            return f"{match['blanks']}{match['quotes'][1:]}{hashes}"
        return f"{match['blanks']}{hashes[levels:] or hashes}"

    return substituted(_MARKED, lift, body)


def _line_ends_between(text: str, title: str, body: str) -> int | None:
    """Give how many stand between title and body, 0 for what `from_section` puts there, or None."""
    end = len(text) - len(body)
    if not title or not (text.startswith(title) and text.endswith(body) and len(title) <= end):
        return None
    between = text[len(title) : end]
    if between == ("" if not body or _NO_SPACE.search(title) else " "):
        return 0
    count = len(between)
    return count if body and between == _LINE_END * count and count <= _MOST_LINE_ENDS else None


def _one_more(match: re.Match[str]) -> str:
    return f"{match[0]}\\"


def _one_less(match: re.Match[str]) -> str:
    return match[0][:-1]
