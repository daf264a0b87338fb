"""The figures of a period as people read them, and as programs do.

Rules: pure. Both say the same; what JSON promises stands in docs/FORMATS.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Final

from diaryclient.formats.pretty import Look
from diaryclient.lookback.figures import Figures
from diaryclient.lookback.heat_map import WIDTH
from diaryclient.lookback.hours import draw_hours
from diaryclient.lookback.periods import Period
from diaryclient.lookback.streaks import Streak, find_streaks, longest_streak, ordinal
from diaryclient.screen.display import safe_line
from protocol.identifiers import Day

_TOP_TAGS: Final = 10
"""For people; JSON has all."""

_LABEL: Final = 10


@dataclass(frozen=True, slots=True)
class Report:
    """Figures of a period, told on `today`.

    `current` is the streak that goes on, None if there is none or if the period is over.
    """

    period: Period
    figures: Figures
    current: Streak | None
    today: Day

    @property
    def first(self) -> Day:
        """Where the period begins, but not before the diary does, if it is all of it."""
        written = self.figures.days
        return min(written, default=self.today) if self.period.name == "all" else self.period.first

    @property
    def last(self) -> Day:
        """Where the period ends so far."""
        so_far = max([self.today, *self.figures.days])
        return max(min(self.period.last, so_far), self.first)

    @property
    def days(self) -> int:
        """How many days the period has so far."""
        return ordinal(self.last) - ordinal(self.first) + 1

    @property
    def longest(self) -> Streak | None:
        """The longest streak inside the period."""
        return longest_streak(find_streaks(self.figures.days))


def report_as_text(report: Report, look: Look) -> list[str]:
    """Give the rows."""
    figures = report.figures
    rows = [
        f"{report.first} to {report.last}",
        _row("entries", f"{figures.entries:,}", look),
        _row("words", f"{figures.words:,}", look),
        _row("days", f"{len(figures.days):,} of {report.days:,}", look),
    ]
    if report.period.has(report.today):
        rows.append(_row("streak", _current(report), look))
    if report.longest:
        longest = f"{_days(report.longest)}, {report.longest.first} to {report.longest.last}"
        rows.append(_row("longest", longest, look))
    if figures.tags:
        top = islice(figures.tags.items(), _TOP_TAGS)
        rows.append(_row("tags", ", ".join(f"{safe_line(tag)} {n:,}" for tag, n in top), look))
    if figures.entries:
        rows += ["", "hours of the day"]
        rows += draw_hours(figures.hours, look.columns or WIDTH)
    return [line for row in rows for line in row.split("\n")]


def report_as_json(report: Report) -> Mapping[str, object]:
    """Give the object that `--json` prints."""
    figures = report.figures
    return {
        "period": report.period.name,
        "from": report.first,
        "to": report.last,
        "entries": figures.entries,
        "words": figures.words,
        "days": report.days,
        "days_written": len(figures.days),
        "current_streak": _streak_as_json(report.current),
        "longest_streak": _streak_as_json(report.longest),
        "tags": figures.tags,
        "hours": list(figures.hours),
    }


def _row(label: str, value: str, look: Look) -> str:
    row = f"{label:{_LABEL}}{value}"
    if look.columns is None:
        return row
    from diaryclient.screen.wrapping import wrap_lines  # noqa: PLC0415 - only a terminal needs its tables

    return "\n".join(wrap_lines(row, look.columns, " " * _LABEL))


def _current(report: Report) -> str:
    if report.current is None:
        return "none now"
    today = "" if report.current.last >= report.today else ", not yet today"
    return f"{_days(report.current)}, since {report.current.first}{today}"


def _days(streak: Streak) -> str:
    return "1 day" if streak.days == 1 else f"{streak.days:,} days"


def _streak_as_json(streak: Streak | None) -> Mapping[str, object] | None:
    if streak is None:
        return None
    return {"days": streak.days, "from": streak.first, "to": streak.last}
