"""Makes the README's two pictures: a session at a terminal, and the page that `export` writes.

    make pictures

The session is the README's own first one, which a test runs, drawn by rich; the page shows a year
made by chance, photographed in Chromium. `test_pictures.py` says when one of them is stale.
"""

import hashlib
import io
import sys
import tempfile
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.text import Text

from diaryclient.browsing.browsing import Page
from diaryclient.formats.pretty import Look
from diaryclient.formats.webpage import render_webpage
from tests.browser import browser
from tests.docs.readme import README, blocks
from tests.golden.make_screens import entries

FOLDER: Final = README.parent / "docs" / "pictures"
SESSION: Final = "session.svg"
PAGE: Final = "page.png"
PAGE_DIGEST: Final = "page.html.sha256"
"""Of the page that was photographed: pixels differ from browser to browser, the page does not."""

_SIZE: Final = (1100, 700)
_DRAWING: Final = """<svg viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: monospace; font-size: {char_height}px; }}
.{unique_id}-title {{ font-family: sans-serif; font-size: 18px; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" />
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""
"""As rich has it, without the fonts that it would fetch from elsewhere."""


def draw_session() -> str:
    """Give the README's first session as SVG."""
    lines = blocks("console", README)[0].expandtabs().splitlines()
    terminal = Console(
        record=True,
        file=io.StringIO(),
        width=max(map(len, lines)),
        force_terminal=True,
        color_system="truecolor",
        highlight=False,
    )
    for line in lines:
        terminal.print(Text(line, style="bold green" if line.startswith("$ ") else ""))
    return terminal.export_svg(title="", code_format=_DRAWING, unique_id="session")


def write_page() -> str:
    """Give the page that is photographed."""
    return "".join(render_webpage([Page(entries())], Look()))


def digest(page: str) -> str:
    """Give what tells one page from another."""
    return hashlib.sha256(page.encode()).hexdigest() + "\n"


def photograph_page(path: Path) -> None:
    """Save what Chromium makes of the page as PNG."""
    with tempfile.TemporaryDirectory() as folder, browser() as window:
        page = Path(folder) / "diary.html"
        page.write_text(write_page())
        window.show_as(*_SIZE, "light")
        window.open(page)
        window.photograph(path)


def main(folder: Path = FOLDER) -> int:
    """Make both anew."""
    folder.mkdir(exist_ok=True)
    (folder / SESSION).write_text(draw_session())
    photograph_page(folder / PAGE)
    (folder / PAGE_DIGEST).write_text(digest(write_page()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
