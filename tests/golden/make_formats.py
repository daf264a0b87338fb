"""Writes what the formats of docs/FORMATS.md make of two days into `formats/`, once.

    python tests/golden/make_formats.py

Programs read these formats, so what exists here never changes; a new format, or a new day, gets a
new file. The days are day files as a server keeps them.
"""

from pathlib import Path
from typing import Final

from diaryclient.browsing.browsing import Page
from diaryclient.entries.entry import DiaryEntry
from diaryclient.entries.histories import EntryHistory, entry_histories
from diaryclient.formats.exported import EXPORTS
from diaryclient.formats.pretty import Look
from diaryclient.formats.printed import FORMATS
from diaryclient.formats.versions import render_versions, render_versions_as_json
from protocol.dayfile import Foreign, fold, parse_day_file
from protocol.identifiers import Day, Username

FOLDER: Final = Path(__file__).parent / "formats"
AUTHOR: Final = Username("alice")
VERSIONS: Final = {
    "versions.txt": render_versions,
    "versions.json": render_versions_as_json,
}
"""What `diaryclient history` prints, and with --json."""


def pages() -> list[Page]:
    """Give the days' entries as a command would show them."""
    return [_page(path.read_bytes()) for path in sorted(FOLDER.glob("*.log"))]


def _page(data: bytes) -> Page:
    records = parse_day_file(data)
    foreign = [record for record in records if isinstance(record, Foreign)]
    return Page([DiaryEntry(written, AUTHOR) for written in fold(records)], foreign)


KEPT: Final = {**FORMATS, "jrnl": EXPORTS["jrnl"]}
"""Formats that programs read; a page for browsers may become more beautiful at any time."""

_LATEST: Final = {"json": "text.json", "jsonl": "text.jsonl"}
"""Where a format has had keys added since its first golden file."""


def rendered(name: str, look: Look | None = None) -> str:
    """Give the days in a format."""
    return "".join(KEPT[name](pages(), look or Look()))


def history() -> EntryHistory:
    """Give the entry of `changed/` that has many versions."""
    [path] = (FOLDER / "changed").glob("*.log")
    return entry_histories(Day(path.stem), parse_day_file(path.read_bytes()))[0]


def path_of(name: str) -> Path:
    """Give the file of a format as it is now."""
    return FOLDER / _LATEST.get(name, f"days.{name}")


def first_path_of(name: str) -> Path:
    """Give the file of a format as it was at first."""
    return FOLDER / f"days.{name}"


if __name__ == "__main__":
    for each in KEPT:
        if not path_of(each).exists():
            path_of(each).write_text(rendered(each))
    for name, render in VERSIONS.items():
        if not (FOLDER / name).exists():
            (FOLDER / name).write_text(render(history(), AUTHOR))
