"""What was set aside, by name, and how it comes back.

Rules: bringing back destroys nothing: archives and removed diaries stay where they are. It is done
day by day by the store, which skips ids that the day has, so doing it again, or after a failure,
adds nothing twice. What lies in quarantine was never acknowledged, or is the whole file before a
repair: it is shown where it is, and never appended to anything.
"""

import os
import sqlite3
import stat
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import TypeAlias

from diaryserver.errors import DataError
from diaryserver.maintenance.databases import copy_database
from diaryserver.maintenance.layout import (
    ACCOUNTS,
    DIARIES,
    REMOVED,
    any_day_of,
    quarantined_day_of,
    removed_of,
    user_of,
)
from diaryserver.maintenance.opening import (
    names_in,
    opened_file,
    opened_folder,
    opened_parent,
    read_text,
)
from diaryserver.store.days.archives import archived_of
from diaryserver.store.days.daystate import entry_ids
from diaryserver.store.disk.gzipped import DamagedFileError
from diaryserver.store.disk.user_folder import ARCHIVE, QUARANTINE, compressed_file, day_file
from protocol.errors import UsageError
from protocol.identifiers import Day, Username

JsonAside: TypeAlias = dict[str, str | int | None]


class Form(StrEnum):
    """How something came to be set aside."""

    CLEARED = "cleared"
    REMOVED = "removed"
    QUARANTINED = "quarantined"


@dataclass(frozen=True, slots=True)
class Aside:
    """Something set aside: a day, a whole diary (`day` is ""), or a piece of a file.

    `when` is in ms since the epoch, None if nobody knows; `path` is below the data folder.
    """

    name: str
    form: Form
    user: Username
    day: str
    when: int | None
    entries: int
    size: int
    path: str

    def as_json(self) -> JsonAside:
        """Give what `recover --json` lists."""
        values: JsonAside = asdict(self)
        return values | {"form": self.form.value}


def list_aside(data: Path) -> list[Aside]:
    """Give all that was cleared, removed or quarantined; raise DataError.

    Works beside a running server: what is moved meanwhile may be missing from the list.
    """
    try:
        with opened_folder(data) as root:
            found = [*_in_diaries(root), *_in_removed(root, _removal_times(data))]
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        raise DataError(f"{data} cannot be looked at: {where}{error.strerror or error}") from None
    taken = Counter(each.name for each in found)
    # Two files of one generation are a fault, and yet either can be named.
    return [
        each if taken[each.name] == 1 else replace(each, name=each.path.partition("/")[2])
        for each in found
    ]


def days_in(data: Path, aside: Aside) -> list[str]:
    """Give the paths, below the data folder, of the day files that make up `aside`, in order.

    Raise UsageError for what is in quarantine.
    """
    if aside.form is Form.QUARANTINED:
        raise UsageError(
            f"{aside.name} is no day that could be brought back; look at it where it is:\n"
            f"{data / aside.path}"
        )
    if aside.form is Form.CLEARED:
        return [aside.path]
    with opened_folder(data / aside.path) as diary:
        return [f"{aside.path}/{name}" for name in _day_files(diary)]


def read_aside(data: Path, path: str) -> tuple[Day, bytes]:
    """Give day and bytes of a day file that is set aside; raise UsageError for any other path."""
    day = _day_aside(path)
    if day is None:
        raise UsageError("no day that is set aside has this name")
    with (
        opened_folder(data) as root,
        opened_parent(path, root) as (folder, name),
        opened_file(name, folder) as descriptor,
    ):
        return day, read_text(name, descriptor)


def _day_aside(path: str) -> Day | None:
    match path.split("/"):
        case [top, owner, name] if top == REMOVED and removed_of(owner):
            return any_day_of(name)
        case [top, owner, folder, name] if folder == ARCHIVE and _is_diary(top, owner):
            cleared = archived_of(name)
            return cleared.day if cleared else None
        case _:
            return None


