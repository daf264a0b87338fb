"""What an entry looks like in a day file, and whether one that is there is the same."""

import os
from collections.abc import Sequence
from typing import Final

from diaryserver.service.ports import Append, Appended, Outcome
from diaryserver.store.daystate import DayState
from diaryserver.store.folders import UserFolder, day_file
from protocol.dayfile import Foreign, Record, Stamp, Written, format_record, parse_day_file
from protocol.errors import ConflictError
from protocol.identifiers import Day, EntryId

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

    The file is synced before, once for as long as it is known: after a crash or a failed sync the
    line may have been readable but not durable; what was written since is in the journal. It is
    opened for writing, since on a disk that turned read-only a sync says yes and does nothing.
    """
    place = ("", day_file(day)) if append.id in state.ids else state.elsewhere[append.id]
    subfolder, name = place
    is_durable = place in state.synced
    flags = os.O_RDONLY if is_durable else os.O_RDWR
    with os.fdopen(folder.open_file(name, flags, subfolder), "rb") as file:
        if not is_durable:
            os.fsync(file.fileno())
            folder.sync(subfolder)
            state.synced.add(place)
        data = file.read()
    return compare_with(parse_day_file(_naming(append.id, data)), day, append)


def compare_with(records: Sequence[Record | Foreign], day: Day, append: Append) -> Outcome:
    """Give the original answer if the entry of that id among `records` is the same."""
    for record in records:
        if isinstance(record, Written) and record.id == append.id:
            same = content(record) == content(append)
            return Appended(day, duplicate=True) if same else ConflictError()
    return ConflictError("a line damaged by hand has the same id")


def _naming(entry_id: EntryId, data: bytes) -> bytes:
    """Give the lines that name an id, each with its further lines.

    A network that loses answers asks for many duplicates, and parsing a whole day for each of them
    would cost more than writing the entries did.
    """
    wanted = f" {entry_id.hex()} ".encode()
    parts: list[bytes] = []
    found = data.find(wanted)
    while found >= 0:
        start = data.rfind(b"\n", 0, found) + 1
        end = _after_line(data, found)
        while data.startswith(b"\t", end):
            end = _after_line(data, end)
        parts.append(data[start:end])
        found = data.find(wanted, end)
    return b"".join(parts)


def _after_line(data: bytes, position: int) -> int:
    return data.find(b"\n", position) + 1 or len(data)
