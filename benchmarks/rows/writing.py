"""Entries a second, signed and in plain text, each on disk before its answer: by the tutorial's.

The echo takes its turn too: it is the floor of what Python costs.
"""

from collections.abc import Iterator
from functools import partial
from typing import Final

from benchmarks.claims import Claim
from benchmarks.figures import Better, Figure, Sample, take_turns
from benchmarks.generator import TEXT_END, Generator, Loop, write_datagrams
from benchmarks.peers.running import Peer, start_echo, start_tutorial
from benchmarks.processes import cpu_seconds
from benchmarks.requests import texts as some_texts
from benchmarks.town import WINDOW
from benchmarks.workbench import Workbench

SIGNED: Final = Claim(
    f"signed + encrypted + fsynced entries/s, {{scale.users:,}} users, window {WINDOW} "
    ": tutorial's loop",
    2.5,
    Better.HIGHER,
)
PLAIN: Final = Claim("plain-text UDP entries/s, fsynced : tutorial's loop", 3, Better.HIGHER)

_ECHOES: Final = 4
"""Times the entries: an echo is so much faster that a run would be over too soon."""


def writing(bench: Workbench) -> Iterator[Figure]:
    """Measure both of ours and both floors in turn."""
    town, entries, texts = bench.town, bench.scale.entries, bench.scale.texts
    run, ours = partial(_run, bench, bench.generator), Peer(town.server.process, town.server.port)
    # An echo is as fast as the generator, and no figure of the table.
    run_echo = partial(_run, bench, bench.generator.apart())
    with start_tutorial(bench) as tutorial, start_echo(bench) as echo:
        taken = take_turns(
            {
                "signed": partial(town.write, entries),
                "plain": partial(run, ours, texts),
                "tutorial": partial(run, tutorial, texts),
                "echo": partial(run_echo, echo, _ECHOES * entries),
            },
            bench.scale.runs,
        )
    floor = taken["echo"]
    bench.remarks["echo"] = (
        f"The echo in Python answered {floor.value:,.0f} datagrams a second, {floor.cpu_us:.1f} us "
        "of CPU time each."
    )
    yield SIGNED.figure(bench.scale, taken["signed"], taken["tutorial"])
    yield PLAIN.figure(bench.scale, taken["plain"], taken["tutorial"])


def _run(bench: Workbench, generator: Generator, peer: Peer, number: int) -> Sample:
    path = bench.folder / "texts"
    write_datagrams(path, [text.encode() for text in some_texts(number)])
    before = cpu_seconds(peer.process.pid)
    load = generator.closed(path, peer.port, Loop(WINDOW, TEXT_END))
    used = cpu_seconds(peer.process.pid) - before
    return Sample(load.rate, 1e6 * used / number)
