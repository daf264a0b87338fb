"""Which days of a diary were changed lately, for those who follow it.

A number counts the changes of a diary; each changed day has that of its last one, and a cursor is
the number that somebody has seen. So there is one short list a diary, whatever was written and
however many devices follow it.

Rules: only a diary that somebody tails has a list, in memory. A list that is gone, and what fell
off its end, is no error: a cursor into it is lost, and its owner compares all days. A day may be
noted without need, but never missing: it is noted before it is touched.
"""

import struct
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Final

from protocol.identifiers import Day, Username

MAX_FOLLOWED: Final = 20_000
"""Diaries with a list, some 0.5 KiB each; whose owners asked least recently is forgotten first."""

MAX_CHANGED_DAYS: Final = 1024
"""Of one diary. Who polls every 2 s falls behind only by an import into more days than that."""

MAX_CHANGED_IN_ALL: Final = 500_000
"""Of all diaries together, some 70 MiB."""

_NAME_BYTES: Final = 8
_CURSOR: Final = struct.Struct(f">{_NAME_BYTES}sQ")


@dataclass(frozen=True, slots=True)
class Since:
    """The days changed since a cursor, the longest ago first, and the cursor to go on from.

    `more`: there were further ones. `lost`: the cursor leads nowhere.
    """

    days: tuple[Day, ...]
    cursor: bytes
    more: bool
    lost: bool


@dataclass(slots=True)
class _Changes:
    """One diary's list: changes up to `forgotten` are not in it, `last` was the last.

    `name` is chance, so that no cursor of another list, before a restart say, fits it.
    """

    name: bytes
    forgotten: int = 0
    last: int = 0
    days: OrderedDict[Day, int] = field(default_factory=OrderedDict)

    def cursor(self, number: int) -> bytes:
        return _CURSOR.pack(self.name, number)

    def number(self, cursor: bytes) -> int | None:
        """Give what the cursor has seen, None if that is no place in this list."""
        if len(cursor) != _CURSOR.size:
            return None
        name, number = _CURSOR.unpack(cursor)
        is_here = name == self.name and self.forgotten <= number <= self.last
        return number if is_here else None


class ChangedDays:
    """The lists of all diaries that are followed; used by one thread."""

    def __init__(
        self,
        random_bytes: Callable[[int], bytes],
        max_followed: int = MAX_FOLLOWED,
        max_days: int = MAX_CHANGED_DAYS,
        max_in_all: int = MAX_CHANGED_IN_ALL,
    ) -> None:
        """Bound the memory."""
        self._random_bytes = random_bytes
        self._max_followed = max_followed
        self._max_days = max_days
        self._max_in_all = max_in_all
        self._diaries: OrderedDict[Username, _Changes] = OrderedDict()
        self._count = 0

    def note(self, user: Username, day: Day) -> None:
        """Say that a day is about to change; nothing happens if nobody follows the diary."""
        changes = self._diaries.get(user)
        if changes is None:
            return
        changes.last += 1
        if day in changes.days:
            changes.days.move_to_end(day)
        else:
            self._count += 1
        changes.days[day] = changes.last
        if len(changes.days) > self._max_days:
            _, changes.forgotten = changes.days.popitem(last=False)
            self._count -= 1
        self._make_room()

    def since(self, user: Username, cursor: bytes, limit: int) -> Since:
        """Give the first `limit` days changed since; any cursor that is not known is lost.

        An empty one is not lost: it begins now. The diary is followed from then on.
        """
        changes = self._diaries.get(user)
        if changes is None:
            changes = self._diaries[user] = _Changes(self._random_bytes(_NAME_BYTES))
        self._diaries.move_to_end(user)
        self._make_room()
        seen = changes.number(cursor)
        if seen is None:
            return Since((), changes.cursor(changes.last), more=False, lost=bool(cursor))
        newest = takewhile(lambda item: item[1] > seen, reversed(changes.days.items()))
        found = list(newest)[::-1]
        given = found[:limit]
        number = given[-1][1] if given else seen
        days = tuple(day for day, _ in given)
        return Since(days, changes.cursor(number), more=len(found) > limit, lost=False)

    def forget(self, user: Username) -> None:
        """Drop a diary's list; its cursors are lost."""
        changes = self._diaries.pop(user, None)
        if changes is not None:
            self._count -= len(changes.days)

    def _make_room(self) -> None:
        while len(self._diaries) > 1 and (
            len(self._diaries) > self._max_followed or self._count > self._max_in_all
        ):
            self.forget(next(iter(self._diaries)))
