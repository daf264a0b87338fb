"""The journal: every entry is durable here first, with one sync for a whole batch.

Day files then follow in the page cache, and a checkpoint makes them all durable at once. Measured
on ext4 (2 cores): 256 entries and one sync 0.3 ms, 256 day files with a sync each 40 ms.

Rules: what `commit` returned for survives a power cut. A segment is never appended to after a
failed sync, because the kernel may have dropped the bytes and forgotten the error, nor after
somebody removed it: everything that no checkpoint covers is kept in memory too, and goes into a new
segment. A segment that a checkpoint made superfluous is gone for good before the next one counts.
"""

import errno
import logging
import os
import re
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Final

from diaryserver.store.disk.disk import Disk
from diaryserver.store.disk.user_folder import FOLDER_FLAGS
from diaryserver.store.journal.records import JournalRecord, encode_record

CHECKPOINT_BYTES: Final = 8 * 2**20
"""So much is read again after a crash, a tenth of a second's work, and kept in memory."""

MAX_BYTES: Final = 64 * 2**20
"""While no checkpoint succeeds the journal grows to this; then nothing more is taken."""

MAX_DAMAGED: Final = 16
"""Damaged segments are kept for whoever wants to look; beyond that the oldest go."""

_DAMAGED: Final = ".damaged"
_SEGMENT: Final = re.compile(r"([0-9]{16})\.journal")
_KEPT: Final = re.compile(r"([0-9]{16})\.journal\.damaged")
_CREATE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC

logger = logging.getLogger(__name__)


