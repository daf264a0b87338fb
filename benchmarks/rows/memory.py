"""The server's memory: for a user who only is known, at rest, and under full load for minutes."""

import time
from collections.abc import Iterator
from typing import Final

from benchmarks.claims import Claim
from benchmarks.figures import Better, Figure, alone
from benchmarks.processes import resident_bytes
from benchmarks.town import AT_ONCE
from benchmarks.workbench import Workbench, say

IDLE_USER: Final = Claim(
    "memory: bytes an idle known user, {scale.many_users:,} of them", 400, Better.LOWER
)
AT_REST: Final = Claim("memory: MiB at rest", 60, Better.LOWER)
UNDER_LOAD: Final = Claim(
    "memory: MiB after {scale.load_minutes:g} min of full load : after a tenth of it",
    1,
    Better.LOWER,
)


def memory(bench: Workbench) -> Iterator[Figure]:
    """Measure servers that have just started, then one that works."""
    users = bench.scale.many_users
    crowded, resting = bench.crowded_town.bytes_at_rest, bench.lonely_town.bytes_at_rest
    yield IDLE_USER.figure(bench.scale, alone((crowded - resting) / users))
    yield AT_REST.figure(bench.scale, alone(resting / 2**20))
    with bench.new_town("working", bench.scale.users) as town:
        sizes: list[int] = []
        began = time.perf_counter()
        while not sizes or time.perf_counter() < began + 60 * bench.scale.load_minutes:
            town.write(min(AT_ONCE, 10 * bench.scale.entries))
            sizes.append(resident_bytes(town.pid))
            say(f"  {time.perf_counter() - began:.0f} s: {sizes[-1] / 2**20:.1f} MiB")
    # The first tenth of the time fills caches, all of which are bounded.
    settled = sizes[len(sizes) // 10]
    yield UNDER_LOAD.figure(bench.scale, alone(sizes[-1] / 2**20), alone(settled / 2**20))
