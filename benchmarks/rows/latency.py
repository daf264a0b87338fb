"""One writer who waits for each answer, by what no server can go below: a sync and a round trip."""

import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from typing import Final

from benchmarks.claims import Claim
from benchmarks.figures import Better, Figure, Sample, take_turns
from benchmarks.generator import Loop, write_datagrams
from benchmarks.peers.running import Peer, start_echo
from benchmarks.processes import PATIENCE_SECONDS, on_core
from benchmarks.requests import signed_entries
from benchmarks.workbench import Workbench

LATENCY: Final = Claim(
    "one writer, window 1: median latency, us : one fdatasync + one echo round trip",
    1.5,
    Better.LOWER,
)


def latency(bench: Workbench) -> Iterator[Figure]:
    """Measure ours and the floor in turn."""
    town, number = bench.town, bench.scale.latencies
    with start_echo(bench) as echo:
        taken = take_turns(
            {"ours": partial(town.latency, number), "floor": partial(_floor, bench, echo)},
            bench.scale.runs,
        )
    yield LATENCY.figure(bench.scale, taken["ours"], taken["floor"])


def _floor(bench: Workbench, echo: Peer) -> Sample:
    path = bench.folder / "echoed"
    write_datagrams(path, signed_entries(bench.town.people[:1], bench.scale.latencies))
    load = bench.generator.closed(path, echo.port, Loop(window=1))
    return Sample(load.median_us + _sync_us(bench))


def _sync_us(bench: Workbench) -> float:
    words = ["-m", "benchmarks.peers.syncing", bench.folder / "synced", str(bench.scale.latencies)]
    done = subprocess.run(
        on_core(bench.cores.measured, [sys.executable, *map(str, words)]),
        capture_output=True,
        timeout=PATIENCE_SECONDS,
        check=True,
    )
    return float(done.stdout)
