"""Which entries of an export an import would give back otherwise than they were written.

Rules: each is written in the export's format and read again, as import reads it; so no rule of a
format is stated here once more. The minute, which these formats keep, is not looked at.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, TypeAlias

from diaryclient.browsing.browsing import Page
from diaryclient.entries.entry import DiaryEntry
from diaryclient.formats.exported import EXPORTS
from diaryclient.formats.journal import Misreadings, entry_name, named_entries
from diaryclient.formats.pretty import Look
from diaryclient.formats.tree import render_tree
from diaryclient.importing.document import read_document
from diaryclient.importing.finding import Draft, Finding
from diaryclient.importing.folder import read_dated_file
from diaryclient.importing.journal import read_journal
from diaryclient.screen.display import safe_text

_Reading: TypeAlias = Callable[[Page], list[Finding]]
_CONTROLS: Final = "with control characters, which are written as \\x1b or \\u202e"
_OTHERWISE: Final = "that an import would give back otherwise; jsonl keeps everything"


def _again(form: str, read: Callable[[str], Iterator[Finding]]) -> _Reading:
    return lambda page: list(read("".join(EXPORTS[form]([page], Look()))))


def _tree_again(page: Page) -> list[Finding]:
    return [each for name, text in render_tree([page]) for each in read_dated_file(text, name)]


_AGAIN: Final[Mapping[str, _Reading]] = {
    "md": _again("md", read_document),
    "md-tree": _tree_again,
    "jrnl": _again("jrnl", read_journal),
    "txt": _again("txt", read_journal),
}
"""Formats that do not keep everything, but that an import reads."""


class Losses:
    """Finds entries that do not come back from a format as they are."""

    def __init__(self, form: str) -> None:
        """`form` is what `--format` of `export` names."""
        self._again = _AGAIN.get(form)
        self._misreadings = Misreadings() if form == "jrnl" else None
        self._escaped = list[str]()
        self._changed = list[str]()

    def counted(self, pages: Iterable[Page]) -> Iterator[Page]:
        """Give the pages on as they come."""
        for page in pages:
            if self._again:
                for entry in page.entries:
                    self._look_at(entry, self._again)
            yield page

    def told(self) -> list[str]:
        """Give a line for each kind that was found."""
        told = self._misreadings.told() if self._misreadings else []
        kinds = ((self._escaped, _CONTROLS), (self._changed, _OTHERWISE))
        return told + [f"{named_entries(found)} {words}" for found, words in kinds if found]

    def _look_at(self, entry: DiaryEntry, again: _Reading) -> None:
        if self._misreadings and self._misreadings.look_at(entry):
            return
        if safe_text(entry.text) != entry.text:
            self._escaped.append(entry_name(entry))
            return
        found = again(Page([entry]))
        texts = [(each.text, each.starred) for each in found if isinstance(each, Draft)]
        if not entry.text.strip() or texts != [(entry.text, entry.is_starred)]:
            self._changed.append(entry_name(entry))
