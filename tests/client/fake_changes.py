"""Changes of entries and searches, as the server in memory makes them: by the rules, slowly."""

from protocol.caseless import caseless
from protocol.dayfile import (
    Amended,
    Change,
    Removed,
    Restored,
    Written,
    fold,
    format_record,
    histories,
    parse_day_file,
)
from protocol.errors import ErrorCode
from protocol.identifiers import Day, EntryId
from protocol.messages.base import Refusal
from protocol.messages.changes import Amend, Changed, Remove, Restore, version_of
from protocol.messages.finding import MAX_FOUND_BYTES, Found, LongRow, Search
from protocol.stamp import Stamp

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
    words = [caseless(word) for word in request.words.split()]
    matches = [
        entry
        for day in sorted(files)
        if request.first <= day <= request.last
        for entry in fold(parse_day_file(files[day]))
        if all(word in caseless(entry.text) for word in words)
    ]
    begin = int(request.cursor or b"0")
    page = matches[begin : begin + PAGE]
    if page and len(format_record(page[0])) > MAX_FOUND_BYTES:
        long = (LongRow(page[0].stamp.day, page[0].id),)
        return Found(b"", long, _cursor(begin + 1, matches))
    lines: list[bytes] = []
    for entry in page:
        if sum(map(len, lines)) + len(format_record(entry)) > MAX_FOUND_BYTES:
            break
        lines.append(format_record(entry))
    return Found(b"".join(lines), (), _cursor(begin + len(lines), matches))


def _cursor(place: int, matches: list[Written]) -> bytes:
    return b"%d" % place if place < len(matches) else b""
