"""A consistent copy of everything while the server serves.

Rules: what was acknowledged before the backup began is in it, and an entry written meanwhile is in
it whole or not at all. A day file is measured, then we wait until no write is going on that had
begun before (the barrier), and then it is copied up to the end of the record it was measured in.
What moves while we copy (a clear, a removed user) moves only forward, to what is copied later: met
again there, its copy moves after it. A day that is compressed or made plain while we copy has
all its text under the one name or the other: it is looked for under both. The ledger and the
accounts come last, by SQLite's own online backup: they know of all that moved. The list of digests
is written when everything else is durable: a backup without it is unfinished.
"""

import os
import shutil
import sqlite3
import stat
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from diaryserver.errors import DataError
from diaryserver.maintenance.checksums import SUMS_NAME, format_sums
from diaryserver.maintenance.copying import (
    copy_file,
    create_empty,
    create_file,
    digest_of,
    made_folder,
    whole_length,
)
from diaryserver.maintenance.databases import back_up_database
from diaryserver.maintenance.layout import (
    ACCOUNTS,
    DIARIES,
    KEYS,
    REMOVED,
    any_day_of,
    day_of,
    removed_of,
    unfinished_day_of,
)
from diaryserver.maintenance.ledgerstamps import disown
from diaryserver.maintenance.opening import names_in, opened_file, opened_folder
from diaryserver.store.disk.user_folder import compressed_file, day_file
from diaryserver.store.ledger.ledgerfile import LEDGER

QUIET_NANOSECONDS: Final = 60 * 10**9
"""A file that nobody touched for so long has no write going on."""


@dataclass(slots=True)
class BackedUp:
    """What a backup holds: digests (hex) by path, its bytes; what is no file was left out."""

    sums: dict[str, str] = field(default_factory=dict)
    size: int = 0
    left_out: list[str] = field(default_factory=list)


def back_up(
    data: Path, destination: Path, barrier: Callable[[], None], now: int, *, with_keys: bool
) -> BackedUp:
    """Copy `data` to a new folder, or an empty one; raise DataError, leaving nothing there.

    `barrier` returns once every write to a day file is over that had begun before it was called;
    `now` is the time in ms.
    """
    resolved = destination.resolve()
    if resolved.is_relative_to(data):
        raise DataError(f"{destination} lies in the data folder itself; name a place outside")
    with _new_folder(resolved), opened_folder(data) as source, opened_folder(resolved) as target:
        backup = _Backup(source, target, barrier, now * 10**6 - QUIET_NANOSECONDS)
        backup.copy_diaries()
        for database in (LEDGER, ACCOUNTS):
            backup.take_database(database, data, resolved)
        barrier()  # by then a removal that the accounts know of has moved its diary
        backup.follow_removals(resolved)
        if with_keys:
            backup.copy_top(KEYS)
        backup.finish()
        return backup.done


@contextmanager
def _new_folder(destination: Path) -> Iterator[None]:
    """Make the folder if there is none; if what follows fails, leave it as it was."""
    made = not destination.exists()
    try:
        if made:
            destination.mkdir(mode=0o700)
        else:
            _check_free(destination)
    except OSError as error:
        raise DataError(f"{destination} cannot be used: {error.strerror}") from None
    try:
        yield
    except BaseException as failure:
        left = _clean(destination, made=made)
        if isinstance(failure, OSError | sqlite3.Error):
            reason = getattr(failure, "strerror", None) or str(failure)
            raise DataError(f"the backup failed: {reason}; {left}") from failure
        raise


def _check_free(destination: Path) -> None:
    """Refuse a folder that holds something, or in which others could replace what is copied."""
    if next(destination.iterdir(), None):
        raise DataError(f"{destination} is not empty; name a new folder")
    status = destination.stat()
    if status.st_uid != os.geteuid():
        raise DataError(f"{destination} belongs to user {status.st_uid}; name a new folder")
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise DataError(f"others can write into {destination}; name a new folder")


def _clean(destination: Path, *, made: bool) -> str:
    try:
        if made:
            shutil.rmtree(destination)
        else:
            for child in destination.iterdir():
                if child.is_dir() and not child.is_symlink():
                    shutil.rmtree(child)
                else:
                    child.unlink()
    except OSError:
        return f"{destination} is unfinished, it has no {SUMS_NAME}: remove it"
    return "nothing is left of it"


