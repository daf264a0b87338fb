"""What every row finds on the table: the scale, the cores, a folder, the generator, towns."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from benchmarks.calibration import calibrate
from benchmarks.estates import stored_diaries
from benchmarks.generator import Generator, Load, compile_generator
from benchmarks.machine import Cores, choose_cores
from benchmarks.scale import Scale
from benchmarks.town import Town, open_town

OLD_ENTRIES: Final = 10
"""On each day of a diary of which one day is read: more than one answer holds."""


@dataclass
class Workbench:
    """One run; `stack` ends at the end what rows leave running, `kept` outlives it.

    `reached` is what the generator can do; `remarks` belong below the table, one about each thing.
    """

    scale: Scale
    folder: Path
    kept: Path
    cores: Cores
    generator: Generator
    reached: Load
    stack: ExitStack
    remarks: dict[str, str] = field(default_factory=dict)

    @cached_property
    def town(self) -> Town:
        """The server that most rows share."""
        return self.stack.enter_context(self.new_town("town", self.scale.users))

    @cached_property
    def stored_town(self) -> Town:
        """A server whose users have written for long."""
        scale = self.scale
        diaries = stored_diaries(scale.users, scale.stored_days, scale.stored_entries)
        return self.stack.enter_context(self.new_town("stored", scale.users, diaries))

    @cached_property
    def crowded_town(self) -> Town:
        """A server with a great many users."""
        return self.stack.enter_context(self.new_town("crowded", self.scale.many_users))

    @cached_property
    def lonely_town(self) -> Town:
        """A server with one user."""
        return self.stack.enter_context(self.new_town("lonely", 1))

    @cached_property
    def readers_town(self) -> Town:
        """A server of three: one with years of entries, one with a day, one with a year to read."""
        scale = self.scale
        diaries = (
            stored_diaries(1, scale.old_days, OLD_ENTRIES),
            stored_diaries(1, 1, OLD_ENTRIES, first=1),
            stored_diaries(1, scale.year_days, scale.year_entries, first=2),
        )
        return self.stack.enter_context(self.new_town("readers", len(diaries), *diaries))

    def new_town(
        self, name: str, users: int, *diaries: Callable[[Path], None]
    ) -> AbstractContextManager[Town]:
        """As `open_town`, below this run's folder."""
        return open_town(self.folder / name, users, self.cores, self.generator, *diaries)


def say(words: str) -> None:
    """Tell whoever waits what happens."""
    sys.stderr.write(f"{words}\n")


@contextmanager
def open_workbench(scale: Scale, build: Path) -> Iterator[Workbench]:
    """Give a workbench whose folder lies in `build` and is gone afterwards, with all that ran.

    This process keeps to the load's core meanwhile.
    """
    kept = build / "benchmarks"
    kept.mkdir(parents=True, exist_ok=True)
    usable, cores = os.sched_getaffinity(0), choose_cores()
    with TemporaryDirectory(dir=kept, prefix="run-") as temporary, ExitStack() as stack:
        stack.callback(os.sched_setaffinity, 0, usable)
        os.sched_setaffinity(0, {cores.load})
        folder = Path(temporary)
        generator = Generator(compile_generator(folder), cores.load)
        reached = calibrate(generator.apart(), folder, cores.measured, scale.calibrating)
        yield Workbench(scale, folder, kept, cores, generator, reached, stack)
