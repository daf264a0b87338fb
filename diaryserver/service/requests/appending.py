"""Requests that append and no more: what they want written, and what they answer once it is.

All that they wait for is the committer. So they take no task of their own, which at full load would
cost a tenth of all time: `service.requests.requests` hands their writings over in the moment they
arrive.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from diaryserver.service.ports.entries import Appended, Outcome, Writing, new_change, new_entry
from protocol.dayfile import Amended, Change, Removed, Restored
from protocol.errors import ErrorCode, InvalidRequestError
from protocol.identifiers import EntryId, Username
from protocol.messages.base import MAX_SKEW_MILLISECONDS, Reply, Request
from protocol.messages.batch import Batch, Batched, EntryRow, ResultRow
from protocol.messages.changes import Amend, Changed, Remove, Restore, version_of
from protocol.messages.writing import Put, Stored
from protocol.stamp import Stamp


class Author(NamedTuple):
    """Whose diary it is, under which request id, when it was received (ms), under which token."""

    user: Username
    rid: EntryId
    now: int
    kid: bytes


@dataclass(frozen=True, slots=True)
class Appending:
    """What one kind of request wants written, and its answer from the outcomes, one each.

    Both raise the RefusedError that is the answer.
    """

    writings: Callable[[Author, Any], Sequence[Writing]]
    answer: Callable[[Author, Any, Sequence[Outcome]], Reply]


def _put(author: Author, request: Put) -> Sequence[Writing]:
    if not _has_come(author, request):
        raise InvalidRequestError("the entry's time is in the future")
    return (_append(author, author.rid, request),)


def _stored(author: Author, request: Put, outcomes: Sequence[Outcome]) -> Stored:  # noqa: ARG001
    appended = _appended(outcomes)
    return Stored(appended.day, appended.duplicate)


def _batch(author: Author, request: Batch) -> Sequence[Writing]:
    return [_append(author, row.id, row) for row in request.rows if _has_come(author, row)]


def _batched(author: Author, request: Batch, outcomes: Sequence[Outcome]) -> Batched:
    left = iter(outcomes)
    future = ResultRow(ErrorCode.INVALID, dup=False)
    return Batched(
        tuple(_result(next(left)) if _has_come(author, row) else future for row in request.rows)
    )


def _amend(author: Author, request: Amend) -> Sequence[Writing]:
    stamp = Stamp(author.now, request.off)
    change = Amended(stamp, author.rid, request.id, request.text, request.star)
    return _alteration(author, request, change)


def _remove(author: Author, request: Remove) -> Sequence[Writing]:
    change = Removed(Stamp(author.now, request.off), author.rid, request.id)
    return _alteration(author, request, change)


def _restore(author: Author, request: Restore) -> Sequence[Writing]:
    change = Restored(Stamp(author.now, request.off), author.rid, request.id)
    return _alteration(author, request, change)


def _alteration(
    author: Author, request: Amend | Remove | Restore, change: Change
) -> Sequence[Writing]:
    return (new_change(author.user, request.day, request.base, change, author.kid),)


def _changed(
    author: Author,
    request: Amend | Remove | Restore,  # noqa: ARG001 - what every answer is given
    outcomes: Sequence[Outcome],
) -> Changed:
    return Changed(version_of(author.rid), _appended(outcomes).duplicate)


def _has_come(author: Author, entry: Put | EntryRow) -> bool:
    """Tell whether an entry's day can have come: one from the future would make files too early."""
    return entry.at <= author.now + MAX_SKEW_MILLISECONDS


def _append(author: Author, entry_id: EntryId, entry: Put | EntryRow) -> Writing:
    stamp = Stamp(entry.at, entry.off)
    return new_entry(
        author.user, entry_id, stamp, entry.text, entry.star, author.now, kid=author.kid
    )


def _appended(outcomes: Sequence[Outcome]) -> Appended:
    [outcome] = outcomes
    if isinstance(outcome, Appended):
        return outcome
    raise outcome


def _result(outcome: Outcome) -> ResultRow:
    if isinstance(outcome, Appended):
        return ResultRow(ErrorCode.OK, outcome.duplicate)
    return ResultRow(outcome.code, dup=False)


APPENDING: Final[Mapping[type[Request], Appending]] = {
    Put: Appending(_put, _stored),
    Batch: Appending(_batch, _batched),
    Amend: Appending(_amend, _changed),
    Remove: Appending(_remove, _changed),
    Restore: Appending(_restore, _changed),
}
"""Every other operation has a row in `service.requests.handlers`; tests/server compares with the
table."""
