"""What becomes of a diary in one file: what `--format` of `export` can name, beside `md-tree`.

Rules: apart from `table`, since who prints an entry need not load what makes web pages.
"""

from collections.abc import Mapping
from typing import Final

from diaryclient.formats.data import render_json, render_jsonl
from diaryclient.formats.documents import render_document, render_text
from diaryclient.formats.journal import render_journal
from diaryclient.formats.printed import Format
from diaryclient.formats.webpage import render_webpage

EXPORTS: Final[Mapping[str, Format]] = {
    "jsonl": render_jsonl,
    "json": render_json,
    "md": render_document,
    "txt": render_text,
    "jrnl": render_journal,
    "html": render_webpage,
}
