"""Decides what of a source is sent, and under which ids.

Rules: pure. By time, entries of one time in the order of the source. An id that is made here has
the shape of a UUIDv7: the ms of the entry's time, then a hash of text, time, star, and of how many
equal entries stood before it; so the same source gives the same ids, and a source that has grown
gives those of its older entries again. What no diary takes is an oddity.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from diaryclient.importing.finding import Draft, Finding, Instant, Oddity
from diaryclient.typed.wall_clock import stamp_of
from protocol.errors import MalformedError, UsageError
from protocol.identifiers import EntryId
from protocol.messages.base import MAX_SKEW_MILLISECONDS
from protocol.messages.batch import EntryRow
from protocol.messages.writing import (
    LAST_MILLISECONDS,
    MAX_LONG_TEXT_BYTES,
    MAX_OFFSET_MINUTES,
    MIN_MILLISECONDS,
)
from protocol.stamp import Stamp

_LABEL: Final = b"diary import 1"
"""Says what is hashed; another one would make every import of an old source add all of it again."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be sent, by time, where each entry stands in the source, and what was odd."""

    rows: list[EntryRow]
    places: dict[EntryId, str]
    oddities: list[Oddity]

    @property
    def skipped(self) -> list[Oddity]:
        """What of the source cannot be sent."""
        return [each for each in self.oddities if each.is_skipped]


def plan_import(found: Iterable[Finding], offset_at: Callable[[int], int], now: int) -> Plan:
    """Make the plan; `offset_at` is the zone of naive times, as a Clock has it, `now` in ms."""
    planner = _Planner(offset_at, now)
    for each in found:
        planner.take(each)
    rows = sorted(planner.rows.values(), key=lambda row: row.at)
    return Plan(rows, planner.places, planner.oddities)


class _Planner:
    def __init__(self, offset_at: Callable[[int], int], now: int) -> None:
        self.rows: dict[EntryId, EntryRow] = {}
        self.places: dict[EntryId, str] = {}
        self.oddities: list[Oddity] = []
        self._equals: Counter[bytes] = Counter()
        self._offset_at = offset_at
        self._latest = min(now + MAX_SKEW_MILLISECONDS, LAST_MILLISECONDS)

    def take(self, found: Finding) -> None:
        if isinstance(found, Oddity):
            self.oddities.append(found)
            return
        try:
            row = self._row(found)
        except MalformedError as error:
            self.oddities.append(Oddity(found.place, str(error), is_skipped=True))
            return
        known = self.rows.setdefault(row.id, row)
        if known is row:
            self.places[row.id] = found.place
        elif known == row:
            self.oddities.append(Oddity(found.place, "is there twice; taken once"))
        else:
            words = "another entry with its id stands before it"
            self.oddities.append(Oddity(found.place, words, is_skipped=True))

    def _row(self, draft: Draft) -> EntryRow:
        stamp = self._stamp(draft)
        _check_text(draft.text, is_own=draft.id is not None)
        entry_id = draft.id or self._id(stamp.at, draft.text, star=draft.starred)
        return EntryRow(entry_id, stamp.at, stamp.off, draft.text, draft.starred)

    def _stamp(self, draft: Draft) -> Stamp:
        try:
            stamp = self._stamp_of(draft.when)
        except UsageError:
            raise MalformedError("has a time that no diary can have") from None
        if stamp.at < MIN_MILLISECONDS or abs(stamp.off) > MAX_OFFSET_MINUTES:
            raise MalformedError("has a time that no diary can have")
        if stamp.at > self._latest:
            raise MalformedError("lies in the future")
        return stamp

    def _stamp_of(self, when: Stamp | datetime | Instant) -> Stamp:
        if isinstance(when, Instant):
            if not MIN_MILLISECONDS <= when.at <= LAST_MILLISECONDS:
                raise UsageError("it lies outside of the calendar")
            return Stamp(when.at, self._offset_at(when.at))
        return when if isinstance(when, Stamp) else stamp_of(when, self._offset_at)

    def _id(self, at: int, text: str, *, star: bool) -> EntryId:
        content = f"{at} {int(star)} {text}".encode()
        digest = hashlib.sha256(_LABEL + content).digest()
        place = self._equals[digest]
        self._equals[digest] += 1
        randomness = hashlib.sha256(digest + str(place).encode()).digest()[:10]
        return EntryId.make(max(at, 0), randomness)


def _check_text(text: str, *, is_own: bool) -> None:
    # Somebody who wrote a blank to this diary may have it back.
    if not (text if is_own else text.strip()):
        raise MalformedError("has no text")
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        raise MalformedError("has characters that no text can have") from None
    if size > MAX_LONG_TEXT_BYTES:
        raise MalformedError(f"is longer than {MAX_LONG_TEXT_BYTES} bytes")
