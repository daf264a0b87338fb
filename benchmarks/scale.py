"""How much of everything a benchmark does: in full, quickly, or only to see that it works."""

from dataclasses import dataclass
from typing import Final

ENTRY_BYTES: Final = 109
"""A line of a stored diary (`benchmarks.estates`), to a digit or two."""


@dataclass(frozen=True, slots=True)
class Scale:
    """Sizes of a whole run.

    `texts` of a run are plain ones, of one diary, whose day takes no more than 16 MiB in all runs;
    `stored_days` files of `stored_entries` each lie in the diary of each of `users` people.
    `calibrating` datagrams go to the echo in C; `flood_entries` are more than a server takes in
    `flood_seconds`. A full day of who has the server look has `hoarded_entries`,
    which in 28 days are no more than the limits let a diary have that nobody configured.
    """

    runs: int
    calibrating: int
    users: int
    entries: int
    texts: int
    latencies: int
    commands: int
    flood_seconds: float
    flood_entries: int
    many_users: int
    stored_days: int
    stored_entries: int
    old_days: int
    year_days: int
    year_entries: int
    load_minutes: float
    hoarded_entries: int

    @property
    def stored(self) -> int:
        """How many entries lie on the disk where much does."""
        return self.users * self.stored_days * self.stored_entries

    @property
    def stored_gibibytes(self) -> float:
        """What they hold."""
        return self.stored * ENTRY_BYTES / 2**30

    @property
    def year_megabytes(self) -> float:
        """What the year that is read holds."""
        return self.year_days * self.year_entries * ENTRY_BYTES / 1e6


QUICK: Final = Scale(
    runs=5,
    calibrating=100_000,
    users=1_000,
    entries=4_000,
    texts=4_000,
    latencies=200,
    commands=5,
    flood_seconds=1.5,
    flood_entries=30_000,
    many_users=5_000,
    stored_days=5,
    stored_entries=20,
    old_days=365,
    year_days=365,
    year_entries=10,
    load_minutes=0.2,
    hoarded_entries=30_000,
)
"""What `make bench-quick` has 50 seconds for; the rows it leaves out are small here too."""

FULL: Final = Scale(
    runs=5,
    calibrating=300_000,
    users=1_000,
    entries=40_000,
    texts=15_000,
    latencies=2_000,
    commands=11,
    flood_seconds=3.0,
    flood_entries=60_000,
    many_users=100_000,
    stored_days=100,
    stored_entries=100,
    old_days=3_652,
    year_days=365,
    year_entries=91,
    load_minutes=10.0,
    hoarded_entries=30_000,
)
"""What `make bench` does: 10 million stored entries, 1 GiB of them, ten years, a year of 3.6 MB."""

TINY: Final = Scale(
    runs=1,
    calibrating=2_000,
    users=5,
    entries=60,
    texts=60,
    latencies=10,
    commands=1,
    flood_seconds=0.2,
    flood_entries=60,
    many_users=20,
    stored_days=2,
    stored_entries=3,
    old_days=5,
    year_days=3,
    year_entries=2,
    load_minutes=0.01,
    hoarded_entries=100,
)
"""For the tests: every row runs, and no figure means anything."""
