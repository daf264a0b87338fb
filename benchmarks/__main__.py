"""`python -m benchmarks`: measure, show a table, and write `build/bench.json`."""

import argparse
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import benchmarks
from benchmarks.errors import BenchmarkError
from benchmarks.figures import Figure
from benchmarks.machine import describe, file_system, is_in_memory
from benchmarks.pasting import paste
from benchmarks.report import Report, Result, from_json, to_json, to_markdown, to_table
from benchmarks.rows import ROWS, titles
from benchmarks.scale import FULL, QUICK, TINY, Scale
from benchmarks.workbench import Workbench, open_workbench, say

_ROOT: Final = Path(__file__).parents[1]
_SCALES: Final = {"full": FULL, "quick": QUICK, "tiny": TINY}
_INTERRUPTED: Final = 130


def main() -> int:
    """Measure and give the exit status: 0 measured, whatever the figures are; 1 could not."""
    given = _parse()
    for number in (signal.SIGINT, signal.SIGTERM):
        # SIGINT too: what is started in the background by a shell ignores it.
        signal.signal(number, signal.default_int_handler)
    try:
        if given.paste:
            paste(from_json(_kept(given.build)), _ROOT, titles(list(ROWS), FULL))
            return 0
        return 0 if _run(given) else 1
    except BenchmarkError as error:
        sys.stderr.write(f"benchmarks: {error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("benchmarks: interrupted; what was started has ended\n")
        return _INTERRUPTED


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks", description=benchmarks.__doc__)
    parser.add_argument("--quick", action="store_true", help="only rows that take seconds, smaller")
    parser.add_argument("--only", action="append", choices=list(ROWS), help="this row; repeatable")
    parser.add_argument("--scale", choices=list(_SCALES), help="how much of everything")
    parser.add_argument("--markdown", action="store_true", help="print the table as markdown")
    parser.add_argument("--build", type=Path, default=_ROOT / "build", help="where bench.json goes")
    parser.add_argument(
        "--paste", action="store_true", help="measure nothing; show bench.json in the documents"
    )
    return parser.parse_args()


def _run(given: argparse.Namespace) -> bool:
    """Measure and show; tell whether all could be measured."""
    wanted = given.only or [name for name, row in ROWS.items() if row.is_quick or not given.quick]
    scale = _SCALES[given.scale or ("quick" if given.quick else "full")]
    report, failed = _measured(wanted, scale, given.build)
    (given.build / "bench.json").write_text(to_json(report))
    table = (to_markdown if given.markdown else to_table)(report.figures)
    sys.stdout.write(table + "\n" + "\n".join(report.remarks) + "\n")
    return not failed


def _measured(wanted: Sequence[str], scale: Scale, build: Path) -> tuple[Report, list[str]]:
    """Give what was measured, and what could not be or went wrong at the end."""
    figures: list[Figure] = []
    remarks: list[str] = []
    failed: list[str] = []
    began = time.perf_counter()
    try:
        with open_workbench(scale, build) as bench:
            _warn(bench)
            for name in wanted:
                figures += _measure(bench, name, failed)
            remarks = [f"{describe(bench.folder)}.", _of_the_generator(bench)]
            remarks += bench.remarks.values()
    except BenchmarkError as error:
        # A server that several rows shared has not ended well.
        if not figures:
            raise
        failed.append("the end")
        remarks.append(f"{error}")
    seconds = time.perf_counter() - began
    remarks.append(f"All of it took {seconds // 60:.0f} min {seconds % 60:.0f} s.")
    return Report(tuple(map(Result.of, figures)), tuple(remarks)), failed


def _measure(bench: Workbench, name: str, failed: list[str]) -> list[Figure]:
    say(f"measuring {name} ...")
    began = time.perf_counter()
    try:
        figures = list(ROWS[name].measure(bench))
    except BenchmarkError as error:
        # The other rows of half an hour are worth keeping.
        failed.append(name)
        bench.remarks[name] = f"{name} could not be measured: {error}"
        say(bench.remarks[name])
        return []
    say(f"measured {name} in {time.perf_counter() - began:.0f} s")
    return figures


def _warn(bench: Workbench) -> None:
    kind = file_system(bench.folder)
    if is_in_memory(kind):
        bench.remarks["disk"] = f"The data lies on {kind}, in memory: a sync costs nothing!"
    if not bench.cores.are_apart:
        bench.remarks["cores"] = "One core only: the generator takes time from what it measures!"


def _of_the_generator(bench: Workbench) -> str:
    reached = bench.reached
    return (
        f"The generator reached {reached.rate:,.0f} datagrams a second against an echo in C, with "
        f"{1e6 * reached.cpu_seconds / reached.answered:.1f} us of its core for each; in the runs "
        f"of this table its core was at most {bench.generator.busiest:.0%} busy."
    )


def _kept(build: Path) -> str:
    try:
        return (build / "bench.json").read_text()
    except FileNotFoundError:
        raise BenchmarkError("nothing was measured yet; type: make bench") from None


if __name__ == "__main__":
    sys.exit(main())
