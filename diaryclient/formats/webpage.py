"""Entries as one page for a browser: a calendar, tags, search, and every entry.

Rules: all is in the one file, and nothing is fetched. The Markdown of a text becomes HTML only by
`diaryclient.formats.prose`, which is imported for that, and all else is escaped; the page forbids
all scripts and styles but its own two by their hashes, so that even a text that found a way in
could run nothing. The entries are HTML, which any browser shows without its script too; the script
only hides what is not looked for. They stand in the order in which they come.
"""

import base64
import calendar
import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date
from html import escape
from importlib.resources import files
from itertools import groupby
from typing import Final
from urllib.parse import quote

from diaryclient.browsing.browsing import Page
from diaryclient.entries.entry import DiaryEntry, count_tags
from diaryclient.formats.documents import MONTHS
from diaryclient.formats.pretty import Look
from diaryclient.screen.display import format_time
from protocol.identifiers import Day

_WEEKDAYS: Final = (
    *("Monday", "Tuesday", "Wednesday", "Thursday"),
    *("Friday", "Saturday", "Sunday"),
)
_STRONGEST: Final = 4
"""Entries of a day from which on its colour grows no stronger."""

_HEAD: Final = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<div class="page">
<header class="top">
<h1>{title}</h1>
<p class="sum">{sum}</p>
</header>
<form class="search" role="search" hidden>
<input type="search" placeholder="Search words or @tags" aria-label="Search" autocomplete="off">
<label><input type="checkbox"> <span class="star">★</span> starred</label>
<output></output>
</form>
<div class="layout">
<aside>
"""
_TAIL: Final = """<p class="none" hidden>Nothing is like that.</p>
</main>
</div>
</div>
<script>{script}</script>
</body>
</html>
"""


def render_webpage(pages: Iterable[Page], look: Look) -> Iterator[str]:
    """Give the page; its name is that of whoever wrote the first entry."""
    del look
    entries = [entry for page in pages for entry in page.entries]
    style, script = (_own_file(f"webpage.{kind}") for kind in ("css", "js"))
    title = escape(f"Diary of {entries[0].author}") if entries else "Diary"
    policy = _policy(style, script)
    yield _HEAD.format(policy=policy, title=title, style=style, sum=_sum(entries))
    yield from _tags(entries)
    yield from _calendar(entries)
    yield "</aside>\n<main>\n"
    for (year, month), found in groupby(entries, _month):
        yield f"<section>\n<h2>{MONTHS[month - 1]} {year}</h2>\n"
        for day, of_day in groupby(found, lambda entry: entry.stamp.day):
            yield _day(day, list(of_day))
        yield "</section>\n"
    yield _TAIL.format(script=script)


def _own_file(name: str) -> str:
    return files("diaryclient.formats").joinpath(name).read_text("utf-8")


def _policy(style: str, script: str) -> str:
    return (
        f"default-src 'none'; style-src {_source(style)}; script-src {_source(script)}; "
        "base-uri 'none'; form-action 'none'"
    )


def _source(content: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"


def _month(entry: DiaryEntry) -> tuple[int, int]:
    wall = entry.stamp.wall
    return wall.year, wall.month


def _sum(entries: list[DiaryEntry]) -> str:
    if not entries:
        return "no entries"
    days = [entry.stamp.day for entry in entries]
    first, last = min(days), max(days)
    return f"{_count(len(entries))}, {first}" + f" to {last}" * (first != last)


def _count(number: int) -> str:
    return "1 entry" if number == 1 else f"{number} entries"


def _calendar(entries: list[DiaryEntry]) -> Iterator[str]:
    if not entries:
        return
    counts = Counter(entry.stamp.day for entry in entries)
    years = Counter(int(entry.stamp.day[:4]) for entry in entries)
    yield '<details class="panel">\n<summary>Calendar</summary>\n'
    for year in sorted(years, reverse=True):
        is_open = " open" * (year == max(years))
        sum_ = f'<span class="count">{_count(years[year])}</span>'
        yield f'<details class="year"{is_open}>\n<summary>{year:04} {sum_}</summary>\n'
        yield '<div class="months">\n'
        for month in range(1, 13):
            yield _month_of_calendar(year, month, counts)
        yield "</div>\n</details>\n"
    yield "</details>\n"


def _month_of_calendar(year: int, month: int, counts: Counter[Day]) -> str:
    first, length = calendar.monthrange(year, month)
    names = "".join(f"<b>{name[0]}</b>" for name in _WEEKDAYS)
    cells = "".join(
        _cell(Day(f"{year:04}-{month:02}-{number:02}"), counts, first + 1 if number == 1 else 1)
        for number in range(1, length + 1)
    )
    head = f'<div class="month">\n<h3>{MONTHS[month - 1]}</h3>\n'
    return f'{head}<div class="days">{names}{cells}</div>\n</div>\n'


def _cell(day: Day, counts: Counter[Day], column: int) -> str:
    place = f"column{column} " if column > 1 else ""
    number = int(day[8:])
    if day not in counts:
        return f'<i class="{place.strip()}">{number}</i>' if place else f"<i>{number}</i>"
    level = min(counts[day], _STRONGEST)
    tip = f"{day}: {_count(counts[day])}"
    return f'<a class="{place}level{level}" href="#d-{day}" title="{tip}">{number}</a>'


def _tags(entries: list[DiaryEntry]) -> Iterator[str]:
    counts = count_tags(entries)
    if not counts:
        return
    yield '<details class="panel">\n<summary>Tags</summary>\n<div class="tags">\n'
    for tag, count in counts.items():
        target = quote(tag.lower(), safe="")
        yield f'<a href="#tag={target}">{escape(tag)} <span class=count>{count}</span></a>\n'
    yield "</div>\n</details>\n"


def _day(day: Day, entries: list[DiaryEntry]) -> str:
    when = date.fromisoformat(day)
    name = f"{_WEEKDAYS[when.weekday()]}, {when.day} {MONTHS[when.month - 1]} {when.year}"
    articles = "".join(map(_article, entries))
    return f'<section class="day" id="d-{day}">\n<h3>{name}</h3>\n{articles}</section>\n'


def _article(entry: DiaryEntry) -> str:
    from diaryclient.formats.prose import as_html  # noqa: PLC0415 - only a page needs Markdown

    moment, tags = escape(str(entry.stamp)), escape(" ".join(entry.tags))
    star = ' <span class="star" title="starred">★</span>' if entry.is_starred else ""
    starred = ' data-star="1"' if entry.is_starred else ""
    return (
        f'<article id="e-{entry.id.hex()}" data-tags="{tags}"{starred}>\n'
        f'<time datetime="{moment}" title="{moment}">{format_time(entry.stamp)}</time>{star}\n'
        f"{as_html(entry.text)}</article>\n"
    )
