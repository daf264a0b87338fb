"""From the start of a server that was killed, with all its diaries and a full journal, to ready."""

import signal
import time
from collections.abc import Iterator
from typing import Final

from benchmarks.claims import Claim
from benchmarks.errors import BenchmarkError
from benchmarks.figures import Better, Figure, alone
from benchmarks.town import Town
from benchmarks.workbench import Workbench, say
from diaryserver.store.journal.journal import CHECKPOINT_BYTES

RESTART: Final = Claim(
    "restart to ready with {scale.stored_gibibytes:.1g} GiB of diaries and a full journal, s",
    2,
    Better.LOWER,
)
_FULL: Final = 0.85
"""Of what the journal may hold; a checkpoint in the middle of filling it empties it again."""

_BYTES_AN_ENTRY: Final = 250
"""More than an entry takes in the journal: where a run has few, a part of it is enough."""

_STEP: Final = 2_000
_MOST_STEPS: Final = 500


def restart(bench: Workbench) -> Iterator[Figure]:
    """Fill the journal, kill the server, start it, again and again."""
    town = bench.stored_town
    wanted = min(_FULL * CHECKPOINT_BYTES, _BYTES_AN_ENTRY * bench.scale.entries)
    times = []
    for _ in range(bench.scale.runs):
        journal = _fill(town, wanted)
        town.server.stop(signal.SIGKILL)
        began = time.perf_counter()
        town.restart()
        times.append(time.perf_counter() - began)
        say(f"  {times[-1]:.2f} s after {journal / 2**20:.1f} MiB of journal")
    yield RESTART.figure(bench.scale, alone(*times))


def _fill(town: Town, wanted: float) -> int:
    folder = town.server.data / "journal"
    for _ in range(_MOST_STEPS):
        size = sum(path.stat().st_size for path in folder.iterdir())
        if size >= wanted:
            return size
        town.write(_STEP)
    raise BenchmarkError("the journal does not fill")
