"""`python -m tests.torture --power`: every power cut there is; exit 1 on any violation.

`--bite` takes each sync out in turn instead, and prints which state notices it.
"""

import argparse
import multiprocessing
import os
import random
import sys
from collections.abc import Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from typing import Final

from diaryserver.clock import SystemClock
from tests.powercut.exceptions import is_accepted
from tests.powercut.exploring import Count, Finding, Search
from tests.powercut.jobs import (
    calls_of,
    explore_faults,
    explore_scenario,
    explore_sequences,
    explore_twice,
    get_ready,
)
from tests.powercut.scenarios import scenarios
from tests.powercut.sequences import all_words
from tests.powercut.verdicts import Verdicts, show_row

STATES_OF_A_FAULT: Final = 4
MOMENTS_OF_A_FAULT: Final = 4
STATES_CUT_AGAIN: Final = 12
STATES_OF_A_SECOND_CUT: Final = 20
PARTS: Final = ("scenarios", "again", "failing", "sequences")
MOMENTS: Final = 20
"""Of a restart, drawn: there are thousands of them."""

AT_ONCE: Final = 8
SHOWN: Final = 40
PROGRESS_SECONDS: Final = 30
_clock: Final = SystemClock()


def explorers(processes: int) -> ProcessPoolExecutor:
    """Give processes that explore; each has one thread, so that it may fork."""
    return ProcessPoolExecutor(
        processes, mp_context=multiprocessing.get_context("spawn"), initializer=get_ready
    )


def main(arguments: Sequence[str]) -> int:
    """Run, print the counts, and give the exit status."""
    parser = argparse.ArgumentParser(prog="tests.torture --power", description=__doc__)
    parser.add_argument("--bite", action="store_true", help="take each sync out in turn")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="scenarios whose names have these words")
    parser.add_argument("--most", type=int, help="states of a scenario and model; all by default")
    parser.add_argument("--parts", default=",".join(PARTS), help="which of them: %(default)s")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--markdown", action="store_true", help="print tables for a document")
    chosen = parser.parse_args(arguments)
    names = [each.name for each in scenarios() if chosen.only in each.name]
    if unknown := set(chosen.parts.split(",")) - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    if not names and "sequence" not in chosen.only:
        sys.stderr.write(f"tests.torture: there is no scenario of the name {chosen.only}\n")
        return 2
    with explorers(chosen.processes) as pool:
        if chosen.bite:
            verdicts = Verdicts(pool, names, chosen.seed, chosen.processes)
            verdicts.show(is_markdown=chosen.markdown)
            return 0
        try:
            return _explore(pool, names, chosen)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)  # if one failed, for the others


Job = tuple[str, Future[Count]]


def _explore(pool: ProcessPoolExecutor, names: list[str], chosen: argparse.Namespace) -> int:
    began = shown = _clock.monotonic()
    rows: dict[str, Count] = {}
    jobs = _jobs(pool, names, chosen)
    for number, (row, future) in enumerate(jobs, start=1):
        count = future.result()
        rows.setdefault(row, Count()).add(count)
        for each in [each for each in count.findings if not is_accepted(each)][:1]:
            sys.stderr.write(f"violation: {each}\n")
        if _clock.monotonic() - shown > PROGRESS_SECONDS:
            shown = _clock.monotonic()
            sys.stderr.write(f"{number} of {len(jobs)} pieces looked at\n")
    total = Count()
    for count in rows.values():
        total.add(count)
    rows["in all"] = total
    _show_rows(rows, is_markdown=chosen.markdown)
    sys.stdout.write(f"seed {chosen.seed}, {_clock.monotonic() - began:.0f} s\n")
    violations = [each for each in total.findings if not is_accepted(each)]
    for each in _different(violations)[:SHOWN]:
        sys.stdout.write(f"VIOLATION: {each}\n")
    return 1 if violations else 0


def _jobs(pool: ProcessPoolExecutor, names: list[str], chosen: argparse.Namespace) -> list[Job]:
    search = Search(chosen.seed, chosen.most)
    again = Search(chosen.seed, STATES_OF_A_SECOND_CUT, MOMENTS)
    faulty = Search(chosen.seed, STATES_OF_A_FAULT, MOMENTS_OF_A_FAULT, ("ordered",))
    parts: list[str] = chosen.parts.split(",")
    jobs: list[Job] = []
    if "scenarios" in parts:
        jobs += [(name, pool.submit(explore_scenario, name, search)) for name in names]
    if "again" in parts:
        twice = [pool.submit(explore_twice, name, again, STATES_CUT_AGAIN) for name in names]
        jobs += [("the same, cut again", each) for each in twice]
    if "failing" in parts:
        calls = dict(zip(names, pool.map(calls_of, names), strict=True))
        fails = [
            pool.submit(explore_faults, name, calls[name][at : at + AT_ONCE], faulty)
            for name in names
            for at in range(0, len(calls[name]), AT_ONCE)
        ]
        jobs += [("the same, a call fails", each) for each in fails]
    if "sequences" in parts:
        words = [word for word in all_words() if chosen.only in f"sequence {word}"]
        random.Random(chosen.seed).shuffle(words)
        pieces = [words[at : at + AT_ONCE] for at in range(0, len(words), AT_ONCE)]
        jobs += [("sequences", pool.submit(explore_sequences, each, search)) for each in pieces]
    return jobs


def _different(findings: list[Finding]) -> list[Finding]:
    """Give the first of each kind: words without the numbers, which differ between states."""
    first: dict[tuple[str, str, str, str], Finding] = {}
    for each in findings:
        words = "".join(letter for letter in each.said[0] if not letter.isdigit())
        first.setdefault((each.scenario, each.model, each.fault, words), each)
    return list(first.values())


def _show_rows(rows: dict[str, Count], *, is_markdown: bool) -> None:
    heads = ["scenario", "calls", "states tried", "distinct", "checked", "accepted", "violations"]
    show_row(heads, is_markdown=is_markdown)
    if is_markdown:
        show_row(["---", *["---:"] * 6], is_markdown=True)
    for name, count in rows.items():
        accepted = sum(map(is_accepted, count.findings))
        numbers = [count.calls, count.tried, count.distinct, count.checked, accepted]
        cells = [name, *map(str, numbers), str(len(count.findings) - accepted)]
        show_row(cells, is_markdown=is_markdown)
