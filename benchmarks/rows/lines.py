"""Entries a second that come in batches, all of them found again, by the lines rsyslog writes.

A batch is one user's; rsyslog's lines are of all users in turn, as they come from many machines. It
takes what comes and drops what it cannot hold; only the lines that stand in its files count.
"""

import time
from collections.abc import Iterator
from functools import partial
from typing import Final

from benchmarks.claims import Claim
from benchmarks.figures import Better, Figure, Sample, take_turns
from benchmarks.generator import write_datagrams
from benchmarks.peers.rsyslog import Rsyslog, line, program, rsyslog
from benchmarks.processes import cpu_seconds, wait_until_idle
from benchmarks.requests import ENTRIES_A_BATCH, texts
from benchmarks.workbench import Workbench

BATCHED: Final = Claim(
    f"`batch` entries/s, {ENTRIES_A_BATCH} a datagram, fsynced, nothing lost "
    ": rsyslog lines/s written, same core",
    1,
    Better.HIGHER,
)
_SECONDS: Final = 0.6
_ENTRIES: Final = 4
"""Times those of a run of single entries: in batches they would be over too soon."""


def lines(bench: Workbench) -> Iterator[Figure]:
    """Measure both in turn; without rsyslog there is nothing to say."""
    if program() is None:
        bench.remarks["rsyslog"] = "rsyslog is left out: sudo apt install rsyslog installs it."
        return
    town, entries = bench.town, _ENTRIES * bench.scale.entries
    lost: list[float] = []
    with rsyslog(bench.folder / "rsyslog", bench.cores.measured) as peer:
        taken = take_turns(
            {
                "ours": partial(town.write_batches, entries),
                "rsyslog": partial(_written, bench, peer, entries, lost),
            },
            bench.scale.runs,
        )
    bench.remarks["rsyslog"] = f"rsyslog dropped up to {max(lost):.0%} of the lines it was sent."
    yield BATCHED.figure(bench.scale, taken["ours"], taken["rsyslog"])


def _written(bench: Workbench, peer: Rsyslog, number: int, lost: list[float]) -> Sample:
    path, users = bench.folder / "lines", bench.scale.users
    write_datagrams(
        path, [line(f"u{index % users}", text) for index, text in enumerate(texts(number))]
    )
    already, used = peer.lines(), cpu_seconds(peer.process.pid)
    load = bench.generator.blast(path, peer.port, rate=0, seconds=_SECONDS)
    began = time.perf_counter() - load.seconds
    seconds = wait_until_idle(peer.process.pid) - began
    written = peer.lines() - already
    cpu = cpu_seconds(peer.process.pid) - used
    lost.append(1 - written / load.sent)
    return Sample(written / seconds, 1e6 * cpu / max(1, written))
