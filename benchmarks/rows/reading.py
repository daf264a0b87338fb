"""Reading: one day of a long diary by one of a short one, and a year over a bad link."""

import os
import subprocess
import time
from collections.abc import Iterator
from functools import partial
from typing import Final

from benchmarks.claims import Claim
from benchmarks.clienthome import home_of
from benchmarks.errors import BenchmarkError
from benchmarks.estates import days_ago
from benchmarks.figures import Better, Figure, Sample, alone, take_turns
from benchmarks.generator import Loop
from benchmarks.population import Person
from benchmarks.requests import signed
from benchmarks.town import Town
from benchmarks.workbench import Workbench
from protocol.messages.diary import Days, Read
from protocol.messages.padding import padded
from tests.lossy_proxy import LossyProxy, Weather
from tests.programs import BIN

ONE_DAY: Final = Claim(
    "read one day out of {scale.old_days:,}, us : out of one day", 1.2, Better.LOWER
)
YEAR: Final = Claim(
    "a year ({scale.year_megabytes:.1f} MB) read through the proxy, 50 ms round trip, 1 % loss, s",
    12,
    Better.LOWER,
)
YEAR_SECONDS: Final = 120.0
WEATHER: Final = Weather(loss=0.01, delay=0.025)
"""1 % lost, and 25 ms each way: a round trip of 50 ms."""


def one_day(bench: Workbench) -> Iterator[Figure]:
    """Ask for a day as a client does: its row, then its bytes; the first person's diary is long."""
    town, number = bench.readers_town, bench.scale.latencies
    old, young, _ = town.people
    taken = take_turns(
        {
            "old": partial(_read_yesterday, town, old, number),
            "young": partial(_read_yesterday, town, young, number),
        },
        bench.scale.runs,
    )
    yield ONE_DAY.figure(bench.scale, taken["old"], taken["young"])


def year(bench: Workbench) -> Iterator[Figure]:
    """Read a year with `diaryclient`, in another weather each time."""
    town = bench.readers_town
    times = [_read_year(bench, town, seed) for seed in range(bench.scale.runs)]
    yield YEAR.figure(bench.scale, alone(*times))


def _read_yesterday(town: Town, person: Person, number: int) -> Sample:
    day = days_ago(1)
    rows = signed([person], (padded(Days(day, day)) for _ in range(number)))
    pieces = signed([person], (padded(Read(day, 0, 0)) for _ in range(number)))
    loop = Loop(window=1)
    listed, read = town.ask(rows, [person], Days, loop), town.ask(pieces, [person], Read, loop)
    return Sample(listed.load.median_us + read.load.median_us, listed.cpu_us + read.cpu_us)


def _read_year(bench: Workbench, town: Town, seed: int) -> float:
    with LossyProxy(town.server.address, WEATHER, seed=seed) as proxy:
        home = home_of(bench.folder / f"reader{seed}", town, town.people[2], proxy.port)
        began = time.perf_counter()
        done = subprocess.run(
            [
                BIN / "diaryclient",
                "read",
                "--short",
                "--from",
                days_ago(bench.scale.year_days),
                "--to",
                days_ago(1),
            ],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=os.environ | home.env,
            timeout=YEAR_SECONDS,
            check=False,
        )
        seconds = time.perf_counter() - began
    entries = done.stdout.count(b"\n")
    if done.returncode or entries != bench.scale.year_days * bench.scale.year_entries:
        raise BenchmarkError(f"{entries} entries were read: {done.stderr.decode()}")
    return seconds
