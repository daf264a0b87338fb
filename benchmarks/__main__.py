"""`python -m benchmarks`: measure, show a table, and write `build/bench.json`."""

import argparse
import signal
import sys
import time
from pathlib import Path
from typing import Final

from benchmarks.errors import BenchmarkError
from benchmarks.figures import Figure
from benchmarks.machine import describe, file_system, is_in_memory
from benchmarks.report import to_json, to_markdown, to_table
from benchmarks.rows import ROWS
from benchmarks.scale import FULL, QUICK, TINY
from benchmarks.workbench import Workbench, open_workbench, say

_BUILD: Final = Path(__file__).parents[1] / "build"
_SCALES: Final = {"full": FULL, "quick": QUICK, "tiny": TINY}
_INTERRUPTED: Final = 130


def main() -> int:
    """Measure and give the exit status: 0 measured, whatever the figures are; 1 could not."""
    given = _parse()
    for number in (signal.SIGINT, signal.SIGTERM):
        # SIGINT too: what is started in the background by a shell ignores it.
        signal.signal(number, signal.default_int_handler)
    wanted = given.only or [name for name, row in ROWS.items() if row.is_quick or not given.quick]
    scale = _SCALES[given.scale or ("quick" if given.quick else "full")]
    try:
        with open_workbench(scale, given.build) as bench:
            _warn(bench)
            figures = [figure for name in wanted for figure in _measure(bench, name)]
            remarks = [describe(bench.folder) + ".", *bench.remarks.values()]
    except BenchmarkError as error:
        sys.stderr.write(f"benchmarks: {error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("benchmarks: interrupted; what was started has ended\n")
        return _INTERRUPTED
    path = given.build / "bench.json"
    path.write_text(to_json(figures))
    table = to_markdown(figures) if given.markdown else to_table(figures)
    sys.stdout.write(table + "\n" + "\n".join(remarks) + "\n")
    return 0


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="only rows that take seconds, smaller")
    parser.add_argument("--only", action="append", choices=list(ROWS), help="this row; repeatable")
    parser.add_argument("--scale", choices=list(_SCALES), help="how much of everything")
    parser.add_argument("--markdown", action="store_true", help="print the table as markdown")
    parser.add_argument("--build", type=Path, default=_BUILD, help="where bench.json goes")
    return parser.parse_args()


def _measure(bench: Workbench, name: str) -> list[Figure]:
    say(f"measuring {name} ...")
    began = time.perf_counter()
    figures = list(ROWS[name].measure(bench))
    say(f"measured {name} in {time.perf_counter() - began:.0f} s")
    return figures


def _warn(bench: Workbench) -> None:
    kind = file_system(bench.folder)
    if is_in_memory(kind):
        bench.remarks["disk"] = f"The data lies on {kind}, in memory: a sync costs nothing!"
    if not bench.cores.are_apart:
        bench.remarks["cores"] = "One core only: the generator takes time from what it measures!"


if __name__ == "__main__":
    sys.exit(main())
