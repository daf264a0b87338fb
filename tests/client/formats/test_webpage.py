"""The page for a browser, without one: nothing that was written becomes part of it."""

import base64
import hashlib
import re
from collections import Counter
from html.parser import HTMLParser
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diaryclient.browsing.browsing import Page
from diaryclient.entries.entry import DiaryEntry
from diaryclient.formats.pretty import Look
from diaryclient.formats.webpage import render_webpage
from diaryclient.screen.display import safe_text
from protocol.dayfile import Written
from protocol.identifiers import EntryId
from protocol.stamp import Stamp
from tests.client.fakes import ALICE, START
from tests.client.screen.test_display import deceives

PARTS = (
    *("<script>", "</script>", "<!--", "-->", "<", ">", "&", "&lt;", '"', "'", "</p>", "</style>"),
    *("@<b>", '@a"b', "@tag", "javascript:", "onload=x", "{style}", "今天。", "\x00"),
    *(
        " ",
        "\n",
        ". ",
        "[a](",
        "](",
        ")",
        "![",
        "`",
        "```\n",
        "~~~",
        "**",
        "_",
        "# ",
        "> ",
        "- ",
        "1. ",
    ),
    *(
        "https://a.b/",
        "data:",
        "<a href=x>",
        "&#x202e;",
        "%E2%80%AE",
        "\u202e",
        "|",
        "|-|\n",
        "    ",
    ),
    *("\\", "[x]: y", "<https://", 'x "t"', "\t"),
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
    """Collects the elements with their attributes, where links lead, and what entries show."""

    def __init__(self) -> None:
        super().__init__()
        self.shapes: set[tuple[str, tuple[str, ...]]] = set()
        self.links: list[str] = []
        self.texts: list[str] = []
        self._is_inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """As HTMLParser."""
        self.shapes.add((tag, tuple(name for name, _ in attrs)))
        self.links += [value or "" for name, value in attrs if name == "href"]
        if tag == "article":
            self._is_inside = True
            self.texts.append("")
        if tag == "br":
            self.texts[-1] += "\n"

    def handle_endtag(self, tag: str) -> None:
        """As HTMLParser."""
        self._is_inside = self._is_inside and tag != "article"

    def handle_data(self, data: str) -> None:
        """As HTMLParser."""
        if self._is_inside:
            self.texts[-1] += data


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
    ("i", ("class",)),
    ("div", ("class", "dir")),
    ("a", ("href", "rel")),
    ("ol", ("start",)),
    *(
        (name, ())
        for name in [
            "br",
            "code",
            "em",
            "h4",
            "h5",
            "h6",
            "hr",
            "li",
            "ol",
            "p",
            "pre",
            "s",
            "strong",
        ]
    ),
    *((name, ()) for name in ["blockquote", "table", "tbody", "td", "th", "thead", "tr", "ul"]),
}


def shown(text: str) -> str:
    """Give the HTML of one text."""
    document = page([DiaryEntry(Written(Stamp(START, 0), PLAIN.id, text), ALICE)])
    [article] = re.findall(r"</time>\n(.*?)</article>", document, re.DOTALL)
    return str(article)


@given(ENTRIES)
def test_texts_stay_texts(entries: list[DiaryEntry]) -> None:
    """Of elements and attributes only those of Markdown come of them; no letter is lost."""
    reader = read(page(entries))
    assert reader.shapes <= SHAPES
    assert all(re.match(r"#(?:d-|tag=)|https?://|mailto:", link) for link in reader.links)
    for entry, text in zip(entries, reader.texts, strict=True):
        missing = Counter(filter(str.isalnum, safe_text(entry.text)))
        missing -= Counter(filter(str.isalnum, text + "".join(map(unquote, reader.links))))
        # Of code and tables a word behind the fence and a number before an item are no text.
        assert not missing or re.search(r"`{3}|~{3}|^[ >]*\d[.)]", entry.text, re.MULTILINE)


