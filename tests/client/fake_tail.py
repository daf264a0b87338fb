"""What follows a diary asks of the server in memory: which days changed since a cursor."""

from collections.abc import Callable
from dataclasses import dataclass, field

from protocol.identifiers import Day
from protocol.messages.diary import DayRow
from protocol.messages.following import Tail, Tailed

Known = dict[Day, DayRow]


@dataclass
class FakeTail:
    """Remembers how the diary was at each cursor; `forget` is what a restart does."""

    now: Callable[[], Known]
    _seen: dict[bytes, Known] = field(default_factory=dict)
    _count: int = 0

    def forget(self) -> None:
        """Know no cursor any more."""
        self._seen.clear()

    def answer(self, request: Tail) -> Tailed:
        """Give one changed day to a request without a pad, and two to one with."""
        current = self.now()
        before = self._seen.get(request.cursor)
        if before is None:
            return Tailed((), self._remember(current), more=False, lost=bool(request.cursor))
        changed = [day for day in current if current[day] != before.get(day)]
        given = changed[: 2 if request.pad else 1]
        rows = tuple(current[day] for day in given)
        after = before | {day: current[day] for day in given}
        return Tailed(rows, self._remember(after), more=len(changed) > len(given), lost=False)

    def _remember(self, known: Known) -> bytes:
        self._count += 1
        cursor = b"%d" % self._count
        self._seen[cursor] = known
        return cursor
