"""Figures: samples of contenders that took turns, their medians, and what they are compared with.

Rules: a machine that others share is faster in one minute and slower in the next, so contenders
take turns and only ratios of medians mean anything.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from statistics import median


class Better(StrEnum):
    """Which way is better."""

    HIGHER = "higher"
    LOWER = "lower"


@dataclass(frozen=True, slots=True)
class Sample:
    """What one run gave, and the CPU time, in us, that a request cost what was measured."""

    value: float
    cpu_us: float | None = None


@dataclass(frozen=True, slots=True)
class Series:
    """The samples of one contender."""

    samples: tuple[Sample, ...]

    @property
    def value(self) -> float:
        """The median."""
        return median(sample.value for sample in self.samples)

    @property
    def cpu_us(self) -> float | None:
        """The median of the CPU times; None if none was measured."""
        times = [sample.cpu_us for sample in self.samples if sample.cpu_us is not None]
        return median(times) if times else None


@dataclass(frozen=True, slots=True)
class Figure:
    """One row: ours against a peer's, or alone where the goal is a number of its own."""

    name: str
    ours: Series
    peer: Series | None
    goal: float
    better: Better

    @property
    def ratio(self) -> float:
        """What the goal is compared with: ours by the peer's, or ours alone."""
        return self.ours.value / self.peer.value if self.peer else self.ours.value


def take_turns(contenders: Mapping[str, Callable[[], Sample]], runs: int) -> dict[str, Series]:
    """Let each contender run `runs` times, one after the other in every round."""
    samples: dict[str, list[Sample]] = {name: [] for name in contenders}
    for number in range(runs):
        # The other way round every second time: what a run leaves behind then favours nobody.
        order = list(contenders) if number % 2 == 0 else list(contenders)[::-1]
        for name in order:
            samples[name].append(contenders[name]())
    return {name: Series(tuple(taken)) for name, taken in samples.items()}


def alone(*values: float) -> Series:
    """Give the series of what is measured without a contender."""
    return Series(tuple(Sample(value) for value in values))
