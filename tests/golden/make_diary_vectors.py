"""Writes the byte vectors of changes, batches, searches, tails into `v1/`, as `make_vectors` does.

python tests/golden/make_diary_vectors.py
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from protocol.dayfile import Amended, Record, Removed, Restored, Written, format_record
from protocol.errors import ErrorCode
from protocol.identifiers import Day, EntryId
from protocol.messages.base import Reply, Request
from protocol.messages.batch import Batch, Batched, EntryRow, ResultRow
from protocol.messages.changes import Amend, Changed, Remove, Restore, version_of
from protocol.messages.diary import DayRow
from protocol.messages.finding import Found, LongRow, Search
from protocol.messages.following import Tail, Tailed
from protocol.messages.padding import padded
from protocol.stamp import Stamp
from tests.golden.make_vectors import (
    NOW,
    TODAY,
    answer_vector,
    entry_id,
    read_day_file,
    request_vector,
    write,
)

FIRST: Final = 200
"""The number of the first id; `make_account_vectors` has those below."""

ENTRY: Final = EntryId.make(NOW, bytes(10))
CHANGES: Final[dict[str, Request]] = {
    "amend": Amend(TODAY, ENTRY, version_of(ENTRY), 480, "今天下雨了 @weather", star=True),
    "amend_longest": Amend(TODAY, ENTRY, bytes(range(8)), -1080, "记" * 341 + ".", star=True),
    "remove": Remove(TODAY, ENTRY, bytes(range(8)), -210),
    "restore": Restore(TODAY, ENTRY, bytes(range(8, 16)), 0),
}
CHANGED: Final[dict[str, tuple[str, Reply]]] = {
    "amend_done": ("amend", Changed(bytes(range(8)), dup=False)),
    "amend_done_before": ("amend_longest", Changed(bytes(range(8, 16)), dup=True)),
    "remove_done": ("remove", Changed(bytes(range(8, 16)), dup=False)),
    "restore_done": ("restore", Changed(bytes(range(16, 24)), dup=False)),
}
BATCHES: Final[dict[str, Request]] = {
    "batch": Batch(
        (
            EntryRow(entry_id(1), NOW, 480, "今天天气很好 @weather", star=False),
            EntryRow(entry_id(2), -1, -210, "one\n\ttwo", star=True),
            EntryRow(entry_id(3), NOW + 86_400_000, 0, "x", star=False),
        )
    ),
    "batch_of_one": Batch((EntryRow(entry_id(4), NOW, 480, "记" * 341 + ".", star=True),)),
}
BATCHED: Final[dict[str, tuple[str, Reply]]] = {
    "batch_done": (
        "batch",
        Batched(
            (
                ResultRow(ErrorCode.OK, dup=False),
                ResultRow(ErrorCode.OK, dup=True),
                ResultRow(ErrorCode.INVALID, dup=False),
            )
        ),
    ),
    "batch_of_one_refused": ("batch_of_one", Batched((ResultRow(ErrorCode.CONFLICT, dup=False),))),
}
SEARCHES: Final[dict[str, Request]] = {
    "search": padded(Search("天气 Bob", Day("2026-01-01"), TODAY)),
    "search_on": padded(Search("天气 Bob", Day("2026-01-01"), TODAY, bytes(range(22)))),
}
FOUND: Final[dict[str, tuple[str, Reply]]] = {
    "search_found": (
        "search",
        Found(
            format_record(Written(Stamp(NOW, 480), entry_id(1), "bob 今天天气很好", starred=True)),
            (),
            bytes(range(22)),
        ),
    ),
    "search_found_long": ("search_on", Found(b"", (LongRow(TODAY, entry_id(2)),), b"")),
}
TAILS: Final[dict[str, Request]] = {
    "tail": Tail(),
    "tail_on": Tail(bytes(range(16))),
    "tail_on_padded": padded(Tail(bytes(range(16)))),
}
TAILED: Final[dict[str, tuple[str, Reply]]] = {
    "tail_begun": ("tail", Tailed((), bytes(range(16)), more=False, lost=False)),
    "tail_lost": ("tail_on", Tailed((), bytes(range(16, 32)), more=False, lost=True)),
    "tail_two": (
        "tail_on_padded",
        Tailed(
            (DayRow(Day("2025-12-31"), 0, 13, 4096), DayRow(TODAY, 1, 0, 0)),
            bytes(range(1, 17)),
            more=True,
            lost=False,
        ),
    ),
}
REQUESTS: Final = CHANGES | BATCHES | SEARCHES | TAILS
"""In the order in which they were added: the place of each decides its rid."""


def _rid(name: str) -> EntryId:
    return entry_id(FIRST + list(REQUESTS).index(name))


def request_vectors(requests: Mapping[str, Request]) -> object:
    """One datagram for each request."""
    return {name: request_vector(_rid(name), request) for name, request in requests.items()}


def reply_vectors(replies: Mapping[str, tuple[str, Reply]]) -> object:
    """One datagram for each reply."""
    return {
        name: answer_vector(request, _rid(request), REQUESTS[request], reply)
        for name, (request, reply) in replies.items()
    }


def day_file_vector() -> object:
    """A file in which changes are taken back, once and again, and some have nothing to act on."""
    here = Stamp(NOW, 480)
    amended_twice, removed, taken_back, untouched = map(entry_id, range(4))
    ids = map(entry_id, range(4, 30))
    records: list[Record] = [
        Written(here, amended_twice, "first"),
        Written(here, removed, "kept", starred=True),
        Written(here, taken_back, "one\ntwo"),
        Written(here, untouched, "never changed"),
        Amended(here, next(ids), amended_twice, "second", starred=True),
        Amended(here, next(ids), amended_twice, "third"),
        Restored(here, next(ids), amended_twice),
        Amended(here, next(ids), removed, "amended before it was removed"),
        Removed(here, next(ids), removed),
        Restored(here, next(ids), removed),
        Restored(here, next(ids), removed),
        Amended(here, next(ids), taken_back, "three"),
        Restored(here, next(ids), taken_back),
        Amended(here, next(ids), taken_back, "three"),
        Removed(here, next(ids), taken_back),
        Amended(here, next(ids), taken_back, "four\nfive"),
        Removed(here, next(ids), taken_back),
        Restored(here, next(ids), taken_back),
        Restored(here, next(ids), untouched),
    ]
    return read_day_file(b"".join(map(format_record, records)))


FILES: Final[dict[str, Callable[[], object]]] = {
    "changes_requests": partial(request_vectors, CHANGES),
    "changes_replies": partial(reply_vectors, CHANGED),
    "batch_requests": partial(request_vectors, BATCHES),
    "batch_replies": partial(reply_vectors, BATCHED),
    "search_requests": partial(request_vectors, SEARCHES),
    "search_replies": partial(reply_vectors, FOUND),
    "tail_requests": partial(request_vectors, TAILS),
    "tail_replies": partial(reply_vectors, TAILED),
    "dayfile_changes": day_file_vector,
}

if __name__ == "__main__":
    write(FILES)
