"""Signed single entries a second, nothing lost, by the lines that rsyslog writes on the same core.

rsyslog takes what comes and drops what it cannot hold; only the lines it wrote count.
"""

import time
from collections.abc import Iterator
from functools import partial
from typing import Final

from benchmarks.figures import Better, Figure, Sample, take_turns
from benchmarks.generator import write_datagrams
from benchmarks.peers.rsyslog import Rsyslog, line, program, rsyslog
from benchmarks.processes import cpu_seconds, wait_until_idle
from benchmarks.requests import texts
from benchmarks.workbench import Workbench

_SECONDS: Final = 0.6


def lines(bench: Workbench) -> Iterator[Figure]:
    """Measure both in turn; without rsyslog there is nothing to say."""
    if program() is None:
        bench.remarks["rsyslog"] = "rsyslog is left out: sudo apt install rsyslog installs it."
        return
    town, entries = bench.town, bench.scale.entries
    with rsyslog(bench.folder / "rsyslog", bench.cores.measured) as peer:
        taken = take_turns(
            {"ours": partial(town.write, entries), "rsyslog": partial(_written, bench, peer)},
            bench.scale.runs,
        )
    yield Figure(
        "signed single entries/s, fsynced, nothing lost : rsyslog lines/s written, same core",
        taken["ours"],
        taken["rsyslog"],
        1,
        Better.HIGHER,
    )


def _written(bench: Workbench, peer: Rsyslog) -> Sample:
    path = bench.folder / "lines"
    users, number = bench.scale.users, bench.scale.entries
    write_datagrams(
        path, [line(f"u{index % users}", text) for index, text in enumerate(texts(number))]
    )
    already, used, began = peer.lines(), cpu_seconds(peer.process.pid), time.perf_counter()
    bench.generator.blast(path, peer.port, rate=0, seconds=_SECONDS)
    seconds = wait_until_idle(peer.process.pid) - began
    written = peer.lines() - already
    cpu = cpu_seconds(peer.process.pid) - used
    return Sample(written / seconds, 1e6 * cpu / max(1, written))
