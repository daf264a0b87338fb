"""From the journal into the day files: after a crash, and whenever a day file could not follow.

A killed process leaves day files behind the journal; a power cut leaves them with holes as well,
since nothing but the journal was synced. So a file is compared with what it must hold from its
synced length on, and written again where it differs; what differed is kept in quarantine.

Rules: an entry that is in the day's file, its archives or a file that somebody renamed is never
written twice; nothing is destroyed; one diary that cannot be written keeps no other one out.
"""

import logging
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from diaryserver.store.daystate import ids_elsewhere, quarantine, record_ids
from diaryserver.store.diaries import Folders
from diaryserver.store.disk import Disk
from diaryserver.store.folders import UserFolder, day_file
from diaryserver.store.journal import Journal
from diaryserver.store.plainness import make_plain
from diaryserver.store.records import Base, Damage, JournalRecord, read_records
from protocol.identifiers import Day, Username

DayKey: TypeAlias = tuple[Username, Day]
logger = logging.getLogger(__name__)


@dataclass(slots=True)
class _Touched:
    """What the journal says of one day file."""

    records: list[JournalRecord] = field(default_factory=list)
    bases: list[Base] = field(default_factory=list)
    lines: dict[bytes, bytes] = field(default_factory=dict)


def read_journal(journal: Journal) -> Iterator[JournalRecord]:
    """Give what all segments on the disk hold; damage is said, and what follows is recovered."""
    for number, name in journal.segments():
        for record in read_records(journal.read_segment(name), number):
            if not isinstance(record, Damage):
                yield record
            elif not record.is_tail:
                logger.error(
                    "journal segment %d is damaged from byte %d to %d; what follows was recovered",
                    number,
                    record.start,
                    record.end,
                )


def apply_records(
    records: Iterable[JournalRecord], folders: Folders, *, rewrite: bool = False
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
            day.lines.setdefault(record.id, record.data)
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
    elsewhere = ids_elsewhere(folder, day)
    lines = {one: data for one, data in touched.lines.items() if one not in elsewhere}
    if not lines:
        return
    make_plain(folder, day)
    descriptor = folder.open_file(day_file(day), os.O_RDWR | os.O_CREAT | os.O_APPEND)
    with os.fdopen(descriptor, "r+b", buffering=0) as file:
        content = file.readall() or b""
        inode = os.fstat(descriptor).st_ino
        base = touched.bases[0] if len(touched.bases) == 1 else None
        is_ours = base is not None and base.inode in {0, inode} and len(content) >= base.size
        if base is not None and is_ours and len(lines) == len(touched.lines):
            start, expected = base.size, b"".join(lines.values())
            tail = content[start:]
            if not tail.startswith(expected) and not expected.startswith(tail):
                quarantine(folder, day, start, tail)
            _complete(descriptor, start, tail, expected, disk, rewrite=rewrite)
        else:
            # Somebody replaced the file meanwhile: add what it lacks, and touch nothing else.
            _add_missing(descriptor, content, lines, disk)


def _add_missing(descriptor: int, content: bytes, lines: dict[bytes, bytes], disk: Disk) -> None:
    present = set(record_ids(content))
    missing = b"".join(data for one, data in lines.items() if one not in present)
    if missing and content and not content.endswith(b"\n"):
        missing = b"\n" + missing
    if missing:
        _write_whole(descriptor, len(content), missing, disk)


def _complete(  # noqa: PLR0913 - a file, what it holds from where, what it must hold
    descriptor: int, start: int, tail: bytes, expected: bytes, disk: Disk, *, rewrite: bool
) -> None:
    if tail.startswith(expected):
        if not rewrite:
            return
        expected = tail  # with more, that somebody added by hand
    disk.truncate(descriptor, start)
    _write_whole(descriptor, start, expected, disk)


def _write_whole(descriptor: int, end: int, data: bytes, disk: Disk) -> None:
    """Append all of `data` at the file's `end`, or nothing: a half would be read as well."""
    try:
        disk.write(descriptor, data)
    except OSError:
        disk.truncate(descriptor, end)
        raise
