"""From the journal into the day files: after a crash, and whenever a day file could not follow.

A killed process leaves day files behind the journal; a power cut leaves them with holes as well,
since nothing but the journal was synced. So the bytes of a file are compared with those of the
journal's records, and written again where they differ; what differed is kept in quarantine.

Rules: a record that stands, byte for byte, in the day's file, its archives or a file that somebody
renamed is never written twice, and what was cleared never comes back; nothing is destroyed; one
diary that cannot be written keeps no other one out.
"""

import logging
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TypeAlias

from diaryserver.store.days.aside import other_files, settle_clear
from diaryserver.store.days.daystate import quarantine
from diaryserver.store.disk.diary_folders import DiaryFolders
from diaryserver.store.disk.disk import Disk
from diaryserver.store.disk.plainness import make_plain
from diaryserver.store.disk.user_folder import UserFolder, day_file
from diaryserver.store.journal.healing import heal, missing
from diaryserver.store.journal.journal import Journal
from diaryserver.store.journal.records import Base, Damage, JournalRecord, Line, read_records
from protocol.identifiers import Day, Username

DayKey: TypeAlias = tuple[Username, Day]
logger = logging.getLogger(__name__)


@dataclass(slots=True)
class _Touched:
    """What the journal says of one day file."""

    records: list[JournalRecord] = field(default_factory=list)
    bases: list[Base] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)


def read_journal(journal: Journal) -> Iterator[JournalRecord]:
    """Give what all segments on the disk hold; damage is said, and what follows is recovered.

    A segment with damage that no power cut makes is kept from then on: see `Journal.keep_damaged`.
    """
    for number, name in journal.segments():
        for record in read_records(journal.read_segment(name), number):
            if not isinstance(record, Damage):
                yield record
            elif not record.is_tail:
                journal.keep_damaged(name)
                logger.error(
                    "journal segment %d is damaged from byte %d to %d; what follows was recovered,"
                    " and the segment is kept",
                    number,
                    record.start,
                    record.end,
                )


def apply_records(
    records: Iterable[JournalRecord], folders: DiaryFolders, *, rewrite: bool = False
) -> dict[DayKey, list[JournalRecord]]:
    """Write into the day files what they lack; give the records of those that failed.

    With `rewrite` write also what they seem to have: after a failed sync the page cache shows bytes
    that may never reach the disk, and only writing them again makes the kernel try again.
    """
    touched: dict[DayKey, _Touched] = {}
    for record in records:
        day = touched.setdefault((record.user, record.day), _Touched())
        day.records.append(record)
        if isinstance(record, Base):
            day.bases.append(record)
        else:
            day.lines.append(record)
    failed: dict[DayKey, list[JournalRecord]] = {}
    for (user, name), day in touched.items():
        try:
            with folders.user(user, create=True) as folder:
                _apply_day(folder, name, day, folders.disk, rewrite=rewrite)
        except OSError as error:
            logger.warning("entries of %s for %s wait: %s", user, name, error.strerror or error)
            failed[user, name] = day.records
    return failed


def _apply_day(
    folder: UserFolder, day: Day, touched: _Touched, disk: Disk, *, rewrite: bool
) -> None:
    settle_clear(folder, day)
    ledger = folder.ledger
    cleared = ledger.cleared(folder.user, day)
    lines: dict[bytes, bytes] = {}
    generations = set[int]()
    for line in touched.lines:
        if ledger.count_of(folder.user, line.generation) not in cleared:
            generations.add(line.generation)
            lines.setdefault(line.id, line.data)
    if not lines:
        return
    file = _File(folder, day, disk, rewrite=rewrite)
    base = next((each for each in touched.bases if each.generation in generations), None)
    start = base.size if base and file.ends_a_line(base.size) else 0
    if file.has(b"".join(lines.values()), start):
        return
    lines = file.lacking(lines, start)
    # If nothing but a crash came between, the bytes are those that were read before.
    was_edited = generations != {ledger.generation(folder.user, day)}
    if not file.is_given(b"".join(lines.values()), start, is_new=was_edited):
        file.heal(lines, start, is_new=base is None or was_edited)


class _File:
    """A day's file while it is made to hold what the journal knows of it."""

    def __init__(self, folder: UserFolder, day: Day, disk: Disk, *, rewrite: bool) -> None:
        """Read it; raise OSError. With `rewrite`, what it seems to hold may not be on the disk."""
        self._folder = folder
        self._day = day
        self._disk = disk
        self._rewrite = rewrite
        self._text = b""
        self._is_compressed = False
        with suppress(FileNotFoundError):
            found = folder.read_day(day)
            self._text, self._is_compressed = found.text, found.is_compressed

    def ends_a_line(self, end: int) -> bool:
        """Tell whether it is so long, and a line ends there."""
        return not end or self._text[end - 1 : end] == b"\n"

    def has(self, expected: bytes, start: int) -> bool:
        """Tell whether all that is expected from `start` on is there; write it again if need be."""
        if not self._text.startswith(expected, start):
            return False
        if self._rewrite and not self._is_compressed:  # a compressed file was synced whole
            self._write(expected, start)
        return True

    def lacking(self, lines: dict[bytes, bytes], start: int) -> dict[bytes, bytes]:
        """Give the lines that stand neither before `start` nor in another file of the day."""
        others = other_files(self._folder, self._day)
        if not others and not start:
            return lines
        left = missing(lines, self._text[:start])
        for where, name in others:  # one after the other: a day may have a thousand archives
            if not left:
                break
            text = self._folder.read_file(name, where)
            before, left = len(left), missing(left, text)
            if self._rewrite and len(left) < before:
                self._write_again(name, where, text)
        return left

    def is_given(self, expected: bytes, start: int, *, is_new: bool) -> bool:
        """Append what is missing at the end, if that is all; tell whether it was."""
        tail = self._text[start:]
        if not expected.startswith(tail):
            return False
        if is_new and len(tail) < len(expected):
            self._folder.ledger.advance(self._folder.user, self._day)
        self._write(expected, start)
        return True

    def heal(self, lines: dict[bytes, bytes], start: int, *, is_new: bool) -> None:
        """Let it hold these lines whatever became of it, and keep in quarantine what differed.

        `is_new`: its bytes are of a new generation, unless they are only continued.
        """
        folder, day, tail = self._folder, self._day, self._text[start:]
        healed = heal(tail, lines)
        if healed.text.startswith(tail):
            self._write(healed.text, start)
            return
        quarantine(folder, day, start, tail)
        if is_new or healed.has_others:
            folder.ledger.advance(folder.user, day)
        make_plain(folder, day)
        folder.write_aside(day_file(day), self._text[:start] + healed.text)
        folder.finish(day_file(day))

    def _write(self, expected: bytes, start: int) -> None:
        """Let the file hold this from `start` on, or leave it: a half would be read as well."""
        position = start if self._rewrite else min(len(self._text), start + len(expected))
        data = expected[position - start :]
        if not data:
            return
        make_plain(self._folder, self._day)
        flags = os.O_RDWR | os.O_CREAT
        descriptor = self._folder.open_file(day_file(self._day), flags)
        try:
            self._disk.write_at(descriptor, data, position)
        except OSError:
            self._disk.truncate(descriptor, len(self._text))
            raise
        finally:
            os.close(descriptor)

    def _write_again(self, name: str, subfolder: str, text: bytes) -> None:
        descriptor = self._folder.open_file(name, os.O_RDWR, subfolder)
        try:
            self._disk.write_at(descriptor, text, 0)
        finally:
            os.close(descriptor)
