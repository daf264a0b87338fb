"""Breaks lines by the columns that they take on a screen, where a wide character takes two.

Rules: a terminal that wraps by itself begins the next row at the left edge, where a text could pass
for a line of this program; a row that goes on begins with spaces instead.
"""

from typing import Final

from wcwidth import wrap

_NARROWEST: Final = 12
"""Columns below which rows are not made shorter; a screen that narrow wraps by itself."""

_INDENT: Final = "  "


def wrap_lines(text: str, columns: int, indent: str = _INDENT) -> list[str]:
    """Give the rows of a text, each of its lines wrapped at words, at wide characters if need be.

    Rows that go on begin with `indent`. A tab counts as the spaces up to the next multiple of
    eight.
    """
    width = max(columns, _NARROWEST)
    return [row for line in text.split("\n") for row in _wrap_line(line, width, indent)]


def _wrap_line(line: str, width: int, indent: str) -> list[str]:
    rows = wrap(
        line,
        width,
        subsequent_indent=indent,
        break_on_hyphens=False,
        propagate_sgr=False,
    )
    return rows or [""]
