"""Whether the rate stays: with many users by with one, with much on the disk by with nothing."""

import random
from collections.abc import Iterator
from functools import partial
from itertools import count
from typing import Final

from benchmarks.claims import Claim
from benchmarks.figures import Better, Figure, Sample, take_turns
from benchmarks.town import Town
from benchmarks.workbench import Workbench

MANY_USERS: Final = Claim("entries/s with {scale.many_users:,} users : with 1", 0.8, Better.HIGHER)
STORED: Final = Claim(
    "entries/s with {scale.stored:,} stored entries : with none", 0.8, Better.HIGHER
)


def many_users(bench: Workbench) -> Iterator[Figure]:
    """Measure a server of many, written to in no order, and a server of one."""
    many, one, entries = bench.crowded_town, bench.lonely_town, bench.scale.entries
    taken = take_turns(
        {
            "many": partial(_write_anywhere, many, entries, random.Random(1)),
            "one": partial(_write_daily, one, entries, count(1)),
        },
        bench.scale.runs,
    )
    yield MANY_USERS.figure(bench.scale, taken["many"], taken["one"])


def stored_entries(bench: Workbench) -> Iterator[Figure]:
    """Measure the server that most rows share, and one like it whose users have old diaries."""
    full, empty, entries = bench.stored_town, bench.town, bench.scale.entries
    taken = take_turns(
        {"full": partial(full.write, entries), "empty": partial(empty.write, entries)},
        bench.scale.runs,
    )
    yield STORED.figure(bench.scale, taken["full"], taken["empty"])


def _write_anywhere(town: Town, entries: int, chance: random.Random) -> Sample:
    return town.write(entries, chance.choices(town.people, k=entries))


def _write_daily(town: Town, entries: int, days: Iterator[int]) -> Sample:
    # A day of one user holds 16 MiB, which all runs together would exceed.
    return town.write(entries, days_ago=next(days))
