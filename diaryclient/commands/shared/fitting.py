"""Rows of figures and facts, as wide as the terminal that they go to; a pipe gets them whole."""

import shutil
import sys
from typing import Final

_ROOM_FOR_INDENT: Final = 60
"""Columns from which rows that go on may stand behind the first one's label."""


def columns_of_stdout() -> int | None:
    """Give the width of the terminal, None if standard output is none."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def fitted(line: str, label: int = 2) -> str:
    """Wrap a line at words if it goes to a terminal.

    What goes on stands `label` columns from the edge where there is room, else two.
    """
    columns = columns_of_stdout()
    if columns is None:
        return line
    from diaryclient.screen.wrapping import wrap_lines  # noqa: PLC0415 - only a terminal needs its tables

    indent = " " * (label if columns >= _ROOM_FOR_INDENT else min(label, 2))
    return "\n".join(wrap_lines(line, columns, indent))
