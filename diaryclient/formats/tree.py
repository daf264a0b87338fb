"""Entries as a folder of Markdown files, one a day: `2026/2026-11-22.md`.

Rules: a heading for the day, and below it a line that says of whom the file is; one for each entry
with its time (`diaryclient.formats.sections`). The entries of a day come together, as they lie in
the diary, since its file is given once.
"""

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Final

from diaryclient.browsing.browsing import Page
from diaryclient.entries.entry import DiaryEntry
from diaryclient.formats.sections import as_section
from diaryclient.screen.display import format_time

MARK: Final = "<!-- diaryclient export md-tree -->"
"""Tells an import that the file was written here; a page made of it does not show it."""

LEVELS: Final = 2
"""How deep the heading of an entry is."""


def render_tree(pages: Iterable[Page]) -> Iterator[tuple[str, str]]:
    """Give the path of each file below the folder, and what stands in it."""
    entries = (entry for page in pages for entry in page.entries)
    for day, found in groupby(entries, lambda entry: entry.stamp.day):
        yield f"{day[:4]}/{day}.md", f"# {day}\n{MARK}\n" + "".join(map(_section, found))


def _section(entry: DiaryEntry) -> str:
    section = as_section(entry.text, LEVELS, starred=entry.is_starred)
    return f"\n## {format_time(entry.stamp)}{section}"
