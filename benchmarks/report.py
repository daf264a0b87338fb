"""How figures are shown: `bench.json` for programs, a table for terminals, markdown for the README.

    {"figures": [{"name", "ours", "peer", "ratio", "goal", "better", "cpu_us", "runs"}]}

`peer` is null where the goal is a number of its own, and `ratio` is then that number; `cpu_us` is
the server's CPU time for one request, null where there is none; `runs` is how many `ours` had.
"""

import json
from collections.abc import Sequence
from typing import Final

from benchmarks.figures import Better, Figure

_HEADS: Final = ("figure", "ours", "peer", "ratio", "goal", "CPU us", "runs")
_SIGNS: Final = {Better.HIGHER: "≥", Better.LOWER: "≤"}
_DIGITS: Final = 3
"""Significant ones: more would claim what no run on a shared machine can know."""

_LARGE: Final = 1000


def to_json(figures: Sequence[Figure]) -> str:
    """Give the whole file."""
    rows = [
        {
            "name": figure.name,
            "ours": figure.ours.value,
            "peer": figure.peer.value if figure.peer else None,
            "ratio": figure.ratio,
            "goal": figure.goal,
            "better": str(figure.better),
            "cpu_us": figure.ours.cpu_us,
            "runs": len(figure.ours.samples),
        }
        for figure in figures
    ]
    return json.dumps({"figures": rows}, indent=2) + "\n"


def to_table(figures: Sequence[Figure]) -> str:
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


def to_markdown(figures: Sequence[Figure]) -> str:
    """Give a table of markdown."""
    rows = [_HEADS, ("---", *["---:"] * (len(_HEADS) - 1)), *map(_cells, figures)]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _cells(figure: Figure) -> tuple[str, ...]:
    goal = f"{_SIGNS[figure.better]} {_number(figure.goal)}"
    return (
        figure.name,
        _number(figure.ours.value),
        _number(figure.peer.value) if figure.peer else "",
        _number(figure.ratio),
        goal if figure.is_reached else f"({goal})",
        "" if figure.ours.cpu_us is None else _number(figure.ours.cpu_us),
        str(len(figure.ours.samples)),
    )


def _number(value: float) -> str:
    if abs(value) >= _LARGE:
        return f"{value:,.0f}"
    return f"{value:.{_DIGITS}g}"
