"""Where a diary's files are, and the only code that opens them.

Long, so that no other module opens a day's file.

    <data>/diaries/<user>/<day>.log
    <data>/diaries/<user>/<day>.log.gz                             a compressed day
    <data>/diaries/<user>/.<day>.log.new, .<day>.log.gz.new        what is not whole yet
    <data>/diaries/<user>/<day>.log.1, <day>.log-20261122          what somebody renamed
    <data>/diaries/<user>/archive/<day>.<generation>.<rid>.log     cleared days
    <data>/diaries/<user>/quarantine/<day>.<offset>.<digest>       torn ends of files
    <data>/removed/<user>.<uid>/                                   diaries of removed users

Rules: every name is made of types that cannot be unsafe and opened below a directory descriptor
with O_NOFOLLOW, so that neither a name nor a planted link leads outside; what is not a regular
file is never read; files are 0600 and folders 0700. A day is in one file: where a crash or a hand
left both, the plain one is the day.
"""

import os
import re
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import date
from functools import partial
from typing import Final

from diaryserver.store.disk.disk import Disk
from diaryserver.store.disk.gzipped import decompress_in_pieces, text_size
from diaryserver.store.disk.looking import SMALL_FOLDER, Looking
from diaryserver.store.disk.texts import DayText, RememberedTexts
from diaryserver.store.ledger.ledger import Ledger
from protocol.errors import MalformedError
from protocol.identifiers import Day, EntryId, Username

ARCHIVE: Final = "archive"
QUARANTINE: Final = "quarantine"
DAY_SUFFIX: Final = ".log"
COMPRESSED_SUFFIX: Final = f"{DAY_SUFFIX}.gz"
FEW_DAYS: Final = 62
"""Asking for so many files, 3 us each, takes less than listing the folder of a year."""


_UNFINISHED_SUFFIX: Final = ".new"
_DAY_LETTERS: Final = 10
_DAY_SUFFIXES: Final = frozenset({DAY_SUFFIX, COMPRESSED_SUFFIX})
FOLDER_FLAGS: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# A planted FIFO must not make an open wait for ever, hence O_NONBLOCK.
_FILE_FLAGS: Final = os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
# Its request's id is a UUIDv7, as `EntryId` demands.
_ARCHIVED: Final = re.compile(
    r"([0-9-]{10})\.([0-9]{1,7})\.([0-9a-f]{12}7[0-9a-f]{3}[89ab][0-9a-f]{15})\.log"
)


def day_file(day: Day) -> str:
    """Give the name of a day's file."""
    return f"{day}{DAY_SUFFIX}"


def compressed_file(day: Day) -> str:
    """Give the name of a day's file when it is compressed."""
    return f"{day}{COMPRESSED_SUFFIX}"


def unfinished_file(name: str) -> str:
    """Give the name that a file has until all of it is there."""
    return f".{name}{_UNFINISHED_SUFFIX}"


def archived_file(day: Day, generation: int, rid: EntryId) -> str:
    """Give the name of a cleared day's file; the id of the request makes it unique."""
    return f"{day}.{generation}.{rid.hex()}{DAY_SUFFIX}"


def request_of(archived: str) -> EntryId:
    """Give the id of the request that cleared the day, from the name of its file."""
    return EntryId(bytes.fromhex(archived.removesuffix(DAY_SUFFIX).rpartition(".")[2]))


