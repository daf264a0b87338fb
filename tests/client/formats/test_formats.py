"""What the formats promise, byte for byte."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wcwidth import width

from diaryclient.browsing.browsing import Page
from diaryclient.entries.entry import DiaryEntry
from diaryclient.formats.exported import EXPORTS
from diaryclient.formats.pretty import Look
from diaryclient.formats.printed import FORMATS
from diaryclient.importing.finding import Draft
from diaryclient.importing.journal import read_journal
from diaryclient.screen.display import format_minute
from protocol.dayfile import Foreign, Written
from protocol.identifiers import EntryId
from protocol.stamp import Stamp
from tests.client.fakes import ALICE, START
from tests.client.screen.test_display import deceives
from tests.golden.make_formats import (
    AUTHOR,
    FOLDER,
    KEPT,
    VERSIONS,
    first_path_of,
    history,
    path_of,
    rendered,
)

ENTRIES = st.builds(
    lambda text, starred, number: DiaryEntry(
        Written(Stamp(START, 480), EntryId.make(START, bytes([number] * 10)), text, starred),
        ALICE,
    ),
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=120),
    st.booleans(),
    st.integers(0, 255),
)
PAGES = st.lists(
    st.builds(
        Page,
        st.lists(ENTRIES, max_size=3, unique_by=lambda each: each.id),
        st.lists(st.builds(Foreign, st.just(1), st.binary(max_size=40)), max_size=2),
    ),
    max_size=3,
)
TREE = EntryId.make(START, bytes(10))
ALL = {**FORMATS, **EXPORTS}
COLOURS = re.compile(r"\x1b\[\d*m")


@pytest.mark.parametrize("name", KEPT)
def test_a_format_stays_as_it_is(name: str) -> None:
    """Programs read it; its golden file never changes."""
    assert rendered(name).encode() == path_of(name).read_bytes()


@pytest.mark.parametrize("name", VERSIONS)
def test_versions_stay_as_they_are(name: str) -> None:
    """As above."""
    assert VERSIONS[name](history(), AUTHOR).encode() == (FOLDER / name).read_bytes()


def test_keys_are_only_added() -> None:
    """What stood in the JSON at first stands there still, in the same order."""
    now = json.loads(rendered("json"))
    first = json.loads(first_path_of("json").read_text())
    lines = [json.loads(line) for line in first_path_of("jsonl").read_text().splitlines()]
    assert first["entries"] == lines
    for entry, before in zip(now["entries"], lines, strict=True):
        assert list(entry.items())[: len(before)] == list(before.items())
    assert now["tags"] == first["tags"]


@pytest.mark.parametrize("name", ALL)
@given(pages=PAGES)
def test_nothing_deceptive_leaves_in_any_format(name: str, pages: list[Page]) -> None:
    """Only LF and TAB do; the output ends with a line, if it has any."""
    shown = "".join(ALL[name](pages, Look()))
    assert not any(map(deceives, shown.translate({9: None, 10: None})))
    assert shown == "" or shown.endswith("\n")


@given(PAGES)
def test_json_gives_the_texts_back(pages: list[Page]) -> None:
    """As an object and as lines, the same entries, in the same order."""
    entries = [entry for page in pages for entry in page.entries]
    [whole] = FORMATS["json"](pages, Look())
    lines = [json.loads(line) for line in FORMATS["jsonl"](pages, Look())]
    assert json.loads(whole)["entries"] == lines
    assert [(each["title"], each["body"]) for each in lines] == [
        (entry.title, entry.body) for entry in entries
    ]
    assert set(json.loads(whole)["tags"]) == {tag for entry in entries for tag in entry.tags}


@given(PAGES, st.integers(12, 100))
def test_rows_fit_the_terminal_and_only_heads_begin_like_heads(
    pages: list[Page], columns: int
) -> None:
    """Wide characters count twice."""
    for name in ("pretty", "short"):
        rows = "".join(FORMATS[name](pages, Look(columns))).splitlines()
        assert all(width(row) <= columns for row in rows)
        heads = [row for row in rows if not re.match(r"[|?]( |$)|  ", row)]
        assert len(heads) == sum(len(page.entries) for page in pages)


@given(PAGES, st.sampled_from([None, 30, 80]))
def test_colours_change_no_character(pages: list[Page], columns: int | None) -> None:
    """Without them the same is left."""
    for name in ("pretty", "short"):
        plain = "".join(FORMATS[name](pages, Look(columns)))
        coloured = "".join(FORMATS[name](pages, Look(columns, has_colours=True)))
        assert COLOURS.sub("", coloured) == plain


BRACKETS = st.lists(
    st.sampled_from(("[", "]", " ", "\\", "\n", "2026-01-01 09:00", "a", "*", "一月")), max_size=30
).map(lambda parts: DiaryEntry(Written(Stamp(START, 0), TREE, f"a{''.join(parts)}"), ALICE))
JRNL_HEAD = re.compile(r"(?:^|\n)\[([^\]]+)\] ")
"""How jrnl 4 finds where entries begin; it looks for a time in what is longer than six."""


@given(st.lists(BRACKETS, max_size=4))
def test_in_a_journal_jrnl_finds_our_entries_and_no_others(entries: list[DiaryEntry]) -> None:
    """Not even where a bracket of one entry could be closed by the head of the next."""
    shown = "".join(EXPORTS["jrnl"]([Page(entries)], Look()))
    heads = [head for head in JRNL_HEAD.findall(shown) if len(head) > 6]
    assert heads == [format_minute(entry.stamp) for entry in entries]


@given(BRACKETS)
def test_a_journal_gives_back_what_was_quoted(entry: DiaryEntry) -> None:
    """Backslashes of the text itself stay."""
    shown = "".join(EXPORTS["jrnl"]([Page([entry])], Look()))
    [read] = [each for each in read_journal(shown) if isinstance(each, Draft)]
    title, newline, body = entry.text.strip().partition("\n")
    if not title.rstrip().endswith("*"):
        assert read.text == f"{title.rstrip()}{newline}{body}"


@given(PAGES)
def test_in_plain_text_only_entries_begin_like_entries(pages: list[Page]) -> None:
    """jrnl, which reads it, takes no line of a body for an entry."""
    shown = "".join(FORMATS["txt"](pages, Look()))
    heads = re.findall(r"^\[\d{4}-\d\d-\d\d", shown, re.MULTILINE)
    assert len(heads) == sum(len(page.entries) for page in pages)
