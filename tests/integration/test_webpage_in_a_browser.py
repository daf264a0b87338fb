"""The exported page in headless Chromium: what people do with it, and what hostile texts cannot.

Part of `make test-system`, which installs the browser. The screenshots of each run lie in
`build/webpage` for whoever wants to judge them by eye.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from diaryclient.browsing.browsing import Page
from diaryclient.entries.entry import DiaryEntry
from diaryclient.formats.pretty import Look
from diaryclient.formats.webpage import render_webpage
from protocol.caseless import caseless
from protocol.dayfile import Written
from protocol.identifiers import EntryId
from protocol.stamp import Stamp
from tests.browser import Browser, browser
from tests.client.fakes import ALICE, START
from tests.generated_diary import generate_diary

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]
PICTURES: Final = Path(__file__).parents[2] / "build" / "webpage"
COUNT: Final = 20_000
WIDE: Final = (1280, 900)
NARROW: Final = (390, 844)
VISIBLE: Final = "return document.querySelectorAll('article:not([hidden])').length"
SEARCH: Final = ".search input[type=search]"
OUTPUT: Final = "document.querySelector('.search output').textContent"


@pytest.fixture(scope="module")
def diary() -> list[DiaryEntry]:
    """Ten years, with texts that would run as scripts if they could."""
    return generate_diary(COUNT)


@pytest.fixture(scope="module")
def page(diary: list[DiaryEntry], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The diary as a page on the disk."""
    path = tmp_path_factory.mktemp("page") / "diary.html"
    path.write_text("".join(render_webpage([Page(diary)], Look())))
    return path


@pytest.fixture(scope="module")
def _open_window() -> Iterator[Browser]:
    with browser() as opened:
        yield opened


@pytest.fixture
def window(_open_window: Browser, page: Path) -> Iterator[Browser]:
    """A wide window with the page; whatever happens in it, nothing is complained of."""
    _open_window.show_as(*WIDE, "light")
    _open_window.open(page)
    yield _open_window
    assert _open_window.complaints() == []


def shows(window: Browser, count: int, total: int = COUNT) -> None:
    """Wait until so many entries are left of all."""
    window.wait_until(f"{OUTPUT} === '{count} of {total}'")
    assert window.run(VISIBLE) == count


def test_words_tags_and_stars_find_entries(window: Browser, diary: list[DiaryEntry]) -> None:
    """All words must be there; upper and lower case are the same; a tag is not its beginning."""
    assert window.run(VISIBLE) == COUNT
    window.type(SEARCH, "RIVER snow")
    expected = [e for e in diary if "river" in e.text.lower() and "snow" in e.text.lower()]
    shows(window, len(expected))
    window.click(".search input[type=checkbox]")
    shows(window, sum(each.is_starred for each in expected))
    window.click(".search input[type=checkbox]")
    window.type(SEARCH, "@妈妈")
    shows(window, sum("@妈妈" in each.tags for each in diary))
    window.type(SEARCH, "nowhere to be found")
    shows(window, 0)
    assert window.run("return document.querySelector('.none').checkVisibility()")


def test_it_compares_as_every_search_does(window: Browser, tmp_path: Path) -> None:
    """Accents as one character or as two, other widths, capitals of any language."""
    texts = [
        *("caf\xe9 @caf\xe9", "CAFE\u0301 @cafe\u0301", "Stra\xdfe @Stra\xdfe", "STRASSE @STRASSE"),
        *(
            "\uff30\uff23",
            "pc",
            "\uff76\uff9e",
            "\u30ac",
            "\u0130\u015f I\u015f \u0131\u015f",
            "cafe",
        ),
        *(
            "\u039b\u039f\u0393\u039f\u03a3",
            "\u03bb\u03bf\u03b3\u03bf\u03c2",
            "x\xb2 \u2026",
            "x2 ...",
        ),
    ]
    entries = [
        DiaryEntry(Written(Stamp(number, 0), EntryId.make(number, bytes(10)), text), ALICE)
        for number, text in enumerate(texts)
    ]
    own = tmp_path / "own.html"
    own.write_text("".join(render_webpage([Page(entries)], Look())))
    window.open(own)
    for words in [word for text in texts for word in text.split()]:
        window.type(SEARCH, words)
        tagged = words.startswith("@")
        form = caseless(words)
        shows(
            window,
            sum(form in (each.tag_forms if tagged else caseless(each.text)) for each in entries),
            len(entries),
        )


def test_tags_and_days_are_links(window: Browser, diary: list[DiaryEntry]) -> None:
    """A tag searches for itself; a day is scrolled to, even if the search has hidden it."""
    window.click(".tags a[href='#tag=%40work']")
    shows(window, sum("@work" in each.tags for each in diary))
    assert window.run(f"return document.querySelector('{SEARCH}').value") == "@work"
    hidden = window.run("return document.querySelector('.year[open] .days > a.off').hash.slice(1)")
    window.click(f".year[open] .days > a[href='#{hidden}']")
    window.wait_until(f"document.getElementById('{hidden}').checkVisibility()")
    window.wait_until(
        f"Math.abs(document.getElementById('{hidden}').getBoundingClientRect().top) < 300"
    )
    assert window.run(VISIBLE) == COUNT


