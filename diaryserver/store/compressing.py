"""Compressing days that are over: `2024-03-05.log` becomes `2024-03-05.log.gz`.

What takes time is done beside the store: reading, compressing, syncing and reading back. The
store's thread only looks whether the day is still the same, renames the new file into place, and
removes the plain one when that is durable. A change of the day meanwhile wins.

Rules: a day is compressed only if it ends with a whole line and is no longer than may be read back;
what is not is left as it is. After a crash `due` names the days that it left something of.
"""

import os
import re
import stat
from typing import Final

from diaryserver.service.ports.dayfiles import Compressed, Due
from diaryserver.store.days.cache import DayCache
from diaryserver.store.disk.diary_folders import DiaryFolders
from diaryserver.store.disk.gzipped import (
    MAX_DECOMPRESSED_BYTES,
    DamagedFileError,
    compress,
    decompress,
)
from diaryserver.store.disk.plainness import tidy
from diaryserver.store.disk.user_folder import (
    UserFolder,
    compressed_file,
    day_file,
    unfinished_file,
)
from diaryserver.store.journal.writer import JournaledWriter
from protocol.errors import MalformedError
from protocol.identifiers import Day, Username

_PLAIN: Final = re.compile(r"([0-9-]{10})\.log")
_UNFINISHED: Final = re.compile(r"\.([0-9-]{10})\.log(?:\.gz)?\.new")


class DayCompressor:
    """Compresses days, each by `tidy`, `prepare` and `finish`; a `ports.dayfiles.Compressor`."""

    def __init__(self, folders: DiaryFolders, writer: JournaledWriter, cache: DayCache) -> None:
        """Share the store's parts."""
        self._folders = folders
        self._writer = writer
        self._cache = cache

    def users(self) -> list[Username]:
        """Give the users who have a diary. For any one thread."""
        return self._folders.users()

    def due(self, user: Username, before: Day, quiet: int) -> list[Due]:
        """Give the days before `before` that nobody touched since `quiet` (ns since the epoch).

        And those that a crash left in two forms, or half written. For any one thread. Raise
        OSError; a diary that is not there has none.
        """
        try:
            with self._folders.user(user) as folder:
                found = _due_days(folder, before, quiet)
        except FileNotFoundError:
            return []
        return [Due(user, day, is_past) for day, is_past in sorted(found.items())]

    def tidy(self, due: Due) -> None:
        """Clear away what a crash left of this day; for the store's thread. Raise OSError."""
        with self._folders.user(due.user) as folder:
            tidy(folder, due.day)

    def prepare(self, due: Due) -> Compressed | None:
        """Write the compressed file aside and prove it; None for a day that is left as it is.

        For any one thread. Raise OSError.
        """
        with self._folders.user(due.user) as folder:
            status = folder.status(day_file(due.day))
            if status is None or status.st_size > MAX_DECOMPRESSED_BYTES:
                return None
            text = folder.read_file(day_file(due.day))
            if text and not text.endswith(b"\n"):
                return None  # the store sets a torn end aside when it meets it
            name = compressed_file(due.day)
            folder.write_aside(name, compress(text), status.st_mtime_ns)
            try:
                _prove(folder, name, text)
            except OSError:
                folder.remove(unfinished_file(name))
                raise
        return Compressed(due.user, due.day, status.st_ino, status.st_size, status.st_ctime_ns)

    def finish(self, ready: Compressed) -> bool:
        """Put it in the place of the plain file, durably; False if the day was changed meanwhile.

        A power cut may leave the plain one beside it. For the store's thread. Raise OSError.
        """
        self._writer.catch_up(ready.user)
        name = compressed_file(ready.day)
        try:
            with self._folders.user(ready.user) as folder:
                if not self._is_same(folder, ready):
                    folder.remove(unfinished_file(name))
                    return False
                folder.finish(name)
                self._cache.forget(ready.user, ready.day)
                folder.remove(day_file(ready.day))  # if a cut brings it back, `due` names it
        except FileNotFoundError:
            return False  # tidied away by a change of the day, or moved away with the diary
        return True

    def _is_same(self, folder: UserFolder, ready: Compressed) -> bool:
        self._writer.ensure_trust()  # what was compressed was read from the page cache
        status = folder.status(day_file(ready.day))
        if status is None or self._writer.waiting(ready.user, ready.day):
            return False
        found = (status.st_ino, status.st_size, status.st_ctime_ns)
        return found == (ready.inode, ready.size, ready.changed)


def _due_days(folder: UserFolder, before: Day, quiet: int) -> dict[Day, bool]:
    """Give the days to see to, and whether they are to be compressed."""
    names = set(folder.names())
    found: dict[Day, bool] = {}
    for name in names:
        match = _PLAIN.fullmatch(name) or _UNFINISHED.fullmatch(name)
        day = _parsed(match[1]) if match else None
        if day is None:
            continue
        is_past = day < before and _is_quiet(folder.status(day_file(day)), quiet)
        if is_past or name != day_file(day) or compressed_file(day) in names:
            found[day] = is_past
    return found


def _is_quiet(status: os.stat_result | None, quiet: int) -> bool:
    return status is not None and stat.S_ISREG(status.st_mode) and status.st_mtime_ns < quiet


def _parsed(text: str) -> Day | None:
    try:
        return Day(text)
    except MalformedError:
        return None


def _prove(folder: UserFolder, name: str, text: bytes) -> None:
    """Read back what was written aside; raise OSError if it is not the text."""
    descriptor = folder.open_file(unfinished_file(name), os.O_RDONLY)
    with os.fdopen(descriptor, "rb") as file:
        if decompress(file, name) != text:
            raise DamagedFileError(name, "it is not what was written")
