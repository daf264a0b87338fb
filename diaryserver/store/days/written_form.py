"""What a writing looks like in a day file, and whether one that is there is the same."""

from collections.abc import Sequence
from typing import Final

from diaryserver.service.ports.entries import Appended, Outcome, Writing
from diaryserver.store.days.contents import digest_of
from diaryserver.store.days.daystate import DayState
from diaryserver.store.days.pieces import naming
from diaryserver.store.disk.user_folder import UserFolder
from protocol.dayfile import (
    Amended,
    Attributes,
    Foreign,
    Record,
    Written,
    format_entry,
    format_record,
    parse_day_file,
)
from protocol.errors import ConflictError
from protocol.identifiers import Day
from protocol.stamp import Stamp

LATE_MILLISECONDS: Final = 2_000
"""When the received time differs by more from the id's, the line keeps it as `,r=`."""


def format_writing(writing: Writing) -> bytes:
    """Give an entry's lines, or a change's."""
    if writing.change is not None:
        return format_record(writing.change)
    attributes: Attributes = ()
    if abs(writing.received - writing.id.milliseconds) > LATE_MILLISECONDS:
        attributes = (("r", str(Stamp(writing.received, 0))),)
    if writing.via:
        attributes = (*attributes, ("v", writing.via))
    return format_entry(
        writing.stamp, writing.id, writing.text, attributes, starred=writing.starred
    )


def content(writing: Writing | Record) -> tuple[object, ...]:
    """Give what makes two writings of one id the same.

    The moment of a change is when the server took it, so only its zone belongs to the content.
    """
    record: Writing | Record = writing
    if isinstance(writing, Writing) and writing.change is not None:
        record = writing.change
    if isinstance(record, Writing | Written):
        return record.stamp, record.text, record.starred
    text = (record.text, record.starred) if isinstance(record, Amended) else ()
    return type(record), record.stamp.off, record.original, *text


def compare_stored(
    folder: UserFolder, day: Day, state: DayState, writing: Writing, found: bytes | None = None
) -> Outcome:
    """Give the original answer if what is stored is the same; raise OSError if not durable.

    `found` is what `naming` gives of the day's text, if that was asked already.
    The file is synced before, once for as long as it is known: after a crash or a failed sync the
    line may have been readable but not durable; what was written since is in the journal.
    """
    digest = state.digest_aside(writing.id)
    if digest is not None:
        return compare_digest(day, digest, writing)
    if not state.is_synced:
        folder.sync_file(state.file_name(day))
        folder.sync()
        state.is_synced = True
    if found is None:
        found = naming(writing.id, folder.read_day(day).text)
    return compare_with(parse_day_file(found), day, writing)


def compare_digest(day: Day, digest: bytes, writing: Writing) -> Outcome:
    """Give the original answer if a record that left the file says the same."""
    if digest == digest_of(format_writing(writing)):
        return Appended(day, duplicate=True)
    return ConflictError()


def compare_with(records: Sequence[Record | Foreign], day: Day, writing: Writing) -> Outcome:
    """Give the original answer if the record of that id is the same."""
    for record in records:
        if not isinstance(record, Foreign) and record.id == writing.id:
            same = content(record) == content(writing)
            return Appended(day, duplicate=True) if same else ConflictError()
    return ConflictError("a line damaged by hand has the same id")
