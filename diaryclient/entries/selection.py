"""Which entries are meant: by their text, tags and star. The one place that decides it.

Rules: pure. Conditions of different kinds must all hold. Of several tags, and of several texts, one
is enough, unless all are asked for. Texts and tags are compared by `protocol.caseless`, as a search
on the server compares them.
"""

from dataclasses import dataclass

from diaryclient.entries.entry import DiaryEntry, find_tags
from protocol.caseless import caseless
from protocol.errors import UsageError


@dataclass(frozen=True, slots=True)
class Selection:
    """Conditions; a new one has none and selects every entry.

    `tagged`: has one of these tags; `contains`: one of these texts stands in it; `wants_all`: all
    of the tags, and all of the texts. `starred` and `has_tags` ask for a star and for any tag, or
    if False for the lack of it; None does not ask. `without`: has none of these tags. Tags are
    given in their form, as by `parse_tag`.
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
            and self.without.isdisjoint(entry.tag_forms)
            and self._matches_tags(entry)
            and self._matches_text(entry)
        )

    def _matches_tags(self, entry: DiaryEntry) -> bool:
        if self.wants_all:
            return self.tagged.issubset(entry.tag_forms)
        return not self.tagged or not self.tagged.isdisjoint(entry.tag_forms)

    def _matches_text(self, entry: DiaryEntry) -> bool:
        if not self.contains:
            return True
        text = caseless(entry.text)
        found = (caseless(wanted) in text for wanted in self.contains)
        return all(found) if self.wants_all else any(found)


def parse_tag(text: str, option: str) -> str:
    """Give the form of a tag that a person typed, with its `@` or without.

    Raise UsageError, which names `option`, for what can be no tag.
    """
    tag = text if text.startswith("@") else f"@{text}"
    if [found for _, found in find_tags(tag)] != [tag]:
        raise UsageError(f"{option}: a tag is written @word")
    return caseless(tag)
