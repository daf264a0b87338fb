"""Sends what was planned, and says what became of it.

Rules: an entry that the diary has already, word for word, is no news; one that it has in another
version, since somebody changed it, is left as it is there and told of.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import groupby

from diaryclient.diary.open_diary import OpenDiary
from diaryclient.importing.finding import Oddity
from diaryclient.importing.planning import Plan
from protocol.dayfile import Written
from protocol.errors import ErrorCode
from protocol.identifiers import Day
from protocol.messages.base import Scope, allows
from protocol.messages.batch import EntryRow
from protocol.stamp import Stamp


@dataclass
class Progress:
    """How far it is: entries added, entries that were there before, and those that were refused."""

    added: int = 0
    known: int = 0
    refused: list[Oddity] = field(default_factory=list)


def deliver(diary: OpenDiary, plan: Plan, so_far: Progress, advance: Callable[[int], None]) -> None:
    """Send the entries; `so_far` is right at any moment, whatever ends this. Raise as `Asker.ask`.

    `advance` is told how many were answered.
    """
    differing: list[EntryRow] = []
    for number, (row, result) in enumerate(diary.store(plan.rows), start=1):
        if result.code == ErrorCode.CONFLICT:
            differing.append(row)
        elif result.code == ErrorCode.INVALID:
            so_far.refused.append(Oddity(plan.places[row.id], "is refused by the server"))
        elif result.dup:
            so_far.known += 1
        else:
            so_far.added += 1
        advance(number)
    other = _other_than_shown(diary, differing)
    so_far.known += len(differing) - len(other)
    words = "stands in the diary with another text or star, which stays"
    so_far.refused += [Oddity(plan.places[row.id], words) for row in other]


def _other_than_shown(diary: OpenDiary, rows: list[EntryRow]) -> list[EntryRow]:
    """Give those that differ from what the diary shows: it may have been changed to just that."""
    if not allows(diary.login.scopes, Scope.READ):
        return rows
    differing: list[EntryRow] = []
    for day, group in groupby(rows, _day):
        shown = {each.id: each for page in diary.entries(day, day) for each in page.entries}
        differing += [row for row in group if not _is_same(row, shown.get(row.id))]
    return differing


def _day(row: EntryRow) -> Day:
    return Stamp(row.at, row.off).day


def _is_same(row: EntryRow, shown: Written | None) -> bool:
    return shown is not None and (shown.stamp, shown.text, shown.starred) == (
        Stamp(row.at, row.off),
        row.text,
        row.star,
    )
