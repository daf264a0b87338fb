"""How much room the diary has, in words and as JSON."""

from typing import NamedTuple, TypeAlias

from protocol.amounts import format_bytes, format_entries
from protocol.messages.usage import Used

JsonRoom: TypeAlias = dict[str, dict[str, int | None]]


class _Measure(NamedTuple):
    """What is taken up, and the limit; 0: there is none."""

    used: int
    limit: int

    @property
    def left(self) -> int:
        return max(0, self.limit - self.used)


def format_room(used: Used) -> str:
    """Give `12.0 KiB used, 1023.9 MiB left; 40 entries, 999,960 left` of the whole diary."""
    size, entries = _Measure(used.bytes, used.max_bytes), _Measure(used.entries, used.max_entries)
    return _format(size, entries)


def format_day_room(used: Used) -> str:
    """Give the same of the day that was asked for."""
    size = _Measure(used.day_bytes, used.max_day_bytes)
    return _format(size, _Measure(used.day_entries, used.max_day_entries))


def room_as_json(used: Used) -> JsonRoom:
    """Give `used`, `limit` and `left` of bytes and entries, of all and of the day; null: none."""
    measures = {
        "bytes": _Measure(used.bytes, used.max_bytes),
        "entries": _Measure(used.entries, used.max_entries),
        "day_bytes": _Measure(used.day_bytes, used.max_day_bytes),
        "day_entries": _Measure(used.day_entries, used.max_day_entries),
    }
    return {
        name: {
            "used": each.used,
            "limit": each.limit or None,
            "left": each.left if each.limit else None,
        }
        for name, each in measures.items()
    }


def _format(size: _Measure, entries: _Measure) -> str:
    size_left = f", {format_bytes(size.left)} left" if size.limit else ""
    entries_left = f", {entries.left:,} left" if entries.limit else ""
    used = f"{format_bytes(size.used)} used{size_left}"
    return f"{used}; {format_entries(entries.used)}{entries_left}"
