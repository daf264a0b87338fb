"""Looking one diary over: its days, its archive, its quarantine, and what else lies there.

Rules: what moves while we look is looked at where it lands. Days are read before the archive is
listed, since a clear moves a file only that way, and a file met again under another name is not
read twice. One that seems torn is read again until two readings agree: somebody may be writing it.
"""

import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Final

from diaryserver.maintenance.dayfaults import Generations, find_faults
from diaryserver.maintenance.faults import Fault, Kind
from diaryserver.maintenance.layout import (
    SUBFOLDERS,
    any_day_of,
    is_renamed_day,
    quarantined_day_of,
    unfinished_day_of,
)
from diaryserver.maintenance.opening import (
    NotRegularError,
    names_in,
    opened_file,
    opened_folder,
    read_text,
)
from diaryserver.store.days.archives import archived_of
from diaryserver.store.days.pieces import split_pieces
from diaryserver.store.disk.gzipped import DamagedFileError
from diaryserver.store.disk.user_folder import ARCHIVE, QUARANTINE, compressed_file, day_file
from protocol.dayfile import Written
from protocol.identifiers import Day

SETTLE_SECONDS: Final = 0.05
"""Between two readings of a file that seems torn; one write into the page cache takes far less."""

MAX_READINGS: Final = 40
"""Two seconds; whoever still writes the same line then has left it torn."""


@dataclass(slots=True)
class Tally:
    """How much was looked at."""

    files: int = 0
    entries: int = 0


class DiaryInspection:
    """One diary, in an open folder; `path` is that folder's, below the data folder."""

    def __init__(self, path: str, folder: int, tally: Tally) -> None:
        """Look at nothing yet; `tally` goes up while `faults` is consumed."""
        self._path = path
        self._folder = folder
        self._tally = tally
        self._generations: dict[Day, Generations] = {}
        self._seen: set[tuple[int, int, int]] = set()

    def faults(self) -> Iterator[Fault]:
        """Give what is wrong, file by file."""
        archived = filter(None, map(archived_of, self._names(ARCHIVE)))
        self._generations = {each.day: Generations() for each in archived}
        names = names_in(self._folder)
        for name in names:
            day = any_day_of(name)
            if unfinished_day_of(name) is not None:
                note = "compressing was cut off, or goes on just now"
                yield Fault(self._path_of(name, ""), Kind.LEFTOVER, note)
            elif day is not None and name == compressed_file(day) and day_file(day) in names:
                note = "the day is there as plain text too, which is the one that counts"
                yield Fault(self._path_of(name, ""), Kind.LEFTOVER, note)
            elif day is not None:
                yield from self._day(day)
            elif name not in SUBFOLDERS or not self._is_folder(name):
                yield from self._strange(name)
        for name in self._names(ARCHIVE):
            cleared = archived_of(name)
            if cleared is not None:
                yield from self._archived(name, cleared.day)
            else:
                yield from self._strange(name, ARCHIVE)
        for name in self._names(QUARANTINE):
            if quarantined_day_of(name) is None:
                yield from self._strange(name, QUARANTINE)

    def _day(self, day: Day) -> Iterator[Fault]:
        """Give what is wrong with a day, which may be compressed or made plain just now."""
        for name in (day_file(day), compressed_file(day), day_file(day)):
            with suppress(FileNotFoundError):
                yield from self._file(name, day)
                return

    def _archived(self, name: str, day: Day) -> Iterator[Fault]:
        with suppress(FileNotFoundError):
            yield from self._file(name, day, ARCHIVE)

    def _file(self, name: str, day: Day, subfolder: str = "") -> Iterator[Fault]:
        """Give what is wrong; raise FileNotFoundError if it was moved, to be met again there."""
        path = self._path_of(name, subfolder)
        try:
            data = self._read(name, subfolder)
        except FileNotFoundError:
            raise
        except DamagedFileError as error:
            yield Fault(path, Kind.DAMAGED, error.why)
            return
        except NotRegularError:
            yield from self._strange(name, subfolder)
            return
        except OSError as error:
            yield Fault(path, Kind.UNREADABLE, error.strerror or str(error))
            return
        if data is None:
            return
        pieces = split_pieces(data)
        self._tally.files += 1
        self._tally.entries += sum(isinstance(piece.parsed, Written) for piece in pieces)
        yield from find_faults(path, day, pieces)
        if day in self._generations:
            yield from self._generations[day].compare(path, pieces)

    def _read(self, name: str, subfolder: str) -> bytes | None:
        """Give a file's bytes; None if they were read under another name."""
        with self._opened(subfolder) as folder, opened_file(name, folder) as descriptor:
            status = os.fstat(descriptor)
            # Not the inode alone: that of a plain file that was compressed may be given again.
            identity = status.st_ino, status.st_size, status.st_mtime_ns
            if identity in self._seen:
                return None
            self._seen.add(identity)
            data = read_text(name, descriptor)
            for _ in range(MAX_READINGS):
                if not data or data.endswith(b"\n"):
                    break
                time.sleep(SETTLE_SECONDS)
                before, data = data, read_text(name, descriptor)
                if data == before:
                    break
            return data

    def _strange(self, name: str, subfolder: str = "") -> Iterator[Fault]:
        path = self._path_of(name, subfolder)
        try:
            with self._opened(subfolder) as folder:
                status = os.stat(name, dir_fd=folder, follow_symlinks=False)
        except FileNotFoundError:
            return
        if not stat.S_ISREG(status.st_mode):
            note = "not a regular file"
        elif not subfolder and is_renamed_day(name):
            note = "a renamed day's file: its entries count as stored and are not shown"
        else:
            note = "diaryserver gives no such name"
        yield Fault(path, Kind.STRANGE_NAME, note)

    def _is_folder(self, name: str) -> bool:
        mode = os.stat(name, dir_fd=self._folder, follow_symlinks=False).st_mode
        return stat.S_ISDIR(mode)

    def _names(self, subfolder: str) -> list[str]:
        try:
            with self._opened(subfolder) as folder:
                return names_in(folder)
        except OSError:
            return []  # none yet; one that cannot be read is reported with the permissions

    @contextmanager
    def _opened(self, subfolder: str) -> Iterator[int]:
        if not subfolder:
            yield self._folder
            return
        with opened_folder(subfolder, self._folder) as folder:
            yield folder

    def _path_of(self, name: str, subfolder: str) -> str:
        return "/".join(filter(None, (self._path, subfolder, name)))
