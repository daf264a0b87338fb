"""Entries for programs: the JSON that jrnl writes, with more keys; an object or one a line.

Rules: UTF-8; what could deceive a terminal is written as a JSON escape, so that any JSON reader
gives the text back as it was. Keys are added, but none ever changes its meaning. What an import
needs to write the same entry again is all there: `id`, `utc`, `offset`, `starred`, `text`.
"""

import json
from collections.abc import Iterable, Iterator
from itertools import chain

from diaryclient.browsing.browsing import Page
from diaryclient.entries.entry import DiaryEntry, count_tags
from diaryclient.formats.pretty import Look
from diaryclient.screen.display import escape_json
from protocol.stamp import Stamp


def render_json(pages: Iterable[Page], look: Look) -> Iterator[str]:
    """Give one object: `tags` with their counts, and `entries`."""
    del look
    entries = list(_entries(pages))
    whole = {"tags": count_tags(entries), "entries": [entry_as_json(each) for each in entries]}
    yield escape_json(json.dumps(whole, ensure_ascii=False, indent=2)) + "\n"


def render_jsonl(pages: Iterable[Page], look: Look) -> Iterator[str]:
    """Give each entry as an object on a line of its own, as soon as it comes."""
    del look
    for entry in _entries(pages):
        yield escape_json(json.dumps(entry_as_json(entry), ensure_ascii=False)) + "\n"


def entry_as_json(entry: DiaryEntry) -> dict[str, object]:
    """Give an entry's object: jrnl's six keys, then ours."""
    wall = entry.stamp.wall
    return {
        "title": entry.title,
        "body": entry.body,
        "date": wall.date().isoformat(),
        "time": wall.time().isoformat("minutes"),
        "tags": list(entry.tags),
        "starred": entry.is_starred,
        "id": entry.id.hex(),
        "utc": format_utc(entry.stamp.at),
        "offset": str(entry.stamp)[-6:],
        "received_at": format_utc(entry.received_at),
        "author": entry.author,
        "text": entry.text,
    }


def _entries(pages: Iterable[Page]) -> Iterator[DiaryEntry]:
    return chain.from_iterable(page.entries for page in pages)


def format_utc(at: int) -> str:
    """Give `2026-11-21T23:30:00.000Z`; `at` is ms since the epoch."""
    return f"{str(Stamp(at, 0))[:-6]}Z"
