"""What `--format` of `read` and `show`, and that of `export`, can name."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, TypeAlias

from diaryclient.browsing import Page
from diaryclient.formats.data import render_json, render_jsonl
from diaryclient.formats.documents import render_markdown, render_text
from diaryclient.formats.journal import render_journal
from diaryclient.formats.pretty import Look, render_pretty, render_short
from diaryclient.formats.webpage import render_webpage

Format: TypeAlias = Callable[[Iterable[Page], Look], Iterator[str]]

FORMATS: Final[Mapping[str, Format]] = {
    "pretty": render_pretty,
    "short": render_short,
    "json": render_json,
    "jsonl": render_jsonl,
    "md": render_markdown,
    "txt": render_text,
}

EXPORTS: Final[Mapping[str, Format]] = {
    "jsonl": render_jsonl,
    "json": render_json,
    "md": render_markdown,
    "txt": render_text,
    "jrnl": render_journal,
    "html": render_webpage,
}
"""What becomes of a diary in one file; `tree` makes a folder of it."""

SHOWS_FOREIGN: Final = "pretty"
"""The one format in which a line that is no entry has a place."""
