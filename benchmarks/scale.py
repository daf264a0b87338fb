"""How much of everything a benchmark does: in full, quickly, or only to see that it works."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Scale:
    """Sizes of a whole run.

    `stored_days` files of `stored_entries` each lie in the diary of each of `users` people.
    """

    runs: int
    users: int
    entries: int
    latencies: int
    commands: int
    flood_seconds: float
    many_users: int
    stored_days: int
    stored_entries: int
    old_days: int
    year_days: int
    year_entries: int
    load_minutes: float

    @property
    def stored(self) -> int:
        """How many entries lie on the disk where much does."""
        return self.users * self.stored_days * self.stored_entries


QUICK: Final = Scale(
    runs=5,
    users=1_000,
    entries=4_000,
    latencies=200,
    commands=5,
    flood_seconds=1.5,
    many_users=5_000,
    stored_days=5,
    stored_entries=20,
    old_days=365,
    year_days=365,
    year_entries=10,
    load_minutes=0.2,
)
"""What `make bench-quick` has 50 seconds for; the rows it leaves out are small here too."""

FULL: Final = Scale(
    runs=7,
    users=1_000,
    entries=40_000,
    latencies=2_000,
    commands=11,
    flood_seconds=5.0,
    many_users=100_000,
    stored_days=100,
    stored_entries=100,
    old_days=3_652,
    year_days=365,
    year_entries=100,
    load_minutes=10.0,
)
"""What `make bench` does: 10 million stored entries, 1 GiB of them, ten years, a year of 3.6 MB."""

TINY: Final = Scale(
    runs=1,
    users=5,
    entries=60,
    latencies=10,
    commands=1,
    flood_seconds=0.5,
    many_users=20,
    stored_days=2,
    stored_entries=3,
    old_days=5,
    year_days=3,
    year_entries=2,
    load_minutes=0.01,
)
"""For the tests: every row runs, and no figure means anything."""