class Journal:
    """The segments of `<data>/journal` and what they hold since the last checkpoint."""

    def __init__(self, folder: Path, disk: Disk) -> None:
        """Create the folder if there is none; old segments are left to `store.journal.replay`."""
        self._disk = disk
        self._name = folder.name
        with ExitStack() as stack:
            self._data = os.open(folder.parent, FOLDER_FLAGS)
            stack.callback(os.close, self._data)
            self._folder = self._opened_folder()
            stack.callback(os.close, self._folder)
            self._damaged: set[str] = set()
            self._has_leftovers = bool(self.segments())
            self._segment = max(map(_number, os.listdir(self._folder)), default=0)
            stack.pop_all()
        self._descriptor: int | None = None
        self._length = 0
        self._sequence = 0
        self._records: list[JournalRecord] = []

    @property
    def size(self) -> int:
        """Bytes since the last checkpoint."""
        return self._length

    @property
    def records(self) -> Sequence[JournalRecord]:
        """What was committed since the last checkpoint, in order."""
        return self._records

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing that a checkpoint could drop."""
        return not self._records and not self._has_leftovers

    def segments(self) -> list[tuple[int, str]]:
        """Give (number, file name) of all segments on the disk, in order."""
        found = (_SEGMENT.fullmatch(name) for name in os.listdir(self._folder))
        return sorted((int(match[1]), match[0]) for match in found if match)

    def read_segment(self, name: str) -> bytes:
        """Give a segment's bytes."""
        descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=self._folder)
        with os.fdopen(descriptor, "rb") as file:
            return file.read()

    def keep_damaged(self, name: str) -> None:
        """Let a segment be set aside, and not removed, when it is superfluous."""
        self._damaged.add(name)

    def commit(self, records: Sequence[JournalRecord]) -> None:
        """Return once the records are durable; raise OSError if they are not, keeping none."""
        if self._descriptor is None:
            self._append_anew(records)
        else:
            self._append(self._descriptor, records)
        self._records.extend(records)

    def forget(self, kept: Sequence[JournalRecord] = ()) -> None:
        """Drop all segments but for `kept`, for good: what they hold is durable elsewhere.

        Raise OSError if that is not certain; the next call tries again.
        """
        old = self.segments()
        self._has_leftovers = True
        self._close_segment()
        if kept:
            self._start_segment(kept)
        self._records = list(kept)
        self._length = self._length if kept else 0
        self._remove(old)

    def close(self) -> None:
        """Close the files; segments stay for the next start."""
        self._close_segment()
        os.close(self._folder)
        os.close(self._data)

    def _append(self, descriptor: int, records: Sequence[JournalRecord]) -> None:
        data = self._encode(records)
        try:
            self._disk.write(descriptor, data)
        except OSError:
            # Nothing was synced yet: cut the half-written batch off, or give the segment up.
            self._sequence -= len(records)
            self._cut_or_give_up(descriptor)
            raise
        try:
            self._disk.sync(descriptor)
            self._check_in_place(descriptor)
        except OSError as error:
            logger.warning(
                "the journal could not be synced (%s): going on in a new one", error.strerror
            )
            self._close_segment()
            self._append_anew(records)
            return
        self._length += len(data)

    def _append_anew(self, records: Sequence[JournalRecord]) -> None:
        """Put all that no checkpoint covers, and the new records, into a new segment."""
        folder = self._opened_folder()
        os.close(self._folder)
        self._folder = folder
        old = self.segments()
        self._start_segment([*self._records, *records])
        try:
            self._remove(old)
        except OSError:
            # An older segment may hold what was never acknowledged, and would be read before this.
            self._close_segment()
            raise

    def _remove(self, segments: Sequence[tuple[int, str]]) -> None:
        for _, name in segments:
            if name in self._damaged:
                self._disk.rename(name, self._folder, name + _DAMAGED, self._folder)
                self._damaged.discard(name)
            else:
                self._disk.remove(name, self._folder)
        kept = sorted(name for name in os.listdir(self._folder) if _KEPT.fullmatch(name))
        for name in kept[:-MAX_DAMAGED]:
            self._disk.remove(name, self._folder)
        if segments:
            self._disk.sync_folder(self._folder)
        self._has_leftovers = False

    def _start_segment(self, records: Sequence[JournalRecord]) -> None:
        self._segment += 1
        self._sequence = 0
        name = _segment_name(self._segment)
        descriptor = self._disk.open(name, _CREATE, self._folder)
        try:
            data = self._encode(records)
            self._disk.write(descriptor, data)
            self._disk.sync(descriptor)
            self._disk.sync_folder(self._folder)
            self._check_in_place(descriptor)
        except OSError:
            # What of it stays on the disk was not acknowledged: replay finds it once or not at all.
            os.close(descriptor)
            with suppress(OSError):
                self._disk.remove(name, self._folder)
            raise
        self._descriptor, self._length = descriptor, len(data)

    def _check_in_place(self, descriptor: int) -> None:
        """Raise OSError if the segment is not where the next start looks for it."""
        path = f"{self._name}/{_segment_name(self._segment)}"
        if not os.path.samestat(os.stat(path, dir_fd=self._data), os.fstat(descriptor)):
            raise FileNotFoundError(errno.ENOENT, "somebody moved it away")

    def _opened_folder(self) -> int:
        """Give a descriptor of the folder that has the name now, made if there is none."""
        with suppress(FileExistsError):
            self._disk.make_folder(self._name, self._data)
        # Whoever made it may have crashed before its name was durable.
        self._disk.sync_folder(self._data)
        return os.open(self._name, FOLDER_FLAGS, dir_fd=self._data)

    def _encode(self, records: Sequence[JournalRecord]) -> bytes:
        parts = []
        for record in records:
            parts.append(encode_record(self._segment, self._sequence, record))
            self._sequence += 1
        return b"".join(parts)

    def _cut_or_give_up(self, descriptor: int) -> None:
        try:
            self._disk.truncate(descriptor, self._length)
        except OSError:
            self._close_segment()

    def _close_segment(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
        self._descriptor = None


def _segment_name(number: int) -> str:
    return f"{number:016}.journal"


def _number(name: str) -> int:
    match = _SEGMENT.fullmatch(name) or _KEPT.fullmatch(name)
    return int(match[1]) if match else 0
