"""What diaries may hold, as far as promises say: what restarts are held against. Pure.

Usually one world is possible. After an operation that was cut off, or that failed without saying
whether it was done, there are two: with it and without it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import NamedTuple, TypeAlias

from protocol.identifiers import Day, EntryId, Username


class Line(NamedTuple):
    """A record's bytes, and whether it must be there: it may be, while nobody was told."""

    data: bytes
    is_sure: bool


Lines: TypeAlias = dict[EntryId, Line]
DayKey: TypeAlias = tuple[Username, Day]


@dataclass(frozen=True, slots=True)
class Archived:
    """A day that was cleared, by the id of the request."""

    user: Username
    day: Day
    generation: int
    lines: Lines


@dataclass(frozen=True, slots=True)
class World:
    """One possibility: what readers see by day, what is set aside, and whose diary is removed.

    `generations` are those of days that were cleared; `renamed` are lines that somebody moved away
    with their file, which count as stored; each is there or still in the day. A day in
    `follows` may have begun a further generation, since somebody renamed its file. `shown` is what
    a reader was shown of a day, by its generation, and goes on from.
    """

    days: dict[DayKey, Lines] = field(default_factory=dict)
    generations: dict[DayKey, int] = field(default_factory=dict)
    archives: dict[EntryId, Archived] = field(default_factory=dict)
    renamed: dict[DayKey, Lines] = field(default_factory=dict)
    removed: dict[Username, dict[Day, Lines]] = field(default_factory=dict)
    follows: frozenset[DayKey] = frozenset()
    shown: dict[DayKey, tuple[int, bytes]] = field(default_factory=dict)

    def lines(self, key: DayKey) -> Lines:
        """Give a day's lines."""
        return self.days.get(key, {})

    def generation(self, key: DayKey) -> int:
        """Give a day's generation."""
        return self.generations.get(key, 0)

    def knows(self, key: DayKey, entry_id: EntryId) -> bool:
        """Tell whether a record of this id is surely stored somewhere."""
        places = [self.lines(key), self.renamed.get(key, {})]
        places += [each.lines for each in self.archives.values() if (each.user, each.day) == key]
        return any(entry_id in each and each[entry_id].is_sure for each in places)

    def with_lines(self, key: DayKey, lines: Iterable[tuple[EntryId, Line]]) -> "World":
        """Give the world in which the day holds these too."""
        found = dict(self.lines(key))
        for entry_id, line in lines:
            known = found.pop(entry_id, None)  # what becomes sure now is behind what was before
            found[entry_id] = known if known is not None and known.is_sure else line
        return replace(self, days={**self.days, key: found})

    def holding(self, key: DayKey, lines: Lines) -> "World":
        """Give the world in which the day holds these and no others."""
        return replace(self, days={**self.days, key: lines})

    def showing(self, key: DayKey, generation: int, text: bytes) -> "World":
        """Give the world in which a reader was shown this."""
        generations = {**self.generations, key: generation}
        shown = {**self.shown, key: (generation, text)}
        return replace(self, generations=generations, shown=shown)

    def edited(self, key: DayKey) -> "World":
        """Give the world in which a hand wrote the day anew.

        Nobody notices that if the server is started anew before it looks at the day again.
        """
        return replace(self, shown={one: each for one, each in self.shown.items() if one != key})

    def stored(self, key: DayKey, entry_id: EntryId, line: Line) -> "World":
        """Give the world in which a record is stored: where somebody moved it, or in the day."""
        moved = self.renamed.get(key, {})
        if line.is_sure and entry_id in moved:
            return replace(self, renamed={**self.renamed, key: {**moved, entry_id: line}})
        return self.with_lines(key, [(entry_id, line)])

    def cleared(self, key: DayKey, rid: EntryId) -> "World":
        """Give the world in which the day is set aside."""
        days = dict(self.days)
        lines, generation = days.pop(key, {}), self.generation(key)
        if key in self.renamed:
            # What was in the journal only may still come into the day's next file.
            days[key] = _perhaps(self.renamed[key])
        return replace(
            self,
            days=days,
            generations={**self.generations, key: generation + 1},
            archives={**self.archives, rid: Archived(*key, generation, lines)},
        )

    def followed(self, key: DayKey) -> "World":
        """Give the world in which the day may have begun anew by itself."""
        return replace(self, follows=self.follows | {key})

    def has_generation(self, key: DayKey, generation: int) -> bool:
        """Tell whether this may be the day's generation."""
        known = self.generation(key)
        return generation >= known if key in self.follows else generation == known

    def moved(self, key: DayKey) -> "World":
        """Give the world in which somebody renamed the day's file.

        What of it was in the journal only may be in the day's next file instead.
        """
        lines = self.lines(key)
        renamed = {**self.renamed, key: {**self.renamed.get(key, {}), **lines}}
        return replace(self, days={**self.days, key: _perhaps(lines)}, renamed=renamed)

    def without(self, user: Username, *, is_kept: bool, is_sure: bool = True) -> "World":
        """Give the world in which a diary is removed; `is_kept`: set aside, for sure or in part."""
        own = {
            day: {
                each: line._replace(is_sure=line.is_sure and is_sure)
                for each, line in lines.items()
            }
            for (name, day), lines in self.days.items()
            if name == user
        }
        return replace(
            self,
            days={key: lines for key, lines in self.days.items() if key[0] != user},
            archives={rid: each for rid, each in self.archives.items() if each.user != user},
            removed={**self.removed, user: own} if is_kept else self.removed,
        )


def _perhaps(lines: Lines) -> Lines:
    return {each: line._replace(is_sure=False) for each, line in lines.items()}


def differences(expected: Lines, found: list[tuple[EntryId | None, bytes]]) -> list[str]:
    """Say what a file's records are that they must not be, or are not."""
    said = []
    ids = [entry_id for entry_id, _ in found]
    for entry_id, data in found:
        line = expected.get(entry_id) if entry_id is not None else None
        if entry_id is None:
            said.append(f"a line of {len(data)} bytes that is no record, or a part of one")
        elif line is None:
            said.append(f"{entry_id.hex()} belongs somewhere else, or to nobody")
        elif line.data != data:
            said.append(f"{entry_id.hex()} is not what was written")
        if entry_id is not None and ids.count(entry_id) > 1:
            said.append(f"{entry_id.hex()} is there {ids.count(entry_id)} times")
    sure = [entry_id for entry_id, line in expected.items() if line.is_sure]
    said += [f"{each.hex()} is lost" for each in sure if each not in ids]
    order = [each for each in ids if each in sure]
    if not said and order != sure:
        said.append("the acknowledged records are in another order")
    return list(dict.fromkeys(said))
