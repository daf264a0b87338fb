"""Which entries are meant: by their text, tags and star. The one place that decides it.

Rules: pure. Conditions of different kinds must all hold. Of several tags, and of several texts, one
is enough, unless all are asked for. Upper and lower case count as the same.
"""

import unicodedata
from dataclasses import dataclass

from diaryclient.entries.entry import DiaryEntry, find_tags
from protocol.errors import UsageError


@dataclass(frozen=True, slots=True)
class Selection:
    """Conditions; a new one has none and selects every entry.

    `tagged`: has one of these tags; `contains`: one of these texts stands in it; `wants_all`: all
    of the tags, and all of the texts. `starred` and `has_tags` ask for a star and for any tag, or
    if False for the lack of it; None does not ask. `without`: has none of these tags.
    """

    tagged: frozenset[str] = frozenset()
    contains: tuple[str, ...] = ()
    wants_all: bool = False
    starred: bool | None = None
    has_tags: bool | None = None
    without: frozenset[str] = frozenset()

    @property
    def is_everything(self) -> bool:
        """Whether there is no condition at all."""
        return self == Selection(wants_all=self.wants_all)

    def matches(self, entry: DiaryEntry) -> bool:
        """Tell whether an entry is meant."""
        return (
            self.starred in {None, entry.is_starred}
            and self.has_tags in {None, bool(entry.tags)}
            and self.without.isdisjoint(entry.tags)
            and self._matches_tags(entry)
            and self._matches_text(entry)
        )

    def _matches_tags(self, entry: DiaryEntry) -> bool:
        if self.wants_all:
            return self.tagged.issubset(entry.tags)
        return not self.tagged or not self.tagged.isdisjoint(entry.tags)

    def _matches_text(self, entry: DiaryEntry) -> bool:
        if not self.contains:
            return True
        text = fold_case(entry.text)
        found = (fold_case(wanted) in text for wanted in self.contains)
        return all(found) if self.wants_all else any(found)


def fold_case(text: str) -> str:
    """Give a text as it is compared: without case, letters with their marks in one form."""
    return unicodedata.normalize("NFC", text.casefold())


def parse_tag(text: str, option: str) -> str:
    """Give a tag that a person typed as entries have it, with its `@` or without.

    Raise UsageError, which names `option`, for what can be no tag.
    """
    tag = text.lower() if text.startswith("@") else f"@{text.lower()}"
    if [found for _, found in find_tags(tag)] != [tag]:
        raise UsageError(f"{option}: a tag is written @word")
    return tag
