"""What each figure is called, and what it is to reach: known before anything is measured."""

from dataclasses import dataclass

from benchmarks.figures import Better, Figure, Series
from benchmarks.scale import Scale


@dataclass(frozen=True, slots=True)
class Claim:
    """One row of the table; `name` is a format string over `scale`."""

    name: str
    goal: float
    better: Better

    def title(self, scale: Scale) -> str:
        """Give the name with the numbers of a scale."""
        return self.name.format(scale=scale)

    def figure(self, scale: Scale, ours: Series, peer: Series | None = None) -> Figure:
        """Give what was measured for it."""
        return Figure(self.title(scale), ours, peer, self.goal, self.better)