@given(ENTRIES)
def test_nothing_in_the_page_deceives(entries: list[DiaryEntry]) -> None:
    """What Markdown decodes is escaped as all else is."""
    assert not any(map(deceives, page(entries).translate({9: None, 10: None})))


@pytest.mark.parametrize(
    ("text", "html"),
    [
        (
            "See https://a.b/c.",
            '<a href="https://a.b/c" rel="noopener noreferrer">https://a.b/c</a>.',
        ),
        (
            "看https://a.b/c，好",
            '<a href="https://a.b/c" rel="noopener noreferrer">https://a.b/c</a>，',
        ),
        ("x (http://a.b/c_(d))", ">http://a.b/c_(d)</a>)"),
        ("http://a.b/_c_d*e*", ">http://a.b/_c_d*e</a>"),
        ("<https://a.b>", '<a href="https://a.b" rel="noopener noreferrer">https://a.b</a>'),
        ('x [a](https://b.c "title")', 'x <a href="https://b.c" rel="noopener noreferrer">a</a>'),
        (
            "x ![a](https://b.c/d.png)",
            '!<a href="https://b.c/d.png" rel="noopener noreferrer">a</a>',
        ),
        ("**bold** and `@code <b>` @Tag", "<strong>bold</strong> and <code>@code &lt;b&gt;</code>"),
        ("x @Tag", 'x <a href="#tag=%40tag">@Tag</a>'),
        ("me@example.org", "me@example.org</p>"),
        ("# Lake\n\ntext", "<h4>Lake</h4>\n<p>text</p>"),
        ("Title\none\ntwo", "<p>one<br>two</p>"),
        ("Title. Then *this*", "Title.</p>"),
        ("**One. Two** x", "<p><strong>One. Two</strong> x</p>"),
        ("```js\n<b>\n```", "<pre><code>&lt;b&gt;\n</code></pre>"),
        ("- a\n- b", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>"),
        ("a | b\n--|:-:\n1 | 2", "<td>2</td>"),
        ("a\n===\nb", "<h4>a</h4>\n<p>b</p>"),
        ("1. a\n\n3. b", "<ol>"),
        ("[x]: https://a.b", "[x]: "),
        ("&lt; &#x202e; &copy;", "&amp;lt; &amp;#x202e; &amp;copy;"),
    ],
)
def test_markdown_is_shown_as_it_is_meant(text: str, html: str) -> None:
    """And what would be hidden as it was typed."""
    assert html in shown(text)


@pytest.mark.parametrize(
    "link",
    [
        *(
            "javascript:alert(1)",
            "JaVaScRiPt:alert(1)",
            "java&#115;cript:alert(1)",
            "data:text/html,x",
        ),
        *(
            "vbscript:x",
            "file:///etc/passwd",
            "//example.org/x",
            "page.html",
            "#d-2026-11-22",
            "ftp://a.b",
        ),
        *("https:evil", "http://", " javascript:x", "\\x01javascript:x", "blob:x", "about:blank"),
    ],
)
def test_other_links_are_text(link: str) -> None:
    """Only the web and mailboxes are linked to, however it is written."""
    for text in (
        f"x [a]({link})",
        f"x [a](<{link}>)",
        f"x <{link}>",
        f"x {link}",
        f"x ![a]({link})",
    ):
        assert "<a" not in shown(text)


@pytest.mark.parametrize(
    "text", [">" * 40 + " deep", "- " * 40 + "deep", "[" * 60_000, "<" * 60_000, "@" * 60_000]
)
def test_what_is_nested_too_deep_or_too_long_a_work_is_shown_as_it_was_typed(text: str) -> None:
    """Nothing of it is lost, and nobody waits."""
    [entry] = read(page([DiaryEntry(Written(Stamp(START, 0), PLAIN.id, text), ALICE)])).texts
    assert text in entry


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
