"""The rows of the table, by name; each module measures what belongs together.

A row is added by a function that takes the workbench and gives figures, and a line in `ROWS`.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from benchmarks.figures import Figure
from benchmarks.rows.commands import write_command
from benchmarks.rows.floods import floods
from benchmarks.rows.growing import many_users, stored_entries
from benchmarks.rows.latency import latency
from benchmarks.rows.lines import lines
from benchmarks.rows.memory import memory
from benchmarks.rows.reading import one_day, year
from benchmarks.rows.restarting import restart
from benchmarks.rows.writing import writing
from benchmarks.workbench import Workbench


@dataclass(frozen=True, slots=True)
class Row:
    """What measures, and whether `make bench-quick` has time for it."""

    measure: Callable[[Workbench], Iterator[Figure]]
    is_quick: bool = False


ROWS: Final[Mapping[str, Row]] = {
    "writing": Row(writing, is_quick=True),
    "latency": Row(latency, is_quick=True),
    "command": Row(write_command, is_quick=True),
    "lines": Row(lines, is_quick=True),
    "users": Row(many_users),
    "stored": Row(stored_entries),
    "day": Row(one_day),
    "restart": Row(restart),
    "memory": Row(memory),
    "year": Row(year),
    "floods": Row(floods),
}
