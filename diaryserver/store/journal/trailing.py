"""Lines on their way from the journal into the day files.

Rules: what is here is durable already, in the journal; a day file is given all its lines at once,
in their order, so that many entries cost one open and one write. Nobody reads a day file, nor looks
for ids in it, before it was given what is here.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from diaryserver.store.days.daystate import DayState
from diaryserver.store.journal.records import Line
from protocol.identifiers import Day, Username


@dataclass(slots=True)
class Trailing:
    """One day file as it is, and the `size` bytes of lines that come behind it."""

    user: Username
    day: Day
    state: DayState
    lines: list[Line] = field(default_factory=list)
    size: int = 0


class TrailingFiles:
    """The day files that have lines coming, by user and day."""

    def __init__(self) -> None:
        """There are none."""
        self._files: dict[Username, dict[Day, Trailing]] = {}
        self._count = 0

    def __len__(self) -> int:
        """Give how many files they are."""
        return self._count

    def find(self, user: Username, day: Day) -> Trailing | None:
        """Give what comes for a day's file; None if it has everything."""
        days = self._files.get(user)
        return days.get(day) if days else None

    def add(self, user: Username, day: Day, state: DayState, lines: Iterable[Line]) -> None:
        """Add committed lines; `state` is what is known of the file, or will be found there."""
        days = self._files.setdefault(user, {})
        trailing = days.get(day)
        if trailing is None:
            trailing = days[day] = Trailing(user, day, state)
            self._count += 1
        for line in lines:
            trailing.lines.append(line)
            trailing.size += len(line.data)

    def take(self, user: Username | None = None) -> Iterator[Trailing]:
        """Take out all files of a user, or of everybody, to be written one by one."""
        for name in [user] if user is not None else list(self._files):
            for trailing in self._files.pop(name, {}).values():
                self._count -= 1
                yield trailing