class UserFolder:
    """One user's folder, open; all names are relative to its descriptor."""

    def __init__(  # noqa: PLR0913 - all that a folder shares with others
        self,
        user: Username,
        descriptor: int,
        disk: Disk,
        ledger: Ledger,
        remembered: RememberedTexts | None = None,
        looking: Looking | None = None,
    ) -> None:
        """Take over `descriptor`; closed by `DiaryFolders.user`."""
        self.looking: Final = looking or Looking()
        self.user = user
        self.ledger = ledger
        self._descriptor = descriptor
        self._disk = disk
        self._remembered = remembered or RememberedTexts()

    def open_file(self, name: str, flags: int, subfolder: str = "") -> int:
        """Give a descriptor of a regular file; raise OSError, FileNotFoundError among them."""
        with self._subfolder(subfolder) as folder:
            descriptor = self._disk.open(name, flags | _FILE_FLAGS, folder)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise OSError(f"{name} is not a regular file")
        return descriptor

    def read_file(self, name: str, subfolder: str = "") -> bytes:
        """Give a whole file."""
        with open(self.open_file(name, os.O_RDONLY, subfolder), "rb") as file:
            return file.read()

    def read_day(self, day: Day) -> DayText:
        """Give a day's text; raise OSError, FileNotFoundError among them."""
        try:
            descriptor = self.open_file(day_file(day), os.O_RDONLY)
        except FileNotFoundError:
            return self.read_compressed(day)
        with os.fdopen(descriptor, "rb") as file:
            # Before reading: what changes while we read then shows as a change.
            status = os.fstat(descriptor)
            return DayText(status, file.read(), is_compressed=False)

    def read_part(self, day: Day, offset: int, length: int) -> bytes:
        """Give so many bytes of a day's text, or fewer at its end; raise as `read_day`."""
        try:
            descriptor = self.open_file(day_file(day), os.O_RDONLY)
        except FileNotFoundError:
            return self.read_compressed(day).text[offset : offset + length]
        with os.fdopen(descriptor, "rb") as file:
            return os.pread(file.fileno(), length, offset)

    def read_compressed(self, day: Day) -> DayText:
        """Give the text of a day's compressed file; raise DamagedFileError or another OSError.

        Raise UnfinishedError where there is only time for a part of it now.
        """
        name = compressed_file(day)
        with os.fdopen(self.open_file(name, os.O_RDONLY), "rb") as file:
            status = os.fstat(file.fileno())
            text = self._remembered.find(self.user, day, status)
            if text is None:
                key = "text", self.user, day, status.st_ino, status.st_size, status.st_ctime_ns
                text = self.looking.finish(key, partial(decompress_in_pieces, file, name))
                self._remembered.keep(self.user, day, status, text)
            return DayText(status, text, is_compressed=True)

    def day_status(self, day: Day) -> tuple[os.stat_result, bool] | None:
        """Give the status of a day's file, and whether it is compressed; None if there is none."""
        plain = self.status(day_file(day))
        if plain is not None:
            return plain, False
        compressed = self.status(compressed_file(day))
        return None if compressed is None else (compressed, True)

    def status(self, name: str, subfolder: str = "") -> os.stat_result | None:
        """Give a file's status without following links; None if there is none."""
        try:
            with self._subfolder(subfolder) as folder:
                return os.stat(name, dir_fd=folder, follow_symlinks=False)
        except FileNotFoundError:
            return None

    def sizes(self, subfolder: str = "") -> dict[str, int]:
        """Give the sizes of all files here, by name; none if there is no such subfolder."""
        sizes: dict[str, int] = {}
        with suppress(FileNotFoundError), self._subfolder(subfolder) as folder:
            for item in os.scandir(folder):
                if item.is_file(follow_symlinks=False):
                    with suppress(FileNotFoundError):  # somebody moved it just now
                        sizes[item.name] = item.stat(follow_symlinks=False).st_size
        return sizes

    def text_sizes(self) -> dict[str, int]:
        """Give the same of the diary's own folder, days as long as their texts are.

        So a compressed day has the name and the size of a plain one. What is not whole yet is left
        out.
        """
        sizes = self.sizes()
        for name in list(sizes):
            plain = name.removesuffix(COMPRESSED_SUFFIX) + DAY_SUFFIX
            if name.startswith(".") and name.endswith(_UNFINISHED_SUFFIX):
                del sizes[name]
            elif name.endswith(COMPRESSED_SUFFIX):
                del sizes[name]
                if plain not in sizes:
                    sizes[plain] = self._text_size(name)
        return sizes

    def _text_size(self, name: str) -> int:
        with suppress(FileNotFoundError), open(self.open_file(name, os.O_RDONLY), "rb") as file:
            return text_size(file)
        return 0  # somebody moved it just now

    def days(self, first: Day, last: Day) -> Iterator[Day]:
        """Give the days from `first` to `last` that have a file, in order, parsed one by one.

        What only has the name of one is no day.
        """
        start, end = (date.fromisoformat(day).toordinal() for day in (first, last))
        if end - start < FEW_DAYS:
            return self._days_among(range(start, end + 1))
        return self._days_found(first, last)

    def _days_among(self, ordinals: Iterable[int]) -> Iterator[Day]:
        for ordinal in ordinals:
            day = Day(date.fromordinal(ordinal).isoformat())
            found = self.day_status(day)
            if found is not None and stat.S_ISREG(found[0].st_mode):
                yield day

    def _days_found(self, first: Day, last: Day) -> Iterator[Day]:
        with os.scandir(self._descriptor) as found:
            names = {
                item.name[:_DAY_LETTERS]
                for item in found
                if first <= item.name[:_DAY_LETTERS] <= last
                and item.name[_DAY_LETTERS:] in _DAY_SUFFIXES
                and item.is_file(follow_symlinks=False)
            }
        return _parsed_days(sorted(names))

    def is_small(self) -> bool:
        """Tell whether listing the folder takes next to no time."""
        return os.fstat(self._descriptor).st_size <= SMALL_FOLDER

    def names(self) -> list[str]:
        """Give the names of all that is in the folder, in no order."""
        return os.listdir(self._descriptor)

    def archive_names(self) -> list[str]:
        """Give the names of what could be cleared days, in no order."""
        return [name for _, _, name in self._archive()]

    def archived(self, day: Day) -> list[tuple[int, str]]:
        """Give (generation, name) of a day's archived files, in order."""
        return [entry[1:] for entry in sorted(self._archive()) if entry[0] == day]

    def renamed(self, day: Day) -> list[str]:
        """Give the names of what somebody made of a day's file by renaming it."""
        prefix = day_file(day)
        with os.scandir(self._descriptor) as found:
            return sorted(
                item.name
                for item in found
                if item.name.startswith((f"{prefix}.", f"{prefix}-"))
                and item.name != compressed_file(day)
                and item.is_file(follow_symlinks=False)
            )

    def sync_file(self, name: str) -> None:
        """Make a file's bytes durable.

        It is opened for writing: on a disk that turned read-only a sync says yes and does nothing.
        So does one after another that failed, since the kernel takes the bytes for written then:
        they are written again, for the next one to sync.
        """
        with os.fdopen(self.open_file(name, os.O_RDWR), "rb") as file:
            try:
                self._disk.sync(file.fileno())
            except OSError:
                self._disk.write_at(file.fileno(), file.read(), 0)
                raise

    def write_aside(self, name: str, data: bytes, modified: int | None = None) -> None:
        """Write what is to be the file `name` under its unfinished name, synced.

        `modified` is the time that it will seem to be of, in ns, now if None. Raise OSError,
        leaving nothing.
        """
        unfinished = unfinished_file(name)
        descriptor = self.open_file(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        try:
            self._disk.write(descriptor, data)
            if modified is not None:
                os.utime(descriptor, ns=(modified, modified))
            self._disk.sync(descriptor)
        except OSError:
            self.remove(unfinished)
            raise
        finally:
            os.close(descriptor)

    def finish(self, name: str) -> None:
        """Let what was written aside be the file `name`, durably."""
        self._disk.rename(unfinished_file(name), self._descriptor, name, self._descriptor)
        self.sync()

    def remove(self, name: str) -> None:
        """Remove a file; that it is gone is durable after `sync`."""
        self._disk.remove(name, self._descriptor)

    def archive(self, name: str, archived_name: str) -> None:
        """Move a file into the archive, durably."""
        self._move(name, ARCHIVE, archived_name)

    def quarantine(self, name: str, new_name: str) -> None:
        """Move a file into the quarantine, durably."""
        self._move(name, QUARANTINE, new_name)

    def sync_archive(self) -> None:
        """Make what was moved into the archive durable, there and here."""
        self.sync(ARCHIVE)
        self.sync()

    def make_subfolder(self, name: str) -> None:
        """Create a folder, durably, unless it exists."""
        try:
            self._disk.make_folder(name, self._descriptor)
        except FileExistsError:
            return
        self.sync()

    def sync(self, subfolder: str = "") -> None:
        """Make the names in the folder durable."""
        with self._subfolder(subfolder) as folder:
            self._disk.sync_folder(folder)

    def _move(self, name: str, subfolder: str, new_name: str) -> None:
        self.make_subfolder(subfolder)
        with self._subfolder(subfolder) as folder:
            self._disk.rename(name, self._descriptor, new_name, folder)
        self.sync(subfolder)
        self.sync()

    def _archive(self) -> Iterator[tuple[str, int, str]]:
        try:
            with self._subfolder(ARCHIVE) as folder:
                names = os.listdir(folder)
        except FileNotFoundError:
            return
        for name in names:
            if match := _ARCHIVED.fullmatch(name):
                yield match[1], int(match[2]), name

    @contextmanager
    def _subfolder(self, name: str) -> Iterator[int]:
        if not name:
            yield self._descriptor
            return
        descriptor = os.open(name, FOLDER_FLAGS, dir_fd=self._descriptor)
        try:
            yield descriptor
        finally:
            os.close(descriptor)


def _parsed_days(names: Iterable[str]) -> Iterator[Day]:
    for name in names:
        try:
            yield Day(name)
        except MalformedError:
            continue
