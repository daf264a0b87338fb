"""What a day file must hold after a crash, from what it holds and what the journal knows. Pure.

A power cut leaves of what was not synced nothing, a part, or zeros in its place; so it is bytes
that are compared, never ids. Rules: a record of the journal is written as the journal has it; any
other record that can be whole stays, in its place: it was added by hand, or its record in the
journal is damaged. So do lines that are no records, unless they are pieces of one.
"""

from collections.abc import Mapping, Sequence
from itertools import chain
from operator import ne
from typing import Final, NamedTuple

from diaryserver.store.days.contents import id_of, is_whole, split_parts

MAX_FLIPPED: Final = 4
"""Bytes that a failing disk may have changed in one record; the ids of two differ in more."""

MAX_COMPARED: Final = 100_000
"""Of records with a piece of the id in common, a second's work: nobody makes so many by chance."""

_PIECES: Final = range(42, 62, 4)
"""Where the last five pieces of an id begin in a record: one of them is left by `MAX_FLIPPED`."""


class Healed(NamedTuple):
    """The text as it must be; `has_others`: it had lines that the journal does not know."""

    text: bytes
    has_others: bool


def heal(text: bytes, expected: Mapping[bytes, bytes]) -> Healed:
    """Give `text` with the `expected` records, by id, all of them once and in their order.

    What else is there follows the record that it followed.
    """
    records = list(expected.values())
    places = {entry_id: place for place, entry_id in enumerate(expected, start=1)}
    healed: list[list[bytes]] = [[], *([record] for record in records)]
    others: list[bytes] = []
    has_others = is_broken = False
    place = 0
    for part in split_parts(text):
        next_place = places.get(id_of(part) or b"")
        if next_place is not None:
            lost = records[place : next_place - 1]
            healed[place] += _kept(others, lost, is_broken=is_broken or bool(lost))
            others, place, is_broken = [], next_place, part != records[next_place - 1]
        elif is_whole(part):
            others.append(part)
            has_others = True
    healed[place] += _kept(others, records[place:], is_broken=is_broken)
    return Healed(b"".join(chain.from_iterable(healed)), has_others)


def _kept(others: list[bytes], lost: list[bytes], *, is_broken: bool) -> list[bytes]:
    """Give which of the lines in a place stay, where these expected records are missing.

    Where the place `is_broken`, by a record missing between others or a damaged one before it, a
    line that is no record is what is left of that one; so is, anywhere, what differs from a missing
    record in a few bytes.
    """
    alike = _Alike(lost)
    left = [each for each in others if not alike.has(each)]
    return [each for each in left if id_of(each)] if is_broken else left


class _Alike:
    """Records, found by what a few flipped bytes have left of one."""

    def __init__(self, records: Sequence[bytes]) -> None:
        self._compared = 0
        self._found: dict[tuple[int, int, bytes], list[bytes]] = {}
        for record in records:
            for key in self._keys(record):
                self._found.setdefault(key, []).append(record)

    def has(self, part: bytes) -> bool:
        """Tell whether a part is one of the records but for a few bytes."""
        if not self._found:
            return False
        candidates = (self._found.get(key, ()) for key in self._keys(part))
        return any(self._is_alike(part, each) for each in chain.from_iterable(candidates))

    def _is_alike(self, part: bytes, record: bytes) -> bool:
        self._compared += 1
        return self._compared <= MAX_COMPARED and sum(map(ne, part, record)) <= MAX_FLIPPED

    def _keys(self, record: bytes) -> list[tuple[int, int, bytes]]:
        return [(len(record), place, record[place : place + 4]) for place in _PIECES]


def missing(expected: Mapping[bytes, bytes], *texts: bytes) -> dict[bytes, bytes]:
    """Give the expected records that stand in none of the texts, byte for byte."""
    present: set[bytes] = set()
    for text in texts:
        present.update(split_parts(text))
    return {one: record for one, record in expected.items() if record not in present}
