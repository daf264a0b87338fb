"""Draws a year as a map: a column for each week, a row for each day of the week.

Rules: pure. What a day is worth is told by the character alone, so a map without colours, or copied
out of a terminal, says the same; colours hide it behind a block. They are colour-blind safe: from
each shade to the next, red and green both grow, so whichever of the two an eye does not see, and in
grey, the order is the same. A narrow screen gets the year in two, four or twelve parts.
"""

from bisect import bisect_left
from calendar import monthrange
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Final

from diaryclient.formats.pretty import Look
from diaryclient.lookback.streaks import ordinal
from protocol.identifiers import Day

WIDTH: Final = 80
"""Columns where nobody says how many there are, as in a file."""

GLYPHS: Final = ".:oO#"
"""No entry, then the more ink, the more entries."""

PALETTE: Final = (25, 67, 179, 228)
"""Of the 256 colours of terminals, for all glyphs but the first: from blue to yellow."""

_DIM, _PLAIN = "\x1b[2m", "\x1b[0m"
_MONTHS: Final = (
    "Jan",
    "Feb",
    "Mar",
    "Apr",
    "May",
    "Jun",
    "Jul",
    "Aug",
    "Sep",
    "Oct",
    "Nov",
    "Dec",
)
_WEEKDAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_LABEL: Final = 4
"""Columns of a weekday and the space behind it."""

_PARTS: Final = (1, 2, 4, 12)
_WEEK: Final = 7
_WIDE: Final = 2


@dataclass(frozen=True, slots=True)
class _Part:
    """The days of some months, as ordinals, and the Monday on or before the first."""

    months: range
    first: int
    last: int
    monday: int

    @property
    def weeks(self) -> int:
        """How many columns it takes, with one for a week."""
        return (self.last - self.monday) // _WEEK + 1


def draw_year(year: int, counts: Mapping[Day, int], today: Day, look: Look) -> list[str]:
    """Give the rows of a year's map; `counts` has days of that year only, and no zeros.

    Days to come are left blank.
    """
    columns = look.columns or WIDTH
    scale = Scale.of(counts.values())
    by_ordinal = {ordinal(day): count for day, count in counts.items()}
    parts, cell = _fit(year, columns)
    rows = [f"{year:04}: {_told(sum(counts.values()), len(counts))}"]
    for part in parts:
        rows += ["", _month_labels(part, year, cell)]
        for weekday, name in enumerate(_WEEKDAYS):
            days = range(part.monday + weekday, part.last + 1, _WEEK)
            levels = [
                scale.level(by_ordinal.get(day, 0))
                if day >= part.first and (day <= ordinal(today) or day in by_ordinal)
                else None
                for day in days
            ]
            rows.append(f"{name} {_cells(levels, cell, look)}".rstrip())
    return [*rows, "", *_wrapped(scale.legend(), columns, look)]


@dataclass(frozen=True, slots=True)
class Scale:
    """Which counts share a shade: `bounds` are the highest of each, in their order."""

    bounds: Sequence[int]

    @classmethod
    def of(cls, counts: Iterable[int]) -> "Scale":
        """Part the days that have entries into four of about equal size, or fewer."""
        ordered = sorted(count for count in counts if count)
        quarters = range(1, len(GLYPHS))
        ends = [-(-len(ordered) * quarter // len(quarters)) - 1 for quarter in quarters]
        return cls(sorted({ordered[end] for end in ends}) if ordered else [])

    def level(self, count: int) -> int:
        """Give the place of a count among the glyphs; the highest bound has the last one."""
        if count == 0:
            return 0
        return len(GLYPHS) - len(self.bounds) + bisect_left(self.bounds, count)

    def legend(self) -> list[tuple[str, int]]:
        """Give what each level means, without those that no day has."""
        lows = [1, *(bound + 1 for bound in self.bounds)]
        named = [
            (f"{low}" if low == high else f"{low}-{high}", self.level(high))
            for low, high in zip(lows, self.bounds, strict=False)
        ]
        return [("none", 0), *named]


def _told(entries: int, days: int) -> str:
    if not entries:
        return "no entries"
    counted = "1 entry" if entries == 1 else f"{entries:,} entries"
    return f"{counted} on " + ("1 day" if days == 1 else f"{days} days")


def _fit(year: int, columns: int) -> tuple[list[_Part], int]:
    """Part a year so that it fits, in as few parts as possible, and give the columns of a cell."""
    for number in _PARTS:
        parts = _parts(year, number)
        weeks = max(part.weeks for part in parts)
        if _LABEL + weeks <= columns:
            return parts, _WIDE if _LABEL + _WIDE * weeks <= columns else 1
    return _parts(year, _PARTS[-1]), 1


def _parts(year: int, number: int) -> list[_Part]:
    length = len(_MONTHS) // number
    return [_part(year, range(begin, begin + length)) for begin in range(1, 13, length)]


def _part(year: int, months: range) -> _Part:
    first = date(year, months[0], 1)
    last = date(year, months[-1], monthrange(year, months[-1])[1])
    monday = first.toordinal() - first.weekday()
    return _Part(months, first.toordinal(), last.toordinal(), monday)


def _month_labels(part: _Part, year: int, cell: int) -> str:
    row = ""
    for month in part.months:
        week = (date(year, month, 1).toordinal() - part.monday) // _WEEK
        row = row.ljust(_LABEL + week * cell) + _MONTHS[month - 1]
    return row


def _cells(levels: Sequence[int | None], cell: int, look: Look) -> str:
    runs = ((level, cell * len(list(run))) for level, run in groupby(levels))
    return "".join(_marks(level, length, look) for level, length in runs)


def _marks(level: int | None, length: int, look: Look) -> str:
    if level is None:
        return " " * length
    marks = GLYPHS[level] * length
    if not look.has_colours:
        return marks
    if level == 0:
        return f"{_DIM}{marks}{_PLAIN}"
    colour = PALETTE[level - 1]
    return f"\x1b[38;5;{colour};48;5;{colour}m{marks}{_PLAIN}"


def _wrapped(legend: Sequence[tuple[str, int]], columns: int, look: Look) -> list[str]:
    rows, width = [""], 0
    for name, level in legend:
        needed = len(name) + 2
        if width and width + 2 + needed > columns:
            rows, width = [*rows, ""], 0
        gap = "  " if width else ""
        rows[-1] += f"{gap}{_marks(level, 1, look)} {name}"
        width += len(gap) + needed
    return rows
