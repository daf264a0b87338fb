"""Entries a second, signed and in plain text, each on disk before its answer: by the tutorial's.

The echo takes its turn too: it is the floor, and it shows what the generator can do.
"""

from collections.abc import Iterator
from functools import partial
from typing import Final

from benchmarks.figures import Better, Figure, Sample, take_turns
from benchmarks.generator import TEXT_END, Load, Loop, write_datagrams
from benchmarks.peers.running import Peer, start_echo, start_tutorial
from benchmarks.processes import cpu_seconds
from benchmarks.requests import texts
from benchmarks.town import WINDOW
from benchmarks.workbench import Workbench

_ECHOES: Final = 4
"""Times the entries: an echo is so much faster that a run would be over too soon."""


def writing(bench: Workbench) -> Iterator[Figure]:
    """Measure both of ours and both floors in turn."""
    town, entries = bench.town, bench.scale.entries
    loads: list[Load] = []
    with start_tutorial(bench) as tutorial, start_echo(bench) as echo:
        taken = take_turns(
            {
                "signed": partial(town.write, entries),
                "plain": partial(_plain, bench, Peer(town.server.process, town.server.port)),
                "tutorial": partial(_plain, bench, tutorial),
                "echo": partial(_echoed, bench, echo, loads),
            },
            bench.scale.runs,
        )
    fastest = max(loads, key=lambda load: load.rate)
    bench.remarks["generator"] = (
        f"The generator reached {fastest.rate:,.0f} datagrams a second against the echo in Python, "
        f"with its core {fastest.busy:.0%} busy."
    )
    yield Figure(
        f"signed + encrypted + fsynced entries/s, {bench.scale.users:,} users, window {WINDOW} "
        ": tutorial's loop",
        taken["signed"],
        taken["tutorial"],
        2.5,
        Better.HIGHER,
    )
    yield Figure(
        "plain-text UDP entries/s, fsynced : tutorial's loop",
        taken["plain"],
        taken["tutorial"],
        3,
        Better.HIGHER,
    )


def _plain(bench: Workbench, peer: Peer) -> Sample:
    return _run(bench, peer, bench.scale.entries)[1]


def _echoed(bench: Workbench, peer: Peer, loads: list[Load]) -> Sample:
    load, sample = _run(bench, peer, _ECHOES * bench.scale.entries)
    loads.append(load)
    return sample


def _run(bench: Workbench, peer: Peer, number: int) -> tuple[Load, Sample]:
    path = bench.folder / "texts"
    write_datagrams(path, [text.encode() for text in texts(number)])
    before = cpu_seconds(peer.process.pid)
    load = bench.generator.closed(path, peer.port, Loop(WINDOW, TEXT_END))
    used = cpu_seconds(peer.process.pid) - before
    return load, Sample(load.rate, 1e6 * used / number)
