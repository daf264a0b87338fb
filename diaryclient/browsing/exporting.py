"""Copies all of a user's day files into a folder, byte for byte as the server gives them.

Rules: the folder appears under its name only when every file in it is complete and on the disk, and
the server still lists exactly these days with these sizes. An existing folder is never touched.
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from diaryclient.diary.open_diary import OpenDiary
from diaryclient.errors import ExportError
from diaryclient.files.atomic_output import whole_folder
from diaryclient.files.private_files import write_private
from protocol.identifiers import FIRST_DAY, LAST_DAY, Day
from protocol.messages.diary import DayRow

_MOST_ROUNDS: Final = 5
"""Looks at what was written meanwhile; a diary written to all the time never holds still."""


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export holds, in days, entries and bytes."""

    folder: Path
    days: int
    entries: int
    size: int


def export_days(diary: OpenDiary, folder: Path, notes: Path | None = None) -> Exported:
    """Copy every day into the new `folder`, readable by its owner only; `notes` as `whole_folder`.

    Raise ExportError if the folder exists or the diary changes all the time, OSError if the disk
    does not take it, or as `Asker.ask`; then there is no such folder.
    """
    if os.path.lexists(folder):
        raise ExportError(f"{folder} exists already; name another folder with --to")
    with whole_folder(folder, notes) as scratch:
        rows = _copy(diary, scratch)
    return Exported(
        folder,
        days=len(rows),
        entries=sum(row.entries for row in rows),
        size=sum(row.size for row in rows),
    )


def _copy(diary: OpenDiary, folder: Path) -> list[DayRow]:
    copied = dict[Day, DayRow]()
    for _ in range(_MOST_ROUNDS):
        rows = {row.day: row for row in diary.days(FIRST_DAY, LAST_DAY)}
        if rows == copied:
            _verify(folder, rows.values())
            return list(rows.values())
        for day in copied.keys() - rows.keys():
            _path(folder, day).unlink()
        for day, row in rows.items():
            if copied.get(day) != row:
                write_private(_path(folder, day), diary.read_day(row))
        copied = rows
    raise ExportError("the diary changes all the time; export it when nothing writes to it")


def _verify(folder: Path, rows: Iterable[DayRow]) -> None:
    expected = {f"{row.day}.log": row.size for row in rows}
    found = {path.name: path.stat().st_size for path in folder.iterdir()}
    if found != expected:
        raise ExportError("what was written is not what the server lists; nothing was exported")


def _path(folder: Path, day: Day) -> Path:
    return folder / f"{day}.log"
