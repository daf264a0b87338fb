"""An entry's versions, for people and for programs.

Rules: as in the other formats; the times are when each version came to be. Of the first that is
when the server received it, since what it tells of may have happened long before.
"""

import json

from diaryclient.entries.entry import DiaryEntry
from diaryclient.entries.histories import Deed, EntryHistory, Version
from diaryclient.formats.data import format_utc
from diaryclient.screen.display import escape_json, format_minute, format_quoted
from protocol.identifiers import Username
from protocol.stamp import Stamp


def render_versions(history: EntryHistory, author: Username) -> str:
    """Give a line for each version, `2026-11-22 18:40 amended`, its text behind `| `."""
    lines: list[str] = []
    for version in history.versions():
        star = ", starred" if version.starred and not version.is_removed else ""
        when = format_minute(_made(version, history, author))
        lines.append(f"{when} {version.deed}{star}\n")
        if not version.is_removed:
            lines.append(f"{format_quoted(version.text)}\n")
    return "".join(lines)


def render_versions_as_json(history: EntryHistory, author: Username) -> str:
    """Give a list of objects, the first version first."""
    rows = [
        {
            "id": version.id.hex(),
            "change": str(version.deed),
            "utc": format_utc(made.at),
            "offset": str(made)[-6:],
            "text": version.text,
            "starred": version.starred,
            "removed": version.is_removed,
        }
        for version in history.versions()
        for made in (_made(version, history, author),)
    ]
    return escape_json(json.dumps(rows, ensure_ascii=False, indent=2)) + "\n"


def _made(version: Version, history: EntryHistory, author: Username) -> Stamp:
    if version.deed is not Deed.WRITTEN:
        return version.stamp
    return Stamp(DiaryEntry(history.entry, author).received_at, version.stamp.off)
