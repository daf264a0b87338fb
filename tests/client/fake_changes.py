"""Changes of entries and searches, as the server in memory makes them: by the rules, slowly."""

from protocol.dayfile import (
    Amended,
    Change,
    Removed,
    Restored,
    Stamp,
    fold,
    format_record,
    histories,
    parse_day_file,
)
from protocol.errors import ErrorCode
from protocol.identifiers import Day, EntryId
from protocol.messages import (
    Amend,
    Changed,
    Found,
    Refusal,
    Remove,
    Restore,
    Search,
    version_of,
)

PAGE = 2
"""Entries in one answer to a search."""


def make_change(
    files: dict[Day, bytes], rid: EntryId, request: Amend | Remove | Restore, now: int
) -> Changed | Refusal:
    """Append a change to the day's file, once."""
    data = files.get(request.day, b"")
    records = parse_day_file(data)
    if any(getattr(record, "id", None) == rid for record in records):
        return Changed(version_of(rid), dup=True)
    history = histories(records).get(request.id)
    if history is None:
        return Refusal(ErrorCode.NOT_FOUND, "there is no such entry on that day", now)
    if version_of(history.last) != request.base:
        return Refusal(ErrorCode.STALE, "the entry was changed meanwhile", now)
    if history.is_removed and not isinstance(request, Restore):
        return Refusal(ErrorCode.NOT_FOUND, "the entry is removed", now)
    files[request.day] = data + format_record(_change(rid, request, Stamp(now, request.off)))
    return Changed(version_of(rid), dup=False)


def _change(rid: EntryId, request: Amend | Remove | Restore, stamp: Stamp) -> Change:
    if isinstance(request, Amend):
        return Amended(stamp, rid, request.id, request.text, request.star)
    kind = Removed if isinstance(request, Remove) else Restored
    return kind(stamp, rid, request.id)


def search_files(files: dict[Day, bytes], request: Search) -> Found:
    """Find a few entries at a time; the cursor is how many were given."""
    words = request.words.casefold().split()
    matches = [
        entry
        for day in sorted(files)
        if request.first <= day <= request.last
        for entry in fold(parse_day_file(files[day]))
        if all(word in entry.text.casefold() for word in words)
    ]
    begin = int(request.cursor or b"0")
    page = matches[begin : begin + PAGE]
    cursor = b"%d" % (begin + PAGE) if len(matches) > begin + PAGE else b""
    return Found(b"".join(map(format_record, page)), (), cursor)
