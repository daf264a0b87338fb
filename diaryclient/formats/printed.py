"""What `--format` can name, of the commands that print."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, TypeAlias

from diaryclient.browsing.browsing import Page
from diaryclient.formats.data import render_json, render_jsonl
from diaryclient.formats.documents import render_markdown, render_text
from diaryclient.formats.pretty import Look, render_pretty, render_short

Format: TypeAlias = Callable[[Iterable[Page], Look], Iterator[str]]

FORMATS: Final[Mapping[str, Format]] = {
    "pretty": render_pretty,
    "short": render_short,
    "json": render_json,
    "jsonl": render_jsonl,
    "md": render_markdown,
    "txt": render_text,
}

SHOWS_FOREIGN: Final = "pretty"
"""The one format in which a line that is no entry has a place."""
