"""The rows of the table, by name; each module measures what belongs together.

A row is added by a function that takes the workbench and gives figures, what it claims, and a line
in `ROWS`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from benchmarks.claims import Claim
from benchmarks.figures import Figure
from benchmarks.rows.commands import COMMAND, write_command
from benchmarks.rows.floods import FLOODS, floods
from benchmarks.rows.growing import MANY_USERS, STORED, many_users, stored_entries
from benchmarks.rows.latency import LATENCY, latency
from benchmarks.rows.lines import BATCHED, lines
from benchmarks.rows.login_floods import LOGIN_FLOODS, login_floods
from benchmarks.rows.memory import AT_REST, IDLE_USER, UNDER_LOAD, memory
from benchmarks.rows.reading import ONE_DAY, YEAR, one_day, year
from benchmarks.rows.restarting import RESTART, restart
from benchmarks.rows.shares import SHARES, shares
from benchmarks.rows.writing import PLAIN, SIGNED, writing
from benchmarks.scale import Scale
from benchmarks.workbench import Workbench


@dataclass(frozen=True, slots=True)
class Row:
    """What measures, what it gives, and whether `make bench-quick` has time for it."""

    measure: Callable[[Workbench], Iterator[Figure]]
    claims: tuple[Claim, ...]
    is_quick: bool = False


ROWS: Final[Mapping[str, Row]] = {
    "writing": Row(writing, (SIGNED, PLAIN), is_quick=True),
    "latency": Row(latency, (LATENCY,), is_quick=True),
    "command": Row(write_command, (COMMAND,), is_quick=True),
    "lines": Row(lines, (BATCHED,), is_quick=True),
    "users": Row(many_users, (MANY_USERS,)),
    "stored": Row(stored_entries, (STORED,)),
    "day": Row(one_day, (ONE_DAY,)),
    "restart": Row(restart, (RESTART,)),
    "memory": Row(memory, (IDLE_USER, AT_REST, UNDER_LOAD)),
    "year": Row(year, (YEAR,)),
    "floods": Row(floods, tuple(FLOODS.values())),
    "login-floods": Row(login_floods, LOGIN_FLOODS),
    "shares": Row(shares, SHARES),
}


def titles(rows: Sequence[str], scale: Scale) -> list[str]:
    """Give what the figures of these rows are called at a scale, in the table's order."""
    return [claim.title(scale) for name in rows for claim in ROWS[name].claims]
