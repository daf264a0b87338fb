"""Draws the hours of the day as a chart of bars, one upright for each hour.

Rules: pure; plain characters. The highest bar is as high as the chart, and an hour that has any
entry has a mark.
"""

from collections.abc import Sequence
from typing import Final

_HEIGHT: Final = 5
_BAR: Final = "#"
_APART: Final = 6
"""Columns from one hour that is named below the chart to the next."""


def draw_hours(hours: Sequence[int], columns: int) -> list[str]:
    """Give the rows of the chart; `hours` are 24 numbers, not all 0."""
    most = max(hours)
    axis = len(str(most))
    cell = 2 if axis + 2 + 2 * len(hours) <= columns else 1
    heights = [-(-count * _HEIGHT // most) for count in hours]
    rows = []
    for level in range(_HEIGHT, 0, -1):
        bars = "".join((_BAR if height >= level else " ").ljust(cell) for height in heights)
        label = str(most) if level == _HEIGHT else ""
        rows.append(f"{label:>{axis}} |{bars}".rstrip())
    step = _APART // cell
    named = "".join(str(hour).ljust(_APART) for hour in range(0, len(hours), step))
    return [*rows, f"{'0':>{axis}} +{'-' * cell * len(hours)}", f"{'':{axis}}  {named}".rstrip()]