class _Backup:
    """One backup, between two open folders."""

    def __init__(self, source: int, target: int, barrier: Callable[[], None], quiet: int) -> None:
        """What was touched since `quiet` (ns since the epoch) may be being written."""
        self.done = BackedUp()
        self._source = source
        self._target = target
        self._barrier = barrier
        self._quiet = quiet
        self._places: dict[int, str] = {}

    def copy_diaries(self) -> None:
        """Copy all diaries, then those of removed users, where a removal moves one."""
        for top in (DIARIES, REMOVED):
            self.copy_top(top)

    def copy_top(self, top: str) -> None:
        """Copy a folder of the data folder with all that is in it."""
        try:
            with opened_folder(top, self._source) as source, made_folder(top, self._target) as copy:
                self._copy_folder(top, source, copy)
        except FileNotFoundError:
            return  # a server that never started has none

    def follow_removals(self, destination: Path) -> None:
        """Let copies follow diaries whose users the copied accounts call removed."""
        with closing(sqlite3.connect(destination / ACCOUNTS)) as accounts:
            uids = {uid for (uid,) in accounts.execute("SELECT uid FROM users WHERE removed > 0")}
        with opened_folder(REMOVED, self._source) as removed:
            for name in names_in(removed):
                owner = removed_of(name)
                if owner is not None and owner[1] in uids:
                    status = os.stat(name, dir_fd=removed, follow_symlinks=False)
                    self._is_known(f"{REMOVED}/{name}", status)

    def take_database(self, name: str, data: Path, destination: Path) -> None:
        """Copy a database as of one moment; raise sqlite3.Error."""
        if not (data / name).exists():
            return  # a server of an older version had none
        create_empty(name, self._target)
        back_up_database(data / name, destination / name)
        if name == LEDGER:
            disown(destination / name)
        with opened_file(name, self._target) as descriptor:
            os.fsync(descriptor)
            self.done.size += os.fstat(descriptor).st_size
            self.done.sums[name] = digest_of(descriptor)

    def finish(self) -> None:
        """Make the folders durable, then write the list that says that all is there."""
        for _, _, _, folder in os.fwalk(".", dir_fd=self._target):
            os.fsync(folder)
        temporary = f".{SUMS_NAME}.new"
        create_file(temporary, format_sums(self.done.sums), self._target)
        os.rename(temporary, SUMS_NAME, src_dir_fd=self._target, dst_dir_fd=self._target)
        os.fsync(self._target)
        with opened_folder("..", self._target) as parent:
            os.fsync(parent)

    def _copy_folder(self, path: str, source: int, target: int) -> None:
        # Files first: a clear moves one into the archive, which is listed after them.
        names = names_in(source)
        for name, status in self._unknown_children(path, source, names):
            if stat.S_ISREG(status.st_mode):
                self._copy_file(f"{path}/{name}", name, source, target)
            elif not stat.S_ISDIR(status.st_mode):
                self.done.left_out.append(f"{path}/{name}")
        self._copy_missed_days(path, source, target, names)
        for name, status in self._unknown_children(path, source, names_in(source)):
            if stat.S_ISDIR(status.st_mode):
                self._copy_subfolder(f"{path}/{name}", name, source, target)

    def _copy_missed_days(self, path: str, source: int, target: int, names: list[str]) -> None:
        """Copy the days that were compressed, or made plain again, since they were listed."""
        for day in filter(None, map(any_day_of, names)):
            plain, compressed = day_file(day), compressed_file(day)
            for name in (plain, compressed, plain):
                if f"{path}/{plain}" in self.done.sums or f"{path}/{compressed}" in self.done.sums:
                    break
                if _is_file(name, source):
                    self._copy_file(f"{path}/{name}", name, source, target)

    def _unknown_children(
        self, path: str, source: int, names: list[str]
    ) -> Iterator[tuple[str, os.stat_result]]:
        for name in names:
            if unfinished_day_of(name) is not None:
                continue  # the next start removes it; what it was made from is here
            try:
                status = os.stat(name, dir_fd=source, follow_symlinks=False)
            except FileNotFoundError:
                continue  # moved meanwhile, to what is listed later
            if not self._is_known(f"{path}/{name}", status):
                yield name, status

    def _copy_file(self, path: str, name: str, source: int, target: int) -> None:
        try:
            with opened_file(name, source) as descriptor:
                status = os.fstat(descriptor)
                length = status.st_size
                if day_of(name) is not None and status.st_mtime_ns >= self._quiet:
                    self._barrier()
                    length = whole_length(descriptor, length)
                self.done.sums[path] = copy_file(descriptor, length, name, target)
        except FileNotFoundError:
            return  # moved meanwhile, to what is listed later
        self._places[status.st_ino] = path
        self.done.size += length

    def _copy_subfolder(self, path: str, name: str, source: int, target: int) -> None:
        try:
            with opened_folder(name, source) as folder, made_folder(name, target) as copy:
                self._places[os.fstat(folder).st_ino] = path
                self._copy_folder(path, folder, copy)
        except FileNotFoundError:
            return  # moved meanwhile, to what is listed later

    def _is_known(self, path: str, status: os.stat_result) -> bool:
        """Tell whether it was copied already; the copy of what was moved here moves here too."""
        known = self._places.get(status.st_ino)
        if known is None or known == path:
            return known is not None
        if stat.S_ISREG(status.st_mode) and not _can_have_moved(known, path):
            return False  # another file: that one is gone, and this one got its inode
        if self._is_still_at(known, status.st_ino):
            return False  # a second link to the same file
        os.rename(known, path, src_dir_fd=self._target, dst_dir_fd=self._target)
        self.done.sums = {_moved(each, known, path): sum_ for each, sum_ in self.done.sums.items()}
        self._places = {inode: _moved(each, known, path) for inode, each in self._places.items()}
        return True

    def _is_still_at(self, path: str, inode: int) -> bool:
        try:
            return os.stat(path, dir_fd=self._source, follow_symlinks=False).st_ino == inode
        except FileNotFoundError:
            return False


def _is_file(name: str, folder: int) -> bool:
    try:
        return stat.S_ISREG(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)
    except FileNotFoundError:
        return False


def _can_have_moved(old: str, new: str) -> bool:
    """Tell whether a file may have become another by itself: a day's, in its diary."""
    day = day_of(old.rpartition("/")[2])
    name = new.rpartition("/")[2]
    is_same_diary = old.split("/")[:2] == new.split("/")[:2]
    return is_same_diary and day is not None and name.startswith(day) and not any_day_of(name)


def _moved(path: str, old: str, new: str) -> str:
    is_in_it = path == old or path.startswith(f"{old}/")
    return new + path[len(old) :] if is_in_it else path
