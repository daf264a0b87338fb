"""Entries as a folder of Markdown files, one a day: `2026/2026-11-22.md`.

Rules: as `documents`; a heading for the day, one for each entry with its time. The entries of a day
come together, as they lie in the diary, since its file is given once.
"""

from collections.abc import Iterable, Iterator
from itertools import groupby

from diaryclient.browsing.browsing import Page
from diaryclient.entries.entry import DiaryEntry
from diaryclient.formats.documents import lowered
from diaryclient.screen.display import format_time, safe_line, safe_text


def render_tree(pages: Iterable[Page]) -> Iterator[tuple[str, str]]:
    """Give the path of each file below the folder, and what stands in it."""
    entries = (entry for page in pages for entry in page.entries)
    for day, found in groupby(entries, lambda entry: entry.stamp.day):
        yield f"{day[:4]}/{day}.md", f"# {day}\n" + "".join(map(_section, found))


def _section(entry: DiaryEntry) -> str:
    star = " *" * entry.is_starred
    head = f"\n## {format_time(entry.stamp)} {safe_line(entry.title)}{star}\n"
    return f"{head}\n{lowered(safe_text(entry.body), 2)}\n" if entry.body else head
