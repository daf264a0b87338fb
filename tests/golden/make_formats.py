"""Writes what the formats of docs/FORMATS.md make of two days into `formats/`, once.

    python tests/golden/make_formats.py

Programs read these formats, so what exists here never changes; a new format, or a new day, gets a
new file. The days are day files as a server keeps them.
"""

from pathlib import Path
from typing import Final

from diaryclient.browsing import Page
from diaryclient.entry import DiaryEntry
from diaryclient.formats.pretty import Look
from diaryclient.formats.table import FORMATS
from protocol.dayfile import Foreign, fold, parse_day_file
from protocol.identifiers import Username

FOLDER: Final = Path(__file__).parent / "formats"
AUTHOR: Final = Username("alice")


def pages() -> list[Page]:
    """Give the days' entries as a command would show them."""
    return [_page(path.read_bytes()) for path in sorted(FOLDER.glob("*.log"))]


def _page(data: bytes) -> Page:
    records = parse_day_file(data)
    foreign = [record for record in records if isinstance(record, Foreign)]
    return Page([DiaryEntry(written, AUTHOR) for written in fold(records)], foreign)


def rendered(name: str, look: Look | None = None) -> str:
    """Give the days in a format."""
    return "".join(FORMATS[name](pages(), look or Look()))


def path_of(name: str) -> Path:
    """Give the file of a format."""
    return FOLDER / f"days.{name}"


if __name__ == "__main__":
    for each in FORMATS:
        if not path_of(each).exists():
            path_of(each).write_text(rendered(each))
