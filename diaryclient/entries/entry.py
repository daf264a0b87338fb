"""An entry as people read it: title, body, tags, star, and its two times.

Rules: pure; made from a record of the day file, never stored. The title is the first sentence of
the first line that is not blank, or that whole line; tags or a star between the sentence and the
end of the line stay with it. The body is the rest, without blank lines around it. A tag is `@` and
a word of any script; what stands behind a letter or digit, as in an e-mail address, is none. How an
accent was typed makes no difference; tags are compared by `protocol.caseless`, shown as typed, but
in lower case and with composed letters.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, KeysView, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from protocol.caseless import caseless
from protocol.dayfile import Written
from protocol.errors import MalformedError
from protocol.identifiers import EntryId, Username
from protocol.stamp import Stamp, parse_stamp

_SENTENCE_END: Final = re.compile(
    r"""[.!?…]+["'”’»)\]]*\*?(?=\s)|[。！？]+[”’」』）】]*"""  # noqa: RUF001 - Chinese stops
)
_TITLE_TAIL: Final = re.compile(
    r"(?:[^\S\n]*@[^\s@.!?,;:…。！？，；：]+)*[^\S\n]*\*?[^\S\n]*"  # noqa: RUF001 - as above
)
_BLANK_LINES: Final = re.compile(r"\A(?:[^\S\n]*\n)+")
_TAG_START: Final = re.compile(r"(?<![.+%@/-])@(?=\w)")
_WORD: Final = re.compile(
    # Chinese and Japanese write no space before a tag.
    r"[^\W\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff]"
)
_JOINERS: Final = frozenset("_+#/-\u200c\u200d")
"""Inside a tag, beside letters, digits and the marks that combine with them."""


@dataclass(frozen=True)
class DiaryEntry:
    """One entry of `author`'s diary as it stands now."""

    written: Written
    author: Username

    @property
    def id(self) -> EntryId:
        """The id under which it was first written."""
        return self.written.id

    @property
    def stamp(self) -> Stamp:
        """When it happened, by the writer's wall clock."""
        return self.written.stamp

    @property
    def text(self) -> str:
        """The whole text as it was written."""
        return self.written.text

    @property
    def is_starred(self) -> bool:
        """Whether the writer starred it."""
        return self.written.starred

    @property
    def received_at(self) -> int:
        """When the server received it, in ms since the epoch.

        To 2 s: a day file keeps that time only if it differs by more from the id's.
        """
        for key, value in self.written.attributes:
            if key == "r":
                with suppress(MalformedError):  # a hand edit; the id's time is the next best
                    return parse_stamp(value).at
        return self.id.milliseconds

    @cached_property
    def tags(self) -> tuple[str, ...]:
        """Its tags, `@` included, in lower case, in the order of their first appearance."""
        return tuple(self._spellings.values())

    @property
    def tag_forms(self) -> KeysView[str]:
        """The forms in which its tags are compared."""
        return self._spellings.keys()

    @cached_property
    def _spellings(self) -> Mapping[str, str]:
        spellings = dict[str, str]()
        for _, tag in find_tags(self.text):
            spellings.setdefault(caseless(tag), _in_lower_case(tag))
        return spellings

    @cached_property
    def _parts(self) -> tuple[str, str]:
        return split_title(self.text)

    @property
    def title(self) -> str:
        """The first sentence or line; never blank, unless the whole text is."""
        return self._parts[0]

    @property
    def body(self) -> str:
        """What follows the title."""
        return self._parts[1]


def split_title(text: str) -> tuple[str, str]:
    """Give the title and the body of a text."""
    first, _, rest = _without_blank_lines(text).partition("\n")
    first = first.lstrip()
    for end in _SENTENCE_END.finditer(first):
        following = first[end.end() :]
        if _TITLE_TAIL.fullmatch(following):
            break
        return first[: end.end()].rstrip(), f"{following.lstrip()}\n{rest}".rstrip()
    return first.rstrip(), _without_blank_lines(rest)


def _without_blank_lines(text: str) -> str:
    return _BLANK_LINES.sub("", text).rstrip()


def find_tags(text: str) -> list[tuple[int, str]]:
    """Give every tag as it is written, `@` included, with the place where it starts."""
    found = [(match.start(), match.end()) for match in _TAG_START.finditer(text)]
    return [
        (start, text[start : _tag_end(text, end)].rstrip("-/"))
        for start, end in found
        if not _is_behind_word(text, start)
    ]


def _is_behind_word(text: str, place: int) -> bool:
    """Tell whether a letter or digit ends there, as in an address; its marks belong to it."""
    while place and _is_mark(text[place - 1]):
        place -= 1
    return place > 0 and _WORD.match(text, place - 1) is not None


def _tag_end(text: str, place: int) -> int:
    while place < len(text) and _is_inside_tag(text[place]):
        place += 1
    return place


def _is_inside_tag(character: str) -> bool:
    # Many scripts write vowels as marks, which Python counts as no part of a word.
    return character.isalnum() or character in _JOINERS or _is_mark(character)


def _is_mark(character: str) -> bool:
    if character.isascii():
        return False
    from unicodedata import category  # noqa: PLC0415 - a megabyte of tables

    return category(character).startswith("M")


def _in_lower_case(tag: str) -> str:
    if tag.isascii():
        return tag.lower()
    from unicodedata import normalize  # noqa: PLC0415 - as above

    # In Python the small letter of a dotted I has two dots.
    return normalize("NFC", normalize("NFC", tag).lower().replace("i\u0307", "i"))


class TagCounts:
    """How many entries have each tag, however it is spelled."""

    def __init__(self) -> None:
        """Begin with no entry."""
        self._spellings: dict[str, Counter[str]] = defaultdict(Counter)

    def add(self, entry: DiaryEntry) -> None:
        """Count an entry's tags."""
        for form, spelling in zip(entry.tag_forms, entry.tags, strict=True):
            self._spellings[form][spelling] += 1

    def ranked(self) -> Mapping[str, int]:
        """Give the counts, the most frequent tag first, then by name.

        A tag that has several spellings has the most frequent one.
        """
        counts = {_most_frequent(each): each.total() for each in self._spellings.values()}
        return dict(sorted(counts.items(), key=lambda each: (-each[1], each[0])))


def _most_frequent(spellings: Counter[str]) -> str:
    return min(spellings, key=lambda spelling: (-spellings[spelling], spelling))


def count_tags(entries: Iterable[DiaryEntry]) -> Mapping[str, int]:
    """Give how many entries have each tag, in the order of `TagCounts.ranked`."""
    counts = TagCounts()
    for entry in entries:
        counts.add(entry)
    return counts.ranked()
