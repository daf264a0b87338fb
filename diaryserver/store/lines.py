"""What an entry looks like in a day file, and whether one that is there is the same."""

import os
from collections.abc import Sequence
from typing import Final

from diaryserver.service.ports import Append, Appended, Outcome
from diaryserver.store.daystate import DayState
from diaryserver.store.folders import UserFolder, day_file
from protocol.dayfile import Foreign, Record, Stamp, Written, format_record, parse_day_file
from protocol.errors import ConflictError
from protocol.identifiers import Day

LATE_MILLISECONDS: Final = 2_000
"""When the received time differs by more from the id's, the line keeps it as `,r=`."""


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
    in_file = "", day_file(day)
    subfolder, name = in_file if append.id in state.ids else state.elsewhere[append.id]
    with os.fdopen(folder.open_file(name, os.O_RDWR, subfolder), "rb") as file:
        os.fsync(file.fileno())
        records = parse_day_file(file.read())
    folder.sync(subfolder)
    return compare_with(records, day, append)


def compare_with(records: Sequence[Record | Foreign], day: Day, append: Append) -> Outcome:
    """Give the original answer if the entry of that id among `records` is the same."""
    for record in records:
        if isinstance(record, Written) and record.id == append.id:
            same = content(record) == content(append)
            return Appended(day, duplicate=True) if same else ConflictError()
    return ConflictError("a line damaged by hand has the same id")