def test_no_text_becomes_a_script(window: Browser, page: Path, diary: list[DiaryEntry]) -> None:
    """They are shown as they were written; one that had got in would be refused by the policy."""
    assert any("<script>" in each.text for each in diary)
    assert window.run("return document.title") == "Diary of alice"
    assert window.run("return document.scripts.length") == 1
    assert window.run("return performance.getEntriesByType('resource').length") == 0


HOSTILE: Final = (
    "<script>document.title='broken'</script>",
    "x <img src=x onerror=\"document.title='broken'\">",
    "x [a](javascript:document.title='broken') <javascript:document.title='broken'>",
    "x [a](java&#115;cript:document.title='broken') [b](data:text/html,<script>1</script>)",
    'x [a](https://a.b/"onmouseover="document.title=1) [b](https://a.b "x" onclick="y")',
    "x ![a](https://a.b/pixel.png) ![b][c]\n\n[c]: https://a.b/pixel.png",
    "```html\n</code></pre><script>document.title='broken'</script>\n```",
    "```\"><script>document.title='broken'</script>\nx\n```",
    "| a |\n|:-:|\n| <svg onload=\"document.title='broken'\"> |",
    "# <b onclick=x>\n> <style>* { display: none }</style>\n\n- <base href=//a.b>",
    "</article></section></main><meta http-equiv=refresh content='0;url=https://a.b'>",
    '@a"onclick="x @<b> `</code><script>` **<i>** ~~</s><u>~~',
    "x <!-- - --> <![CDATA[ ]]> <?php ?> &lt;script&gt; &#60;script&#62;",
)


def test_hostile_markdown_runs_nothing_and_fetches_nothing(tmp_path: Path) -> None:
    """Nor does it lead anywhere but to the web; the policy has nothing to refuse."""
    entries = [
        DiaryEntry(Written(Stamp(START, 0), EntryId.make(START, bytes([number]) * 10), text), ALICE)
        for number, text in enumerate(HOSTILE)
    ]
    path = tmp_path / "hostile.html"
    path.write_text("".join(render_webpage([Page(entries)], Look())))
    with browser() as window:
        window.open(path)
        window.run(
            "document.querySelectorAll('article *').forEach(each => each.dispatchEvent("
            "new MouseEvent('mouseover', {bubbles: true})))"
        )
        assert window.run("return document.title") == "Diary of alice"
        assert window.run("return document.scripts.length") == 1
        assert window.run("return document.querySelectorAll('article').length") == len(HOSTILE)
        assert window.run("return performance.getEntriesByType('resource').length") == 0
        odd = (
            "[...document.querySelectorAll('article *')].filter(each => [...each.attributes].some("
        )
        allowed = "['href', 'rel', 'class', 'dir', 'start', 'datetime', 'title']"
        assert window.run(f"return {odd}one => !{allowed}.includes(one.name))).length") == 0
        links = "[...document.querySelectorAll('article a')].map(each => each.protocol)"
        assert set(window.run(f"return {links}")) == {"https:", "file:"}
        own = "[...document.querySelectorAll('article a[href^=\"#\"]')].length"
        there = "[...document.querySelectorAll('article a')].filter(a => a.protocol === 'file:')"
        assert window.run(f"return {own} === {there}.length")
        assert window.complaints() == []


def test_the_policy_stops_what_got_in(page: Path) -> None:
    """Should a text ever become part of the page, it still cannot run."""
    broken = page.with_name("broken.html")
    text = page.read_text().replace("</main>", "<script>document.title = 'broken'</script></main>")
    broken.write_text(text.replace("<h1>", "<img src=x onerror=\"document.title='broken'\"><h1>"))
    with browser() as window:
        window.open(broken)
        refused: list[str] = []
        for _ in range(100):
            refused += window.complaints()
            if len(refused) >= 3:
                break
            window.wait_until("true")
        assert window.run("return document.title") == "Diary of alice"
    assert len([each for each in refused if "Content Security Policy" in each]) >= 3


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, NARROW])
def test_it_fits_the_screen(
    window: Browser, page: Path, scheme: str, size: tuple[int, int]
) -> None:
    """Nothing sticks out, words can be read on their ground, and a picture is kept."""
    window.show_as(*size, scheme)
    window.open(page)
    assert window.run("return document.documentElement.scrollWidth") <= size[0]
    is_open = window.run("return document.querySelector('.panel').open")
    assert is_open == (size == WIDE)
    ground = window.run("return getComputedStyle(document.body).backgroundColor")
    brightness = sum(map(int, ground.removeprefix("rgb(").removesuffix(")").split(",")))
    assert (brightness > 600) == (scheme == "light")
    PICTURES.mkdir(parents=True, exist_ok=True)
    picture = PICTURES / f"{scheme}-{size[0]}.png"
    window.photograph(picture)
    assert picture.stat().st_size > 10_000
