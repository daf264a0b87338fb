"""Lines into a day file: what an entry looks like there, and writing so that it stays.

Rules: an append returns once write, sync and, for a name that may be new, the folder's sync are
done. A failed one is undone, so that the file never holds what was not acknowledged and a retry is
safe. A file that changed since it was read is not touched.
"""

import errno
import os
from contextlib import suppress
from typing import Final

from diaryserver.service.ports import Append, Appended, Outcome
from diaryserver.store.daystate import DayState
from diaryserver.store.folders import ARCHIVE, UserFolder, day_file
from protocol.dayfile import Stamp, Written, format_record, parse_day_file
from protocol.errors import ConflictError
from protocol.identifiers import Day

LATE_MILLISECONDS: Final = 2_000
"""When the received time differs by more from the id's, the line keeps it as `,r=`."""


def append_durably(folder: UserFolder, day: Day, state: DayState, data: bytes) -> None:
    """Append, or raise OSError and leave the file as it was."""
    descriptor = _open(folder, day, state)
    try:
        try:
            _write_all(descriptor, data)
            os.fdatasync(descriptor)
            if not state.is_named:
                folder.sync()
        except OSError:
            _undo(folder, day, state, descriptor)
            raise
        state.is_named = True
        state.note(os.fstat(descriptor))
    finally:
        os.close(descriptor)


def _open(folder: UserFolder, day: Day, state: DayState) -> int:
    if not state.inode:
        return folder.open_file(day_file(day), os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL)
    descriptor = folder.open_file(day_file(day), os.O_WRONLY | os.O_APPEND)
    if not state.is_of(os.fstat(descriptor)):
        os.close(descriptor)
        raise OSError(errno.ESTALE, "the day file is being changed by somebody else")
    return descriptor


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _undo(folder: UserFolder, day: Day, state: DayState, descriptor: int) -> None:
    # Whatever else fails here, the caller raises already; what is left then is found as it is
    # when the day is read anew: a torn end is set aside, a whole line is synced before it counts.
    with suppress(OSError):
        os.ftruncate(descriptor, state.size)
        if not state.inode:
            folder.remove(day_file(day))


def format_append(append: Append) -> bytes:
    """Give an entry's lines."""
    attributes = []
    if abs(append.received - append.id.milliseconds) > LATE_MILLISECONDS:
        attributes.append(("r", str(Stamp(append.received, 0))))
    if append.via:
        attributes.append(("v", append.via))
    entry = Written(append.stamp, append.id, append.text, append.starred, tuple(attributes))
    return format_record(entry)


def content(append: Append | Written) -> tuple[Stamp, str, bool]:
    """Give what makes two entries of one id the same."""
    return append.stamp, append.text, append.starred


def compare_stored(folder: UserFolder, day: Day, state: DayState, append: Append) -> Outcome:
    """Give the original answer if the stored entry is the same; raise OSError if not durable.

    The file is synced before: after a crash or a failed sync the line may have been readable but
    not durable. It is opened for writing, since on a disk that turned read-only a sync says yes and
    does nothing. Duplicates are rare, so this may take its time.
    """
    if append.id in state.ids:
        name, subfolder = day_file(day), ""
    else:
        name, subfolder = state.archived[append.id], ARCHIVE
    with os.fdopen(folder.open_file(name, os.O_RDWR, subfolder), "rb") as file:
        os.fsync(file.fileno())
        records = parse_day_file(file.read())
    folder.sync(subfolder)
    for record in records:
        if isinstance(record, Written) and record.id == append.id:
            same = content(record) == content(append)
            return Appended(day, duplicate=True) if same else ConflictError()
    return ConflictError("a line damaged by hand has the same id")
