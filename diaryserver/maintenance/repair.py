"""Mending what is provably wrong and provably mended; the caller owns the data.

That is: permissions, a torn end, a record that a file holds twice byte for byte, what is left of
compressing a day, a change of the databases that a crash cut off, which SQLite itself undoes, and a
broken ledger, made anew of what the files prove.
A compressed day is made plain before it is mended. The end cut off, or the file as it
was, is kept in the diary's quarantine before anything is changed, and a file is replaced as a
whole: written aside, synced, renamed, and the folder synced. Everything else is left as it is.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from diaryserver.maintenance.databases import undo_cut_off_change
from diaryserver.maintenance.dayfaults import without_duplicates
from diaryserver.maintenance.faults import Kind, printable
from diaryserver.maintenance.layout import (
    ACCOUNTS,
    DIARIES,
    any_day_of,
    removed_of,
    unfinished_day_of,
    user_of,
)
from diaryserver.maintenance.ledgerfaults import mend_ledger, mend_stamp
from diaryserver.maintenance.opening import (
    FOLDER_FLAGS,
    opened_folder,
    opened_parent,
)
from diaryserver.maintenance.permissions import permission_faults, right_mode
from diaryserver.maintenance.verify import verify
from diaryserver.store.days.archives import archived_of
from diaryserver.store.days.daystate import load_day, quarantine
from diaryserver.store.disk.disk import Disk
from diaryserver.store.disk.plainness import make_plain, tidy
from diaryserver.store.disk.user_folder import (
    ARCHIVE,
    UserFolder,
    compressed_file,
    day_file,
    unfinished_file,
)
from diaryserver.store.ledger.ledger import Ledger
from diaryserver.store.ledger.ledgerfile import LEDGER, open_ledger
from protocol.identifiers import Day, Username

MAX_DEPTH: Final = 4
"""Folders in one another below the data folder; mending one lets us see into the next."""

_IN_FILES: Final = frozenset({Kind.TORN_END, Kind.DUPLICATE, Kind.LEFTOVER})


def repair(data: Path, replay: Callable[[], None]) -> Iterator[str]:
    """Mend what can be, and give a line for each thing done; raise OSError if the disk does not.

    `replay` brings into the day files what a crash left in the journal; it is called before they
    are looked at, and after the permissions are right.
    """
    with opened_folder(data) as root:
        for _ in range(MAX_DEPTH):
            done = list(_mend_permissions(root))
            yield from done
            if not done:
                break
        if undo_cut_off_change(data / ACCOUNTS):
            yield f"{ACCOUNTS}: a change that was cut off is undone"
        yield from mend_ledger(data, os.urandom)
        replay()
        with closing(Ledger(open_ledger(data / LEDGER))) as ledger:
            yield from mend_stamp(data, ledger, os.urandom)
            found = [each for each in verify(data).findings if each.kind in _IN_FILES]
            for path in dict.fromkeys(each.file for each in found):
                file = _DiaryFile.parse(path)
                if file is not None:
                    yield from _mend_file(root, file, ledger)


def _mend_permissions(root: int) -> Iterator[str]:
    for fault in list(permission_faults(root)):
        if fault.kind is not Kind.PERMISSIONS:
            continue
        with opened_parent(fault.file, root) as (folder, name):
            descriptor = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
            try:
                status = os.fstat(descriptor)
                mode = right_mode(status)
                if mode is None or status.st_uid != os.geteuid():
                    continue
                # What has mode 0 cannot be opened, only named.
                Path(f"/proc/self/fd/{descriptor}").chmod(mode)
            finally:
                os.close(descriptor)
        yield f"{printable(fault.file)}: permissions set to {mode:04o}"


@dataclass(frozen=True, slots=True)
class _DiaryFile:
    """A day's file or an archive: the diary's folder, whose it is, and the file in it."""

    path: str
    diary: str
    user: Username
    day: Day
    subfolder: str
    name: str

    @classmethod
    def parse(cls, path: str) -> "_DiaryFile | None":
        """Take a path of a fault apart; None if it is neither a day's file nor an archive."""
        top, owner, *middle, name = path.split("/")
        removed = removed_of(owner)
        user = removed[0] if removed else user_of(owner)
        subfolder = middle[0] if middle else ""
        archived = archived_of(name) if subfolder == ARCHIVE else None
        day = archived.day if archived else any_day_of(name) or unfinished_day_of(name)
        if user is None or day is None:
            return None
        return cls(path, f"{top}/{owner}", user, day, subfolder, name)

    @contextmanager
    def opened(self, root: int) -> Iterator[int]:
        """Open the diary's folder."""
        with opened_parent(self.diary, root) as (top, name), opened_folder(name, top) as folder:
            yield folder


def _mend_file(root: int, file: _DiaryFile, ledger: Ledger) -> Iterator[str]:
    if not file.diary.startswith(f"{DIARIES}/"):
        ledger = Ledger(open_ledger(":memory:"))  # it knows nothing of diaries of removed users
    with file.opened(root) as descriptor:
        folder = UserFolder(file.user, descriptor, Disk(), ledger)
        if unfinished_day_of(file.name) is not None or _has_plain_twin(folder, file):
            tidy(folder, file.day)
            yield f"{file.path}: what compressing left is cleared away"
            return
        before = _text_of(folder, file)
        if not file.subfolder and not before.endswith(b"\n"):
            load_day(folder, file.day)  # as the store does when it meets one
            before = folder.read_day(file.day).text
            yield f"{file.path}: the torn end is in quarantine now"
        after = without_duplicates(before)
        if after is not None and after != before:
            quarantine(folder, file.day, 0, before)
            if not file.subfolder:
                make_plain(folder, file.day)
                file = replace(file, name=day_file(file.day))
            if not file.subfolder:
                ledger.advance(file.user, file.day)  # what was read of it stands elsewhere now
            _replace(descriptor, file, after)
            size = len(before) - len(after)
            yield f"{file.path}: {size} bytes that it held twice dropped; as it was, in quarantine"


def _has_plain_twin(folder: UserFolder, file: _DiaryFile) -> bool:
    is_compressed = file.name == compressed_file(file.day)
    return is_compressed and folder.status(day_file(file.day)) is not None


def _text_of(folder: UserFolder, file: _DiaryFile) -> bytes:
    if file.subfolder:
        return folder.read_file(file.name, file.subfolder)
    return folder.read_day(file.day).text


def _replace(diary: int, file: _DiaryFile, data: bytes) -> None:
    disk = Disk()
    folder = os.open(file.subfolder or ".", FOLDER_FLAGS, dir_fd=diary)
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
        temporary = unfinished_file(file.name)
        descriptor = disk.open(temporary, flags, folder)
        try:
            disk.write(descriptor, data)
            disk.sync(descriptor)
        finally:
            os.close(descriptor)
        disk.rename(temporary, folder, file.name, folder)
        disk.sync_folder(folder)
    finally:
        os.close(folder)
