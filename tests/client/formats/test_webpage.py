"""The page for a browser, without one: nothing that was written becomes part of it."""

import base64
import hashlib
import re
from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from diaryclient.browsing.browsing import Page
from diaryclient.entries.entry import DiaryEntry
from diaryclient.formats.pretty import Look
from diaryclient.formats.webpage import render_webpage
from diaryclient.screen.display import safe_line, safe_text
from protocol.dayfile import Written
from protocol.identifiers import EntryId
from protocol.stamp import Stamp
from tests.client.fakes import ALICE, START

PARTS = (
    *("<script>", "</script>", "<!--", "-->", "<", ">", "&", "&lt;", '"', "'", "</p>", "</style>"),
    *("@<b>", '@a"b', "@tag", "javascript:", "onload=x", "{style}", "今天。", "\x00"),
    *(" ", "\n", ". "),
)
HOSTILE = st.lists(st.sampled_from(PARTS), min_size=1, max_size=20).map("".join)
ENTRIES = st.lists(
    st.builds(
        lambda text, star, number: DiaryEntry(
            Written(Stamp(START, 0), EntryId.make(START, bytes([number]) * 10), text, star), ALICE
        ),
        HOSTILE,
        st.booleans(),
        st.integers(0, 255),
    ),
    max_size=4,
)


class Reader(HTMLParser):
    """Collects the elements with their attributes, and what stands in titles and bodies."""

    def __init__(self) -> None:
        super().__init__()
        self.shapes: set[tuple[str, tuple[str, ...]]] = set()
        self.texts: list[tuple[str, str]] = []
        self._inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """As HTMLParser."""
        self.shapes.add((tag, tuple(name for name, _ in attrs)))
        kind = dict(attrs).get("class")
        if tag == "p" and kind in {"title", "body"}:
            self._inside = kind
            self.texts.append((kind, ""))

    def handle_endtag(self, tag: str) -> None:
        """As HTMLParser."""
        if tag == "p":
            self._inside = ""

    def handle_data(self, data: str) -> None:
        """As HTMLParser."""
        if self._inside:
            kind, before = self.texts[-1]
            self.texts[-1] = (kind, before + data)


def page(entries: list[DiaryEntry]) -> str:
    """Give the page."""
    return "".join(render_webpage([Page(entries)], Look()))


def read(document: str) -> Reader:
    """Read it as a browser does."""
    reader = Reader()
    reader.feed(document)
    reader.close()
    return reader


PLAIN = DiaryEntry(
    Written(Stamp(START, 0), EntryId.make(START, bytes(10)), "A title. @tag @two", starred=True),
    ALICE,
)
SHAPES = read(page([PLAIN, PLAIN])).shapes | {
    ("article", ("id", "data-tags")),
    ("p", ("class", "dir")),
    ("i", ("class",)),
}


@given(ENTRIES)
def test_texts_stay_texts(entries: list[DiaryEntry]) -> None:
    """No element or attribute comes of them, and they can be read as they were written."""
    reader = read(page(entries))
    assert reader.shapes <= SHAPES
    expected = []
    for entry in entries:
        expected.append(("title", safe_line(entry.title)))
        expected += [("body", safe_text(entry.body))] if entry.body else []
    assert reader.texts == expected


def test_only_the_pages_own_script_and_style_may_run() -> None:
    """Both by their hash; nothing may be fetched, sent or embedded."""
    document = page([PLAIN])
    [policy] = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', document)
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    for kind in ("script", "style"):
        [content] = re.findall(rf"<{kind}>(.*?)</{kind}>", document, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert rules.pop(f"{kind}-src") == f"'sha256-{digest}'"
    assert rules == {"default-src": "'none'", "base-uri": "'none'", "form-action": "'none'"}
    assert not re.search(r"<[^>]*(?:src|href)=(?!\"#)|@import|url\(", document)


def test_the_calendar_leads_to_the_days() -> None:
    """Each day with entries is a link to its place, the darker the more there are."""
    document = page([PLAIN, PLAIN])
    day = PLAIN.stamp.day
    assert re.findall(r'<a class="([^"]*)level2" href="#d-([^"]*)" title="([^"]*)">', document) == [
        ("", day, f"{day}: 2 entries")
    ]
    assert document.count(f'id="d-{day}"') == 1
    assert document.count("<h3>") == 12 + 1


def test_an_empty_diary_is_a_page_too() -> None:
    """Without a calendar and tags."""
    document = page([])
    assert "no entries" in document
    assert "<details" not in document
