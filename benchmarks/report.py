"""What is kept of a run, and how it is shown: `bench.json` for programs, a table for terminals.

    {"figures": [{"name", "ours", "peer", "ratio", "goal", "better", "cpu_us", "runs"}],
     "remarks": ["..."]}

`peer` is null where the goal is a number of its own, and `ratio` is then that number; `cpu_us` is
the server's CPU time for one request, null where there is none; `runs` is how many `ours` had. The
remarks say what was measured on, and how the generator was known not to be the bottleneck.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Final, Self

from benchmarks.errors import BenchmarkError
from benchmarks.figures import Better, Figure

_HEADS: Final = ("figure", "ours", "peer", "ratio", "goal", "CPU us", "runs")
_SIGNS: Final = {Better.HIGHER: "≥", Better.LOWER: "≤"}
_DIGITS: Final = 3
"""Significant ones: more would claim what no run on a shared machine can know."""

_LARGE: Final = 1000


@dataclass(frozen=True, slots=True)
class Result:
    """A figure as `bench.json` has it."""

    name: str
    ours: float
    peer: float | None
    ratio: float
    goal: float
    better: Better
    cpu_us: float | None
    runs: int

    @classmethod
    def of(cls, figure: Figure) -> Self:
        """Give what is kept of a figure: its medians."""
        return cls(
            name=figure.name,
            ours=figure.ours.value,
            peer=figure.peer.value if figure.peer else None,
            ratio=figure.ratio,
            goal=figure.goal,
            better=figure.better,
            cpu_us=figure.ours.cpu_us,
            runs=len(figure.ours.samples),
        )

    @property
    def is_reached(self) -> bool:
        """Whether it is as good as the goal, or better."""
        return self.ratio >= self.goal if self.better is Better.HIGHER else self.ratio <= self.goal


@dataclass(frozen=True, slots=True)
class Report:
    """A whole run."""

    figures: tuple[Result, ...]
    remarks: tuple[str, ...]


def to_json(report: Report) -> str:
    """Give the whole file."""
    return json.dumps(asdict(report), indent=2, ensure_ascii=False) + "\n"


def from_json(text: str) -> Report:
    """Read what `to_json` gave; raise BenchmarkError for anything else."""
    try:
        given = json.loads(text)
        rows = [Result(**row | {"better": Better(row["better"])}) for row in given["figures"]]
        return Report(tuple(rows), tuple(given["remarks"]))
    except (ValueError, KeyError, TypeError) as error:
        raise BenchmarkError(f"that is no bench.json: {error}") from None


def to_table(figures: Sequence[Result]) -> str:
    """Give columns for a terminal."""
    rows = [_HEADS, *map(_cells, figures)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(
            cell.ljust(width) if index == 0 else cell.rjust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]
    return "\n".join(lines) + "\n"


def to_markdown(figures: Sequence[Result], columns: int = len(_HEADS)) -> str:
    """Give a table of markdown, with its first columns or all."""
    rows = [_HEADS, ("---", *["---:"] * (len(_HEADS) - 1)), *map(_cells, figures)]
    return "".join(f"| {' | '.join(row[:columns])} |\n" for row in rows)


def goals_met(figures: Sequence[Result]) -> str:
    """Give a sentence about how many goals are."""
    met = sum(figure.is_reached for figure in figures)
    return f"{met} of {len(figures)} goals are met; those in parentheses are not."


def _cells(figure: Result) -> tuple[str, ...]:
    goal = f"{_SIGNS[figure.better]} {_number(figure.goal)}"
    return (
        figure.name,
        _number(figure.ours),
        "" if figure.peer is None else _number(figure.peer),
        _number(figure.ratio),
        goal if figure.is_reached else f"({goal})",
        "" if figure.cpu_us is None else _number(figure.cpu_us),
        str(figure.runs),
    )


def _number(value: float) -> str:
    if abs(value) >= _LARGE:
        return f"{value:,.0f}"
    return f"{value:.{_DIGITS}g}"