def _is_diary(top: str, owner: str) -> bool:
    name_of = {DIARIES: user_of, REMOVED: removed_of}.get(top)
    return name_of is not None and name_of(owner) is not None


def _in_diaries(root: int) -> Iterator[Aside]:
    for owner, diary in _folders(DIARIES, root):
        user = user_of(owner)
        if user is not None:
            yield from _in_diary(f"{DIARIES}/{owner}", user, diary)


def _in_removed(root: int, times: dict[bytes, int]) -> Iterator[Aside]:
    for owner, diary in _folders(REMOVED, root):
        removed = removed_of(owner)
        if removed is None:
            continue
        user, uid = removed
        path = f"{REMOVED}/{owner}"
        days = [_measure(name, diary) for name in _day_files(diary)]
        entries, size, _ = map(sum, zip(*days, strict=True)) if days else (0, 0, 0)
        yield Aside(owner, Form.REMOVED, user, "", times.get(uid), entries, size, path)
        yield from _in_diary(path, user, diary)


def _in_diary(path: str, user: Username, diary: int) -> Iterator[Aside]:
    owner = path.partition("/")[2]
    for name, folder in _files(ARCHIVE, diary):
        cleared = archived_of(name)
        if cleared is not None:
            entries, size, _ = _measure(name, folder)
            when = cleared.cleared or None
            where = f"{path}/{ARCHIVE}/{name}"
            label = f"{owner}/{cleared.day}.{cleared.generation}"
            yield Aside(label, Form.CLEARED, user, cleared.day, when, entries, size, where)
    for name, folder in _files(QUARANTINE, diary):
        day = quarantined_day_of(name)
        if day is not None:
            entries, size, changed = _measure(name, folder)
            where = f"{path}/{QUARANTINE}/{name}"
            label = f"{owner}/{QUARANTINE}/{name}"
            yield Aside(label, Form.QUARANTINED, user, day, changed, entries, size, where)


def _measure(name: str, folder: int) -> tuple[int, int, int]:
    """Give a file's entries, the bytes of its text, and when it was last changed, in ms."""
    with opened_file(name, folder) as descriptor:
        changed = os.fstat(descriptor).st_mtime_ns // 10**6
        try:
            data = read_text(name, descriptor)
        except DamagedFileError:
            return 0, 0, changed  # verify says so; the others can be brought back
        return len(entry_ids(data)), len(data), changed


def _folders(top: str, root: int) -> Iterator[tuple[str, int]]:
    try:
        with opened_folder(top, root) as folder:
            for name in names_in(folder):
                try:
                    with opened_folder(name, folder) as diary:
                        yield name, diary
                except (FileNotFoundError, NotADirectoryError):
                    continue  # moved meanwhile, or nothing of ours, which verify reports
    except FileNotFoundError:
        return


def _files(subfolder: str, diary: int) -> Iterator[tuple[str, int]]:
    try:
        with opened_folder(subfolder, diary) as folder:
            yield from ((name, folder) for name in _regular(folder))
    except FileNotFoundError:
        return


def _day_files(diary: int) -> list[str]:
    """Give the names of the files of days, of two files of one day the plain one."""
    names = _regular(diary)
    days = {name: any_day_of(name) for name in names}
    return [name for name, day in days.items() if day and name == _file_that_counts(day, names)]


def _file_that_counts(day: Day, names: list[str]) -> str:
    return day_file(day) if day_file(day) in names else compressed_file(day)


def _regular(folder: int) -> list[str]:
    """Give the names of regular files; verify reports what else there is."""
    return [
        name
        for name in names_in(folder)
        if stat.S_ISREG(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)
    ]


def _removal_times(data: Path) -> dict[bytes, int]:
    try:
        with closing(copy_database(data / ACCOUNTS)) as accounts:
            return dict(accounts.execute("SELECT uid, removed FROM users WHERE removed > 0"))
    except sqlite3.DatabaseError:
        return {}  # verify says what is wrong with it; here only a date is missing
